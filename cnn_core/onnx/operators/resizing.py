"""What changes the size of maps: padding, resizing, channels into pixels.

Source: https://onnx.ai/onnx/operators (Pad, Resize, Upsample, DepthToSpace, SpaceToDepth).
"""

import math

import numpy as np

from cnn_core.layers import Conv2d, Pad2d, Reshape, Slice
from cnn_core.layers import Upsample as UpsampleLayer
from cnn_core.onnx import limits
from cnn_core.onnx.folding import number, wholes
from cnn_core.onnx.operation import Op
from cnn_core.onnx.operators.registry import operator
from cnn_core.onnx.reader import Operand, Reader, Value


@operator("Pad")
def _pad(reader: Reader, op: Op, x: Operand, pads: Operand = None, fill: Operand = None, axes: Operand = None) -> Value:
    value = reader.value(op, x)
    given = op.wholes("pads") if pads is None else wholes(op, reader.constant(op, pads, "padding"))
    rank = len(value.shape)
    chosen = list(range(rank)) if axes is None else wholes(op, reader.constant(op, axes, "axes"))
    if given is None or len(given) != 2 * len(chosen):
        raise op.refuse("has not two numbers for each axis", "export it again")
    ends = [(0, 0)] * rank
    for axis, before, after in zip(chosen, given[: len(chosen)], given[len(chosen) :], strict=True):
        limits.side("padding", abs(before)), limits.side("padding", abs(after))
        ends[value.on_graph(axis)] = before, after
    fixed = op.real("value") if fill is None else float(number(op, reader.constant(op, fill, "value")))
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}.get(
        op.word("mode", "constant")
    )
    if mode is None or rank != 4 or ends[0] != (0, 0):
        raise op.refuse("pads other than rows and columns, or in an unknown way", "pad the picture before")
    for axis in (2, 3):
        before, after = ends[axis]
        if before < 0 or after < 0:
            cut = Slice(axis, max(-before, 0), min(after, 0) or None)
            value = reader.add(op._replace(kind="Slice"), cut, value, order=value.order)
            ends[axis] = max(before, 0), max(after, 0)
    if ends[1] != (0, 0):
        if mode != "constant" or fixed or min(ends[1]) < 0:
            raise op.refuse("adds channels that are not 0", "add them as zeros")
        value = _more_channels(reader, op, value, ends[1])
    if ends[2] == ends[3] == (0, 0):
        return value
    return reader.add(op, Pad2d((ends[2], ends[3]), mode, fixed), value, order=value.order)


def _more_channels(reader: Reader, op: Op, value: Value, ends: tuple[int, int]) -> Value:
    """Channels of zeros before and after: a 1 x 1 convolution whose kernels copy or are 0."""
    c = value.shape[1]
    limits.count((c + sum(ends), c), "a padding")
    layer = Conv2d(c, c + sum(ends), 1, bias=False)
    layer.store({"weight": np.eye(c + sum(ends), c, -ends[0], dtype=np.float32)[:, :, None, None]})
    return reader.add(op, layer, value, order=value.order)


@operator("DepthToSpace", "SpaceToDepth")
def _blocks(reader: Reader, op: Op, x: Operand) -> Value:
    value = reader.maps(op, x)
    b = limits.side("blocksize", op.whole("blocksize"), 1)
    _, c, height, width = value.shape
    if op.kind == "DepthToSpace":
        rows = op.word("mode", "DCR") == "CRD"
        split = (c // (b * b), b, b, height, width) if rows else (b, b, c // (b * b), height, width)
        order = (0, 1, 4, 2, 5, 3) if rows else (0, 3, 4, 1, 5, 2)
        shape = c // (b * b), height * b, width * b
    else:
        split, order = (c, height // b, b, width // b, b), (0, 3, 5, 1, 2, 4)
        shape = c * b * b, height // b, width // b
    cells = reader.add(op._replace(kind="Reshape"), Reshape(split), value)
    turned = reader.straight(op._replace(kind="Transpose"), cells._replace(order=order))
    return reader.add(op, Reshape(shape), turned)


@operator("Resize", "Upsample")
def _resize(reader: Reader, op: Op, x: Operand, *rest: Operand) -> Value:
    value = reader.value(op, x)
    modern = op.kind == "Resize" and op.opset >= 11
    given = [None if operand is None else reader.constant(op, operand, "size") for operand in rest]
    given += [None] * (3 - len(given))
    scales, sizes = (given[1], given[2]) if modern else (given[0], None)
    rank = len(value.shape)
    axes = op.wholes("axes") or list(range(rank))
    if rank != 4 or op.whole("antialias") or op.word("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise op.refuse("is smoothed, keeps proportions, or is not of maps", "use a plain resize by nearest or linear")
    listed = op.reals("scales") if scales is None or not scales.size else scales.reshape(-1).tolist()
    numbers = wholes(op, sizes) if sizes is not None and sizes.size else listed
    if numbers is None or len(numbers) != len(axes):
        raise op.refuse("has not one size for each axis", "export it again")
    wanted = dict(zip((value.on_graph(axis) for axis in axes), numbers, strict=True))
    absolute = sizes is not None and sizes.size > 0
    kept = [value.shape[axis] if absolute else 1 for axis in range(rank)]
    ends = [wanted.get(axis, kept[axis]) for axis in range(rank)]
    if ends[:2] != kept[:2]:
        raise op.refuse("changes the number of maps", "resize rows and columns only")
    target = [int(e) if absolute else _length(op, e, side) for e, side in zip(ends, value.shape, strict=True)][2:]
    for side in target:
        limits.side("a map of size", side, 1)
    coordinates = op.word("coordinate_transformation_mode", "half_pixel" if modern else "asymmetric")
    exact = absolute or all(float(e) * side == t for e, side, t in zip(ends[2:], value.shape[2:], target, strict=True))
    if (coordinates == "half_pixel_symmetric" and exact) or (coordinates == "pytorch_half_pixel" and min(target) > 1):
        coordinates = "half_pixel"
    mode = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear"}.get(op.word("mode", "nearest"))
    rounding = op.word("nearest_mode", "round_prefer_floor" if modern else "floor")
    if coordinates == "align_corners" and not exact:
        raise op.refuse("aligns corners with a scale that fits no whole size", "give it sizes instead of scales")
    if mode is None or coordinates not in ("half_pixel", "align_corners", "asymmetric"):
        raise op.refuse(f"is {op.word('mode')[:20]} with {coordinates[:30]}", "resize by nearest or linear, half_pixel")
    if target == list(value.shape[2:]) and exact:
        return value
    factors = (float(ends[2]), float(ends[3]))
    layer = UpsampleLayer(
        (target[0], target[1]) if absolute else None, None if absolute else factors, mode, coordinates, rounding
    )
    return reader.add(op, layer, value, order=value.order)


def _length(op: Op, scale: float, side: int) -> int:
    if not 0 < scale <= limits.SIDE:
        raise op.refuse(f"has the scale {scale:g}", "export it with another size")
    return math.floor(side * scale)
