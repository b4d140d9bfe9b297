"""Why convolution: few parameters, and place matters."""

import numpy as np
import streamlit as st

from cnn_core import conv2d
from cnn_core.images import to_grey
from cnn_core.kernels import PRESETS
from cnn_core.shapes import window_axes
from instruments import why
from instruments.image import SHAPE
from ui import figures, formulas, image_source, lesson, settings
from ui.beside import beside
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer
from ui.controls import lines, stepper
from ui.palette import label
from ui.programs import program

page = lesson.Page(
    "why",
    "A fully connected layer gives every unit a weight for every pixel. A convolution uses one small kernel everywhere.",
    "raise the number of units and compare the bars.",
)
image = image_source.chosen()
c, height, width = image.pixels.shape
v = settings.resolved(why.FIELDS, {SHAPE: image.pixels.shape})
units, kernels, k, seed = v[why.UNITS], v[why.KERNELS], v[why.SIDE], v[why.SEED]
dense, convolution, alike = why.dense_counts(v), why.convolution_counts(v), why.comparable_counts(v)
names = [f"Fully connected, {units:,} units", "Convolution", "Fully connected, as many outputs"]
dark = lesson.dark()
picture, controls = beside("why")
with controls:
    stepper(v, why.UNITS, "Hidden units *n*")
    stepper(v, why.KERNELS, "Kernels *K*")
    stepper(v, why.SIDE, label("kernel", "Kernel side"))
layers = dense, convolution, alike
counted = {"parameters": [one.parameters for one in layers], "multiply-adds": [one.macs for one in layers]}
high = max(size for sizes in counted.values() for size in sizes)  # one scale: the two can be compared
with picture:
    for title, sizes in counted.items():
        alt = f"{title.capitalize()}: " + ", ".join(f"{name} {size:,}" for name, size in zip(names, sizes, strict=True))
        st.image(
            figures.bars(names, sizes, title, dark, log=True, high=high, room=215, behind=140, above=True, low=1),
            alt=alt,
        )
lesson.formula(
    rf"\underbrace{{{c}\cdot {height}\cdot {width}\cdot {units} + {units}}}_\text{{fully connected}} = {dense.parameters:,}"
    rf"\qquad \underbrace{{{kernels}\cdot {c}\cdot {k}\cdot {k} + {kernels}}}_\text{{convolution}} = {convolution.parameters:,}"
)
more = convolution.macs > dense.macs
costs = (
    f"The convolution takes **{'more' if more else 'fewer'}** multiply-adds, {convolution.macs:,} against {dense.macs:,}: few weights, "
    f"but each is used at every place. It answers with {alike.parameters - alike.macs:,} numbers, not {units:,}; a fully connected "
    f"layer with as many outputs would take {alike.macs:,}."
)
times = dense.parameters / convolution.parameters
many = f"{times:,.0f}" if times >= 1000 else formulas.number(times)
st.markdown(f"For this image the fully connected layer has **{many} times** as many parameters. {costs}")

st.subheader("Shuffle the pixels")
stepper(v, why.SEED)
grey = to_grey(image.pixels)
shuffled = why.shuffled(grey, seed)
sobel = PRESETS["sobel_x"].values[np.newaxis, np.newaxis]
noise = conv2d(shuffled, sobel)
windows = window_axes((height, width), (sobel.shape[2], sobel.shape[3]), 1, 0, 1)
map_viewer(
    "why_maps",
    [
        MapPanel("image", "Image", grey, image=True),
        MapPanel("shuffled", "Shuffled", shuffled, image=True),
        MapPanel("edges", "Convolution of the image", conv2d(grey, sobel), reads=[Reads("image", "window", *windows)]),
        MapPanel("noise", "Convolution of the shuffled one", noise, reads=[Reads("shuffled", "window", *windows)]),
    ],
)
st.markdown(
    "A dense layer cannot notice: shuffle its weights the same way, and it answers the same numbers. A convolution's map "
    "falls apart, because neighbours are no longer neighbours."
)
on_image, on_shuffled = why.dense_answers(grey, seed)
lesson.table(
    {
        "unit": [f"unit {n}" for n in range(1, len(on_image) + 1)],
        "on the image": [f"{formulas.number(value)}" for value in on_image],
        "on the shuffled image": [f"{formulas.number(value)}" for value in on_shuffled],
    }
)

st.subheader("Not only for images")
st.markdown("A time history is an image of height 1. Here a 3-tap kernel slides over 200 samples of a noisy signal.")
lines(v, why.TAPS, label("kernel", "Kernel of 3 taps"))
signal = why.signal()
curves = {"signal": signal, "convolution": why.convolved(signal, v[why.TAPS])}
alt = "A noisy sine with a step, and its convolution with the 3-tap kernel"
lesson.charts("_why", {alt: lambda: figures.lines(np.arange(len(signal)), curves, "sample", "value", dark)})

page.check_yourself()
filled = {"shape": (c, height, width), "units": units, "kernels": kernels, "side": k}
page.in_code(v, why.CODE, {"NumPy": program("why_numpy", **filled), "PyTorch": program("why_pytorch", **filled)})
page.share(noise, "shuffled")
page.around()
