"""Convolutions and dense layers.

Source: https://onnx.ai/onnx/operators (Conv, ConvTranspose, Gemm, MatMul).
"""

import numpy as np

from cnn_core.layers import Conv2d, ConvTranspose2d, Layer, Linear, Slice
from cnn_core.onnx import limits
from cnn_core.onnx.operation import Op
from cnn_core.onnx.operators.registry import operator
from cnn_core.onnx.reader import Operand, Reader, Value
from cnn_core.onnx.tensors import Numbers, floats

Sides = tuple[tuple[int, int], tuple[int, int]]


def pair(op: Op, name: str, default: int = 1) -> tuple[int, int]:
    """An attribute with one number for rows and one for columns."""
    values = op.wholes(name) or [default, default]
    if len(values) != 2:
        raise op.refuse(f"has {len(values)} {name} instead of 2", "use its 2-D kind")
    return limits.side(name, values[0], min(default, 1)), limits.side(name, values[1], min(default, 1))


def padding(
    op: Op, size: tuple[int, ...], kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Sides:
    """What is added around maps of this size: given, or worked out by auto_pad."""
    auto = op.word("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        sides = []
        for side, k, s, d in zip(size, kernel, stride, dilation, strict=True):
            total = max(0, (-(-side // s) - 1) * s + d * (k - 1) + 1 - side)
            less = total // 2
            sides.append((less, total - less) if auto == "SAME_UPPER" else (total - less, less))
        return sides[0], sides[1]
    if auto == "VALID":
        return (0, 0), (0, 0)
    if auto != "NOTSET":
        raise op.refuse(f"has auto_pad {auto[:40]!r}", "export it again")
    pads = op.wholes("pads") or [0, 0, 0, 0]
    if len(pads) != 4:
        raise op.refuse(f"has {len(pads)} pads instead of 4", "use its 2-D kind")
    top, left, bottom, right = (limits.side("padding", value) for value in pads)
    return (top, bottom), (left, right)


def _kernels(reader: Reader, op: Op, w: Operand, b: Operand) -> tuple[Numbers, Numbers | None]:
    weight = floats(reader.constant(op, w, "kernels"))
    if weight.ndim != 4:
        raise op.refuse(f"has kernels with {weight.ndim - 2} sides", "use its 2-D kind")
    shape = op.wholes("kernel_shape")
    if shape is not None and tuple(shape) != weight.shape[2:]:
        raise op.refuse("has kernels of another size than it says", "export it again")
    return weight, None if b is None else floats(reader.constant(op, b, "bias"))


def _stored(layer: Layer, weight: Numbers, bias: Numbers | None) -> Layer:
    layer.store({"weight": weight} | ({} if bias is None else {"bias": bias}))
    return layer


@operator("Conv")
def _conv(reader: Reader, op: Op, x: Operand, w: Operand, b: Operand = None) -> Value:
    weight, bias = _kernels(reader, op, w, b)
    value = reader.maps(op, x)
    groups = limits.side("group", op.whole("group", 1), 1)
    stride, dilation = pair(op, "strides"), pair(op, "dilations")
    k, c, height, width = weight.shape
    limits.side("kernel height", height, 1), limits.side("kernel width", width, 1)
    sides = padding(op, value.shape[2:], (height, width), stride, dilation)
    layer = Conv2d(c * groups, k, (height, width), stride, _short(sides), dilation, groups, bias is not None)
    return reader.add(op, _stored(layer, weight, bias), value)


def _short(sides: Sides) -> tuple[int, int] | Sides:
    """(h, w) where both ends are alike: what a student would have written."""
    (top, bottom), (left, right) = sides
    return (top, left) if top == bottom and left == right else sides


@operator("ConvTranspose")
def _conv_transpose(reader: Reader, op: Op, x: Operand, w: Operand, b: Operand = None) -> Value:
    weight, bias = _kernels(reader, op, w, b)
    value = reader.maps(op, x)
    groups = limits.side("group", op.whole("group", 1), 1)
    stride, dilation, extra = pair(op, "strides"), pair(op, "dilations"), pair(op, "output_padding", 0)
    kernel = weight.shape[2], weight.shape[3]
    sides = _cut(op, value.shape[2:], kernel, stride, dilation, extra)
    alike = all(before == after for before, after in sides)
    shape = weight.shape[0], weight.shape[1] * groups, kernel, stride, (sides[0][0], sides[1][0]) if alike else 0, extra
    layer = ConvTranspose2d(*shape, groups, bias is not None, dilation)
    answer = reader.add(op, _stored(layer, weight, bias), value)
    for axis, (before, after) in enumerate(() if alike else sides, 2):
        if before or after:
            answer = reader.add(op._replace(kind="Slice"), Slice(axis, before, -after or None), answer)
    return answer


def _cut(
    op: Op,
    size: tuple[int, ...],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    extra: tuple[int, int],
) -> Sides:
    """What ConvTranspose takes off each end; its pads, or what its wanted size leaves."""
    auto, wanted = op.word("auto_pad", "NOTSET"), op.wholes("output_shape")
    if auto in ("SAME_UPPER", "SAME_LOWER") and wanted is None:
        wanted = [side * s for side, s in zip(size, stride, strict=True)]
    if wanted is None:
        return padding(op, size, kernel, stride, dilation)
    sides = []
    for side, k, s, d, e, target in zip(size, kernel, stride, dilation, extra, wanted[-2:], strict=True):
        total = (side - 1) * s + e + d * (k - 1) + 1 - target
        if total < 0:
            raise op.refuse("wants a larger output than its kernels give", "give it output_padding")
        less = total // 2
        sides.append((less, total - less) if auto == "SAME_UPPER" else (total - less, less))
    return sides[0], sides[1]


@operator("Gemm")
def _gemm(reader: Reader, op: Op, a: Operand, b: Operand, c: Operand = None) -> Value:
    value = reader.straight(op, a)
    if op.whole("transA") or len(value.shape) != 2:
        raise op.refuse("mixes the pictures of a batch", "export it for one picture, without that")
    matrix = floats(reader.constant(op, b, "weights"))
    weight = _scaled(matrix if op.whole("transB") else matrix.T, op.real("alpha", 1.0))
    bias = None
    if c is not None:
        shift = floats(reader.aligned(op, value, reader.constant(op, c, "bias")))
        bias = _scaled(np.broadcast_to(shift.reshape(-1), (weight.shape[0],)), op.real("beta", 1.0))
    return _dense(reader, op, value, weight, bias)


def _scaled(values: Numbers, factor: float) -> Numbers:
    return values if factor == 1 else values * values.dtype.type(factor)


def _dense(reader: Reader, op: Op, value: Value, weight: Numbers, bias: Numbers | None) -> Value:
    layer = Linear(weight.shape[1], weight.shape[0], bias is not None)
    return reader.add(op, _stored(layer, weight, bias), value)


@operator("MatMul")
def _matmul(reader: Reader, op: Op, a: Operand, b: Operand) -> Value:
    matrix = floats(reader.constant(op, b, "weights"))
    if not isinstance(a, Value) or matrix.ndim != 2:
        raise op.refuse("multiplies by what is no fixed matrix", "choose a model without attention")
    if len(a.shape) == 2:
        return _dense(reader, op, reader.straight(op, a), matrix.T, None)
    if len(a.shape) == 4 and a.on_graph(-1) == 1 and a.order[0] == 0:  # a dense layer on each pixel's channels
        layer = Conv2d(matrix.shape[0], matrix.shape[1], 1, bias=False)
        return reader.add(op, _stored(layer, matrix.T[:, :, None, None], None), a, order=a.order)
    raise op.refuse("multiplies something other than features or channels", "choose a model without attention")
