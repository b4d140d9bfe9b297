"""Which part of the input each cell of every node sees: for a frame that follows the hand, all of them at once."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn_core.arguments import Pair
from cnn_core.graph import INPUT, Graph
from cnn_core.layers.base import Layer, Shape

Ranges = NDArray[
    np.intp
]  # (cells, 2): of the input, the first cell and the one behind the last; equal where nothing is seen


ONE_BY_ONE = 20_000  # cells a side of a network that are looked at one by one, which takes some 0.2 s


class Walk(NamedTuple):
    """How a layer's cells read an input along an axis: cell c from first + c * step to last + c * step."""

    first: int
    last: int
    step: int


def receptive_fields(graph: Graph, shapes: Mapping[str, Shape]) -> dict[str, tuple[Ranges, Ranges]]:
    """Rows and columns of the input that the cells of each node see, as `Graph.window` says for one of them.

    Args:
        graph: the network.
        shapes: of its nodes' values, as `output_shapes` says.

    >>> from cnn_core.networks import digits_network
    >>> net = digits_network()
    >>> [ranges[3].tolist() for ranges in receptive_fields(net, net.output_shapes())["pool1"]]
    [[6, 12], [6, 12]]
    """
    rows, columns = (_along(axis, graph, shapes) for axis in (0, 1))
    return {name: (rows[name], columns[name]) for name in shapes}


def _along(axis: int, graph: Graph, shapes: Mapping[str, Shape]) -> dict[str, Ranges]:
    whole = shapes[INPUT][axis + 1]
    found, left = {INPUT: np.stack([np.arange(whole), np.arange(whole) + 1], axis=1)}, ONE_BY_ONE
    for node in graph.nodes:
        count, before = _side(shapes[node.name], axis), [found[name] for name in node.inputs]
        found[node.name], taken = _ranges(node.layer, axis, count, before, left, whole)
        left -= taken
    return found


def _ranges(layer: Layer, axis: int, count: int, before: Sequence[Ranges], left: int, whole: int) -> tuple[Ranges, int]:
    """What the cells of one node see, from what those see that they read; and how many cells were looked at one by one.

    Args:
        layer, axis, count: the node's, and its cells.
        before: what the cells of its inputs see.
        left: cells that may be looked at one by one; all others see the whole input.
        whole: cells of the input.
    """
    ranges, one_by_one = np.zeros((count, 2), np.intp), np.ones(count, bool)
    sizes = [len(seen) for seen in before]
    found = walks(layer, axis, len(before))
    if found is not None and all(_grows(seen) for seen in before):
        cells, inside, starts, stops = np.arange(count), np.ones(count, bool), [], []
        for walk, seen in zip(found, before, strict=True):
            first, last = (end + walk.step * cells for end in (walk.first, walk.last))
            inside &= (first >= 0) & (last < len(seen))
            starts.append(seen[np.clip(first, 0, len(seen) - 1), 0])
            stops.append(seen[np.clip(last, 0, len(seen) - 1), 1])
        ranges[inside] = np.stack([np.min(starts, axis=0), np.max(stops, axis=0)], axis=1)[inside]
        one_by_one = ~inside  # at the edges, what is read depends on the padding
    looked_at = np.flatnonzero(one_by_one)
    ranges[looked_at[left:]] = 0, whole
    for cell in looked_at[:left]:
        parts = layer.reads(axis, np.array([cell], np.intp), *sizes)
        every = np.concatenate([seen if part is None else seen[part] for seen, part in zip(before, parts, strict=True)])
        every = every[every[:, 0] < every[:, 1]]
        ranges[cell] = (every[:, 0].min(), every[:, 1].max()) if len(every) else (0, 0)
    return ranges, len(looked_at[:left])


def _grows(seen: Ranges) -> bool:
    """Whether cells farther on see what lies farther on, and all see something."""
    return bool((seen[:, 0] < seen[:, 1]).all() and (np.diff(seen, axis=0) >= 0).all())


def walks(layer: Layer, axis: int, inputs: int) -> list[Walk] | None:
    """How a layer's cells read each input, padding included; None where they do not all do alike."""
    if not layer.moves_alike:
        return None
    reads = [layer.reads(axis, np.array([cell], np.intp), *[0] * inputs) for cell in range(3)]
    found = []
    for parts in zip(*reads, strict=True):
        ends = [(int(part[0]), int(part[-1])) for part in parts if part is not None and len(part)]
        steps = {b - a for one, next_one in pairwise(ends) for a, b in zip(one, next_one, strict=True)}
        if len(ends) < 3 or len(steps) != 1:
            return None
        found.append(Walk(*ends[0], steps.pop()))
    return found


def sizes_seen(graph: Graph) -> dict[str, Pair | None]:
    """Rows and columns of the input that a cell of each node sees, padding included, as `Graph.receptive_field` says; None where
    that is the whole input, or depends on its size.

    >>> from cnn_core.networks import digits_network
    >>> sizes_seen(digits_network())["pool1"]
    (6, 6)
    """
    rows, columns = (_sizes_along(axis, graph) for axis in (0, 1))
    return {name: None if (a := rows[name]) is None or (b := columns[name]) is None else (a, b) for name in rows}


def _sizes_along(axis: int, graph: Graph) -> dict[str, int | None]:
    found: dict[str, Walk | None] = {INPUT: Walk(0, 0, 1)}
    for node in graph.nodes:
        before, parts = [found[name] for name in node.inputs], walks(node.layer, axis, len(node.inputs))
        found[node.name] = None
        known = [one for one in before if one is not None]
        if parts is not None and len(known) == len(parts):
            first = min(seen.first + seen.step * walk.first for seen, walk in zip(known, parts, strict=True))
            last = max(seen.last + seen.step * walk.last for seen, walk in zip(known, parts, strict=True))
            found[node.name] = Walk(first, last, known[0].step * parts[0].step)
    return {name: None if walk is None else walk.last - walk.first + 1 for name, walk in found.items()}


def _side(shape: Shape, axis: int) -> int:
    return shape[axis + 1] if len(shape) == 3 else 1
