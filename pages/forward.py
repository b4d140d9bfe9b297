"""Forward, in code: loops, im2col, one matrix product, and cnn_core on the same numbers."""

import inspect
import time

import numpy as np
import streamlit as st

from cnn_core.images import resize, to_grey
from cnn_core.layers import he
from ui import forward_ways, image_source, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import whole_number
from ui.palette import label

lesson.begin(
    "Forward, in code",
    "One formula, four programs: nested loops, windows as columns, one matrix product, and the core of this app. "
    "The code shown is the code that runs.",
    "make the input larger and compare the times.",
)
columns = st.columns(4)
with columns[0]:
    side = whole_number("forward_side", label("input", "Input side"), 12, 4, 32, name="input side")
with columns[1]:
    kernels = whole_number("forward_kernels", "Kernels *K*", 2, 1, 8, name="kernels")
with columns[2]:
    k = whole_number("forward_k", label("kernel", "Kernel side"), 3, 1, min(5, side), name="kernel side")
with columns[3]:
    stride = whole_number("forward_stride", label("stride", "Stride"), 1, 1, 4, name="stride")
image = resize(to_grey(image_source.chosen().pixels), side, side, area=True)
weight = he((kernels, 1, k, k), np.random.default_rng(0)).round(2)
lesson.formula(r"y_{n,r,c} = \sum_{m} \sum_{i} \sum_{j} x_{m,\; r s + i,\; c s + j} \; w_{n,m,i,j}")


def timed(function):
    started = time.perf_counter()
    result = function(image, weight, stride)
    return result, (time.perf_counter() - started) * 1e3


WAYS = {
    "nested loops": forward_ways.nested_loops,
    "im2col and one product": forward_ways.one_product,
    "cnn_core": forward_ways.the_core,
}
results = {name: timed(way) for name, way in WAYS.items()}
reference = results["cnn_core"][0]
map_viewer(
    "forward_maps",
    [
        MapPanel("input", "Input", image, image=True),
        *(MapPanel(name.split()[0], name, result) for name, (result, _) in results.items()),
    ],
)
slowest = results["nested loops"][1]
lesson.table(
    {
        "way": list(results),
        "largest difference from cnn_core": [
            f"{np.abs(result - reference).max():.1e}" for result, _ in results.values()
        ],
        "time, once": [f"{spent:.3g} ms" for _, spent in results.values()],
        "times faster than loops": [f"{slowest / spent:.0f}" for _, spent in results.values()],
    }
)
st.subheader("im2col: every window becomes a column")
unrolled = forward_ways.im2col(image, k, stride)
st.markdown(
    f"The input of {side} × {side} becomes a matrix of **{unrolled.shape[0]} × {unrolled.shape[1]}**: one row for each tap, one column for "
    f"each output. The weights are a matrix of **{kernels} × {k * k}**; their product is the output, row by row."
)
map_viewer(
    "forward_columns",
    [
        MapPanel("columns", "Columns", unrolled[np.newaxis]),
        MapPanel("matrix", "Weights as a matrix", weight.reshape(1, kernels, -1)),
    ],
)
with st.expander("The first 12 columns as numbers"):
    lesson.table(
        {f"window {n}": [f"{value:.2f}" for value in unrolled[:, n]] for n in range(min(12, unrolled.shape[1]))}
    )


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    i, kk, c = int(rng.integers(8, 33)), int(rng.choice([3, 5])), int(rng.integers(1, 5))
    o = i - kk + 1
    return (
        f"**{c}** channels of **{i} × {i}**, kernel **{kk} × {kk}**, stride 1: how many numbers has the im2col matrix?",
        c * kk * kk * o * o,
        f"{c}·{kk}·{kk} rows times {o}² columns = {c * kk * kk * o * o}.",
    )


lesson.check_yourself("forward", question)
lesson.in_code(
    "forward",
    {name: "import numpy as np\n\n\n" + source for name, source in {
        "One product": inspect.getsource(forward_ways.im2col).replace("Array", "np.ndarray") + "\n\n" + inspect.getsource(forward_ways.one_product).replace("Array", "np.ndarray"),
        "Nested loops": inspect.getsource(forward_ways.nested_loops).replace("Array", "np.ndarray"),
    }.items()} | {"PyTorch": f"import torch\nimport torch.nn.functional as F\n\nF.conv2d(torch.rand(1, 1, {side}, {side}), torch.randn({kernels}, 1, {k}, {k}), stride={stride})"}
)  # fmt: skip
lesson.share("forward", reference, "output")
lesson.around("forward")
