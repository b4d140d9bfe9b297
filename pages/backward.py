"""Backward: gradients flowing back through each operation, with a numerical check beside each."""

from collections.abc import Callable

import numpy as np
import streamlit as st

import cnn_core
from cnn_core.arguments import Array
from cnn_core.images import resize, to_grey
from cnn_core.shapes import window_axes
from live.settings import SettingError, format_kernel, parse_kernel
from ui import digit_source, image_source, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.components.window_explorer.component import explorer_data, window_explorer
from ui.controls import one_of, say, text_field

OPERATIONS = {
    "conv": "Convolution",
    "relu": "ReLU",
    "pool": "Max pool",
    "linear": "Linear",
    "loss": "Softmax, cross-entropy",
}
EQUATIONS = {
    "conv": r"\frac{\partial L}{\partial x} = \text{full correlation of } \frac{\partial L}{\partial y} \text{ with the flipped } w, \qquad \frac{\partial L}{\partial w_{ij}} = \sum_{r,c} \frac{\partial L}{\partial y_{rc}}\, x_{r+i,\,c+j}",
    "relu": r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \text{ where } x > 0, \text{ else } 0",
    "pool": r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \text{ at the winner of each window, } 0 \text{ elsewhere}",
    "linear": r"\frac{\partial L}{\partial x} = W^\top \frac{\partial L}{\partial y}, \qquad \frac{\partial L}{\partial W} = \frac{\partial L}{\partial y}\, x^\top",
    "loss": r"\frac{\partial L}{\partial z} = p - t, \qquad p = \text{softmax}(z),\ t = \text{one-hot target}",
}
lesson.begin(
    "Backward",
    "Training asks each number: how would the loss change if you changed a little? Backward answers, one operation at a time.",
    "change the incoming gradient and follow where it goes.",
)
name = one_of("backward_operation", "Operation", OPERATIONS, "conv")
lesson.formula(EQUATIONS[name])
small = (resize(to_grey(image_source.chosen().pixels), 6, 6, area=True).round(1) * 2 - 1).astype(
    np.float64
)  # (1, 6, 6), -1 to 1
weight = np.array([[[[1.0, 0.5], [-0.5, -1.0]]]])
matrix = np.random.default_rng(0).normal(size=(3, 4)).round(1)
target = np.array([1])
FORWARD: dict[str, Callable[[Array], Array]] = {
    "conv": lambda x: cnn_core.conv2d(x, weight),
    "relu": cnn_core.relu,
    "pool": lambda x: np.asarray(cnn_core.max_pool2d(x, 2)),
    "linear": lambda x: cnn_core.linear(x, matrix),
    "loss": lambda x: cnn_core.cross_entropy(x, target),
}
x = {"linear": small[0, :1, :4], "loss": small[0, :1, :4] * 2}.get(name, small)
y = FORWARD[name](x)
shape = (1, 1) if name == "loss" else y.shape[-2:]
default = (
    format_kernel(np.where(np.arange(shape[0] * shape[1]) == 0, 1.0, 0.0).reshape(shape)) if name != "loss" else "1"
)
text = default
if name != "loss":
    text = text_field(
        f"backward_{name}", f"Incoming gradient, {shape[0]} rows of {shape[1]} numbers", default, parse_kernel
    )
try:
    grad = parse_kernel(text).astype(np.float64)
    if grad.shape != tuple(shape):
        raise SettingError(
            f"The incoming gradient must have {shape[0]} rows of {shape[1]} numbers; this has {grad.shape[0]} of {grad.shape[1]}."
        )
except SettingError as error:
    say(f"{error} The first gradient of this operation is used.")
    grad = parse_kernel(default).astype(np.float64)
incoming = grad.reshape(y.shape)
outgoing: dict[str, Array]
if name == "conv":
    grad_input, grad_weight, _ = cnn_core.conv2d_backward(incoming, x, weight)
    outgoing = {"Gradient of the input": grad_input, "Gradient of the kernel": grad_weight[0]}
elif name == "linear":
    grad_input, grad_matrix, _ = cnn_core.linear_backward(incoming, x, matrix)
    outgoing = {"Gradient of the input": grad_input[np.newaxis], "Gradient of the weights": grad_matrix[np.newaxis]}
elif name == "pool":
    grad_input = cnn_core.max_pool2d_backward(incoming, x, 2)
    outgoing = {"Gradient of the input": grad_input}
elif name == "relu":
    grad_input = cnn_core.relu_backward(incoming, x)
    outgoing = {"Gradient of the input": grad_input}
else:
    grad_input = cnn_core.cross_entropy_backward(x, target)
    outgoing = {"Gradient of the logits": grad_input[np.newaxis]}

numerical = np.zeros_like(x)
for index in np.ndindex(x.shape):
    ends = []
    for step in (1e-5, -1e-5):
        moved = x.copy()
        moved[index] += step
        ends.append(float((FORWARD[name](moved) * incoming).sum()))
    numerical[index] = (ends[0] - ends[1]) / 2e-5


def as_maps(array: Array) -> Array:
    return np.atleast_2d(array).reshape(-1, *np.atleast_2d(array).shape[-2:]).astype(np.float32)


panels = [MapPanel("x", "Input", as_maps(x)), MapPanel("g", "Incoming gradient", as_maps(incoming))]
panels += [MapPanel(f"o{n}", title, as_maps(array)) for n, (title, array) in enumerate(outgoing.items())]
map_viewer("backward_maps", [*panels, MapPanel("n", "Finite differences", as_maps(numerical))][:5])
error = float(np.abs(numerical - grad_input).max())
st.markdown(
    f"Finite differences: each input moved by ±0.00001, the loss compared. Largest difference from backward: **{error:.1e}**."
)
if error > 1e-4:
    st.info("They differ where the operation has a kink: at a tie, or at 0, there is no single slope.")

if name in ("conv", "pool"):
    st.subheader("Walk through it")
    if name == "conv":
        st.markdown(
            "The gradient of the input: the kernel, flipped, slides over the incoming gradient with padding *k* − 1."
        )
        flipped = weight[0, 0, ::-1, ::-1].astype(np.float32)
        rows, columns = window_axes((5, 5), (2, 2), 1, 1, 1)
        data = explorer_data(grad.astype(np.float32), grad_input[0], rows, columns, flipped, "zeros", picture=False)
        titles = ("Incoming gradient", "Kernel, flipped", "Gradient of the input")
    else:
        st.markdown("Forward: the framed pixel wins its window. Backward: the window's whole gradient goes back to it.")
        rows, columns = window_axes((6, 6), (2, 2), 2, 0, 1)
        data = explorer_data(x[0].astype(np.float32), y[0], rows, columns, None, "max", picture=False)
        titles = ("Input", "", "Output")
    window_explorer("backward_explorer", data, titles, 0, lesson.dark(), lambda _: None)
if name == "conv":
    st.markdown("The gradient of the kernel: the incoming gradient slides over the input; each position is one weight.")
    rows, columns = window_axes((6, 6), (5, 5), 1, 0, 1)
    over = explorer_data(
        x[0].astype(np.float32), grad_weight[0, 0], rows, columns, grad.astype(np.float32), "zeros", picture=False
    )
    titles = ("Input", "Incoming gradient", "Gradient of the kernel")
    window_explorer("backward_weights", over, titles, 0, lesson.dark(), lambda _: None)

st.subheader("The whole network, layer by layer")
images, labels = digit_source.all_digits()
net = digit_source.trained()
trace = net.trace(images[8000:8001])
flowing = net.backward(trace, cnn_core.cross_entropy_backward(trace["fc2"], labels[8000:8001]), at="fc2")
leaving = {node.name: flowing[node.inputs[0]] for node in reversed(net.nodes) if node.inputs[0] in flowing}
sizes = [(title, float(np.abs(part).mean()), float((part == 0).mean())) for title, part in leaving.items()]
lesson.table(
    {
        "gradient that leaves": [title for title, _, _ in sizes],
        "mean size": [f"{size:.2e}" for _, size, _ in sizes],
        "exactly 0": [f"{zero:.0%}" for _, _, zero in sizes],
    }
)
kernels = net.layer("conv1").parameter_gradients(flowing["conv1"], trace["input"])["weight"]
map_viewer(
    "backward_network",
    [
        MapPanel("digit", "Digit", images[8000], image=True),
        MapPanel("pixels", "Gradient of its pixels", flowing["input"][0]),
        MapPanel("kernels", "Gradient of the 16 kernels", kernels[:, 0]),
    ],
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    window, gradient = rng.permutation(20)[:4], int(rng.integers(2, 9))
    place = int(window.argmax()) + 1
    return (
        f"A 2 × 2 max pool saw {', '.join(map(str, window))} (in row order) and its output got the gradient {gradient}. Which pixel, 1 to 4, gets it?",
        place,
        f"The largest is {window.max()}, pixel {place}; the others get 0.",
    )


lesson.check_yourself("backward", question)
calls = {
    "conv": "conv2d_backward(grad_output, x, weight)",
    "relu": "relu_backward(grad_output, x)",
    "pool": "max_pool2d_backward(grad_output, x, 2)",
    "linear": "linear_backward(grad_output, x, weight)",
    "loss": "cross_entropy_backward(x, target)",
}
arrays = {
    "conv": "x, weight, grad_output = np.ones((1, 6, 6)), np.ones((1, 1, 2, 2)), np.ones((1, 5, 5))",
    "relu": "x, grad_output = np.ones((1, 6, 6)), np.ones((1, 6, 6))",
    "pool": "x, grad_output = np.ones((1, 6, 6)), np.ones((1, 3, 3))",
    "linear": "x, weight, grad_output = np.ones((1, 4)), np.ones((3, 4)), np.ones((1, 3))",
    "loss": "x, target = np.ones((1, 4)), np.array([1])",
}
lesson.in_code(
    "backward",
    {
        "NumPy": f"import numpy as np\nfrom cnn_core import {calls[name].split('(')[0]}\n\n{arrays[name]}\n{calls[name]}",
        "PyTorch": "import torch\n\n# PyTorch keeps the forward's steps and runs them backwards:\nx = torch.ones(1, 4, requires_grad=True)\nloss = torch.nn.functional.cross_entropy(x, torch.tensor([1]))\nloss.backward()\nx.grad",
    },
)
lesson.share("backward", as_maps(grad_input), "gradient")
lesson.around("backward")
