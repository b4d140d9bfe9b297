"""Steps whose inputs are all known while reading, such as arithmetic with shapes: worked out at once, none becomes a layer.

Each function takes the step and its inputs (None where one is left out) and returns one array for each output.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cnn_core.onnx import limits
from cnn_core.onnx.limits import OnnxError
from cnn_core.onnx.operation import Op
from cnn_core.onnx.tensors import Numbers, array, dtype

Fold = Callable[..., "Numbers | list[Numbers]"]
FOLDS: dict[str, Fold] = {}


def _fold(*kinds: str) -> Callable[[Fold], Fold]:
    def register(function: Fold) -> Fold:
        FOLDS.update(dict.fromkeys(kinds, function))
        return function

    return register


def _broadcast(op: Op, *arrays: Numbers) -> None:
    try:
        shape = np.broadcast_shapes(*(given.shape for given in arrays))
    except ValueError:
        raise op.refuse("brings arrays together that do not fit", "export it again") from None
    op.count(shape)


def divide(x: Numbers, y: Numbers) -> Numbers:
    """Division as ONNX means it: of whole numbers towards zero.

    >>> divide(np.array([-7]), np.array([2])).tolist()
    [-3]
    """
    if x.dtype.kind in "iu":
        if not np.all(y):
            raise OnnxError("The model divides a whole number by 0: the file is damaged, export it again.")
        quotient = np.abs(x) // np.abs(y)
        return (quotient * np.sign(x) * np.sign(y)).astype(x.dtype)
    return x / y


def _same_kind(function: Callable[[Numbers, Numbers], Numbers]) -> Fold:
    def binary(op: Op, x: Numbers, y: Numbers) -> Numbers:
        _broadcast(op, x, y)
        answer = function(x, y)
        return answer.astype(x.dtype, copy=False) if answer.dtype.kind != "b" else answer

    return binary


_BINARY: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": divide, "Pow": np.power, "Equal": np.equal,
    "Less": np.less, "LessOrEqual": np.less_equal, "Greater": np.greater, "GreaterOrEqual": np.greater_equal,
    "And": np.logical_and, "Or": np.logical_or,
}  # fmt: skip
for _kind, _function in _BINARY.items():
    FOLDS[_kind] = _same_kind(_function)

for _kind, _unary in {
    "Floor": np.floor, "Ceil": np.ceil, "Sqrt": np.sqrt, "Neg": np.negative, "Abs": np.abs, "Exp": np.exp,
    "Log": np.log, "Not": np.logical_not, "Reciprocal": np.reciprocal, "Identity": np.asarray,
}.items():  # fmt: skip
    FOLDS[_kind] = lambda op, x, unary=_unary: np.asarray(unary(x)).astype(x.dtype, copy=False)


@_fold("Mod")
def _mod(op: Op, x: Numbers, y: Numbers) -> Numbers:
    _broadcast(op, x, y)
    if not np.all(y):
        raise op.refuse("divides by 0", "export it again")
    return np.fmod(x, y) if op.whole("fmod") else np.mod(x, y)


@_fold("Max", "Min", "Sum")
def _several(op: Op, *arrays: Numbers) -> Numbers:
    _broadcast(op, *arrays)
    ufunc = {"Max": np.maximum, "Min": np.minimum, "Sum": np.add}[op.kind]
    answer = arrays[0]
    for other in arrays[1:]:
        answer = ufunc(answer, other)
    return answer


@_fold("Constant")
def _constant(op: Op) -> Numbers:
    for name in ("value_float", "value_floats"):
        if name in op.attributes:
            return np.asarray(op.attributes[name], np.float32)
    for name in ("value_int", "value_ints"):
        if name in op.attributes:
            return np.asarray(op.attributes[name], np.int64)
    raise op.refuse("holds no numbers")


@_fold("ConstantOfShape")
def _constant_of_shape(op: Op, shape: Numbers) -> Numbers:
    sides = wholes(op, shape)
    op.count(sides)
    value = op.tensor("value")
    filled = np.zeros(1, np.float32) if value is None else array(value, None)
    if filled.size != 1:
        raise op.refuse("has no single value", "export it again")
    return np.full(sides, filled.reshape(-1)[0])


@_fold("Range")
def _range(op: Op, start: Numbers, limit: Numbers, delta: Numbers) -> Numbers:
    first, last, step = (number(op, given) for given in (start, limit, delta))
    if step == 0 or not np.isfinite([first, last, step]).all():
        raise op.refuse("has no end", "export it again")
    total = max(0, int(np.ceil(min(max((last - first) / step, 0.0), 2.0**62))))
    op.count((total,))
    return (first + step * np.arange(total)).astype(start.dtype)


@_fold("Cast", "CastLike")
def _cast(op: Op, x: Numbers, like: Numbers | None = None) -> Numbers:
    return x.astype(dtype(op.whole("to")) if like is None else like.dtype)


@_fold("Concat")
def _concat(op: Op, *arrays: Numbers) -> Numbers:
    op.count((sum(given.size for given in arrays),))
    return np.concatenate(arrays, op.whole("axis"))


@_fold("Gather")
def _gather(op: Op, x: Numbers, indices: Numbers) -> Numbers:
    axis = place(op, op.whole("axis"), x.ndim)
    op.count((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))
    return np.take(x, indices.astype(np.int64), axis)


@_fold("Slice")
def _slice(op: Op, x: Numbers, *rest: Numbers | None) -> Numbers:
    answer = x
    for axis, cut in slices(op, x.ndim, rest).items():
        answer = answer[(slice(None),) * axis + (cut,)]
    return answer


@_fold("Reshape")
def _reshape(op: Op, x: Numbers, shape: Numbers) -> Numbers:
    return x.reshape(new_shape(op, x.shape, wholes(op, shape)))


@_fold("Flatten")
def _flatten(op: Op, x: Numbers) -> Numbers:
    axis = op.whole("axis", 1)
    axis += x.ndim if axis < 0 else 0
    if not 0 <= axis <= x.ndim:
        raise op.refuse(f"has axis {axis}", "export it again")
    return x.reshape(int(np.prod(x.shape[:axis], dtype=np.int64)), -1) if x.size else x


@_fold("Transpose")
def _transpose(op: Op, x: Numbers) -> Numbers:
    return x.transpose(op.wholes("perm"))


@_fold("Squeeze")
def _squeeze(op: Op, x: Numbers, axes: Numbers | None = None) -> Numbers:
    chosen = axes_of(op, axes)
    return x.squeeze(None if chosen is None else tuple(chosen))


@_fold("Unsqueeze")
def _unsqueeze(op: Op, x: Numbers, axes: Numbers | None = None) -> Numbers:
    return np.expand_dims(x, tuple(axes_of(op, axes) or ()))


@_fold("Expand")
def _expand(op: Op, x: Numbers, shape: Numbers) -> Numbers:
    sides = wholes(op, shape)
    op.count(sides)
    whole = np.broadcast_shapes(x.shape, tuple(sides))
    op.count(whole)
    return np.broadcast_to(x, whole)


@_fold("Tile")
def _tile(op: Op, x: Numbers, repeats: Numbers) -> Numbers:
    times = wholes(op, repeats)
    if len(times) != x.ndim:
        raise op.refuse("has not one repeat for each axis", "export it again")
    op.count(side * time for side, time in zip(x.shape, times, strict=True))
    return np.tile(x, times)


@_fold("Where")
def _where(op: Op, condition: Numbers, x: Numbers, y: Numbers) -> Numbers:
    _broadcast(op, condition, x, y)
    return np.where(condition, x, y)


@_fold("ReduceProd", "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin")
def _reduce(op: Op, x: Numbers, axes: Numbers | None = None) -> Numbers:
    chosen = axes_of(op, axes)
    functions: dict[str, Callable[..., Any]] = {
        "Prod": np.prod,
        "Sum": np.sum,
        "Mean": np.mean,
        "Max": np.max,
        "Min": np.min,
    }
    function = functions[op.kind[6:]]
    if not chosen and op.whole("noop_with_empty_axes"):
        return x
    axis = tuple(chosen) if chosen else None
    return np.asarray(function(x, axis=axis, keepdims=bool(op.whole("keepdims", 1)))).astype(x.dtype)


@_fold("Size")
def _size(op: Op, x: Numbers) -> Numbers:
    return np.asarray(x.size, np.int64)


@_fold("DequantizeLinear")
def _dequantise(op: Op, x: Numbers, scale: Numbers, zero: Numbers | None = None) -> Numbers:
    if op.whole("block_size"):
        raise op.refuse("has a scale for each block", "quantise the weights with one scale a channel")
    op.count(x.shape)
    shape = [1] * x.ndim
    if scale.size > 1:
        axis = place(op, op.whole("axis", 1), x.ndim)
        if scale.size != x.shape[axis]:
            raise op.refuse("has not one scale for each channel", "export it again")
        shape[axis] = -1
    answer = x.astype(np.float32)
    if zero is not None:
        answer -= zero.astype(np.float32).reshape(shape)
    answer *= scale.astype(np.float32).reshape(shape)
    return answer


# What the steps share


def number(op: Op, values: Numbers) -> float:
    """The one number of an array."""
    if values.size != 1:
        raise op.refuse("needs one number where it has several", "export it again")
    return values.reshape(-1)[0].item()


def wholes(op: Op, values: Numbers) -> list[int]:
    """The whole numbers of an array of at most one axis, few enough to be sides or axes."""
    if values.ndim > 1 or values.size > 4096 or values.dtype.kind not in "iub":
        raise op.refuse("needs a short list of whole numbers", "export it again")
    return [int(value) for value in values.reshape(-1)]


def place(op: Op, axis: int, rank: int) -> int:
    """An axis counted from the front."""
    if not -rank <= axis < rank:
        raise op.refuse(f"has axis {axis} where there are {rank}", "export it again")
    return axis % rank


def axes_of(op: Op, given: Numbers | None) -> list[int] | None:
    """Axes, which newer operators take as an input and older ones as an attribute."""
    return op.wholes("axes") if given is None else wholes(op, given)


def new_shape(op: Op, shape: Sequence[int], wanted: list[int]) -> tuple[int, ...]:
    """The shape that Reshape gives, with its 0 (the old side) and its -1 (what is left)."""
    sides = list(wanted)
    if not op.whole("allowzero"):
        for axis, side in enumerate(sides):
            if side == 0:
                if axis >= len(shape):
                    raise op.refuse("copies a side that is not there", "export it again")
                sides[axis] = shape[axis]
    total = limits.count(shape)
    known = limits.count(side for side in sides if side != -1)
    if sides.count(-1) == 1 and known and total % known == 0:
        sides[sides.index(-1)] = total // known
    if -1 in sides or limits.count(sides) != total:
        raise op.refuse(f"cannot make {total} numbers of shape {list(shape)} into {wanted}", "export it again")
    return tuple(sides)


def slices(op: Op, rank: int, given: Sequence[Numbers | None]) -> dict[int, slice]:
    """What Slice takes along each axis that it cuts: attributes until opset 9, then inputs."""
    lists: list[list[int] | None] = [op.wholes("starts"), op.wholes("ends"), op.wholes("axes"), None]
    for number_, values in enumerate(given[:4]):
        if values is not None:
            lists[number_] = wholes(op, values)
    starts, ends = lists[0] or [], lists[1] or []
    axes = list(range(len(starts))) if lists[2] is None else lists[2]
    steps = [1] * len(starts) if lists[3] is None else lists[3]
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise op.refuse("has not one start, end and step for each axis", "export it again")
    cuts = {}
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        at = place(op, axis, rank)
        # A negative end beyond the first pixel of a backward cut means "up to it", as None does in Python.
        cuts[at] = slice(start, None if step < 0 and end < -limits.FOLDED else end, step)
    return cuts


def fold(op: Op, arrays: list[Any], room: int) -> list[Numbers]:
    """The outputs of a step whose inputs are all known.

    Args:
        op: the step.
        arrays: its inputs, None where one is left out.
        room: how many numbers it may make.

    Raises:
        OnnxError: it does not fit its inputs, or makes too much.
    """
    try:
        with np.errstate(all="ignore"):
            answer = FOLDS[op.kind](op._replace(room=room), *arrays)
    except OnnxError:
        raise
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        raise op.refuse("does not fit what reaches it", "the file is damaged, export it again") from None
    return answer if isinstance(answer, list) else [answer]
