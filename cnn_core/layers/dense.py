"""What follows the convolutions: dense layers and softmax."""

import math
from functools import cached_property

import numpy as np

from cnn_core import dense
from cnn_core.arguments import Array, Pair, type_names, whole_number
from cnn_core.layers.base import Cells, Layer, Reach, Shape, he


class Linear(Layer):
    """Fully connected layer; arguments as `torch.nn.Linear`, weights by `he` from the seed.

    Raises:
        ValueError: an argument is out of range.

    Source: `torch.nn.Linear`.

    >>> Linear(10, 2).output_shape((10,)), Linear(10, 2).parameter_count()
    ((2,), 22)
    """

    kind = "linear"

    def __init__(self, in_features: int, out_features: int, bias: bool = True, seed: int = 0) -> None:
        self.in_features = whole_number("in_features", in_features, 1)
        self.out_features = whole_number("out_features", out_features, 1)
        self.has_bias, self.seed = bool(bias), seed

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """ "weight", and "bias" if there is one; drawn when first asked for, so that counting needs no memory."""
        arrays = {"weight": he((self.out_features, self.in_features), np.random.default_rng(self.seed))}
        return arrays | {"bias": np.zeros(self.out_features, np.float32)} if self.has_bias else arrays

    @property
    def stored_shapes(self) -> dict[str, Shape]:
        weight: dict[str, Shape] = {"weight": (self.out_features, self.in_features)}
        return weight | ({"bias": (self.out_features,)} if self.has_bias else {})

    @property
    def weight(self) -> Array:
        """(out_features, in_features)."""
        return self.parameters["weight"]

    @property
    def bias(self) -> Array | None:
        """(out_features,), or None."""
        return self.parameters["bias"] if self.has_bias else None

    def parameter_count(self) -> int:
        return self.out_features * (self.in_features + (1 if self.has_bias else 0))

    def _forward(self, x: Array) -> Array:
        return dense.linear(x, self.weight, self.bias)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return dense.linear_backward_input(grad_output, x, self.weight)

    def parameter_gradients(self, grad_output: Array, *inputs: Array) -> dict[str, Array]:
        grad_weight, grad_bias = dense.linear_backward_parameters(grad_output, inputs[0], self.weight)
        return {"weight": grad_weight} | ({"bias": grad_bias} if self.has_bias else {})

    def output_shape(self, *input_shapes: Shape) -> Shape:
        shape = input_shapes[0]
        if len(shape) != 1:
            raise ValueError(f"linear needs a flat input, got shape {tuple(shape)}: put a flatten before it")
        if shape[0] != self.in_features:
            raise ValueError(f"linear takes {self.in_features} features, but {shape[0]} reach it")
        return (self.out_features,)

    def macs(self, *input_shapes: Shape) -> int:
        return math.prod(self.output_shape(*input_shapes)) * self.in_features

    def window(self) -> tuple[Pair, Pair, Pair] | None:
        raise ValueError("linear sees the whole input: it has no receptive field; end the list before it")

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        return (None,)


class Softmax(Layer):
    """Logits to probabilities along an axis, which counts the batch axis: 1 are the channels, -1 is the last.

    Raises:
        ValueError: axis is no whole number, or 0.

    Source: `torch.nn.Softmax`.

    >>> Softmax().apply(np.zeros((1, 4))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    kind = "softmax"

    def __init__(self, axis: int = -1) -> None:
        if isinstance(axis, bool) or not isinstance(axis, type_names) or axis == 0:
            raise ValueError(f"axis must be a whole number other than 0, the batch, got {axis!r}")
        self.axis = int(axis)

    def _forward(self, x: Array) -> Array:
        return dense.softmax(x, self.axis)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return dense.softmax_backward(grad_output, x, self.axis)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        rank = len(input_shapes[0]) + 1
        if not -rank < self.axis < rank:
            raise ValueError(f"axis {self.axis} is out of range for an input with {rank - 1} axes beside the batch")
        return input_shapes[0]

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        return (None,) if self.axis in (2 + axis, axis - 2) else (cells,)


class LogSoftmax(Softmax):
    """Logarithms of softmax's probabilities; the axis as there.

    Raises:
        ValueError: axis is no whole number, or 0.

    Source: `torch.nn.LogSoftmax`.

    >>> LogSoftmax().apply(np.zeros((1, 4))).round(4).tolist()
    [[-1.3863, -1.3863, -1.3863, -1.3863]]
    """

    kind = "log softmax"

    def _forward(self, x: Array) -> Array:
        return dense.log_softmax(x, self.axis)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return dense.log_softmax_backward(grad_output, x, self.axis)
