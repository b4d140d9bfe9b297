"""Layers with kernels: convolution (depthwise with groups as many as channels) and transposed convolution."""

import math
from functools import cached_property
from typing import Any

import numpy as np

from cnn_core.arguments import Array, IntOrPair, Pair, int_pair, whole_number
from cnn_core.convolution import (
    conv2d,
    conv2d_backward_input,
    conv2d_backward_parameters,
    conv_transpose2d,
    conv_transpose2d_backward,
)
from cnn_core.layers.base import Cells, Layer, Reach, Shape, he, map_shape, windows_read
from cnn_core.padding import MODES, conv_axes
from cnn_core.shapes import Padding, resolve_padding


def _check_groups(in_channels: int, out_channels: int, groups: int) -> None:
    if in_channels % groups or out_channels % groups:
        raise ValueError(f"groups must divide in_channels {in_channels} and out_channels {out_channels}, got {groups}")


class _Kernels(Layer):
    """What both convolutions store: a weight, drawn by `he` when first asked for, and perhaps a bias."""

    in_channels: int
    out_channels: int
    weight_shape: Shape
    has_bias: bool
    seed: int

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """ "weight", and "bias" if there is one; drawn when first asked for, so that counting needs no memory."""
        arrays = {"weight": he(self.weight_shape, np.random.default_rng(self.seed))}
        return arrays | {"bias": np.zeros(self.out_channels, np.float32)} if self.has_bias else arrays

    @property
    def stored_shapes(self) -> dict[str, Shape]:
        return {"weight": self.weight_shape} | ({"bias": (self.out_channels,)} if self.has_bias else {})

    @property
    def weight(self) -> Array:
        """The array of all kernels."""
        return self.parameters["weight"]

    @property
    def bias(self) -> Array | None:
        """One number a kernel, or None."""
        return self.parameters["bias"] if self.has_bias else None

    def parameter_count(self) -> int:
        return sum(math.prod(shape) for shape in self.stored_shapes.values())

    def _named(self, grad_weight: Array, grad_bias: Array) -> dict[str, Array]:
        return {"weight": grad_weight} | ({"bias": grad_bias} if self.has_bias else {})

    def _channels(self, input_shape: Shape) -> Pair:
        """Height and width of an input that has the right number of channels."""
        c, height, width = map_shape(self, input_shape)
        if c != self.in_channels:
            raise ValueError(f"{self.kind} takes {self.in_channels} channels, but {c} reach it")
        return height, width


class Conv2d(_Kernels):
    """Convolution with K = out_channels kernels; arguments as `torch.nn.Conv2d`, weights by `he` from the seed.

    Raises:
        ValueError: an argument is out of range.

    Source: `torch.nn.Conv2d`.

    >>> conv = Conv2d(3, 8, 5, stride=2)
    >>> conv.output_shape((3, 28, 28)), conv.parameter_count(), conv.macs((3, 28, 28))
    ((8, 12, 12), 608, 86400)
    """

    kind = "conv"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: Padding = 0,
        dilation: IntOrPair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        seed: int = 0,
    ) -> None:
        self.in_channels = whole_number("in_channels", in_channels, 1)
        self.out_channels = whole_number("out_channels", out_channels, 1)
        self.groups = whole_number("groups", groups, 1)
        _check_groups(in_channels, out_channels, groups)
        self.kernel_size = int_pair("kernel_size", kernel_size, 1)
        self.stride, self.dilation = int_pair("stride", stride, 1), int_pair("dilation", dilation, 1)
        self.padding, self.padding_mode = padding, padding_mode
        self.sides = resolve_padding(padding, self.kernel_size, self.stride, self.dilation)
        if padding_mode not in MODES:
            raise ValueError(f"padding_mode must be one of {', '.join(MODES)}, got {padding_mode!r}")
        self.weight_shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.has_bias, self.seed = bool(bias), seed

    @property
    def _arguments(self) -> dict[str, Any]:
        """What conv2d and its backward take beside the arrays."""
        names = ("stride", "padding", "dilation", "groups", "padding_mode")
        return {name: getattr(self, name) for name in names}

    def _forward(self, x: Array) -> Array:
        return conv2d(x, self.weight, self.bias, **self._arguments)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return conv2d_backward_input(grad_output, x, self.weight, **self._arguments)

    def parameter_gradients(self, grad_output: Array, *inputs: Array) -> dict[str, Array]:
        return self._named(*conv2d_backward_parameters(grad_output, inputs[0], self.weight, **self._arguments))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        size = self._channels(input_shapes[0])
        axes = conv_axes(size, self.kernel_size, self.stride, self.padding, self.dilation, self.padding_mode)
        return self.out_channels, axes[0].output_size, axes[1].output_size

    def macs(self, *input_shapes: Shape) -> int:
        return math.prod(self.output_shape(*input_shapes)) * math.prod(self.weight_shape[1:])

    def window(self) -> tuple[Pair, Pair, Pair]:
        return self.kernel_size, self.stride, self.dilation

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        window = self.kernel_size[axis], self.stride[axis], self.dilation[axis]
        return (windows_read(cells, sizes[0], *window, self.sides[axis], self.padding_mode),)


class ConvTranspose2d(_Kernels):
    """Transposed convolution: each input pixel stamps a scaled kernel; arguments as `torch.nn.ConvTranspose2d`.

    Raises:
        ValueError: an argument is out of range.

    Source: `torch.nn.ConvTranspose2d`.

    >>> ConvTranspose2d(8, 4, 2, stride=2).output_shape((8, 5, 7))
    (4, 10, 14)
    """

    kind = "transposed conv"
    moves_alike = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: IntOrPair = 0,
        output_padding: IntOrPair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: IntOrPair = 1,
        seed: int = 0,
    ) -> None:
        self.in_channels = whole_number("in_channels", in_channels, 1)
        self.out_channels = whole_number("out_channels", out_channels, 1)
        self.groups = whole_number("groups", groups, 1)
        _check_groups(in_channels, out_channels, groups)
        self.kernel_size = int_pair("kernel_size", kernel_size, 1)
        self.stride, self.dilation = int_pair("stride", stride, 1), int_pair("dilation", dilation, 1)
        self.padding = int_pair("padding", padding, 0)
        self.output_padding = int_pair("output_padding", output_padding, 0)
        if any(e >= max(s, d) for e, s, d in zip(self.output_padding, self.stride, self.dilation, strict=True)):
            raise ValueError(f"output_padding must be below stride or dilation, got {output_padding!r}")
        self.weight_shape = (in_channels, out_channels // groups, *self.kernel_size)
        self.has_bias, self.seed = bool(bias), seed

    @property
    def _arguments(self) -> dict[str, Any]:
        names = ("stride", "padding", "output_padding", "groups", "dilation")
        return {name: getattr(self, name) for name in names}

    def _forward(self, x: Array) -> Array:
        return conv_transpose2d(x, self.weight, self.bias, **self._arguments)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return conv_transpose2d_backward(grad_output, x, self.weight, None, **self._arguments)[0]

    def parameter_gradients(self, grad_output: Array, *inputs: Array) -> dict[str, Array]:
        _, grad_weight, grad_bias = conv_transpose2d_backward(
            grad_output, inputs[0], self.weight, None, **self._arguments
        )
        return self._named(grad_weight, grad_bias)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        size = [
            (i - 1) * s - 2 * p + d * (k - 1) + e + 1
            for i, k, s, p, d, e in zip(
                self._channels(input_shapes[0]),
                self.kernel_size,
                self.stride,
                self.padding,
                self.dilation,
                self.output_padding,
                strict=True,
            )
        ]
        if min(size) < 1:
            raise ValueError(f"padding {self.padding} leaves nothing of the output of {self.kind}")
        return self.out_channels, *size

    def macs(self, *input_shapes: Shape) -> int:
        height, width = self._channels(input_shapes[0])
        return height * width * math.prod(self.weight_shape)

    def window(self) -> tuple[Pair, Pair, Pair] | None:
        raise ValueError("transposed conv makes maps larger: its receptive field is asked of the graph")

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        taps = self.dilation[axis] * np.arange(self.kernel_size[axis])
        stamped = np.subtract.outer(cells + self.padding[axis], taps)  # a cell lies on taps of stamps put here
        found = np.unique(stamped[stamped % self.stride[axis] == 0] // self.stride[axis])
        return (found[(found >= 0) & (found < sizes[0])],)
