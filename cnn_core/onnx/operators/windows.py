"""Pooling over windows and whole maps.

Source: https://onnx.ai/onnx/operators (AveragePool, MaxPool, GlobalAveragePool, GlobalMaxPool).
"""

import numpy as np
from numpy.typing import NDArray

from cnn_core.layers import AvgPool2d, GlobalAvgPool2d, GlobalMaxPool2d, MaxPool2d, Pad2d, Scale
from cnn_core.onnx.operation import Op
from cnn_core.onnx.operators.kernels import Sides, padding, pair
from cnn_core.onnx.operators.registry import operator
from cnn_core.onnx.reader import Operand, Reader, Value


@operator("GlobalAveragePool")
def _global_average(reader: Reader, op: Op, x: Operand) -> Value:
    return reader.add(op, GlobalAvgPool2d(), reader.maps(op, x))


@operator("GlobalMaxPool")
def _global_max(reader: Reader, op: Op, x: Operand) -> Value:
    return reader.add(op, GlobalMaxPool2d(), reader.maps(op, x))


@operator("MaxPool", "AveragePool")
def _pool(reader: Reader, op: Op, x: Operand) -> Value:
    value = reader.maps(op, x)
    kernel, stride, dilation = pair(op, "kernel_shape"), pair(op, "strides"), pair(op, "dilations")
    sides = padding(op, value.shape[2:], kernel, stride, dilation)
    ceil, largest = bool(op.whole("ceil_mode")), op.kind == "MaxPool"
    counted = bool(op.whole("count_include_pad"))
    if op.whole("storage_order") or any(op.outputs[1:]):
        raise op.refuse("gives places beside values", "choose a model without unpooling")
    if not largest and dilation != (1, 1):
        raise op.refuse("is dilated", "export it without dilation")
    if all(before == after <= k // 2 for (before, after), k in zip(sides, kernel, strict=True)):
        pads = sides[0][0], sides[1][0]
        if largest:
            return reader.add(op, MaxPool2d(kernel, stride, pads, dilation, ceil), value)
        return reader.add(op, AvgPool2d(kernel, stride, pads, ceil, counted or pads == (0, 0)), value)
    return _uneven(reader, op, value, sides, kernel, stride, dilation)


def _uneven(
    reader: Reader,
    op: Op,
    value: Value,
    sides: Sides,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Value:
    """Padding that differs between the ends: put around first; a mean that leaves it out is then scaled."""
    ceil, largest = bool(op.whole("ceil_mode")), op.kind == "MaxPool"
    grown, counts = [], []
    for size, ends, k, s, d in zip(value.shape[2:], sides, kernel, stride, dilation, strict=True):
        after, inside = _windows(size, ends, k, s, d, ceil, bool(op.whole("count_include_pad")))
        grown.append((ends[0], after))
        counts.append(inside)
    padded = reader.add(op._replace(kind="Pad"), Pad2d(grown, value=-np.inf if largest else 0.0), value)
    if largest:
        return reader.add(op, MaxPool2d(kernel, stride, 0, dilation), padded)
    mean = reader.add(op, AvgPool2d(kernel, stride), padded)
    with np.errstate(all="ignore"):
        factor = (kernel[0] * kernel[1] / np.outer(*counts)).astype(np.float32)
    return mean if np.all(factor == 1) else reader.add(op._replace(kind="Mul"), Scale(factor[None]), mean)


def _windows(
    size: int, ends: tuple[int, int], k: int, s: int, d: int, ceil: bool, counted: bool
) -> tuple[int, NDArray[np.intp]]:
    """Padding after the input so that the last window fits, and how many pixels each window counts."""
    reach = d * (k - 1) + 1
    room = size + sum(ends) - reach
    if room < 0:
        raise ValueError(f"its window of {reach} does not fit into {size + sum(ends)} pixels")
    windows = (-(-room // s) if ceil else room // s) + 1
    if ceil and (windows - 1) * s >= size + ends[0]:
        windows -= 1  # a window that starts in the padding after the input is left out
    after = max(ends[1] + (windows - 1) * s - room, 0)
    starts = np.arange(windows) * s
    low, high = (0, size + sum(ends)) if counted else (ends[0], ends[0] + size)
    return after, np.minimum(starts + reach, high) - np.maximum(starts, low)
