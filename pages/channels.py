"""Channels and filters: one kernel has a slice for every input channel."""

import streamlit as st

from cnn_core import Conv2d, count_macs, count_parameters
from instruments import channels
from instruments.fields import message
from instruments.image import SHAPE
from ui import formulas, image_source, lesson, settings
from ui.beside import beside
from ui.components.feature_viewer.component import Following, MapPanel, Reads, map_viewer
from ui.controls import lines, slider, stepper
from ui.kernel_controls import editor
from ui.programs import number, numbers, program

page = lesson.Page(
    "channels",
    "A colour image has three channels, so one kernel has three slices. Each slice answers to its channel; the three "
    "answers are added, with one bias, into one feature map.",
    "make the red slice all zeros and see what is left.",
)
image = image_source.in_colour()
v = settings.resolved(channels.FIELDS, {SHAPE: image.pixels.shape})

kernel, bias = channels.slices(v), v[channels.BIAS]
answers = kernel.compute(image.pixels)
titles = {"sum": "Sum and bias"} | {colour: f"{colour.capitalize()} answer" for colour in channels.COLOURS}
reads = {"sum": [Reads(colour, "same") for colour in channels.COLOURS]}
picture, controls = beside("channels", 1, 1)
with controls:
    columns = st.columns(3)
    for column, field, colour in zip(columns, channels.SLICES, channels.COLOURS, strict=True):
        with column:
            st.markdown(f"**{colour.capitalize()} slice**")
            editor(v, field, "channels_maps", channels.SLICES)
    slider(v, channels.BIAS, "channels_maps")
    for column, field, colour in zip(st.columns(3), channels.SLICES, channels.COLOURS, strict=True):
        with column:
            lines(v, field, f"{colour.capitalize()} slice as text")
with picture:
    map_viewer(
        "channels_maps",
        [
            MapPanel(one.name, titles[one.name], one.maps, end=end, reads=reads.get(one.name, []))
            for one, end in answers
        ],
        following=Following(image, "slices", message(channels.SLICES_FIELDS, v)),
    )
if image_source.in_grey():
    st.markdown("Shown in colour, whatever the menu says: this page needs red, green and blue.")

for column, side in zip(st.columns(2), (channels.ROW, channels.COLUMN), strict=True):
    with column:
        stepper(v, side)
y, x = v[channels.ROW], v[channels.COLUMN]
*partial, total = (one.maps[0, y, x] for one, _ in answers)
terms = " + ".join(f"({formulas.number(value)})" for value in partial)
lesson.formula(rf"y_{{{y},{x}}} = {terms} + ({formulas.number(bias)}) = {formulas.number(total)}")

st.markdown(f"Each slice times what it sees at row {y}, column {x}; the products of a slice add up to its answer:")
for colour, window, weight, value in zip(
    channels.COLOURS, image.pixels[:, y : y + 3, x : x + 3], kernel.weight[0], partial, strict=True
):
    seen, taps, products = (formulas.matrix(one) for one in (window, weight, window * weight))
    lesson.formula(rf"\text{{{colour}: }} {seen} \odot {taps} = {products}, \quad \Sigma = {formulas.number(value)}")

st.subheader("K filters: K × C × k × k")
k, kernels, seed = v[channels.SIDE], v[channels.KERNELS], v[channels.SEED]
((maps, _),) = channels.filters(v).compute(image.pixels)
picture, controls = beside("channels_filters", 3, 2)
with controls:
    slider(v, channels.WALK, "channels_filters", f"From weights {seed} to weights {seed + 1}")
    st.markdown(
        "Drag the slider: all weights go from one random set to another, and each of the maps follows its own kernel. This is "
        "not training, which moves the weights so that a loss falls."
    )
    first, second = st.columns(2)
    with first:
        stepper(v, channels.SIDE, "Kernel side *k*")
    with second:
        stepper(v, channels.KERNELS, "Kernels *K*")
    if (most := channels.KERNELS.high(v)) < channels.MOST_KERNELS:
        st.markdown(f"At these sizes {most} kernels at most: a smaller image allows more.")
    stepper(v, channels.SEED)
with picture:
    map_viewer(
        "channels_filters",
        [MapPanel(maps.name, f"{kernels} feature maps", maps.maps)],
        following=Following(image, "filters", message(channels.FILTERS_FIELDS, v)),
    )
weights = kernels * 3 * k * k
lesson.formula(
    rf"K \times C \times k \times k = {kernels} \times 3 \times {k} \times {k} = {weights:,}, \quad \text{{with biases }} {weights + kernels:,}"
)

st.subheader("1 × 1, grouped and depthwise")
variants = {
    "every kernel sees every channel": Conv2d(48, 48, 3, padding=1),
    "1 × 1: mixes channels, sees no neighbours": Conv2d(48, 48, 1),
    "3 groups: three independent thirds": Conv2d(48, 48, 3, padding=1, groups=3),
    "depthwise: each channel alone": Conv2d(48, 48, 3, padding=1, groups=48),
}
lesson.table(
    {
        "48 channels to 48": list(variants),
        "weight": [formulas.shape_text(layer.weight.shape) for layer in variants.values()],
        "parameters": [f"{count_parameters([layer]):,}" for layer in variants.values()],
        "multiply-adds": [f"{count_macs([layer], (48, *image.pixels.shape[1:])):,}" for layer in variants.values()],
    }
)

page.check_yourself()
filled = {"weight": numbers(kernel.weight[0]), "bias": number(bias)}
code = {library: program(f"channels_{library.lower()}", **filled) for library in ("NumPy", "PyTorch")}
page.in_code(v, channels.CODE, code)
page.share(answers[-1][0].maps, "sum")
page.around()
