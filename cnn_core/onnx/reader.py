"""The walk through a file's steps: what each makes is a known array, or a value of the graph that is being built.

A value remembers the order in which the file sees its axes. So a Transpose only changes that order, and maps of N x H x W x C
are C x H x W here; a Transpose layer is made where a step really needs the numbers in the file's order.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cnn_core.graph import INPUT, Node
from cnn_core.layers import Layer, Reshape, Transpose
from cnn_core.onnx import limits, names
from cnn_core.onnx.folding import FOLDS, fold
from cnn_core.onnx.limits import OnnxError
from cnn_core.onnx.operation import Op
from cnn_core.onnx.tensors import Numbers, array


class Value(NamedTuple):
    """What a node of the graph answers."""

    node: str
    shape: tuple[int, ...]  # as the graph has it, the batch first
    order: tuple[int, ...]  # the file's axis i is the graph's axis order[i]

    @property
    def seen(self) -> tuple[int, ...]:
        """The shape that the file sees."""
        return tuple(self.shape[axis] for axis in self.order)

    def on_graph(self, axis: int) -> int:
        """The graph's axis for one of the file's, which may be negative."""
        rank = len(self.shape)
        if not -rank <= axis < rank:
            raise OnnxError(f"The model names axis {axis} of {rank}: the file is damaged, export it again.")
        return self.order[axis % rank]


Operand = Value | Numbers | None
LOOKED_AT = 16  # numbers read while reading a file count as one that is made


def plain(rank: int) -> tuple[int, ...]:
    """The order in which file and graph agree."""
    return tuple(range(rank))


class Reader:
    """Nodes found so far.

    Args:
        tensors: the file's weights by name, as messages.
        weights: the second file.
        known: arrays made of tensors already; kept from one walk to the next.
        room: how many numbers may be worked out while reading, and how many the layers may hold.
    """

    def __init__(self, tensors: dict[str, Any], weights: bytes | None, known: dict[str, Numbers], room: int) -> None:
        self.tensors, self.weights, self.known = tensors, weights, known
        self.nodes: list[Node] = []
        self.shapes: dict[str, tuple[int, ...]] = {}  # of each node's value, for one example
        self.operands: dict[str, Operand] = {}
        self.origins: dict[str, str] = {}  # of an array made from a weight: that weight's name
        self.hints: dict[str, str] = {}  # what the file calls each node
        self.names_read: frozenset[str] = frozenset()
        self.room = self.store = room
        self.numbers = self.macs = 0

    # Walking

    def operand(self, name: str) -> Operand:
        """What stands under a name of the file: an array or a value; None for an input that is left out."""
        if not name:
            return None
        if name in self.operands:
            return self.operands[name]
        if name not in self.tensors:
            raise OnnxError(f"The model reads {name[:60]!r}, which nothing before makes: export it again.")
        if name not in self.known:
            self.known[name] = array(self.tensors[name], self.weights)
        self.origins[name] = name
        return self.known[name]

    def run(self, op: Op, function: Any) -> None:
        """Take one step.

        Args:
            op: the step.
            function: what makes layers of its operator, or None if none does.

        Raises:
            OnnxError: it cannot be taken.
        """
        given = [self.operand(name) for name in op.inputs]
        while given and given[-1] is None:
            given.pop()
        if op.kind == "Constant" and "value" in op.attributes:
            answers: Sequence[Operand] = [array(op.tensor("value"), self.weights)]
        elif op.kind in ("Shape", "Size") and given and isinstance(given[0], Value):
            answers = [_shape(op, given[0].seen)]
        elif op.kind == "Shape" and given and given[0] is not None:
            answers = [_shape(op, given[0].shape)]
        elif op.kind in FOLDS and not any(isinstance(operand, Value) for operand in given):
            answers = self._fold(op, given)
        elif function is None:
            raise OnnxError(f"The operator {op.kind} is unknown here: leave it out, or choose a model without it.")
        else:
            answers = self._layers(op, function, given)
        for name, answer in zip(op.outputs, answers, strict=False):
            if name:
                self.operands[name] = answer

    def _fold(self, op: Op, given: list[Operand]) -> Sequence[Operand]:
        answers = fold(op, given, self.room)
        looked_at = sum(operand.size for operand in given if isinstance(operand, np.ndarray))
        self.room -= sum(answer.size for answer in answers) + looked_at // LOOKED_AT
        if self.room < 0:
            raise OnnxError(
                "The model works out too much that does not depend on the picture: export it with constants folded."
            )
        origins = [self.origins[name] for name in op.inputs if name in self.origins]
        if origins and op.outputs:
            self.origins[op.outputs[0]] = origins[0]
        return answers

    def _layers(self, op: Op, function: Any, given: list[Operand]) -> Sequence[Operand]:
        try:
            answer = function(self, op, *given)
        except OnnxError:
            raise
        except (ValueError, OverflowError) as error:
            raise OnnxError(f"The model's {op.kind} cannot be read: {str(error)[:300]}.") from None
        except (TypeError, AttributeError, IndexError, ZeroDivisionError):
            raise op.refuse("does not fit what reaches it", "the file is damaged, export it again") from None
        return answer if isinstance(answer, list) else [answer]

    # Building

    def add(self, op: Op, layer: Layer, *values: Value, order: tuple[int, ...] | None = None) -> Value:
        """Put a layer on values as the graph has them.

        Args:
            op: the step that it is made for.
            layer: which.
            values: what it reads.
            order: of the file's axes on its output; None where they agree.

        Raises:
            OnnxError: the graph would become too large.
            ValueError: the layer does not fit.
        """
        shape = layer.output_shape(*(value.shape[1:] for value in values))
        total = limits.count(shape, "a map")
        self.numbers += total
        self.macs += layer.macs(*(value.shape[1:] for value in values))
        if total > limits.VALUE or self.numbers > limits.VALUES:
            raise OnnxError(
                "The model's maps need too much memory: choose a smaller model, or export it for smaller pictures."
            )
        if self.macs > limits.MACS:
            raise OnnxError(
                f"The model needs more than {limits.MACS // 10**9} thousand million multiply-adds: choose a smaller one."
            )
        self.store -= sum(array.size for array in (*layer.parameters.values(), *layer.buffers.values()))
        if self.store < 0:
            raise OnnxError(
                "The model uses its weights again and again, which takes too much memory: choose a smaller one."
            )
        if len(self.nodes) >= limits.LAYERS:
            raise OnnxError(f"The model has more than {limits.LAYERS} layers: choose a smaller one.")
        name = f"{len(self.nodes) + 1}"  # until the graph is whole
        self.hints[name] = names.hint(op, layer, self.origins)
        self.nodes.append(Node(name, layer, tuple(value.node for value in values)))
        self.shapes[name] = shape
        return Value(name, (values[0].shape[0], *shape), plain(len(shape) + 1) if order is None else order)

    def value(self, op: Op, operand: Operand) -> Value:
        """The operand, which must depend on the picture."""
        if not isinstance(operand, Value):
            raise op.refuse("works on numbers that do not depend on the picture", "export it with constants folded")
        return operand

    def straight(self, op: Op, operand: Operand) -> Value:
        """The value with the file's order of axes; a Transpose layer where it is not yet so."""
        value = self.value(op, operand)
        if value.order == plain(len(value.order)):
            return value
        if value.order[0] != 0:
            raise op.refuse("mixes the pictures of a batch", "export it for one picture, without that")
        seen = [axis for axis in value.order if value.shape[axis] != 1 or axis == 0]
        if seen == sorted(seen):  # only sides of 1 move
            return self.add(op._replace(kind="Reshape"), Reshape(value.seen[1:]), value)
        return self.add(op._replace(kind="Transpose"), Transpose(value.order), value)

    def maps(self, op: Op, value: Operand) -> Value:
        """The value, if it is maps of N x C x H x W in the file's order."""
        found = self.straight(op, value)
        if len(found.shape) != 4:
            raise op.refuse(f"works on {len(found.shape) - 2} axes instead of rows and columns", "use its 2-D kind")
        return found

    def aligned(self, op: Op, value: Value, values: Numbers) -> Numbers:
        """An array that the file would broadcast over the value, as it lies over one example in the graph."""
        rank = len(value.shape)
        if values.ndim > rank:
            raise op.refuse("adds axes to what reaches it", "reshape the constant to as many axes")
        full = values.reshape((1,) * (rank - values.ndim) + values.shape)
        turned = full.transpose([value.order.index(axis) for axis in range(rank)])
        if turned.shape[0] != 1:
            raise op.refuse("has other numbers for each picture of a batch", "export it for one picture")
        return turned[0]

    def constant(self, op: Op, operand: Operand, what: str) -> Numbers:
        """The operand, which must be known while reading."""
        if operand is None or isinstance(operand, Value):
            raise op.refuse(f"computes its {what} from the picture", f"export it with fixed {what}")
        return operand


def _shape(op: Op, shape: tuple[int, ...]) -> Numbers:
    if op.kind == "Size":
        return np.asarray(limits.count(shape), np.int64)
    end = op.attributes.get("end")
    return np.asarray(shape[op.whole("start") : end if end is None else op.whole("end")], np.int64)


def source(shape: tuple[int, ...], order: tuple[int, ...]) -> Value:
    """The graph's input, seen by the file in this order.

    >>> source((1, 3, 9, 7), (0, 2, 3, 1)).seen
    (1, 9, 7, 3)
    """
    return Value(INPUT, shape, order)
