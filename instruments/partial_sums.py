"""The sum that made one map: what the layer read, the slices of its kernel, the partial maps, and what they add up to."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cnn_core.arguments import Array
from cnn_core.convolution import conv2d, conv_transpose2d
from cnn_core.layers import Concat, Conv2d, ConvTranspose2d, Layer, Linear
from cnn_core.layers.base import Shape

MOST = 12  # partial maps that are shown; what is left is added up
BLOCK = 16  # partial maps that are made at a time

Kernels = Conv2d | ConvTranspose2d


class Part(NamedTuple):
    """One input map's share."""

    number: int  # of the map
    read: Array  # (h, w)
    weights: Array  # (kh, kw), or, of a dense layer, (h, w)
    made: Array  # (ho, wo), or, of a dense layer, the products (h, w)


class PartialSums(NamedTuple):
    """A map as the sum of what came from each map that it reads."""

    parts: list[Part]  # the largest first
    rest: (
        Array | None
    )  # the sum of all others' shares, (ho, wo), or (1, 1) of a dense layer; None if there are no others
    others: int  # how many these are
    bias: float
    total: Array  # the map itself, (ho, wo), or (1, 1) of a dense layer


def kernel_sums(layer: Kernels, x: Array, channel: int, total: Array, most: int = MOST) -> PartialSums:
    """Split one map of a convolution, or transposed convolution.

    Args:
        layer: with its weights.
        x: what it reads, (C, H, W).
        channel: number of the map.
        total: the map, (ho, wo), as the layer made it.
        most: parts that are told apart.

    >>> layer, x = Conv2d(3, 2, 1), np.ones((3, 4, 5), np.float32)
    >>> sums = kernel_sums(layer, x, 1, layer.apply(x[np.newaxis])[0, 1], most=2)
    >>> sums.others, bool(np.allclose(sum(part.made for part in sums.parts) + sums.rest + sums.bias, sums.total))
    (1, True)
    """
    group_size = layer.in_channels // layer.groups  # maps that one kernel reads
    if isinstance(layer, Conv2d):
        first = channel // (layer.out_channels // layer.groups) * group_size
        slices = layer.weight[channel]  # (group_size, kh, kw)
    else:
        outputs = layer.out_channels // layer.groups
        first = channel // outputs * group_size
        slices = layer.weight[first : first + group_size, channel % outputs]
    seen = np.ascontiguousarray(x[first : first + group_size])
    alone = np.ascontiguousarray(slices[:, np.newaxis])  # one kernel of one slice for each map: (group_size, 1, kh, kw)
    bias = 0.0 if layer.bias is None else float(layer.bias[channel])
    kept, rest = (
        list[tuple[float, int, Array]](),
        np.zeros(total.shape, np.float32),
    )  # the largest so far; the others' sum
    for start in range(0, group_size, BLOCK):
        made = _alone(layer, seen[start : start + BLOCK], alone[start : start + BLOCK])  # (BLOCK, ho, wo)
        kept += [(-float(np.abs(one).mean()), start + i, one.copy()) for i, one in enumerate(made)]
        kept.sort(key=lambda part: part[:2])
        for _, _, one in kept[most:]:
            rest += one
        del kept[most:]
    parts = [Part(first + i, seen[i].copy(), slices[i], one) for _, i, one in kept]
    others = group_size - len(parts)
    return PartialSums(parts, rest if others else None, others, bias, total)


def _alone(layer: Kernels, seen: Array, slices: Array) -> Array:
    """Each map under its own slice."""
    if isinstance(layer, Conv2d):
        shared = {"padding_mode": layer.padding_mode}
        return conv2d(seen, slices, None, layer.stride, layer.padding, layer.dilation, groups=len(seen), **shared)
    return conv_transpose2d(
        seen,
        slices,
        None,
        layer.stride,
        layer.padding,
        layer.output_padding,
        groups=len(seen),
        dilation=layer.dilation,
    )


def dense_products(layer: Linear, x: Array, unit: int, shape: Shape, total: float, most: int = MOST) -> PartialSums:
    """Split one unit of a dense layer into numbers times weights, map by map.

    Args:
        layer: with its weights.
        x: what it reads, (features,).
        unit: its number.
        shape: of what was laid out as x: (C, H, W), or (features,), which counts as one map.
        total: what the layer gave.
        most: maps that are told apart.
    """
    maps = shape if len(shape) == 3 else (1, *grid(math.prod(shape)))
    read, weights = (_padded(array, maps) for array in (x, layer.weight[unit]))
    made = read * weights
    order = strongest(made)
    parts = [Part(i, read[i].copy(), weights[i].copy(), made[i].copy()) for i in order[:most]]
    others = order[most:]
    rest = made[others].sum(dtype=np.float32).reshape(1, 1) if others else None
    bias = 0.0 if layer.bias is None else float(layer.bias[unit])
    return PartialSums(parts, rest, len(others), bias, np.full((1, 1), total, np.float32))


def _padded(values: Array, shape: Shape) -> Array:
    """Values in row order in this shape, with zeros behind the last."""
    whole = np.zeros(math.prod(shape), values.dtype)
    whole[: values.size] = values.ravel()
    return whole.reshape(shape)


def grid(count: int) -> tuple[int, int]:
    """Rows and columns in which so many numbers are laid out, about twice as wide as high.

    >>> grid(128), grid(10), grid(1000)
    ((8, 16), (2, 5), (20, 50))
    """
    for rows in range(max(1, round(math.sqrt(count / 2))), 0, -1):
        if count % rows == 0 and count // rows <= 6 * rows:
            return rows, count // rows
    rows = max(1, round(math.sqrt(count / 2)))
    return rows, -(-count // rows)


def strongest(made: Array) -> list[int]:
    """Numbers of maps (C, h, w), the largest first by the mean size of their values."""
    return [int(i) for i in np.argsort(-np.abs(made).mean(axis=(1, 2)), kind="stable")]


def sources(layer: Layer, channel: int, inputs: Sequence[Shape], output: Shape) -> list[tuple[int, int | None]]:
    """Which maps a map is made of, where they are few: (number of the input, number of its map), None for all of its maps.

    Args:
        layer: no convolution and no dense layer: those read all maps, or all of a group.
        channel: number of the map.
        inputs: shapes of what the layer reads.
        output: shape of what it gives.

    >>> sources(Concat(), 70, [(64, 5, 5), (32, 5, 5)], (96, 5, 5))
    [(1, 6)]
    """
    if isinstance(layer, Concat) and layer.axis % (len(output) + 1) == 1:
        for number, shape in enumerate(inputs):
            if channel < shape[0]:
                return [(number, channel)]
            channel -= shape[0]
    found: list[tuple[int, int | None]] = []
    for number, shape in enumerate(inputs):
        if layer.kind in ("softmax", "log softmax", "response norm") or shape[0] not in (1, output[0]):
            found.append((number, None))
        else:
            found.append((number, channel if shape[0] == output[0] else 0))
    return found
