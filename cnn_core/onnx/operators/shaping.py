"""What moves numbers: reshaping, transposing, cutting, joining, padding, resizing; and means over axes.

Source: https://onnx.ai/onnx/operators (Reshape, Flatten, Transpose, Slice, Split, Concat, Pad, Resize, ReduceMean).
"""

import math

import numpy as np
from numpy.typing import NDArray

from cnn_core.layers import (
    Concat,
    Flatten,
    GlobalAvgPool2d,
    GlobalMaxPool2d,
    Mean,
    Reshape,
    Scale,
    Slice,
    Take,
)
from cnn_core.layers import Upsample as UpsampleLayer
from cnn_core.onnx import limits
from cnn_core.onnx.folding import axes_of, new_shape, place, slices, wholes
from cnn_core.onnx.operation import Op
from cnn_core.onnx.operators.registry import operator
from cnn_core.onnx.reader import Operand, Reader, Value, plain
from cnn_core.onnx.tensors import Numbers, floats

_BATCH = "mixes the pictures of a batch", "export it for one picture, without that"


@operator("Transpose")
def _transpose(reader: Reader, op: Op, x: Operand) -> Value:
    value = reader.value(op, x)
    perm = op.wholes("perm") or list(reversed(range(len(value.shape))))
    if sorted(perm) != list(range(len(value.shape))):
        raise op.refuse(f"has the order {perm[:9]}", "export it again")
    return value._replace(order=tuple(value.order[axis] for axis in perm))


def _reshaped(reader: Reader, op: Op, value: Value, shape: tuple[int, ...]) -> Value:
    """The value with the shape that the file wants to see."""
    if shape == value.seen:
        return value
    if not shape or shape[0] != value.seen[0] or value.order[0] != 0:
        raise op.refuse(*_BATCH)
    if len(shape) == 4 and shape[1:3] == (1, 1) and shape[3] > 1:  # channels last, nothing beside them
        return reader.add(op, Reshape((shape[3], 1, 1)), reader.straight(op, value), order=(0, 2, 3, 1))
    found = _grouped(value, shape)
    if found is None:
        value = reader.straight(op, value)
        found = shape, plain(len(shape))
    sides, order = found
    if sides == value.shape:
        return value._replace(order=order)
    return reader.add(op, Flatten() if len(sides) == 2 else Reshape(sides[1:]), value, order=order)


def _grouped(value: Value, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The graph's shape and the order, if the file joins and cuts only axes that lie side by side in the graph too."""
    seen, groups = value.seen, []
    i = j = 1
    while i < len(seen) or j < len(shape):
        ours, theirs = list(value.order[i : i + 1]), list(shape[j : j + 1])
        i, j = i + 1, j + 1
        while (one := math.prod(value.shape[axis] for axis in ours)) != (other := math.prod(theirs)):
            if one < other and i < len(seen):
                ours.append(value.order[i])
                i += 1
            elif other < one and j < len(shape):
                theirs.append(shape[j])
                j += 1
            else:
                return None
        groups.append((ours, theirs))
    wide = [axis for axis in range(1, len(seen)) if value.shape[axis] != 1]
    places = []
    for ours, _ in groups:
        ranks = [wide.index(axis) for axis in ours if value.shape[axis] != 1]
        if ranks != list(range(ranks[0], ranks[0] + len(ranks)) if ranks else []):
            return None
        places.append(ranks[0] if ranks else len(wide))
    sides, starts = [value.shape[0]], {}
    for number_ in sorted(range(len(groups)), key=places.__getitem__):
        starts[number_] = len(sides)
        sides += groups[number_][1]
    order = [0]
    for number_, (_, theirs) in enumerate(groups):
        order += range(starts[number_], starts[number_] + len(theirs))
    return tuple(sides), tuple(order)


@operator("Reshape")
def _reshape(reader: Reader, op: Op, x: Operand, shape: Operand) -> Value:
    value = reader.value(op, x)
    return _reshaped(reader, op, value, new_shape(op, value.seen, wholes(op, reader.constant(op, shape, "shape"))))


@operator("Flatten")
def _flatten(reader: Reader, op: Op, x: Operand) -> Value:
    value = reader.value(op, x)
    axis = op.whole("axis", 1)
    axis += len(value.shape) if axis < 0 else 0
    if not 0 <= axis <= len(value.shape):
        raise op.refuse(f"has axis {axis}", "export it again")
    shape = math.prod(value.seen[:axis]), math.prod(value.seen[axis:])
    return _reshaped(reader, op, value, shape)


@operator("Squeeze")
def _squeeze(reader: Reader, op: Op, x: Operand, axes: Operand = None) -> Value:
    value = reader.value(op, x)
    given = axes_of(op, None if axes is None else reader.constant(op, axes, "axes"))
    rank = len(value.shape)
    gone = [axis for axis, side in enumerate(value.seen) if side == 1] if given is None else given
    gone = [place(op, axis, rank) for axis in gone]
    if any(value.seen[axis] != 1 for axis in gone):
        raise op.refuse("takes away a side that is not 1", "export it again")
    if 0 in gone:
        if given is not None:
            raise op.refuse(*_BATCH)
        gone.remove(0)  # the batch stays: a graph answers with it or without
    return _reshaped(reader, op, value, tuple(side for axis, side in enumerate(value.seen) if axis not in gone))


@operator("Unsqueeze")
def _unsqueeze(reader: Reader, op: Op, x: Operand, axes: Operand = None) -> Value:
    value = reader.value(op, x)
    given = axes_of(op, None if axes is None else reader.constant(op, axes, "axes")) or []
    rank = len(value.shape) + len(given)
    limits.count((1,) * rank)
    new = {place(op, axis, rank) for axis in given}
    if len(new) < len(given):
        raise op.refuse("names an axis twice", "export it again")
    sides = iter(value.seen)
    return _reshaped(reader, op, value, tuple(1 if axis in new else next(sides) for axis in range(rank)))


@operator("Expand")
def _expand(reader: Reader, op: Op, x: Operand, shape: Operand) -> Value:
    value = reader.value(op, x)
    wanted = wholes(op, reader.constant(op, shape, "shape"))
    limits.count(wanted)
    whole = np.broadcast_shapes(value.seen, tuple(wanted))
    limits.count(whole)
    if len(whole) != len(value.seen):
        raise op.refuse("adds axes", "reshape before it")
    for axis, (side, times) in enumerate(zip(value.seen, whole, strict=True)):
        if side != times:
            value = _repeated(reader, op, value, axis, times)
    return value


def _repeated(reader: Reader, op: Op, value: Value, axis: int, times: int) -> Value:
    """An axis of 1 repeated; right after rows or columns of maps that is how Keras enlarges them."""
    gone, before = value.order[axis], value.order[axis - 1]
    limits.side("repeats", times, 1)
    if axis == 0 or times > 64:
        raise op.refuse("repeats maps many times or over a batch", "choose a model without it")
    before -= before > gone
    if len(value.shape) != 5 or before not in (2, 3):
        return reader.add(op._replace(kind="Concat"), Concat(gone), *[value] * times, order=value.order)
    step = op._replace(kind="Reshape")
    maps = reader.add(step, Reshape([side for a, side in enumerate(value.shape) if a not in (0, gone)]), value)
    factors = (times, 1) if before == 2 else (1, times)
    large = reader.add(op._replace(kind="Upsample"), UpsampleLayer(scale_factor=factors), maps)
    order = tuple(before + 1 if a == gone else (c := a - (a > gone)) + (c > before) for a in value.order)
    split = [*maps.shape[1 : before + 1], times, *maps.shape[before + 1 :]]
    return reader.add(step, Reshape(split), large, order=order)


@operator("Concat")
def _concat(reader: Reader, op: Op, *given: Operand) -> Value:
    values = [reader.value(op, operand) for operand in given]
    if len({value.order for value in values}) > 1:
        values = [reader.straight(op, value) for value in values]
    axis = values[0].on_graph(op.whole("axis"))
    if axis == 0:
        raise op.refuse(*_BATCH)
    return values[0] if len(values) == 1 else reader.add(op, Concat(axis), *values, order=values[0].order)


@operator("Slice")
def _slice(reader: Reader, op: Op, x: Operand, *rest: Operand) -> Value:
    value = reader.value(op, x)
    given = [None if operand is None else reader.constant(op, operand, "places") for operand in rest]
    for axis, cut in slices(op, len(value.shape), given).items():
        value = _cut(reader, op, value, axis, cut.start, cut.stop, cut.step)
    return value


def _cut(reader: Reader, op: Op, value: Value, axis: int, start: int, stop: int | None, step: int = 1) -> Value:
    side = value.seen[axis]
    if len(range(*slice(start, stop, step).indices(side))) == side and step == 1:
        return value
    if value.on_graph(axis) == 0:
        raise op.refuse(*_BATCH)
    open_end = None if stop is None or (step > 0 and stop >= limits.FOLDED) else stop
    layer = Slice(value.on_graph(axis), start, open_end, step)
    return reader.add(op, layer, value, order=value.order)


@operator("Split")
def _split(reader: Reader, op: Op, x: Operand, split: Operand = None) -> list[Value]:
    value = reader.value(op, x)
    axis = place(op, op.whole("axis"), len(value.shape))
    side, parts = value.seen[axis], op.whole("num_outputs", len(op.outputs))
    lengths = op.wholes("split") if split is None else wholes(op, reader.constant(op, split, "parts"))
    if lengths is None:
        if not 1 <= parts <= side:
            raise op.refuse(f"cuts {side} into {parts}", "export it again")
        step = -(-side // parts)
        lengths = [min(step, side - start) for start in range(0, side, step)]
    if sum(lengths) != side or min(lengths, default=0) < 1:
        raise op.refuse("has parts that are not the whole", "export it again")
    ends = np.cumsum(lengths).tolist()
    return [_cut(reader, op, value, axis, end - length, end) for end, length in zip(ends, lengths, strict=True)]


@operator("Gather")
def _gather(reader: Reader, op: Op, x: Operand, indices: Operand) -> Value:
    value, chosen = reader.value(op, x), reader.constant(op, indices, "places")
    axis = place(op, op.whole("axis"), len(value.shape))
    side = value.seen[axis]
    if chosen.ndim > 1 or chosen.dtype.kind not in "iu" or not chosen.size or axis == 0:
        raise op.refuse("takes maps from more than one axis", "choose a model without it")
    limits.count(chosen.shape)
    places = np.where(chosen < 0, chosen.astype(np.int64) + side, chosen).reshape(-1)
    cut = _taken(reader, op, value, axis, places)
    if chosen.ndim:
        return cut
    return _reshaped(reader, op, cut, tuple(side for a, side in enumerate(cut.seen) if a != axis))


def _taken(reader: Reader, op: Op, value: Value, axis: int, places: NDArray[np.intp]) -> Value:
    """These places along one of the file's axes: a slice where they are evenly apart."""
    side = value.seen[axis]
    if np.any(places < 0) or np.any(places >= side):
        raise op.refuse("takes what is not there", "export it again")
    steps = np.diff(places)
    step = int(steps[0]) if len(steps) else 1
    if np.any(steps != step) or step == 0:
        return reader.add(op, Take(value.on_graph(axis), places), value, order=value.order)
    stop = int(places[-1]) + (1 if step > 0 else -1)
    return _cut(reader, op, value, axis, int(places[0]), None if stop < 0 else stop, step)


@operator("GatherND")
def _gather_nd(reader: Reader, op: Op, x: Operand, indices: Operand) -> Value:
    """Rows and columns taken together: how PyTorch writes an adaptive pool whose bins overlap."""
    value, chosen = reader.value(op, x), reader.constant(op, indices, "places")
    rank = len(value.shape)
    if op.whole("batch_dims") or rank != 4 or value.order[:2] != (2, 3) or chosen.ndim < 2 or chosen.shape[-1] != 2:
        raise op.refuse("takes other than rows and columns", "choose a model without it")
    limits.count(chosen.shape)
    rows, columns = chosen[..., 0], chosen[..., 1]
    cut = next((n for n in range(rows.ndim + 1) if _constant_from(rows, n) and _constant_until(columns, n)), None)
    if cut is None:
        raise op.refuse("takes scattered pixels", "choose a model without it")
    upright = rows.reshape(*rows.shape[:cut], -1)[..., 0]
    across = columns.reshape(-1, *columns.shape[cut:])[0]
    value = value._replace(order=plain(4))
    for axis, places in ((2, upright), (3, across)):
        flat = np.where(places < 0, places + value.shape[axis], places).reshape(-1)
        value = _taken(reader, op, value, axis, flat)
    shape = *upright.shape, *across.shape
    cells = reader.add(op._replace(kind="Reshape"), Reshape((value.shape[1], *shape)), value)
    return cells._replace(order=(*range(2, 2 + len(shape)), *(0, 1)))


def _constant_from(places: Numbers, axis: int) -> bool:
    """Whether the places are alike along this axis and all after it."""
    flat = places.reshape(*places.shape[:axis], -1)
    return bool(np.all(flat == flat[..., :1]))


def _constant_until(places: Numbers, axis: int) -> bool:
    """Whether the places are alike along all axes before this one."""
    flat = places.reshape(-1, *places.shape[axis:])
    return bool(np.all(flat == flat[:1]))


@operator("Where")
def _where(reader: Reader, op: Op, condition: Operand, x: Operand, y: Operand) -> Value:
    """A fixed mask: some numbers of a value stay, the others become known ones."""
    value, other, kept = (x, y, 1.0) if isinstance(x, Value) else (y, x, 0.0)
    if not isinstance(value, Value):
        raise op.refuse("chooses by what the picture holds", "choose a model without it")
    mask = reader.aligned(op, value, reader.constant(op, condition, "mask")) == bool(kept)
    fill = floats(reader.aligned(op, value, reader.constant(op, other, "numbers")))
    np.broadcast_shapes(mask.shape, fill.shape, value.shape[1:])
    shift = np.where(mask, np.float32(0), fill)
    return reader.add(op, Scale(mask.astype(np.float32), shift), value, order=value.order)


# Means


@operator("ReduceMean", "ReduceSum", "ReduceMax")
def _reduce(reader: Reader, op: Op, x: Operand, axes: Operand = None) -> Value:
    value = reader.value(op, x)
    rank, keep = len(value.shape), bool(op.whole("keepdims", 1))
    given = axes_of(op, None if axes is None else reader.constant(op, axes, "axes"))
    if not given:
        if op.whole("noop_with_empty_axes"):
            return value
        given = list(range(rank))
    gone = sorted({value.on_graph(axis) for axis in given})
    if gone[0] == 0:
        raise op.refuse(*_BATCH)
    if keep:
        order = value.order
    else:
        left = [axis for axis in range(rank) if axis not in gone]
        order = tuple(left.index(axis) for axis in value.order if axis in left)
    whole = rank == 4 and gone == [2, 3]
    if op.kind == "ReduceMax":
        if not whole:
            raise op.refuse("runs over other axes than rows and columns", "choose a model without it")
        return reader.add(op, GlobalMaxPool2d(keep), value, order=order)
    mean = reader.add(op, GlobalAvgPool2d(keep) if whole else Mean(gone, keep), value, order=order)
    if op.kind == "ReduceMean":
        return mean
    total = math.prod(value.shape[axis] for axis in gone)
    return reader.add(op._replace(kind="Mul"), Scale(float(total)), mean, order=order)
