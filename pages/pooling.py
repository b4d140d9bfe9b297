"""Pooling: smaller maps that care less about exact place."""

import numpy as np
import streamlit as st

from cnn_core import avg_pool2d, conv2d, max_pool2d, relu
from cnn_core.arguments import Array
from cnn_core.images import resize, to_grey
from cnn_core.kernels import PRESETS
from cnn_core.shapes import conv_output_size, window_axes
from ui import formulas, image_source, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.components.window_explorer.component import explorer_data, window_explorer
from ui.controls import one_of, whole_number
from ui.palette import label

lesson.begin(
    "Pooling",
    "Pooling keeps one number for each window: the largest, or the mean. Nothing is learned: it has no parameters.",
    "press play and see which pixel wins each window (double green frame).",
)
image = image_source.chosen()
columns = st.columns(5)
with columns[0]:
    kind = one_of("pooling_kind", "Pooling", {"max": "Max", "average": "Average"}, "max")
with columns[1]:
    side = whole_number("pooling_side", label("input", "Input"), 8, 4, 16, name="input")
with columns[2]:
    size = whole_number("pooling_size", label("kernel", "Window"), 2, 1, min(5, side), name="window")
with columns[3]:
    stride = whole_number("pooling_stride", label("stride", "Stride"), 2, 1, 5, name="stride")
with columns[4]:
    padding = whole_number("pooling_padding", label("padding", "Padding"), 0, 0, size // 2, name="padding")


def pool(maps: Array) -> Array:
    if kind == "average":
        return avg_pool2d(maps, size, stride, padding)
    pooled = max_pool2d(maps, size, stride, padding)
    assert isinstance(pooled, np.ndarray)
    return pooled


pixels = to_grey(image.pixels)
small = resize(pixels, side, side, area=True).round(2)  # (1, side, side): the numbers shown are the numbers used
rows, across = window_axes((side, side), (size, size), stride, padding, 1)
walk = st.container()
at = whole_number(
    "pooling_at", "Output shown (in row order)", 0, 0, rows.output_size * across.output_size - 1, name="output shown"
)


def pin(place: object) -> None:
    if isinstance(place, int) and 0 <= place < 10_000:
        st.session_state["pooling_at"] = place


with walk:
    titles = ("Input", "", f"Output {rows.output_size} × {across.output_size}")
    window_explorer(
        "pooling_explorer",
        explorer_data(small[0], pool(small)[0], rows, across, None, kind),
        titles,
        at,
        lesson.dark(),
        pin,
    )
lesson.formula(formulas.output_size(rows, across, lesson.dark()))
if lost := formulas.remainder(rows, across):
    st.info(f"{lost} {formulas.frameworks(rows, across)}")
if stride < size:
    st.markdown(
        f"The stride is smaller than the window, so windows **overlap** by {size - stride}: one pixel can win several times."
    )

st.subheader("On a feature map")
maps = relu(conv2d(pixels, PRESETS["sobel_x"].values[np.newaxis, np.newaxis]))
pooled = pool(maps)
end = float(maps.max()) or 1.0
map_viewer(
    "pooling_maps",
    [MapPanel("map", "Feature map (Sobel x, ReLU)", maps, end=end), MapPanel("pooled", "Pooled", pooled, end=end)],
)
st.markdown(
    f"{formulas.shape_text(maps.shape)} = {maps.size:,} numbers become {formulas.shape_text(pooled.shape)} = {pooled.size:,}. "
    "Parameters: **0**."
)

st.subheader("Shift the image")
shift = whole_number("pooling_shift", "Shift to the right, in pixels", 1, 0, 4, name="shift")
moved_maps = relu(conv2d(np.roll(pixels, shift, axis=2), PRESETS["sobel_x"].values[np.newaxis, np.newaxis]))
moved = pool(moved_maps)


def change(one: Array, other: Array) -> float:
    """Mean change, as a share of the mean value."""
    return float(np.abs(one - other).mean() / max(float(one.mean()), 1e-9))


before, after = change(maps, moved_maps), change(pooled, moved)
map_viewer(
    "pooling_shift_maps",
    [
        MapPanel("d", "Change of the feature map", moved_maps - maps, end=end),
        MapPanel("p", "Change after pooling", moved - pooled, end=end),
    ],
)
st.markdown(
    f"A shift of {shift} changes the feature map by **{before:.0%}** of its mean value, and the pooled map by **{after:.0%}**."
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    i, k, s = int(rng.integers(8, 60)), int(rng.integers(2, 5)), int(rng.integers(1, 4))
    o = conv_output_size(i, k, s)
    return (
        f"A map of **{i} × {i}** is pooled with a **{k} × {k}** window and stride **{s}**. How many numbers come out?",
        o * o,
        f"⌊({i} − {k}) / {s}⌋ + 1 = {o}, and {o}² = {o * o}.",
    )


lesson.check_yourself("pooling", question)
name = {"max": "max_pool2d", "average": "avg_pool2d"}[kind]
lesson.in_code(
    "pooling",
    {
        "NumPy": f"import numpy as np\nfrom cnn_core import {name}\n\n{name}(np.random.rand(1, 28, 28), {size}, stride={stride}, padding={padding})",
        "PyTorch": f"import torch\nimport torch.nn.functional as F\n\nF.{name}(torch.rand(1, 1, 28, 28), {size}, stride={stride}, padding={padding})",
    },
)
lesson.share("pooling", pooled, "pooled")
lesson.around("pooling")
