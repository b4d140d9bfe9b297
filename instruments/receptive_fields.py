"""Which part of the input each cell of every node sees: for a frame that follows the hand, all of them at once."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cnn_core.graph import INPUT, Graph
from cnn_core.layers.base import Shape

Ranges = NDArray[
    np.intp
]  # (cells, 2): of the input, the first cell and the one behind the last; equal where nothing is seen


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
    found = {INPUT: np.stack([np.arange(whole), np.arange(whole) + 1], axis=1)}
    for node in graph.nodes:
        sizes = [_side(shapes[name], axis) for name in node.inputs]
        ranges = np.empty((_side(shapes[node.name], axis), 2), np.intp)
        for cell in range(len(ranges)):
            parts = node.layer.reads(axis, np.array([cell], np.intp), *sizes)
            seen = [
                found[name] if part is None else found[name][part]
                for name, part in zip(node.inputs, parts, strict=True)
            ]
            every = np.concatenate(seen)
            every = every[every[:, 0] < every[:, 1]]
            ranges[cell] = (every[:, 0].min(), every[:, 1].max()) if len(every) else (0, 0)
        found[node.name] = ranges
    return found


def _side(shape: Shape, axis: int) -> int:
    return shape[axis + 1] if len(shape) == 3 else 1
