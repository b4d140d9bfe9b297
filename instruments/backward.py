"""The backward page's instrument: gradients through one operation, checked by finite differences, and through a network."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

import cnn_core
from cnn_core import networks
from cnn_core.arguments import Array
from cnn_core.graph import Graph
from cnn_core.images import resize, to_grey
from cnn_core.shapes import window_axes
from instruments.code import library
from instruments.digits import UNSEEN, all_digits, weights_field
from instruments.fields import Choice, SettingError, Text, Values
from instruments.kernel_text import format_kernel, parse_kernel
from instruments.window_walk import Walk

SIDE = 6  # pixels of the small input
STEP = 1e-5  # by which each input is moved for the finite differences
POOL = 2  # pixels a side of the pooling window
WEIGHT = np.array([[[[1.0, 0.5], [-0.5, -1.0]]]])  # (1, 1, 2, 2), of the convolution
MATRIX = np.random.default_rng(0).normal(size=(3, 4)).round(1)  # (3, 4), of the linear layer
TARGET = np.array([1])  # the right class


@dataclass(frozen=True)
class Operation:
    """One operation and its backward.

    Args:
        forward: from x to y.
        backward: from the incoming gradient and x to the gradient of x, and to that of the weights where there are any.
        takes: from the small image (1, SIDE, SIDE) to x.
        grid: rows and columns in which the incoming gradient is written.
        titles: of what `backward` answers.
    """

    forward: Callable[[Array], Array]
    backward: Callable[[Array, Array], tuple[Array, ...]]
    takes: Callable[[Array], Array]
    grid: tuple[int, int]
    titles: tuple[str, ...]


def _row(image: Array) -> Array:
    """As many numbers as the linear layer takes, (1, 4)."""
    return image[0, :1, : MATRIX.shape[1]]


OPERATIONS = {
    "conv": Operation(
        lambda x: cnn_core.conv2d(x, WEIGHT),
        lambda grad, x: cnn_core.conv2d_backward(grad, x, WEIGHT)[:2],
        lambda image: image,
        (SIDE - WEIGHT.shape[2] + 1, SIDE - WEIGHT.shape[3] + 1),
        ("Gradient of the input", "Gradient of the kernel"),
    ),
    "relu": Operation(
        cnn_core.relu,
        lambda grad, x: (cnn_core.relu_backward(grad, x),),
        lambda image: image,
        (SIDE, SIDE),
        ("Gradient of the input",),
    ),
    "pool": Operation(
        lambda x: np.asarray(cnn_core.max_pool2d(x, POOL)),
        lambda grad, x: (cnn_core.max_pool2d_backward(grad, x, POOL),),
        lambda image: image,
        (SIDE // POOL, SIDE // POOL),
        ("Gradient of the input",),
    ),
    "linear": Operation(
        lambda x: cnn_core.linear(x, MATRIX),
        lambda grad, x: cnn_core.linear_backward(grad, x, MATRIX)[:2],
        _row,
        (1, MATRIX.shape[0]),
        ("Gradient of the input", "Gradient of the weights"),
    ),
    "loss": Operation(
        lambda x: np.asarray(cnn_core.cross_entropy(x, TARGET)),
        lambda grad, x: (grad * cnn_core.cross_entropy_backward(x, TARGET),),
        lambda image: 2 * _row(image),
        (1, 1),
        ("Gradient of the logits",),
    ),
}
WORDS = {
    "conv": "Convolution",
    "relu": "ReLU",
    "pool": "Max pool",
    "linear": "Linear",
    "loss": "Softmax, cross-entropy",
}


def _incoming(name: str) -> Text[str]:
    """The field of the gradient that comes into an operation, in the shape of its output."""
    rows, columns = OPERATIONS[name].grid

    def canonical(text: str) -> str:
        grad = parse_kernel(text)
        if grad.shape != (rows, columns):
            raise SettingError(
                f"The incoming gradient must have {rows} rows of {columns} numbers; this has {grad.shape[0]} of {grad.shape[1]}."
            )
        return format_kernel(grad)

    first = np.zeros((rows, columns))
    first[0, 0] = 1
    return Text(f"backward_{name}", "The incoming gradient", format_kernel(first), canonical, str)


OPERATION = Choice("backward_operation", "Operation", "conv", WORDS)
INCOMING = {name: _incoming(name) for name in OPERATIONS if name != "loss"}  # the loss is where gradients begin: with 1
WEIGHTS = weights_field("backward")
CODE = library("backward", "NumPy", "PyTorch")
FIELDS = (OPERATION, *INCOMING.values(), WEIGHTS, CODE)


class Backward(NamedTuple):
    """One operation, forward and backward."""

    x: Array
    y: Array
    incoming: Array  # in the shape of y
    gradients: dict[str, Array]  # by title, that of x first
    differences: Array  # in the shape of x: what finite differences say of it

    @property
    def error(self) -> float:
        """Largest difference between the gradient of x and the finite differences."""
        return float(np.abs(next(iter(self.gradients.values())) - self.differences).max())


def small_image(image: Array) -> Array:
    """The image (C, H, W) as SIDE x SIDE numbers from -1 to 1, (1, SIDE, SIDE), in 64 bits for the finite differences."""
    return 2 * resize(to_grey(image), SIDE, SIDE, area=True).astype(np.float64).round(1) - 1


def compute(v: Values, image: Array) -> Backward:
    """The operation that is set, on a small copy of the image (C, H, W)."""
    name = v[OPERATION]
    operation = OPERATIONS[name]
    x = operation.takes(small_image(image))
    y = operation.forward(x)
    grad = parse_kernel(v[INCOMING[name]]) if name in INCOMING else np.ones(operation.grid)
    incoming = grad.astype(np.float64).reshape(y.shape)
    gradients = dict(zip(operation.titles, operation.backward(incoming, x), strict=True))
    return Backward(
        x, y, incoming, gradients, differences(lambda moved: (operation.forward(moved) * incoming).sum(), x)
    )


def differences(loss: Callable[[Array], float], x: Array) -> Array:
    """How much the loss changes with each number of x, by moving it a little either way."""
    slopes = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        further, nearer = x.copy(), x.copy()
        further[index] += STEP
        nearer[index] -= STEP
        slopes[index] = (loss(further) - loss(nearer)) / (2 * STEP)
    return slopes


def as_maps(array: Array) -> Array:
    """Any gradient as float32 maps (C, H, W) that can be drawn.

    >>> as_maps(np.zeros((1, 1, 2, 3))).shape, as_maps(np.array(1.0)).shape
    ((1, 2, 3), (1, 1, 1))
    """
    table = np.atleast_2d(array)
    return table.reshape(-1, *table.shape[-2:]).astype(np.float32)


def input_walk(found: Backward) -> Walk:
    """The gradient of the convolution's input: the flipped kernel over the incoming gradient, padded by k - 1."""
    flipped = WEIGHT[0, 0, ::-1, ::-1].astype(np.float32)
    (height, width), (_, *size) = flipped.shape, found.incoming.shape
    rows, columns = window_axes((size[0], size[1]), (height, width), 1, (height - 1, width - 1), 1)
    return Walk(as_maps(found.incoming)[0], found.gradients["Gradient of the input"][0], rows, columns, flipped)


def kernel_walk(found: Backward) -> Walk:
    """The gradient of the convolution's kernel: the incoming gradient over the input."""
    grad, image = as_maps(found.incoming)[0], as_maps(found.x)[0]
    rows, columns = window_axes((SIDE, SIDE), (grad.shape[0], grad.shape[1]), 1, 0, 1)
    return Walk(image, found.gradients["Gradient of the kernel"][0, 0], rows, columns, grad)


def pool_walk(found: Backward) -> Walk:
    """The pooling's windows, forward."""
    rows, columns = window_axes((SIDE, SIDE), (POOL, POOL), POOL, 0, 1)
    return Walk(as_maps(found.x)[0], found.y[0], rows, columns)


class NetworkGradients(NamedTuple):
    """The loss of one digit, back through a digits network."""

    digit: Array  # (1, 28, 28)
    leaving: dict[str, Array]  # by layer, last first: the gradient of what it was given
    kernels: Array  # (K, k, k): the gradient of the first layer's kernels

    @property
    def pixels(self) -> Array:
        """The gradient of the digit, in its shape."""
        return self.leaving[next(reversed(self.leaving))]


@cache
def shipped_gradients() -> NetworkGradients:
    """Those of the shipped network."""
    return network_gradients(networks.load("digits"))


def network_gradients(net: Graph) -> NetworkGradients:
    """Of the first digit that no training here sees."""
    images, labels = all_digits()
    digits = images[UNSEEN : UNSEEN + 1]
    trace = net.trace(digits)
    loss = cnn_core.cross_entropy_backward(trace["fc2"], labels[UNSEEN : UNSEEN + 1])
    flowing = net.backward(trace, loss, at="fc2")
    leaving = {node.name: flowing[node.inputs[0]][0] for node in reversed(net.nodes) if node.inputs[0] in flowing}
    kernels = net.layer("conv1").parameter_gradients(flowing["conv1"], trace["input"])["weight"]
    return NetworkGradients(digits[0], leaving, kernels[:, 0])
