"""Activation: what stands between two layers."""

from collections.abc import Callable

import numpy as np
import streamlit as st

import cnn_core
from cnn_core.arguments import Array
from cnn_core.images import to_grey
from cnn_core.kernels import PRESETS
from ui import figures, image_source, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import number, selected, switched

lesson.begin(
    "Activation",
    "After a convolution each number goes through a simple curve. The bend in that curve is what lets layers add up to "
    "more than one layer.",
    "choose ReLU and watch the blue, negative answers vanish.",
)
NAMES = {
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "gelu": "GELU",
}
FORMULAS = {
    "relu": r"\max(x, 0)",
    "leaky_relu": r"x \text{ if } x > 0 \text{ else } %s\,x",
    "prelu": r"x \text{ if } x > 0 \text{ else } %s\,x \quad (\text{the slope is learned})",
    "elu": r"x \text{ if } x > 0 \text{ else } %s\,(e^x - 1)",
    "sigmoid": r"1 / (1 + e^{-x})",
    "tanh": r"\tanh(x)",
    "gelu": r"x \cdot \Phi(x)",
}
PARAMETERS = {"leaky_relu": ("Negative slope", 0.1), "prelu": ("Learned slope", 0.25), "elu": ("Alpha", 1.0)}

image = image_source.chosen()
first, second, third = st.columns(3)
with first:
    name = selected("activation_name", "Activation", NAMES, "relu")
with second:
    presets = {key: preset.label for key, preset in PRESETS.items()}
    preset = selected("activation_kernel", "Kernel before it", presets, "sobel_x", name="kernel")
arguments: tuple[float, ...] = ()
if name in PARAMETERS:
    with third:
        title, default = PARAMETERS[name]
        arguments = (number("activation_parameter", title, default, (0, 2), "activation", "parameter"),)

activate: Callable[..., Array] = getattr(cnn_core, name)
backward: Callable[..., Array | tuple[Array, Array]] = getattr(cnn_core, f"{name}_backward")
x = np.linspace(-4, 4, 321)
gradient = backward(np.ones_like(x), x, *arguments)
slope = gradient[0] if isinstance(gradient, tuple) else gradient
shown = FORMULAS[name] % f"{arguments[0]:g}" if arguments else FORMULAS[name]
lesson.formula(rf"f(x) = {shown}")

maps = cnn_core.conv2d(to_grey(image.pixels), PRESETS[preset].values[np.newaxis, np.newaxis])
after = activate(maps, *arguments)
curves = {NAMES[name]: activate(x, *arguments), "derivative": slope}
spread = {"before": maps, "after": after}
lesson.charts(
    "_activation",
    {
        f"{NAMES[name]} and its derivative from −4 to 4": lambda: figures.lines(x, curves, "x", "f(x)", lesson.dark()),
        "How the values are spread before and after the activation": lambda: figures.histograms(
            spread, "value", lesson.dark()
        ),
    },
)
end = float(np.abs(maps).max()) or 1.0
map_viewer(
    "activation_maps",
    [MapPanel("before", "Before", maps, end=end), MapPanel("after", f"After {NAMES[name]}", after, end=end)],
)
negative = float((maps < 0).mean())
zeroed = float(((maps < 0) & (after == 0)).mean())
st.markdown(
    f"**{negative:.1%}** of the values are negative before; **{zeroed:.1%}** of all values were negative and are exactly 0 after."
)

st.subheader("Without it, two layers are one")
st.markdown(
    "Two convolutions in a row equal one convolution with a larger kernel: the two kernels convolved with each other. "
    "With an activation between them, no single kernel can do it."
)
between = switched("activation_between", f"{NAMES[name]} between the two", True)
one, two = PRESETS[preset].values, PRESETS["gaussian"].values
full = (two.shape[0] - 1, two.shape[1] - 1)
joined = cnn_core.conv2d(one[np.newaxis], two[::-1, ::-1][np.newaxis, np.newaxis], padding=full)[0]
inside = activate(maps, *arguments) if between else maps
twice = cnn_core.conv2d(inside, two[np.newaxis, np.newaxis])
once = cnn_core.conv2d(to_grey(image.pixels), joined[np.newaxis, np.newaxis])
difference = float(np.abs(twice - once).max())
map_viewer(
    "activation_two",
    [
        MapPanel("twice", "Convolution, " + ("activation, " if between else "") + "convolution", twice),
        MapPanel("once", f"One {joined.shape[0]} × {joined.shape[1]} convolution", once),
        MapPanel("difference", "Difference", twice - once),
    ],
)
if difference < 1e-3 * float(np.abs(once).max() or 1):
    st.success(f"The same picture: the largest difference is {difference:.1e}, rounding.")
else:
    st.info(f"Not the same: the largest difference is {difference:.3f}. The bend between them did something new.")


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    values = rng.integers(-9, 10, 6)
    total = int(np.maximum(values, 0).sum())
    return (
        f"ReLU is applied to {', '.join(map(str, values))}. What is the sum of what comes out?",
        total,
        f"Only the positive ones stay: {total}.",
    )


lesson.check_yourself("activation", question)
extra = "".join(f", {value:g}" for value in arguments)
torch_extra = f", torch.tensor([{arguments[0]:g}])" if name == "prelu" else extra
lesson.in_code(
    "activation",
    {
        "NumPy": f"import numpy as np\nfrom cnn_core import {name}\n\n{name}(np.linspace(-4, 4, 9){f', [{arguments[0]:g}]' if name == 'prelu' else extra})",
        "PyTorch": f"import torch\nimport torch.nn.functional as F\n\n{'torch' if name in ('sigmoid', 'tanh') else 'F'}.{name}(torch.linspace(-4, 4, 9){torch_extra})",
    },
)
lesson.share("activation", after, name)
lesson.around("activation")
