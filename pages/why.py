"""Why convolution: few parameters, and place matters."""

import numpy as np
import streamlit as st
from live.settings import parse_kernel

from cnn_core import Conv2d, Linear, conv2d, count_macs, count_parameters, linear
from cnn_core.images import resize, to_grey
from cnn_core.kernels import PRESETS
from ui import figures, image_source, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import say, text_field, whole_number
from ui.palette import label

lesson.begin(
    "Why convolution",
    "A fully connected layer gives every unit a weight for every pixel. A convolution uses one small kernel everywhere.",
    "raise the number of units and compare the bars.",
)
image = image_source.chosen()
c, height, width = image.pixels.shape
first, second, third = st.columns(3)
with first:
    units = whole_number("why_units", "Hidden units *n*", 100, 1, 10_000, name="hidden units")
with second:
    kernels = whole_number("why_kernels", "Kernels *K*", 16, 1, 512, name="kernels")
with third:
    k = whole_number("why_k", label("kernel", "Kernel side"), 3, 1, min(11, height, width), name="kernel side")

conv = Conv2d(c, kernels, k)
dense_parameters, dense_macs = c * height * width * units + units, c * height * width * units
conv_parameters, conv_macs = count_parameters([conv]), count_macs([conv], (c, height, width))
left, right = st.columns(2)
names = ["Fully connected", "Convolution"]
left.image(
    figures.bars(names, [dense_parameters, conv_parameters], "parameters", lesson.dark(), log=True),
    alt=f"Parameters: fully connected {dense_parameters:,}, convolution {conv_parameters:,}",
)
right.image(
    figures.bars(names, [dense_macs, conv_macs], "multiply-adds", lesson.dark()),
    alt=f"Multiply-adds: fully connected {dense_macs:,}, convolution {conv_macs:,}",
)
lesson.formula(
    rf"\underbrace{{{c}\cdot {height}\cdot {width}\cdot {units} + {units}}}_\text{{fully connected}} = {dense_parameters:,}"
    rf"\qquad \underbrace{{{kernels}\cdot {c}\cdot {k}\cdot {k} + {kernels}}}_\text{{convolution}} = {conv_parameters:,}"
)
st.markdown(
    f"For this image the fully connected layer has **{dense_parameters / conv_parameters:,.0f} times** as many parameters."
)

st.subheader("Shuffle the pixels")
seed = whole_number("why_seed", "Shuffle number", 1, 1, 1000, name="shuffle number")
grey = to_grey(image.pixels)
order = np.random.default_rng(seed).permutation(grey.size)
shuffled = grey.reshape(-1)[order].reshape(grey.shape)
sobel = PRESETS["sobel_x"].values[np.newaxis, np.newaxis]
map_viewer(
    "why_maps",
    [
        MapPanel("image", "Image", grey, image=True),
        MapPanel("shuffled", "Shuffled", shuffled, image=True),
        MapPanel("edges", "Convolution of the image", conv2d(grey, sobel)),
        MapPanel("noise", "Convolution of the shuffled one", conv2d(shuffled, sobel)),
    ],
)
small = resize(grey, max(1, height * 64 // max(height, width)), max(1, width * 64 // max(height, width)))
layer = Linear(small.size, 6, seed=seed)
turn = np.random.default_rng(seed).permutation(small.size)
plain = linear(small.reshape(-1), layer.weight)
moved = linear(small.reshape(-1)[turn], layer.weight[:, turn])
st.markdown(
    "A dense layer cannot notice: shuffle its weights the same way, and it answers the same numbers. A convolution's map "
    "falls apart, because neighbours are no longer neighbours."
)
lesson.table(
    {
        "unit": [f"unit {n}" for n in range(1, 7)],
        "on the image": [f"{value:.4f}" for value in plain],
        "on the shuffled image": [f"{value:.4f}" for value in moved],
    }
)

st.subheader("Not only for images")
st.markdown("A time history is an image of height 1. Here a 3-tap kernel slides over 200 samples of a noisy signal.")
taps_text = text_field("why_taps", label("kernel", "Kernel of 3 taps"), "-1 0 1", parse_kernel)
try:
    taps = parse_kernel(taps_text)
    if taps.shape != (1, 3):
        raise ValueError(f"The kernel must be one row of 3 numbers, this one is {taps.shape[0]} × {taps.shape[1]}.")
    st.session_state["_why_taps"] = taps
except ValueError as error:
    say(f"{error} The last kernel that could be read is still in use.")
    taps = st.session_state.get("_why_taps", np.array([[-1, 0, 1]], np.float32))
time = np.arange(200)
signal = np.sin(time / 12) + (time > 120) * 1.5 + np.random.default_rng(0).normal(0, 0.08, 200)
answer = conv2d(signal.reshape(1, 1, -1), taps[np.newaxis, np.newaxis], padding=((0, 0), (1, 1)))[0, 0]
curves = {"signal": signal, "convolution": answer}
lesson.charts(
    "_why",
    {
        "A noisy sine with a step, and its convolution with the 3-tap kernel": lambda: figures.lines(
            time, curves, "sample", "value", lesson.dark()
        )
    },
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    side, n, size, count = (int(rng.integers(*bounds)) for bounds in ((20, 65), (10, 101), (2, 6), (4, 33)))
    asked = f"Grey images of **{side} × {side}**. How many more parameters has a dense layer of **{n}** units than **{count}** kernels of **{size} × {size}**, biases included?"
    dense, few = side * side * n + n, count * size * size + count
    return (
        asked,
        dense - few,
        f"({side}·{side}·{n} + {n}) − ({count}·{size}·{size} + {count}) = {dense} − {few} = {dense - few}.",
    )


lesson.check_yourself("why", question)
lesson.in_code(
    "why",
    {
        "NumPy": f"from cnn_core import Conv2d, Linear, count_parameters\n\ncount_parameters([Linear({c} * {height} * {width}, {units})])  # {dense_parameters:,}\ncount_parameters([Conv2d({c}, {kernels}, {k})])  # {conv_parameters:,}",
        "PyTorch": f"import torch\n\nsum(p.numel() for p in torch.nn.Linear({c} * {height} * {width}, {units}, device='meta').parameters())\nsum(p.numel() for p in torch.nn.Conv2d({c}, {kernels}, {k}).parameters())",
    },
)
lesson.share("why", conv2d(shuffled, sobel), "shuffled")
lesson.around("why")
