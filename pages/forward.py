"""Forward, in code: loops, im2col, one matrix product, and cnn_core on the same numbers."""

import numpy as np
import streamlit as st

from cnn_core import conv2d
from cnn_core.images import to_grey
from cnn_core.shapes import window_axes
from instruments import forward
from ui import formulas, image_source, lesson, settings
from ui.beside import beside
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer
from ui.controls import stepper
from ui.palette import label
from ui.programs import program
from ui.programs.forward_loops_numpy import nested_loops
from ui.programs.forward_product_numpy import im2col, one_product

page = lesson.Page(
    "forward",
    "One formula, three ways: nested loops, windows as columns of one matrix product, and the core of this app. "
    "The code shown is the code that runs.",
    "make the input larger and compare the times.",
)
v = settings.resolved(forward.FIELDS)
side, kernels, k, stride = v[forward.SIDE], v[forward.KERNELS], v[forward.KERNEL], v[forward.STRIDE]
image, weight = forward.small(to_grey(image_source.chosen().pixels), v), forward.weight(v)
ways: dict[str, forward.Way] = {
    "nested loops": nested_loops,
    "im2col and one product": one_product,
    "cnn_core": lambda image, weight, stride: conv2d(image, weight, stride=stride),
}
results = forward.compared(ways, image, weight, stride)
reference, slowest = results["cnn_core"].output, results["nested loops"]
windows = [Reads("input", "window", *window_axes((side, side), (k, k), stride, 0, 1), channels="all")]
maps = [MapPanel(name.split()[0], name, result.output, reads=windows) for name, result in results.items()]
picture, controls = beside("forward")
with controls:
    left, right = st.columns(2)
    with left:
        stepper(v, forward.SIDE, label("input", "Input side"))
        stepper(v, forward.KERNELS, "Kernels *K*")
    with right:
        stepper(v, forward.KERNEL, label("kernel", "Kernel side"))
        stepper(v, forward.STRIDE, label("stride", "Stride"))
with picture:
    map_viewer("forward_maps", [MapPanel("input", "Input", image, image=True), *maps])
lesson.formula(r"y_{n,r,c} = \sum_{m} \sum_{i} \sum_{j} x_{m,\; r s + i,\; c s + j} \; w_{n,m,i,j}")
lesson.table(
    {
        "way": list(results),
        "largest difference from cnn_core": [f"{np.abs(one.output - reference).max():.2g}" for one in results.values()],
        "time, at best": [f"{one.milliseconds:.3g} ms" for one in results.values()],
        "times faster than loops": [one.times_faster(slowest) for one in results.values()],
    }
)

st.subheader("im2col: every window becomes a column")
unrolled = im2col(image, k, stride)
st.markdown(
    f"The input of {side} × {side} becomes a matrix of **{unrolled.shape[0]} × {unrolled.shape[1]}**: one row for each tap, one column for "
    f"each output. The weights are a matrix of **{kernels} × {k * k}**; their product is the output, row by row."
)
map_viewer(
    "forward_columns",
    [
        MapPanel("matrix", "Weights: a row for each kernel", weight.reshape(1, kernels, -1)),
        MapPanel("columns", "Windows: a column for each output", unrolled[np.newaxis], scale="sequential"),
        MapPanel(
            "product",
            "Product: each row times each column",
            reference.reshape(1, kernels, -1),
            reads=[Reads("matrix", "row"), Reads("columns", "column")],
        ),
    ],
)
with st.expander("The first 12 columns as numbers"):
    first = unrolled[:, :12].T
    lesson.table({f"window {n}": [f"{formulas.number(value)}" for value in window] for n, window in enumerate(first)})

page.check_yourself()
filled = {"image_side": side, "kernels": kernels, "kernel_side": k, "stride": stride}
files = {"One product": "forward_product_numpy", "Nested loops": "forward_loops_numpy", "PyTorch": "forward_pytorch"}
page.in_code(v, forward.CODE, {words: program(file, **filled) for words, file in files.items()})
page.share(reference, "output")
page.around()
