"""Softmax and the norms.

Source: https://onnx.ai/onnx/operators (Softmax, BatchNormalization, LRN, InstanceNormalization, LayerNormalization).
"""

import math

import numpy as np

from cnn_core.layers import (
    Add,
    BatchNorm2d,
    Conv2d,
    Flatten,
    LocalResponseNorm,
    LogSoftmax,
    Mean,
    Multiply,
    Power,
    Reshape,
    Scale,
    Softmax,
)
from cnn_core.onnx import limits
from cnn_core.onnx.operation import Op
from cnn_core.onnx.operators.registry import operator
from cnn_core.onnx.reader import Operand, Reader, Value
from cnn_core.onnx.tensors import Numbers, floats


@operator("Softmax", "LogSoftmax")
def _softmax(reader: Reader, op: Op, x: Operand) -> Value:
    made = Softmax if op.kind == "Softmax" else LogSoftmax
    x = reader.value(op, x)
    rank = len(x.shape)
    axis = op.whole("axis", -1 if op.opset >= 13 else 1)
    axis += rank if axis < 0 else 0
    if op.opset < 13 and math.prod(x.seen[axis + 1 :]) > 1:  # once softmax ran over all that follows the axis
        if axis != 1:
            raise op.refuse(f"runs over all axes from {axis} on", "export it with opset 13 or later")
        straight = reader.straight(op, x)
        flat = reader.add(op._replace(kind="Flatten"), Flatten(), straight)
        soft = reader.add(op, made(), flat)
        return reader.add(op._replace(kind="Reshape"), Reshape(straight.shape[1:]), soft)
    return reader.add(op, made(x.on_graph(axis)), x, order=x.order)


@operator("BatchNormalization")
def _batch_norm(
    reader: Reader, op: Op, x: Operand, scale: Operand, bias: Operand, mean: Operand, var: Operand
) -> Value:
    if op.whole("training_mode") or not op.whole("spatial", 1):
        raise op.refuse("works on the batch at hand", "export the model in evaluation mode (`model.eval()`)")
    x = reader.value(op, x)
    value = x if len(x.order) > 1 and x.order[:2] == (0, 1) else reader.straight(op, x)
    arrays = [floats(reader.constant(op, given, "numbers")) for given in (scale, bias, mean, var)]
    layer = BatchNorm2d(len(arrays[0]), op.real("epsilon", 1e-5))
    layer.store(dict(zip(("weight", "bias", "running_mean", "running_var"), arrays, strict=True)))
    return reader.add(op, layer, value, order=value.order)


@operator("LRN")
def _lrn(reader: Reader, op: Op, x: Operand) -> Value:
    value = reader.maps(op, x)
    size = limits.side("size", op.whole("size"), 1)
    alpha, beta, k = op.real("alpha", 1e-4), op.real("beta", 0.75), op.real("bias", 1.0)
    if size % 2:
        return reader.add(op, LocalResponseNorm(size, alpha, beta, k), value)
    # Of an even window ONNX takes the longer part after the channel, PyTorch before it: sums of squares as a convolution.
    channels = value.shape[1]
    if channels > limits.BAND:
        raise op.refuse(
            f"has an even size and {channels} channels", f"give it an odd size, or at most {limits.BAND} channels"
        )
    offset = np.arange(channels)[None] - np.arange(channels)[:, None]
    band = (offset >= -((size - 1) // 2)) & (offset <= size // 2)
    layer = Conv2d(channels, channels, 1)
    weight = (band * (alpha / size)).astype(np.float32)[:, :, None, None]
    layer.store({"weight": weight, "bias": np.full(channels, k, np.float32)})
    squares = reader.add(op._replace(kind="Mul"), Multiply(), value, value)
    gate = reader.add(op._replace(kind="Pow"), Power(-beta), reader.add(op._replace(kind="Conv"), layer, squares))
    return reader.add(op, Multiply(), value, gate)


def _standardised(reader: Reader, op: Op, value: Value, axes: list[int], epsilon: float) -> Value:
    """Mean 0 and variance 1 over some of the graph's axes."""
    mean = reader.add(op._replace(kind="ReduceMean"), Mean(axes), value)
    minus = reader.add(op._replace(kind="Neg"), Scale(-1.0), mean)
    centred = reader.add(op._replace(kind="Sub"), Add(), value, minus)
    squares = reader.add(op._replace(kind="Mul"), Multiply(), centred, centred)
    variance = reader.add(op._replace(kind="ReduceMean"), Mean(axes), squares)
    raised = reader.add(op._replace(kind="Add"), Scale(1.0, epsilon), variance)
    inverse = reader.add(op._replace(kind="Pow"), Power(-0.5), raised)
    return reader.add(op._replace(kind="Mul"), Multiply(), centred, inverse)._replace(order=value.order)


def _scaled(reader: Reader, op: Op, value: Value, scale: Numbers, shift: Numbers | None) -> Value:
    factor = floats(reader.aligned(op, value, scale))
    plus = 0.0 if shift is None else floats(reader.aligned(op, value, shift))
    return reader.add(op, Scale(factor, plus), value, order=value.order)


@operator("InstanceNormalization")
def _instance_norm(reader: Reader, op: Op, x: Operand, scale: Operand, bias: Operand) -> Value:
    value = reader.maps(op, x)
    arrays = [reader.constant(op, given, "numbers").reshape(-1, 1, 1) for given in (scale, bias)]
    normal = _standardised(reader, op, value, [2, 3], op.real("epsilon", 1e-5))
    return _scaled(reader, op, normal, *arrays)


@operator("LayerNormalization")
def _layer_norm(reader: Reader, op: Op, x: Operand, scale: Operand, bias: Operand = None) -> Value:
    x = reader.value(op, x)
    rank = len(x.shape)
    axis = op.whole("axis", -1)
    axes = [x.on_graph(a) for a in range(axis % rank if -rank <= axis < rank else rank, rank)]
    if any(op.outputs[1:]) or 0 in axes:
        raise op.refuse("gives more than the normalised values", "export it again")
    normal = _standardised(reader, op, x, axes, op.real("epsilon", 1e-5))
    shift = None if bias is None else reader.constant(op, bias, "shift")
    return _scaled(reader, op, normal, reader.constant(op, scale, "scale"), shift)
