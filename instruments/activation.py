"""The activation page's instrument: a curve and its slope, maps before and after it, and two convolutions in one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import cnn_core
from cnn_core.arguments import Array
from cnn_core.kernels import PRESETS
from instruments.code import library
from instruments.fields import Choice, Real, Switch, Values


@dataclass(frozen=True)
class Activation:
    """A curve.

    Args:
        name: in words.
        formula: in TeX, with "%s" where the parameter stands.
        function: of an array, and of the parameter if there is one.
        backward: its gradient, for functions of (grad_output, input, parameter); a learned parameter's gradient follows.
        parameter: its name in words, or "" for none.
        default: of the parameter.
    """

    name: str
    formula: str
    function: Callable[..., Array]
    backward: Callable[..., Array | tuple[Array, Array]]
    parameter: str = ""
    default: float = 0.0


ACTIVATIONS = {
    "relu": Activation("ReLU", r"\max(x, 0)", cnn_core.relu, cnn_core.relu_backward),
    "leaky_relu": Activation(
        "Leaky ReLU",
        r"x \text{ if } x > 0 \text{ else } %s\,x",
        cnn_core.leaky_relu,
        cnn_core.leaky_relu_backward,
        "Negative slope",
        0.1,
    ),
    "prelu": Activation(
        "PReLU",
        r"x \text{ if } x > 0 \text{ else } %s\,x \quad (\text{the slope is learned})",
        cnn_core.prelu,
        cnn_core.prelu_backward,
        "Learned slope",
        0.25,
    ),
    "elu": Activation(
        "ELU",
        r"x \text{ if } x > 0 \text{ else } %s\,(e^x - 1)",
        cnn_core.elu,
        cnn_core.elu_backward,
        "Alpha",
        1.0,
    ),
    "sigmoid": Activation("Sigmoid", r"1 / (1 + e^{-x})", cnn_core.sigmoid, cnn_core.sigmoid_backward),
    "tanh": Activation("Tanh", r"\tanh(x)", cnn_core.tanh, cnn_core.tanh_backward),
    "gelu": Activation("GELU", r"x \cdot \Phi(x)", cnn_core.gelu, cnn_core.gelu_backward),
}
SECOND = PRESETS["gaussian"].values  # (3, 3), the kernel after the activation

NAME = Choice("activation_name", "Activation", "relu", {code: one.name for code, one in ACTIVATIONS.items()})
KERNEL = Choice("activation_kernel", "kernel", "sobel_x", {code: one.label for code, one in PRESETS.items()})
PARAMETER = Real("activation_parameter", "parameter", lambda v: ACTIVATIONS[v[NAME]].default, 0, 2)
BETWEEN = Switch("activation_between", "Activation between the two", True)
CODE = library("activation", "NumPy", "PyTorch")
FIELDS = (NAME, KERNEL, PARAMETER, BETWEEN, CODE)


def activation(v: Values) -> Activation:
    """The curve that is chosen."""
    return ACTIVATIONS[v[NAME]]


def _arguments(v: Values) -> tuple[float, ...]:
    return (v[PARAMETER],) if activation(v).parameter else ()


def formula(v: Values) -> str:
    """The curve in TeX, with the parameter's value."""
    shown = activation(v).formula
    return shown % f"{v[PARAMETER]:g}" if activation(v).parameter else shown


def activated(maps: Array, v: Values) -> Array:
    """The curve's values."""
    return activation(v).function(maps, *_arguments(v))


def slope(x: Array, v: Values) -> Array:
    """The curve's derivative."""
    gradient = activation(v).backward(np.ones_like(x), x, *_arguments(v))
    return gradient[0] if isinstance(gradient, tuple) else gradient


def convolved(image: Array, v: Values) -> Array:
    """What the activation gets: the image (1, H, W) after the chosen kernel."""
    return cnn_core.conv2d(image, PRESETS[v[KERNEL]].values[np.newaxis, np.newaxis])


def twice(maps: Array, v: Values) -> Array:
    """A second convolution of the maps, behind the activation if it is on."""
    inside = activated(maps, v) if v[BETWEEN] else maps
    return cnn_core.conv2d(inside, SECOND[np.newaxis, np.newaxis])


def joined_kernel(v: Values) -> Array:
    """The one kernel that does what both do without an activation: the two convolved with each other."""
    rows, columns = SECOND.shape
    turned = SECOND[np.newaxis, np.newaxis, ::-1, ::-1]
    first = PRESETS[v[KERNEL]].values
    return cnn_core.conv2d(first[np.newaxis], turned, padding=(rows - 1, columns - 1))[0]


def once(image: Array, v: Values) -> Array:
    """The image (1, H, W) after the joined kernel."""
    return cnn_core.conv2d(image, joined_kernel(v)[np.newaxis, np.newaxis])
