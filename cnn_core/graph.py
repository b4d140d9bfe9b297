"""A network as a graph of named nodes: each applies one layer to what nodes before it answered. A chain is the simplest.

Nothing is remembered between calls, so that a graph can be shared.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import Array, Pair, expect_shape, float_array
from cnn_core.layers.base import Layer, Reach, Shape
from cnn_core.layers.convolution import Conv2d
from cnn_core.layers.dense import Linear

INPUT = "input"  # the name of what a graph is given
AnyShape = tuple[int | None, ...]
_NOTHING = np.zeros(0, np.intp)


class Node(NamedTuple):
    """One step of a network."""

    name: str
    layer: Layer
    inputs: tuple[str, ...]  # names of nodes before it, or "input"


class Box(NamedTuple):
    """A part of a map, in cells: rows top to bottom - 1, columns left to right - 1."""

    top: int
    left: int
    bottom: int
    right: int


class Graph:
    """Named nodes in order, from one input to one output.

    Args:
        nodes: in order: each reads "input" or nodes before it.
        input_shape: (C, H, W) of one example, or (features,); None for a side where any size goes.
        output: the node whose value is the answer; None for the last.

    Raises:
        ValueError: a name stands twice or is unknown, or a layer does not fit what reaches it.

    >>> from cnn_core.layers import Add, Conv2d, ReLU
    >>> block = Graph([Node("conv1", Conv2d(4, 4, 3, padding=1), ("input",)), Node("relu1", ReLU(), ("conv1",)),
    ...     Node("sum", Add(), ("relu1", "input"))], (4, None, None))
    >>> block.forward(np.zeros((4, 9, 7))).shape, block.receptive_field("sum")
    ((4, 9, 7), (3, 3))
    """

    def __init__(self, nodes: Iterable[Node], input_shape: Sequence[int | None], output: str | None = None) -> None:
        self.nodes = tuple(Node(node.name, node.layer, tuple(node.inputs)) for node in nodes)
        self.input_shape: AnyShape = tuple(input_shape)
        if not self.nodes:
            raise ValueError("nodes must be one node or more, got none")
        known = {INPUT}
        for node in self.nodes:
            _check_node(node, known)
            known.add(node.name)
        self._by_name = {node.name: node for node in self.nodes}
        self.output = self.nodes[-1].name if output is None else output
        self.node(self.output)
        if None not in self.input_shape:
            self.output_shapes()

    def node(self, name: str) -> Node:
        """The node of this name.

        Raises:
            ValueError: there is none.
        """
        if name not in self._by_name:
            raise ValueError(f"there is no node {name!r}: the nodes are {', '.join(self._by_name)}")
        return self._by_name[name]

    def layer(self, name: str) -> Layer:
        """The layer of the node of this name; ValueError if there is none."""
        return self.node(name).layer

    def behind(self, layers: Mapping[str, Layer]) -> "Graph":
        """This network behind layers in a row, such as one that turns pixels into what it was trained on; weights are shared.

        Args:
            layers: by name, in order; what the last answers has the shape of input_shape, and so has what the first is given.

        Raises:
            ValueError: a name is taken, or a layer does not fit.

        >>> from cnn_core.layers import Flatten, Scale
        >>> bright = chain([Flatten()], (1, 1, 2)).behind({"bytes": Scale(255.0)})
        >>> bright.forward(np.array([[[0.0, 0.2]]])).tolist()
        [0.0, 51.0]
        """
        before = [INPUT, *layers]
        ahead = [Node(name, layer, (source,)) for (name, layer), source in zip(layers.items(), before, strict=False)]
        rest = [
            Node(node.name, node.layer, tuple(before[-1] if name == INPUT else name for name in node.inputs))
            for node in self.nodes
        ]
        return Graph([*ahead, *rest], self.input_shape, self.output)

    # Values

    def forward(self, x: ArrayLike) -> Array:
        """The network's answer.

        Args:
            x: one example in the shape of input_shape, or a batch with one more axis before.

        Returns:
            The value of the output node, with a batch axis if x has one.

        Raises:
            ValueError: x does not fit.
        """
        return self.values(x, (self.output,))[self.output]

    def values(self, x: ArrayLike, names: Iterable[str]) -> dict[str, Array]:
        """The values of these nodes only: any other is let go as soon as its last reader has read it.

        Args:
            x: as in `forward`.
            names: nodes, or "input".

        Returns:
            Each node's value by name, in the order of names.

        Raises:
            ValueError: x does not fit, or a name is unknown.
        """
        names = tuple(names)
        needed = self._before(names)
        batch, batched = self._batch(x)
        readers = dict.fromkeys(needed, 0)
        for node in self.nodes:
            if node.name in needed:
                for name in set(node.inputs):
                    readers[name] += 1
        waiting = dict(readers)
        kept = {INPUT: batch}
        ours: set[str] = set()  # values that share memory with nothing and may be written over
        for node in self.nodes:
            if node.name not in needed:
                continue
            arrays = [kept[name] for name in node.inputs]
            first = node.inputs[0]
            sole = first in ours and readers[first] == 1 and first not in names and node.inputs.count(first) == 1
            value = (node.layer.apply_over if sole else node.layer.apply)(*arrays)
            if sole or (value.base is None and not any(value is array for array in arrays)):
                ours.add(node.name)
            kept[node.name] = value
            for name in set(node.inputs):
                waiting[name] -= 1
                if not waiting[name] and name not in names:
                    del kept[name]
            del arrays, value
        return {name: kept[name] if batched else kept[name][0] for name in names}

    def trace(self, x: ArrayLike) -> dict[str, Array]:
        """Every node's value by name, in order, beginning with "input".

        Args:
            x: as in `forward`.

        Raises:
            ValueError: x does not fit.
        """
        batch, batched = self._batch(x)
        arrays = {INPUT: batch}
        for node in self.nodes:
            arrays[node.name] = node.layer.apply(*(arrays[name] for name in node.inputs))
        return arrays if batched else {name: array[0] for name, array in arrays.items()}

    # Gradients

    def gradients(self, x: ArrayLike, grad: ArrayLike, at: str | None = None) -> dict[str, Array]:
        """Gradient of sum(grad * value of `at`) with respect to the input and to every node before `at`.

        Args:
            x: as in `forward`.
            grad: in the shape of the value of `at` for x.
            at: a node; None for the output.

        Returns:
            Gradients by name in order, beginning with "input", each in the shape of its node's value; 0 for a node on which
            `at` does not depend.

        Raises:
            ValueError: a shape does not fit, or the node is unknown.
        """
        return self.backward(self.trace(x), grad, at)

    def backward(
        self, trace: Mapping[str, Array], grad: ArrayLike, at: str | None = None, names: Iterable[str] | None = None
    ) -> dict[str, Array]:
        """As `gradients`, for a trace that is already there; given names, of these only: the way back ends with them."""
        at = self.output if at is None else at
        self.node(at)
        wanted = {INPUT, *self._by_name} if names is None else set(names)
        behind = self._behind(wanted)
        values, batched = self._batched_trace(trace)
        found = {at: self._output_gradient(values, grad, at, batched)}
        for node in self._upstream(at):
            if node.name not in found or node.name not in behind:
                continue
            arrays = [values[name] for name in node.inputs]
            parts = node.layer.gradients(found[node.name], *arrays)
            if node.name not in wanted:
                del found[node.name]
            for name, part in zip(node.inputs, parts, strict=True):
                found[name] = found[name] + part if name in found else part
        before = [INPUT, *(node.name for node in self.nodes)]
        before = [name for name in before[: before.index(at)] if name in wanted]
        whole = {name: found[name] if name in found else np.zeros_like(values[name]) for name in before}
        return whole if batched else {name: array[0] for name, array in whole.items()}

    def parameter_gradients(self, trace: Mapping[str, Array], grad: ArrayLike) -> dict[str, Array]:
        """Gradient of sum(grad * output) with respect to every parameter: what training needs, from one trace.

        Args:
            trace: from `trace`.
            grad: in the shape of the output.

        Returns:
            Gradients by the names of `parameters()`.

        Raises:
            ValueError: a shape does not fit.
        """
        values, batched = self._batched_trace(trace)
        learning = self._learning()
        found = {self.output: self._output_gradient(values, grad, self.output, batched)}
        gradients: dict[str, Array] = {}
        for node in self._upstream(self.output):
            grad_output = found.pop(node.name, None)
            if grad_output is None or node.name not in learning:
                continue
            arrays = [values[name] for name in node.inputs]
            for name, part in node.layer.parameter_gradients(grad_output, *arrays).items():
                gradients[f"{node.name}.{name}"] = part
            if not any(name in learning for name in node.inputs):
                continue
            for name, part in zip(node.inputs, node.layer.gradients(grad_output, *arrays), strict=True):
                found[name] = found[name] + part if name in found else part
        return {
            name: gradients[name] if name in gradients else np.zeros_like(array)
            for name, array in self.parameters().items()
        }

    # Stored arrays

    def parameters(self) -> dict[str, Array]:
        """What training changes, by node and name, such as "conv1.weight": the arrays themselves, not copies."""
        return {f"{node.name}.{name}": array for node in self.nodes for name, array in node.layer.parameters.items()}

    def stored(self) -> dict[str, Array]:
        """Parameters and buffers, such as "norm1.running_mean": all that a weights file holds."""
        return {
            f"{node.name}.{name}": array
            for node in self.nodes
            for name, array in {**node.layer.parameters, **node.layer.buffers}.items()
        }

    def stored_shapes(self) -> dict[str, Shape]:
        """Shapes of `stored()` by name, without drawing any weights."""
        return {f"{node.name}.{name}": s for node in self.nodes for name, s in node.layer.stored_shapes.items()}

    def store(self, arrays: Mapping[str, Array]) -> None:
        """Take these arrays, as they are, for parameters and buffers.

        Args:
            arrays: one for each name of `stored_shapes()`, in its shape.

        Raises:
            ValueError: a name or a shape is not the network's.
        """
        shapes = self.stored_shapes()
        missing, surplus = sorted(set(shapes) - set(arrays)), sorted(set(arrays) - set(shapes))
        if missing or surplus:
            what = f"{missing[0]} is missing" if missing else f"{surplus[0]} is not one of the network's"
            raise ValueError(f"arrays must be the network's {len(shapes)}: {what}")
        for node in self.nodes:
            node.layer.store({name: arrays[f"{node.name}.{name}"] for name in node.layer.stored_shapes})

    def parameter_count(self) -> int:
        """Numbers that training can change."""
        return sum(node.layer.parameter_count() for node in self.nodes)

    # Sizes

    def output_shapes(self, input_shape: Sequence[int] | None = None) -> dict[str, Shape]:
        """Shape of each node's value for one example, by name, beginning with "input".

        Args:
            input_shape: of one example; None for the network's own, where it has no open side.

        Raises:
            ValueError: the shape is open or not the network's, or a layer does not fit; the message names its node.
        """
        shapes = {INPUT: self._shape(input_shape)}
        for node in self.nodes:
            try:
                shapes[node.name] = node.layer.output_shape(*(shapes[name] for name in node.inputs))
            except ValueError as error:
                raise ValueError(f"{node.name}: {error}") from None
        return shapes

    def node_macs(self, input_shape: Sequence[int] | None = None) -> dict[str, int]:
        """Multiply-adds of each node for one example, by name."""
        shapes = self.output_shapes(input_shape)
        return {node.name: node.layer.macs(*(shapes[name] for name in node.inputs)) for node in self.nodes}

    def macs(self, input_shape: Sequence[int] | None = None) -> int:
        """Multiply-adds of one forward pass of one example, over convolutions and dense layers.

        Args:
            input_shape: of one example; None for the network's own, where it has no open side.

        Raises:
            ValueError: as `output_shapes`.
        """
        return sum(self.node_macs(input_shape).values())

    # What a cell sees

    def receptive_field(self, name: str, input_shape: Sequence[int] | None = None) -> Pair | None:
        """Rows and columns of the input that one cell of a node depends on, through all branches; padding is counted as seen.

        Args:
            name: a node, or "input".
            input_shape: of one example; only layers that change size by more than a window need it. Where cells see
                differently much, the most that any sees is told.

        Returns:
            (rows, columns), or None where the whole input is seen.

        Raises:
            ValueError: the name is unknown, or a size is needed.
        """
        nodes = self._upstream(name)
        shapes = {} if all(node.layer.moves_alike for node in nodes) else self.output_shapes(input_shape)
        if shapes and len(shapes[name]) != 3:
            return None
        sides = []
        for axis in (0, 1):
            cells = range(shapes[name][axis + 1]) if shapes else range(1)
            reaches = [self._reach(name, axis, cell, shapes).get(INPUT, _NOTHING) for cell in cells]
            seen = [int(np.ptp(reach)) + 1 if len(reach) else 0 for reach in reaches if reach is not None]
            if len(seen) < len(reaches):
                return None
            sides.append(max(seen))
        return sides[0], sides[1]

    def window(self, name: str, y: int, x: int, on: str = INPUT, input_shape: Sequence[int] | None = None) -> Box:
        """The part of an earlier node, or of the input, that one cell of a node reads: what a viewer frames.

        Args:
            name: a node.
            y: row of the cell; 0 where the node's value has none.
            x: column of the cell.
            on: an earlier node, or "input".
            input_shape: of one example; None for the network's own, where it has no open side.

        Returns:
            The smallest box that holds all that is read through any branch, cut at the edges; empty if nothing is.

        Raises:
            ValueError: a name is unknown, or the sizes do not fit.
        """
        self.node(name)
        shapes = self.output_shapes(input_shape)
        if on not in shapes:
            raise ValueError(f"there is no node {on!r}: the nodes are {', '.join(shapes)}")
        sides = []
        for axis, cell in enumerate((y, x)):
            size = _side(shapes[on], axis)
            reach = self._reach(name, axis, cell, shapes).get(on, _NOTHING)
            if reach is None:
                sides.append((0, size))
            else:
                sides.append((int(reach[0]), int(reach[-1]) + 1) if len(reach) else (0, 0))
        return Box(sides[0][0], sides[1][0], sides[0][1], sides[1][1])

    def _reach(self, name: str, axis: int, cell: int, shapes: Mapping[str, Shape]) -> dict[str, Reach]:
        """Cells along an axis, of every earlier node, on which one cell of a node depends; without shapes padding counts too."""
        found: dict[str, Reach] = {name: np.array([cell], np.intp)}
        for node in self._upstream(name):
            reach = found.get(node.name, _NOTHING)
            if reach is not None and not len(reach):
                continue  # nothing is read, or only padding
            parts: tuple[Reach, ...] = (None,) * len(node.inputs)
            if reach is not None:
                parts = node.layer.reads(axis, reach, *(_side(shapes.get(source, ()), axis) for source in node.inputs))
            for source, part in zip(node.inputs, parts, strict=True):
                found[source] = _both(found[source], part) if source in found else part
        return found

    # Within

    def _upstream(self, name: str) -> list[Node]:
        """Nodes up to this one, last first."""
        if name == INPUT:
            return []
        place = self.nodes.index(self.node(name))
        return list(reversed(self.nodes[: place + 1]))

    def _before(self, names: Iterable[str]) -> set[str]:
        """These nodes and all on which they depend."""
        needed = set()
        for name in names:
            if name != INPUT:
                self.node(name)
            needed.add(name)
        for node in reversed(self.nodes):
            if node.name in needed:
                needed.update(node.inputs)
        return needed | {INPUT}

    def _behind(self, names: set[str]) -> set[str]:
        """Nodes that depend on one of these."""
        behind: set[str] = set()
        for node in self.nodes:
            if any(name in names or name in behind for name in node.inputs):
                behind.add(node.name)
        return behind

    def _learning(self) -> set[str]:
        """Nodes that have parameters, or depend on one that has."""
        learning: set[str] = set()
        for node in self.nodes:
            if node.layer.parameter_count() or any(name in learning for name in node.inputs):
                learning.add(node.name)
        return learning

    def _shape(self, input_shape: Sequence[int] | None) -> Shape:
        shape = self.input_shape if input_shape is None else tuple(input_shape)
        wanted = self.input_shape
        fits = len(shape) == len(wanted) and all(w in (None, side) for side, w in zip(shape, wanted, strict=True))
        if not fits or any(side is None or side < 1 for side in shape):
            raise ValueError(f"input_shape must be {shape_words(wanted)}, got {input_shape}")
        return tuple(side for side in shape if side is not None)

    def _batch(self, x: ArrayLike) -> tuple[Array, bool]:
        """x with a batch axis, and whether it had one."""
        array = float_array("x", x)
        rank = len(self.input_shape)
        batched = array.ndim == rank + 1
        shape = array.shape[1:] if batched else array.shape
        if len(shape) != rank or any(w not in (None, s) for s, w in zip(shape, self.input_shape, strict=True)):
            raise ValueError(
                f"x must be one example of {shape_words(self.input_shape)} or a batch of them, got shape {array.shape}"
            )
        return (array, True) if batched else (array[np.newaxis], False)

    def _batched_trace(self, trace: Mapping[str, Array]) -> tuple[dict[str, Array], bool]:
        batched = trace[INPUT].ndim == len(self.input_shape) + 1
        return {name: array if batched else array[np.newaxis] for name, array in trace.items()}, batched

    def _output_gradient(self, values: Mapping[str, Array], grad: ArrayLike, at: str, batched: bool) -> Array:
        value = values[at]
        array = float_array("grad", grad).astype(value.dtype, copy=False)
        expect_shape("grad", array, value.shape if batched else value.shape[1:], f"the shape of {at}")
        return array.reshape(value.shape)


def shape_words(shape: AnyShape) -> str:
    """A shape with open sides as people write it.

    >>> shape_words((3, None, None))
    '3 x any x any'
    """
    return " x ".join("any" if side is None else str(side) for side in shape)


def _check_node(node: Node, known: set[str]) -> None:
    if node.name in known or not node.name:
        raise ValueError(f"each node needs a name of its own, got {node.name!r} again")
    unknown = [name for name in node.inputs if name not in known]
    if unknown:
        raise ValueError(f"{node.name} reads {unknown[0]!r}, which is no node before it")
    arity = node.layer.arity
    if len(node.inputs) != arity if arity is not None else len(node.inputs) < 1:
        wanted = "one input or more" if arity is None else f"{arity} input"
        raise ValueError(f"{node.name} ({node.layer.kind}) takes {wanted}, got {len(node.inputs)}")


def _side(shape: Shape, axis: int) -> int:
    """Cells along an axis: 1 where the value has none, 0 where its shape is not known."""
    return shape[axis + 1] if len(shape) == 3 else min(len(shape), 1)


def _both(one: Reach, other: Reach) -> Reach:
    """The cells of either; None is all."""
    return None if one is None or other is None else np.union1d(one, other)


def node_names(layers: Iterable[Layer]) -> Iterator[str]:
    """Names for layers in a row: their kind, numbered from 1; the first flatten and softmax bear no number.

    >>> from cnn_core.layers import Conv2d, Flatten, Linear, ReLU
    >>> list(node_names([Conv2d(1, 2, 3), ReLU(), Flatten(), Linear(2, 3), ReLU(), Linear(3, 2)]))
    ['conv1', 'relu1', 'flatten', 'fc1', 'relu2', 'fc2']
    """
    counts: dict[str, int] = {}
    for layer in layers:
        stem = {"linear": "fc", "batch norm": "norm"}.get(layer.kind, layer.kind.replace(" ", "_"))
        counts[stem] = counts.get(stem, 0) + 1
        bare = stem in ("flatten", "softmax") and counts[stem] == 1
        yield stem if bare else f"{stem}{counts[stem]}"


def chain(layers: Iterable[Layer], input_shape: Sequence[int | None], names: Iterable[str] | None = None) -> Graph:
    """Layers in a row as a graph.

    Args:
        layers: in order.
        input_shape: (C, H, W) of one example, or (features,); None for a side where any size goes.
        names: one a layer; None for those of `node_names`.

    Raises:
        ValueError: names are not as many as layers, or a layer does not fit what reaches it.

    >>> from cnn_core.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Softmax
    >>> net = chain([Conv2d(1, 4, 3), ReLU(), MaxPool2d(2), Flatten(), Linear(676, 10), Softmax()], (1, 28, 28))
    >>> [f"{name} {array.shape}" for name, array in net.trace(np.zeros((1, 1, 28, 28))).items()][:3]
    ['input (1, 1, 28, 28)', 'conv1 (1, 4, 26, 26)', 'relu1 (1, 4, 26, 26)']
    """
    return Graph(_row(list(layers), names), input_shape)


def _row(layers: list[Layer], names: Iterable[str] | None) -> list[Node]:
    chosen = list(node_names(layers) if names is None else names)
    if len(chosen) != len(layers):
        raise ValueError(f"names must be as many as layers, got {len(chosen)} for {len(layers)}")
    return [Node(name, layer, (before,)) for name, layer, before in zip(chosen, layers, [INPUT, *chosen], strict=False)]


class Sequential(Graph):
    """Layers in a row, as `chain`; the input's shape is what the first convolution or dense layer takes.

    Args:
        layers: in order.

    >>> from cnn_core.layers import Conv2d, ReLU
    >>> Sequential([Conv2d(3, 4, 3), ReLU()]).input_shape
    (3, None, None)
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers = row = list(layers)
        shape: AnyShape = (None, None, None)
        for layer in row:
            if isinstance(layer, Conv2d):
                shape = (layer.in_channels, None, None)
            elif isinstance(layer, Linear):
                shape = (layer.in_features,)
            if isinstance(layer, Conv2d | Linear) or layer.kind == "flatten":
                break
        super().__init__(_row(row, None), shape)
