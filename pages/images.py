"""Images are numbers."""

import numpy as np
import streamlit as st

from cnn_core.images import resize, to_grey
from instruments import images, samples
from instruments.image import SHAPE
from ui import cache, figures, formulas, image_source, lesson, settings
from ui.beside import beside
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer
from ui.controls import buttons, menu, slider, stepper
from ui.programs import program

page = lesson.Page(
    "images",
    "A computer sees a grid of numbers: one for each pixel and channel.",
    "drag the red, green and blue sliders, then tap or point at a picture.",
)
image = image_source.chosen()
c, height, width = image.pixels.shape
v = settings.resolved(images.FIELDS, {SHAPE: image.pixels.shape})

st.subheader("Mix one pixel")
mixed = images.mixed(v)
pixel = np.array(mixed, np.float32) / 255
patch = np.tile(pixel.reshape(3, 1, 1), (1, 96, 96))


def fill(values: tuple[int, int, int]) -> None:
    settings.give({field.key: value for field, value in zip(images.MIXED, values, strict=True)})


swatch, sliders = beside("images", 1, 3)
with sliders:
    for field in images.MIXED:
        slider(v, field)
    for column, (name, values) in zip(st.columns(3), images.READY.items(), strict=True):
        column.button(name, key=f"_images_{name}", on_click=fill, args=(values,), width="stretch")
with swatch:
    alt = "A pixel of red {}, green {}, blue {}".format(*mixed)
    st.markdown("({}, {}, {}) in 8 bits  \n".format(*mixed) + "({:.2f}, {:.2f}, {:.2f}) from 0 to 1".format(*pixel))
    st.image(cache.input_picture(cache.digest(patch), patch), width="stretch", alt=alt)

st.subheader("Split into channels")
names = images.COLOURS if c == 3 else ("Grey",)
panels = [MapPanel("image", image.label, image.pixels, image=True)]
panels += [
    MapPanel(f"c{n}", f"Channel {n}: {name}", image.pixels[n : n + 1], image=True) for n, name in enumerate(names)
]
map_viewer("images_channels", panels)
if c == 1:
    st.markdown("Choose “Colour” in the menu to see red, green and blue apart.")

st.subheader("C × H × W")
lesson.formula(rf"C \times H \times W = {c} \times {height} \times {width} = {c * height * width:,}\ \text{{numbers}}")
for column, side in zip(st.columns(3), (images.CHANNEL, images.ROW, images.COLUMN), strict=True):
    with column:
        stepper(v, side)
place = v[images.CHANNEL], v[images.ROW], v[images.COLUMN]
apart, together = images.places(v)
st.markdown(
    f"The value at channel {place[0]}, row {place[1]}, column {place[2]} is **{image.pixels[place]:.4f}**. In memory it is number "
    f"**{apart:,}** as C × H × W (PyTorch: whole channels one after the other), and number "
    f"**{together:,}** as H × W × C (Pillow, TensorFlow: the channels of a pixel side by side)."
)
lens = images.lens(image.pixels, v)
cells = {
    f"column {lens.left + n}": [f"{formulas.number(value)}" for value in one] for n, one in enumerate(lens.values.T)
}
lesson.table({"row": [str(lens.top + n) for n in range(len(lens.values))]} | cells)
st.markdown(f"The image is a stack of {height} row vectors; here is row {place[1]}.")
curves = {name: image.pixels[n, place[1]] for n, name in enumerate(names)}
lesson.charts(
    "_images",
    {f"Values along row {place[1]}": lambda: figures.lines(np.arange(width), curves, "column", "value", lesson.dark())},
    220,
)

st.subheader("The resolution ladder")
rungs = images.rungs(image.pixels)
map_viewer("images_ladder", [MapPanel(words, words, rung, image=True) for words, rung in rungs.items()])
counts = [rung.size for rung in rungs.values()]
lesson.table(
    {
        "C × H × W": [formulas.shape_text(rung.shape) for rung in rungs.values()],
        "numbers": [f"{count:,}" for count in counts],
        "memory, 8 bits": [formulas.memory(count) for count in counts],
        "memory, float32": [formulas.memory(4 * count) for count in counts],
    }
)
if missing := [str(side) for side in images.LADDER if side > max(height, width)]:
    st.markdown(
        f"This image has {height} × {width} pixels, so there is no picture of {' or '.join(missing)} pixels to show."
    )

st.subheader("Walk through pixel space")
st.markdown(
    "Each image of this size is one point in a space with one axis for each value. Walk from one image to another."
)
left, middle, right = st.columns([1, 1, 2])
with left:
    menu(v, images.GOAL, "To")
with middle:
    buttons(v, images.WAY)
with right:
    slider(v, images.SHARE, label="How far (percent)")
goal = samples.load(v[images.GOAL], image_source.long_side())
goal = resize(goal if c == 3 else to_grey(goal), height, width)
share = v[images.SHARE] / 100
between, changed = images.walk(image.pixels, goal, v[images.WAY], share)
both = [Reads("from", "same"), Reads("to", "same")]
ends = MapPanel("from", "From", image.pixels, image=True), MapPanel("to", "To", goal, image=True)
map_viewer("images_walk", [ends[0], MapPanel("between", "Between", between, image=True, reads=both), ends[1]])
told = f"{changed:,} of {between.size:,} values have been changed."
if v[images.WAY] == "blend":
    told = f"All {between.size:,} values are {v[images.SHARE]}% of the way."
walked, whole = (np.linalg.norm(one - image.pixels) for one in (between, goal))
st.markdown(f"{told} Distance walked: {walked:.1f} of {whole:.1f}.")

page.check_yourself()
code = {"NumPy": program("images_numpy", place=place), "PyTorch": program("images_pytorch", place=place)}
page.in_code(v, images.CODE, code)
page.share(between, "between")
page.around()
