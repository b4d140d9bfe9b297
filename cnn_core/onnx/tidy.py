"""Brings back the layers that exporters took apart: a bias into its layer, SiLU, hard swish, GELU; drops what no one reads."""

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from cnn_core.adaptive_pooling import bins
from cnn_core.graph import Node
from cnn_core.layers import (
    GELU,
    AdaptiveAvgPool2d,
    Conv2d,
    ConvTranspose2d,
    Erf,
    Flatten,
    HardSigmoid,
    HardSwish,
    Layer,
    Linear,
    Mean,
    Multiply,
    Reshape,
    Scale,
    Sigmoid,
    SiLU,
    Take,
    Transpose,
)


class Plan(NamedTuple):
    """Nodes, and which of them answers."""

    nodes: list[Node]
    output: str

    def same(self, other: "Plan") -> bool:
        """Whether both have the same nodes with equal settings."""
        return (
            self.output == other.output
            and len(self.nodes) == len(other.nodes)
            and all(_alike(one, two) for one, two in zip(self.nodes, other.nodes, strict=True))
        )


def _alike(one: Node, two: Node) -> bool:
    if one.name != two.name or one.inputs != two.inputs or type(one.layer) is not type(two.layer):
        return False
    first, second = vars(one.layer), vars(two.layer)
    return first.keys() == second.keys() and all(_equal(first[key], second[key]) for key in first)


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_equal(one[key], two[key]) for key in one)
    if isinstance(one, np.ndarray) or isinstance(two, np.ndarray):
        return one is two or np.array_equal(one, two, equal_nan=True)
    return bool(one == two)


def tidy(nodes: list[Node], output: str, shapes: dict[str, tuple[int, ...]]) -> Plan:
    """The nodes that the output needs, put together where a pattern is known.

    Args:
        nodes: in order.
        output: the name of one, or "input".
        shapes: of each node's value, and of "input", for one example.
    """
    plan = _Plan(nodes, output, shapes)
    plan.drop_unread()
    for rule in (_scales, _bias, _reshapes, _channels_last_dense, _bins, _silu, _gelu):
        for name in [node.name for node in nodes]:
            if name in plan.nodes:
                rule(plan, plan.nodes[name])
        plan.drop_unread()
    return Plan(list(plan.nodes.values()), plan.output)


class _Plan:
    """Nodes by name, and how often each is read."""

    def __init__(self, nodes: list[Node], output: str, shapes: dict[str, tuple[int, ...]]) -> None:
        self.nodes, self.output, self.shapes = {node.name: node for node in nodes}, output, shapes
        self.reads: Counter[str] = Counter()

    def drop_unread(self) -> None:
        needed = {self.output}
        for node in reversed(list(self.nodes.values())):
            if node.name in needed:
                needed.update(node.inputs)
        self.nodes = {name: node for name, node in self.nodes.items() if name in needed}
        self.reads = Counter(name for node in self.nodes.values() for name in node.inputs)
        self.reads[self.output] += 1

    def layer(self, name: str) -> Layer | None:
        return self.nodes[name].layer if name in self.nodes else None

    def sole(self, name: str) -> Node | None:
        """The node of this name, if one alone reads it."""
        return self.nodes[name] if name in self.nodes and self.reads[name] == 1 else None

    def replace(self, node: Node, layer: Layer, inputs: tuple[str, ...]) -> None:
        self.nodes[node.name] = Node(node.name, layer, inputs)

    def take_over(self, node: Node, layer: Layer, before: Node) -> None:
        """Let a node do, with this layer, what the one before it did too, which nobody else reads."""
        self.nodes[node.name] = Node(node.name, layer, before.inputs)
        del self.nodes[before.name], self.reads[before.name]

    def skip(self, node: Node, before: str) -> None:
        """Take a node out: its readers read the one before."""
        for other in list(self.nodes.values()):
            if node.name in other.inputs:
                inputs = tuple(before if name == node.name else name for name in other.inputs)
                self.nodes[other.name] = Node(other.name, other.layer, inputs)
        if self.output == node.name:
            self.output = before
        del self.nodes[node.name]
        self.reads[before] += self.reads.pop(node.name, 0) - 1


def _is_scale(layer: Layer | None, scale: float, shift: float, off: float = 1e-4) -> bool:
    """Whether a layer is a scale by these two numbers."""
    if not isinstance(layer, Scale) or layer.scale.size != 1 or layer.shift.size != 1:
        return False
    return abs(layer.scale.item() - scale) < off and abs(layer.shift.item() - shift) < off


def _bias(plan: _Plan, node: Node) -> None:
    """A shift for each channel right after a layer without a bias is its bias."""
    before = plan.sole(node.inputs[0])
    if (
        not isinstance(node.layer, Scale)
        or before is None
        or node.layer.scale.size != 1
        or node.layer.scale.item() != 1
    ):
        return
    layer, shift = before.layer, node.layer.shift
    if not isinstance(layer, Conv2d | ConvTranspose2d | Linear) or layer.has_bias:
        return
    rank, outputs = (1, layer.out_features) if isinstance(layer, Linear) else (3, layer.out_channels)
    if shift.ndim != rank or shift.shape[0] != shift.size or shift.size != outputs:
        return
    layer.has_bias = True
    layer.store({"weight": layer.parameters["weight"], "bias": shift.reshape(-1)})
    plan.skip(node, before.name)


def _scales(plan: _Plan, node: Node) -> None:
    """Two scales in a row are one: how Keras writes batch norm."""
    before = plan.sole(node.inputs[0])
    if before is None or not isinstance(node.layer, Scale) or not isinstance(before.layer, Scale):
        return
    first, second = before.layer, node.layer
    both = Scale(first.scale * second.scale, first.shift * second.scale + second.shift)
    plan.take_over(node, both, before)


def _reshapes(plan: _Plan, node: Node) -> None:
    """Of reshapes in a row the last one counts; one that changes nothing goes."""
    if not isinstance(node.layer, Reshape | Flatten):
        return
    before = plan.sole(node.inputs[0])
    if before is not None and isinstance(before.layer, Reshape):
        plan.take_over(node, node.layer, before)
        node = plan.nodes[node.name]
    if plan.shapes[node.inputs[0]] == plan.shapes[node.name]:
        plan.skip(node, node.inputs[0])


def _bins(plan: _Plan, node: Node) -> None:
    """The mean over rows and columns that were taken bin by bin is an adaptive pool."""
    reshape = plan.sole(node.inputs[0]) if isinstance(node.layer, Mean) else None
    if reshape is None or not isinstance(reshape.layer, Reshape):
        return
    start, found = reshape.inputs[0], {}
    while (step := plan.sole(start)) is not None and isinstance(step.layer, Take):
        found[step.layer.axis] = step.layer.indices
        start = step.inputs[0]
    sides = plan.shapes[reshape.name]
    if set(found) != {2, 3} or len(sides) != 5 or not isinstance(node.layer, Mean) or node.layer.axes != (3, 5):
        return
    _, height, width = plan.shapes[start]
    for axis, size in ((2, height), (3, width)):
        starts, stops = bins(size, sides[2 * axis - 3])
        wanted = np.concatenate([np.arange(one, two) for one, two in zip(starts, stops, strict=True)])
        if not np.array_equal(wanted, found[axis]):
            return
    if not node.layer.keepdims:
        plan.replace(node, AdaptiveAvgPool2d((sides[1], sides[3])), (start,))
        plan.drop_unread()


def _channels_last_dense(plan: _Plan, node: Node) -> None:
    """Where channels are put last only to be flattened for a dense layer, its weights change places instead."""
    if not isinstance(node.layer, Linear):
        return
    flat = plan.sole(node.inputs[0])
    while flat is not None and flat.layer.kind == "dropout":
        flat = plan.sole(flat.inputs[0])
    turn = plan.sole(flat.inputs[0]) if flat is not None and isinstance(flat.layer, Flatten) else None
    if turn is None or not isinstance(turn.layer, Transpose) or turn.layer.axes != (0, 2, 3, 1):
        return
    c, height, width = plan.shapes[turn.inputs[0]]
    dense = Linear(node.layer.in_features, node.layer.out_features, node.layer.has_bias)
    weight = node.layer.weight.reshape(-1, height, width, c).transpose(0, 3, 1, 2).reshape(node.layer.weight.shape)
    dense.store({**node.layer.parameters, "weight": weight})
    plan.replace(node, dense, node.inputs)
    plan.skip(turn, turn.inputs[0])


def _silu(plan: _Plan, node: Node) -> None:
    """x sigmoid(x) is SiLU, x hard sigmoid(x) hard swish."""
    if not isinstance(node.layer, Multiply) or len(node.inputs) != 2:
        return
    for x, gate in (node.inputs, node.inputs[::-1]):
        layer = plan.layer(gate)
        if layer is None or plan.nodes[gate].inputs != (x,):
            continue
        if isinstance(layer, Sigmoid):
            plan.replace(node, SiLU(), (x,))
        elif isinstance(layer, HardSigmoid) and abs(layer.alpha - 1 / 6) < 1e-6 and layer.beta == 0.5:
            plan.replace(node, HardSwish(), (x,))


def _gelu(plan: _Plan, node: Node) -> None:
    """x (1 + erf(x / sqrt 2)) / 2, with the half on either factor or after."""
    if not isinstance(node.layer, Multiply) or len(node.inputs) != 2:
        return
    for left, right in (node.inputs, node.inputs[::-1]):
        x = _erf_of(plan, right)
        if x is None:
            continue
        if left != x and _is_scale(plan.layer(left), 0.5, 0) and plan.nodes[left].inputs == (x,):
            plan.replace(node, GELU(), (x,))
            return
        after = [other for other in plan.nodes.values() if node.name in other.inputs]
        if left == x and len(after) == 1 and plan.reads[node.name] == 1 and _is_scale(after[0].layer, 0.5, 0):
            plan.replace(after[0], GELU(), (x,))
            return


def _erf_of(plan: _Plan, name: str) -> str | None:
    """x, if the node answers 1 + erf(x / sqrt 2)."""
    if not _is_scale(plan.layer(name), 1, 1):
        return None
    middle = plan.nodes[name].inputs[0]
    if not isinstance(plan.layer(middle), Erf):
        return None
    inner = plan.nodes[middle].inputs[0]
    return plan.nodes[inner].inputs[0] if _is_scale(plan.layer(inner), math.sqrt(0.5), 0) else None
