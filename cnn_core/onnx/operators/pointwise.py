"""Activations and arithmetic, number by number.

Source: https://onnx.ai/onnx/operators (Relu and its kin, Add, Sub, Mul, Div, Pow, Sum, Clip, PRelu).
"""

import math
from collections.abc import Callable

import numpy as np

from cnn_core.layers import (
    ELU,
    GELU,
    Add,
    Clip,
    Dropout,
    Erf,
    HardSigmoid,
    HardSwish,
    Layer,
    LeakyReLU,
    Multiply,
    Power,
    PReLU,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)
from cnn_core.onnx.folding import number
from cnn_core.onnx.operation import Op
from cnn_core.onnx.operators.registry import OPERATORS, operator
from cnn_core.onnx.reader import Operand, Reader, Value
from cnn_core.onnx.tensors import Numbers, floats

_ALONE: dict[str, Callable[[Op], Layer]] = {
    "Relu": lambda op: ReLU(),
    "LeakyRelu": lambda op: LeakyReLU(op.real("alpha", 0.01)),
    "Elu": lambda op: ELU(op.real("alpha", 1.0)),
    "Sigmoid": lambda op: Sigmoid(),
    "Tanh": lambda op: Tanh(),
    "HardSigmoid": lambda op: HardSigmoid(op.real("alpha", 0.2), op.real("beta", 0.5)),
    "HardSwish": lambda op: HardSwish(),
    "Softplus": lambda op: Softplus(),
    "Erf": lambda op: Erf(),
    "Sqrt": lambda op: Power(0.5),
    "Reciprocal": lambda op: Power(-1),
    "Neg": lambda op: Scale(-1.0),
}


def on(reader: Reader, op: Op, layer: Layer, x: Operand) -> Value:
    """A layer that treats each number alone, in whatever order the axes are."""
    value = reader.value(op, x)
    return reader.add(op, layer, value, order=value.order)


def _alone(reader: Reader, op: Op, x: Operand) -> Value:
    return on(reader, op, _ALONE[op.kind](op), x)


OPERATORS.update(dict.fromkeys(_ALONE, _alone))


@operator("Identity", "Cast", "CastLike")
def _identity(reader: Reader, op: Op, x: Operand, like: Operand = None) -> Operand:
    if op.kind == "Cast" and op.whole("to") not in (1, 10, 11, 16):
        raise op.refuse("turns maps into whole numbers", "choose a model that works with floats")
    return x


@operator("Dropout")
def _dropout(reader: Reader, op: Op, x: Operand, ratio: Operand = None, training: Operand = None) -> Value:
    if any(op.outputs[1:]) and op.outputs[1] in reader.names_read:
        raise op.refuse("gives away what it dropped", "export the model in evaluation mode (`model.eval()`)")
    p = op.real("ratio", 0.5) if ratio is None else number(op, reader.constant(op, ratio, "ratio"))
    return on(reader, op, Dropout(min(max(float(p), 0.0), 1.0)), x)


@operator("Gelu")
def _gelu(reader: Reader, op: Op, x: Operand) -> Value:
    if op.word("approximate", "none") != "tanh":
        return on(reader, op, GELU(), x)
    value = on(reader, op._replace(kind="Pow"), Power(3), x)
    x = reader.value(op, x)
    cubic = reader.add(op._replace(kind="Mul"), Scale(2 * math.sqrt(2 / math.pi) * 0.044715), value)
    linear = reader.add(op._replace(kind="Mul"), Scale(2 * math.sqrt(2 / math.pi)), x)
    total = reader.add(op._replace(kind="Add"), Add(), cubic, linear)
    gate = reader.add(op._replace(kind="Sigmoid"), Sigmoid(), total)
    return reader.add(op, Multiply(), x, gate, order=x.order)


@operator("Selu")
def _selu(reader: Reader, op: Op, x: Operand) -> Value:
    alpha, gamma = op.real("alpha", 1.6732632), op.real("gamma", 1.0507009)
    return on(reader, op._replace(kind="Mul"), Scale(gamma), on(reader, op, ELU(alpha), x))


@operator("Celu")
def _celu(reader: Reader, op: Op, x: Operand) -> Value:
    alpha = op.real("alpha", 1.0)
    inner = on(reader, op, ELU(), on(reader, op._replace(kind="Div"), Scale(1 / alpha), x))
    return on(reader, op._replace(kind="Mul"), Scale(alpha), inner)


@operator("Swish")
def _swish(reader: Reader, op: Op, x: Operand) -> Value:
    alpha = op.real("alpha", 1.0)
    if alpha == 1:
        return on(reader, op, SiLU(), x)
    x = reader.value(op, x)
    gate = on(reader, op, Sigmoid(), on(reader, op._replace(kind="Mul"), Scale(alpha), x))
    return reader.add(op, Multiply(), x, gate, order=x.order)


@operator("Mish")
def _mish(reader: Reader, op: Op, x: Operand) -> Value:
    x = reader.value(op, x)
    gate = on(reader, op._replace(kind="Tanh"), Tanh(), on(reader, op._replace(kind="Softplus"), Softplus(), x))
    return reader.add(op, Multiply(), x, gate, order=x.order)


@operator("Clip")
def _clip(reader: Reader, op: Op, x: Operand, low: Operand = None, high: Operand = None) -> Value:
    bounds = []
    for name, given in (("min", low), ("max", high)):
        if given is not None:
            bound = float(number(op, reader.constant(op, given, name)))
        else:
            bound = op.real(name) if name in op.attributes else math.nan
        bounds.append(None if math.isnan(bound) or abs(bound) > 3.4e38 else bound)
    if bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
        bounds[0] = bounds[1]  # by the specification the upper bound then holds everywhere
    if bounds == [0, None]:
        return on(reader, op, ReLU(), x)
    return on(reader, op, Clip(bounds[0], bounds[1]), x)


@operator("Max", "Min")
def _bound(reader: Reader, op: Op, *given: Operand) -> Value:
    values = [operand for operand in given if isinstance(operand, Value)]
    arrays = [operand for operand in given if operand is not None and not isinstance(operand, Value)]
    if len(values) != 1 or any(array.size != 1 for array in arrays):
        raise op.refuse("compares maps with maps", "choose a model that compares with one number only")
    limit = [float(number(op, array)) for array in arrays]
    if not limit:
        return values[0]
    if op.kind == "Max":
        return on(reader, op, ReLU() if max(limit) == 0 else Clip(max(limit)), values[0])
    return on(reader, op, Clip(None, min(limit)), values[0])


@operator("PRelu")
def _prelu(reader: Reader, op: Op, x: Operand, slope: Operand) -> Value:
    x = reader.value(op, x)
    slopes = floats(reader.aligned(op, x, reader.constant(op, slope, "slopes")))
    if slopes.shape[0] != slopes.size and slopes.size != 1:
        raise op.refuse("has a slope for each pixel", "use one slope a channel")
    layer = PReLU(slopes.size)
    layer.store({"weight": slopes.reshape(-1)})
    return on(reader, op, layer, x)


def together(reader: Reader, op: Op, layer: Layer, x: Value, y: Value) -> Value:
    """A layer that joins two values number by number."""
    if len(x.shape) != len(y.shape):
        raise op.refuse("joins values with unequally many axes", "reshape one of them")
    if x.order != y.order:
        x, y = reader.straight(op, x), reader.straight(op, y)
    return reader.add(op, layer, x, y, order=x.order)


@operator("Add", "Sum", "Mean")
def _add(reader: Reader, op: Op, *given: Operand) -> Value:
    values = [operand for operand in given if isinstance(operand, Value)]
    arrays = [operand for operand in given if operand is not None and not isinstance(operand, Value)]
    total = values[0]
    for value in values[1:]:
        total = together(reader, op, Add(), total, value)
    for array in arrays:
        total = _shifted(reader, op, total, array)
    return on(reader, op._replace(kind="Mul"), Scale(1 / len(given)), total) if op.kind == "Mean" else total


def _shifted(reader: Reader, op: Op, value: Value, shift: Numbers, scale: float = 1.0) -> Value:
    plus = floats(reader.aligned(op, value, shift))
    return value if scale == 1 and not plus.any() else on(reader, op, Scale(scale, _least(plus)), value)


def _least(values: Numbers) -> Numbers | float:
    return float(values.reshape(-1)[0]) if values.size == 1 else values


@operator("Sub")
def _sub(reader: Reader, op: Op, x: Operand, y: Operand) -> Value:
    if isinstance(x, Value) and isinstance(y, Value):
        return together(reader, op, Add(), x, on(reader, op._replace(kind="Neg"), Scale(-1.0), y))
    if isinstance(x, Value):
        return _shifted(reader, op, x, -floats(reader.constant(op, y, "number")))
    y = reader.value(op, y)
    return _shifted(reader, op, y, reader.constant(op, x, "number"), -1.0)


@operator("Mul")
def _mul(reader: Reader, op: Op, x: Operand, y: Operand) -> Value:
    if isinstance(x, Value) and isinstance(y, Value):
        return together(reader, op, Multiply(), x, y)
    value, factor = (x, y) if isinstance(x, Value) else (y, x)
    value = reader.value(op, value)
    times = floats(reader.aligned(op, value, reader.constant(op, factor, "factor")))
    return value if np.all(times == 1) else on(reader, op, Scale(_least(times)), value)


@operator("Div")
def _div(reader: Reader, op: Op, x: Operand, y: Operand) -> Value:
    if not isinstance(y, Value):
        with np.errstate(all="ignore"):
            inverse = (1 / reader.constant(op, y, "divisor").astype(np.float64)).astype(np.float32)
        return _mul(reader, op, x, inverse)
    return _mul(reader, op, x, on(reader, op._replace(kind="Reciprocal"), Power(-1), y))


@operator("Pow")
def _pow(reader: Reader, op: Op, x: Operand, y: Operand) -> Value:
    return on(reader, op, Power(float(number(op, reader.constant(op, y, "exponent")))), x)
