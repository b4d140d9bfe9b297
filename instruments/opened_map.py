"""One map of a card, opened: what each of the card's layers read for it and gave, and the windows around one of its places."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cnn_core.arguments import Array, Pair, quiet
from cnn_core.graph import INPUT, Graph
from cnn_core.layers import AvgPool2d, Conv2d, ConvTranspose2d, Layer, Linear, MaxPool2d
from cnn_core.layers.base import Shape
from cnn_core.padding import conv_axes, pad
from cnn_core.pooling import pool_axes
from cnn_core.shapes import Axis, make_axis
from instruments.overview import WEIGHTED, Card
from instruments.partial_sums import MOST, PartialSums, dense_products, kernel_sums, sources
from instruments.window_walk import Walk

AROUND, WIDEST = 5, 12  # outputs a side that a window walks over, if it reads at most so many rows


class Read(NamedTuple):
    """Maps that a layer read for the one that is opened."""

    node: str
    numbers: list[int]  # of the maps
    maps: Array  # (so many, h, w)
    others: int  # that it read, too


class Step(NamedTuple):
    """What one layer did."""

    node: str
    layer: Layer
    reads: list[Read]
    sums: PartialSums | None  # of a layer with weights
    made: Array  # (h, w): the map, or (1, 1), a number
    picture: bool  # whether it reads what the network is given

    @property
    def finite(self) -> bool:
        """Whether all of it is numbers, none infinite."""
        arrays = [self.made, *(read.maps for read in self.reads)]
        if self.sums:
            arrays += [array for part in self.sums.parts for array in (part.read, part.weights, part.made)]
            arrays += [] if self.sums.rest is None else [self.sums.rest]
        return all(bool(np.isfinite(array).all()) for array in arrays)


def steps(
    graph: Graph, shapes: Mapping[str, Shape], values: Mapping[str, Array], card: Card, channel: int
) -> list[Step]:
    """What the layers of a card did for one map, or unit, of what leaves it; what only leads to a layer with weights is left out.

    Args:
        graph: the network.
        shapes: of its nodes' values.
        values: at least those of `needed`.
        card: the card.
        channel: number of the map.
    """
    with quiet():  # a model may make numbers that are too large
        return _steps(graph, shapes, values, card, channel)


def _steps(
    graph: Graph, shapes: Mapping[str, Shape], values: Mapping[str, Array], card: Card, channel: int
) -> list[Step]:
    weighs = next((i for i, name in enumerate(card.nodes) if graph.layer(name).kind in WEIGHTED), 0)
    found = []
    for name in card.nodes[weighs:]:
        node = graph.node(name)
        made = _map(values[name], channel)
        if isinstance(node.layer, Conv2d | ConvTranspose2d):
            sums = kernel_sums(node.layer, values[node.inputs[0]], channel, made)
        elif isinstance(node.layer, Linear):
            source = node.inputs[0]
            before = graph.node(source) if source in card.nodes and graph.layer(source).kind == "flatten" else None
            shape = shapes[before.inputs[0]] if before else shapes[source]
            sums = dense_products(node.layer, values[source], channel, shape, float(made[0, 0]))
        else:
            inputs = [shapes[source] for source in node.inputs]
            chosen = sources(node.layer, channel, inputs, shapes[name])
            reads = [_read(node.inputs[i], values[node.inputs[i]], one) for i, one in chosen]
            found.append(Step(name, node.layer, reads, None, made, INPUT in node.inputs))
            continue
        found.append(Step(name, node.layer, [], sums, made, INPUT in node.inputs))
    return found


def needed(graph: Graph, card: Card) -> tuple[str, ...]:
    """Names of the values that `steps` looks at."""
    return tuple(dict.fromkeys(name for node in map(graph.node, card.nodes) for name in (*node.inputs, node.name)))


def _map(value: Array, channel: int) -> Array:
    """One map or number; a copy, so that the others can be let go."""
    return (value[channel] if value.ndim == 3 else value.ravel()[channel].reshape(1, 1)).copy()


def _read(name: str, value: Array, channel: int | None) -> Read:
    if channel is not None:
        return Read(name, [channel], _map(value, channel)[np.newaxis], 0)
    if value.ndim == 3:
        return Read(name, list(range(min(MOST, len(value)))), value[:MOST].copy(), max(0, len(value) - MOST))
    return Read(name, [0], value.reshape(1, 1, -1), 0)


def strongest_place(made: Array) -> Pair:
    """Row and column of the value that is farthest from 0."""
    row, column = divmod(int(np.abs(made).argmax()), made.shape[1])
    return row, column


def kernel_walk(layer: Conv2d, read: Array, weights: Array, made: Array, place: Pair) -> Walk:
    """A slice of a kernel over one map that it reads, around a place of what it makes.

    Args:
        layer: whose slice it is.
        read: the map, (h, w).
        weights: the slice, (kh, kw).
        made: the partial map, (ho, wo).
        place: row and column in it.
    """
    size = (read.shape[0], read.shape[1])
    axes = conv_axes(size, layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.padding_mode)
    seen, walks, firsts = read, [], []
    for number, (axis, at) in enumerate(zip(axes, place, strict=True)):
        count = min(_around(axis), axis.output_size)
        first = min(max(at - count // 2, 0), axis.output_size - count)
        start = first * axis.stride - axis.before
        stop = start + (count - 1) * axis.stride + axis.span
        ends = max(0, -start), max(0, stop - axis.size)
        inside = slice(max(start, 0), min(stop, axis.size))
        if layer.padding_mode != "zeros" or inside.start >= inside.stop:
            before, after = axis.before, max(axis.after, ends[1])
            seen = _padded(seen, number, (before, after), layer.padding_mode)
            inside, ends = slice(start + before, stop + before), (0, 0)
        seen = seen[inside] if number == 0 else seen[:, inside]
        walks.append(make_axis(seen.shape[number], axis.kernel_size, axis.stride, ends, axis.dilation))
        firsts.append(first)
    return _walk(seen, made, (walks[0], walks[1]), (firsts[0], firsts[1]), place, weights)


def _padded(x: Array, number: int, sides: Pair, mode: str) -> Array:
    return pad(x, sides, (0, 0), mode) if number == 0 else pad(x, (0, 0), sides, mode)


def pool_walk(layer: MaxPool2d | AvgPool2d, read: Array, made: Array, place: Pair) -> Walk | None:
    """A pooling window over its map around a place, as far as the windows lie inside the map; None where none does."""
    size = (read.shape[0], read.shape[1])
    axes = pool_axes(size, layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode)
    parts, walks, firsts, near = [], [], [], []
    for axis, at in zip(axes, place, strict=True):
        low, high = -(-axis.before // axis.stride), (axis.size + axis.before - axis.span) // axis.stride
        high = min(high, axis.output_size - 1)
        if high < low:
            return None
        count = min(_around(axis), high - low + 1)
        first = min(max(at - count // 2, low), high - count + 1)
        start = first * axis.stride - axis.before
        parts.append(slice(start, start + (count - 1) * axis.stride + axis.span))
        walks.append(make_axis(parts[-1].stop - start, axis.kernel_size, axis.stride, (0, 0), axis.dilation))
        firsts.append(first)
        near.append(min(max(at, first), first + count - 1))
    return _walk(read[parts[0], parts[1]], made, (walks[0], walks[1]), (firsts[0], firsts[1]), (near[0], near[1]), None)


def _around(axis: Axis) -> int:
    return max(1, min(AROUND, (WIDEST - axis.span) // axis.stride + 1))


def _walk(seen: Array, made: Array, axes: tuple[Axis, Axis], first: Pair, place: Pair, weights: Array | None) -> Walk:
    (rows, columns), (top, left) = axes, first
    output = made[top : top + rows.output_size, left : left + columns.output_size]
    at = (place[0] - top) * columns.output_size + place[1] - left
    return Walk(seen, output, rows, columns, weights, 0.0, at)
