"""Pooling: smaller maps that care less about exact place."""

import streamlit as st

from cnn_core.images import to_grey
from cnn_core.shapes import window_axes
from instruments import pooling
from instruments.percent import percent
from ui import formulas, image_source, lesson, settings
from ui.beside import beside, ruling
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer
from ui.components.window_explorer.component import explorer_data, window_explorer
from ui.controls import buttons, stepper
from ui.palette import label
from ui.programs import Code, program

page = lesson.Page(
    "pooling",
    "Pooling keeps one number for each window: the largest, or the mean. Nothing is learned: it has no parameters.",
    "press play and see which pixel wins each window (double green frame).",
)
image = image_source.chosen()
pixels = to_grey(image.pixels)
v = settings.resolved(pooling.FIELDS)
kind, window, stride, padding = v[pooling.KIND], v[pooling.WINDOW], v[pooling.STRIDE], v[pooling.PADDING]
small = pooling.small(pixels, v)
rows, across = pooling.axes(v)
walk = explorer_data(small[0], pooling.pooled(small, v)[0], rows, across, None, kind)
titles = "Input", "", f"Output {rows.output_size} × {across.output_size}"
pin = settings.giver(pooling.AT)
picture, controls, below = ruling("pooling")
with controls:
    buttons(v, pooling.KIND)
    first, second = st.columns(2)
    with first:
        stepper(v, pooling.WINDOW, label("kernel", "Window"))
        stepper(v, pooling.PADDING, label("padding", "Padding"))
    with second:
        stepper(v, pooling.STRIDE, label("stride", "Stride"))
        stepper(v, pooling.SIDE, label("input", "Input"))
    stepper(v, pooling.AT, "Output shown (in row order)")
with picture:
    window_explorer("pooling_explorer", walk, titles, v[pooling.AT], lesson.dark(), settings.giver(pooling.AT))
with below:
    lesson.formula(formulas.output_size(rows, across, lesson.dark()))
    if lost := formulas.remainder(rows, across):
        st.info(f"{lost} {formulas.frameworks(rows, across)}")
    if stride < window:
        overlap = f"The stride is smaller than the window, so windows **overlap** by {window - stride}"
        st.markdown(f"{overlap}: one pixel can win several times.")

    st.subheader("On a feature map")
    maps = pooling.feature_map(pixels)
    pooled = pooling.pooled(maps, v)
    end = float(maps.max()) or 1.0
    windows = window_axes((maps.shape[1], maps.shape[2]), (window, window), stride, padding, 1)
    map_viewer(
        "pooling_maps",
        [
            MapPanel("map", "Feature map (Sobel x, ReLU)", maps, end=end, scale="sequential"),
            MapPanel("pooled", "Pooled", pooled, end=end, scale="sequential", reads=[Reads("map", "window", *windows)]),
        ],
    )
    st.markdown(
        f"{formulas.shape_text(maps.shape)} = {maps.size:,} numbers become {formulas.shape_text(pooled.shape)} = {pooled.size:,}. "
        "Parameters: **0**."
    )

st.subheader("Shift the image")
shift = v[pooling.SHIFT]
moved_maps = pooling.feature_map(pixels, shift)
moved = pooling.pooled(moved_maps, v)
picture, controls = beside("pooling_shift")
with controls:
    stepper(v, pooling.SHIFT, "Shift to the right, in pixels")
with picture:
    map_viewer(
        "pooling_shift_maps",
        [
            MapPanel("d", "Change of the feature map", moved_maps - maps, end=end),
            MapPanel("p", "Change after pooling", moved - pooled, end=end, reads=[Reads("d", "window", *windows)]),
        ],
    )
before, after = pooling.change(maps, moved_maps), pooling.change(pooled, moved)
st.markdown(
    f"A shift of {shift} changes the feature map by **{percent(before)}** of its mean value, and the pooled map by **{percent(after)}**."
)

page.check_yourself()
name = {"max": "max_pool2d", "average": "avg_pool2d"}[kind]
filled = {"window": window, "stride": stride, "padding": padding}
code = {
    "NumPy": program("pooling_numpy", pool=Code(f"cnn_core.{name}"), **filled),
    "PyTorch": program("pooling_pytorch", pool=Code(f"F.{name}"), **filled),
}
page.in_code(v, pooling.CODE, code)
page.share(pooled, "pooled")
page.around()
