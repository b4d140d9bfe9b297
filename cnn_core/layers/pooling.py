"""Pooling layers: over windows, over bins, and over whole maps."""

import numpy as np

from cnn_core.adaptive_pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    bins,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    global_max_pool2d,
    global_max_pool2d_backward,
)
from cnn_core.arguments import Array, IntOrPair, Pair, int_pair
from cnn_core.layers.base import Cells, Layer, Reach, Shape, map_shape, windows_read
from cnn_core.pooling import avg_pool2d, avg_pool2d_backward, max_pool2d, max_pool2d_backward
from cnn_core.shapes import window_axes


class _Windows(Layer):
    """What both window pools share."""

    kind = "pool"
    kernel_size: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    ceil_mode: bool

    def output_shape(self, *input_shapes: Shape) -> Shape:
        c, height, width = map_shape(self, input_shapes[0])
        axes = window_axes((height, width), self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        return c, axes[0].output_size, axes[1].output_size

    def window(self) -> tuple[Pair, Pair, Pair]:
        return self.kernel_size, self.stride, self.dilation

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        window = self.kernel_size[axis], self.stride[axis], self.dilation[axis]
        return (windows_read(cells, sizes[0], *window, (self.padding[axis], self.padding[axis])),)


class MaxPool2d(_Windows):
    """Largest value of each window; arguments as `torch.nn.MaxPool2d`.

    Raises:
        ValueError: an argument is out of range.

    Source: `torch.nn.MaxPool2d`.

    >>> MaxPool2d(3, 2, ceil_mode=True).output_shape((8, 6, 7))
    (8, 3, 3)
    """

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        dilation: IntOrPair = 1,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size = int_pair("kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else int_pair("stride", stride, 1)
        self.padding, self.dilation = int_pair("padding", padding, 0), int_pair("dilation", dilation, 1)
        self.ceil_mode = ceil_mode

    def _forward(self, x: Array) -> Array:
        output = max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        return np.asarray(output)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return max_pool2d_backward(
            grad_output, x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


class AvgPool2d(_Windows):
    """Mean of each window; arguments as `torch.nn.AvgPool2d`.

    Raises:
        ValueError: an argument is out of range.

    Source: `torch.nn.AvgPool2d`.

    >>> AvgPool2d(2).output_shape((8, 6, 7))
    (8, 3, 3)
    """

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size = int_pair("kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else int_pair("stride", stride, 1)
        self.padding, self.dilation = int_pair("padding", padding, 0), (1, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def _forward(self, x: Array) -> Array:
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return avg_pool2d_backward(
            grad_output, x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class AdaptiveAvgPool2d(Layer):
    """Mean of each bin, so many bins whatever the input's size; argument as `torch.nn.AdaptiveAvgPool2d`.

    Raises:
        ValueError: output_size is out of range.

    Source: `torch.nn.AdaptiveAvgPool2d`.

    >>> AdaptiveAvgPool2d((2, 3)).output_shape((8, 6, 7))
    (8, 2, 3)
    """

    kind = "pool"
    moves_alike = False

    def __init__(self, output_size: IntOrPair) -> None:
        self.output_size = int_pair("output_size", output_size, 1)

    def _forward(self, x: Array) -> Array:
        return adaptive_avg_pool2d(x, self.output_size)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return adaptive_avg_pool2d_backward(grad_output, x, self.output_size)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        return map_shape(self, input_shapes[0])[0], *self.output_size

    def window(self) -> tuple[Pair, Pair, Pair] | None:
        raise ValueError("adaptive pooling sees more of a larger input: its receptive field is asked of the graph")

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        starts, stops = bins(sizes[0], self.output_size[axis])
        return (np.unique(np.concatenate([np.arange(starts[cell], stops[cell]) for cell in cells])),)


class _WholeMap(Layer):
    """What both global pools share."""

    kind = "global pool"

    def __init__(self, keepdims: bool = True) -> None:
        self.keepdims = bool(keepdims)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        c = map_shape(self, input_shapes[0])[0]
        return (c, 1, 1) if self.keepdims else (c,)

    def window(self) -> tuple[Pair, Pair, Pair] | None:
        raise ValueError("global pool sees the whole input: it has no receptive field; end the list before it")

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        return (None,)


class GlobalAvgPool2d(_WholeMap):
    """Mean of each map: C x H x W to C x 1 x 1, or to C numbers without keepdims.

    Source: Lin, Chen and Yan, "Network In Network" (2014), section 3.2.

    >>> GlobalAvgPool2d().output_shape((8, 6, 7)), GlobalAvgPool2d(keepdims=False).output_shape((8, 6, 7))
    ((8, 1, 1), (8,))
    """

    def _forward(self, x: Array) -> Array:
        return global_avg_pool2d(x, self.keepdims)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return global_avg_pool2d_backward(grad_output, x, self.keepdims)


class GlobalMaxPool2d(_WholeMap):
    """Largest value of each map: C x H x W to C x 1 x 1, or to C numbers without keepdims.

    Source: Oquab et al., "Is object localization for free?" (2015), section 3.

    >>> GlobalMaxPool2d().apply(np.arange(12.0).reshape(1, 2, 2, 3)).ravel().tolist()
    [5.0, 11.0]
    """

    def _forward(self, x: Array) -> Array:
        return global_max_pool2d(x, self.keepdims)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return global_max_pool2d_backward(grad_output, x, self.keepdims)
