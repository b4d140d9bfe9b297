"""From the bytes of a file to a graph: which input is the picture, which sizes it may have, and the walk with them."""

from typing import Any, NamedTuple

import numpy as np

from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers import Reshape
from cnn_core.onnx import limits
from cnn_core.onnx.limits import OnnxError
from cnn_core.onnx.messages import parse, text
from cnn_core.onnx.names import named
from cnn_core.onnx.operation import Op, operation
from cnn_core.onnx.operators import OPERATORS
from cnn_core.onnx.reader import Reader, Value, plain, source
from cnn_core.onnx.tensors import Numbers
from cnn_core.onnx.tidy import Plan, tidy

OPSETS = range(7, 26)
SIDES = (224, 32, 28, 64, 96, 128, 160, 192, 227, 256, 299, 320, 384, 512)  # tried where the file leaves a side open
_FLOATS = (1, 2, 3, 5, 6, 7, 10, 11, 12, 16)  # types of numbers that a picture may have


class _Picture(NamedTuple):
    """The input, as the file declares it."""

    name: str
    shape: tuple[int | None, ...]  # the batch first
    order: tuple[int, ...]  # the file's axis i is the graph's axis order[i]
    grey: bool = False  # the file sees N x H x W, without an axis for its one channel

    @property
    def graph_shape(self) -> tuple[int | None, ...]:
        """In the graph's order."""
        return tuple(self.shape[self.order.index(axis)] for axis in range(len(self.shape)))


def read(model: bytes, weights: bytes | None = None) -> Graph:
    """The network in an ONNX file.

    Args:
        model: the bytes of the file.
        weights: the bytes of the second file, where the exporter wrote one (`.onnx.data`).

    Returns:
        A graph that takes (C, H, W), whether the file's pictures are N x C x H x W or N x H x W x C; a side that the file
        leaves open is None if the network takes any. Its nodes bear the file's names.

    Raises:
        OnnxError: it is no such file, or holds what cannot be read here; one sentence says what to do.

    Source: https://onnx.ai/onnx/operators; opsets 7 to 25.

    >>> read(b"")
    Traceback (most recent call last):
    cnn_core.onnx.limits.OnnxError: This is no ONNX model with layers: choose a file that ends in .onnx.
    """
    return read_any(model, weights, False)


def read_any(model: bytes, weights: bytes | None, any_input: bool) -> Graph:
    """As `read`; with any_input also what takes no picture, such as a single operator in a test.

    Args:
        model, weights: as in `read`.
        any_input: take inputs of any number of axes, in the file's order.
    """
    for name, data in (("model", model), ("weights", weights)):
        if not isinstance(data, bytes | bytearray | memoryview) and not (name == "weights" and data is None):
            raise OnnxError(f"{name} must be the bytes of a file, got {type(data).__name__}: read the file first.")
    data, second = bytes(model), None if weights is None else bytes(weights)
    if len(data) + len(second or b"") > limits.FILE_BYTES:
        raise OnnxError(f"The files have more than {limits.FILE_BYTES >> 20} MB: choose a smaller model.")
    message = parse(data)
    graph = message.graph
    numbers = sum(len(entry.ints) + len(entry.floats) for node in graph.node for entry in node.attribute)
    if numbers > limits.ATTRIBUTES or any(len(node.input) > limits.INPUTS for node in graph.node):
        raise OnnxError("The model has steps with too many settings or inputs: choose a smaller one.")
    ops = [operation(node, _opset(message)) for node in graph.node]
    for op in ops:
        if op.kind not in OPERATORS and op.kind not in _FOLDED_ONLY:
            raise OnnxError(f"The operator {op.kind} is unknown here: leave it out, or choose a model without it.")
    if graph.sparse_initializer or message.functions:
        raise OnnxError("The model has sparse weights or functions of its own: export it without them.")
    tensors = {text(tensor.name): tensor for tensor in graph.initializer}
    picture = _picture(graph, tensors, any_input)
    if not graph.output:
        raise OnnxError("The model has no output: export it again.")
    answer = text(graph.output[0].name)
    room = limits.FREE + 2 * (len(data) + len(second or b""))
    return _Walks(ops, tensors, second, picture, answer, room).graph()


def _opset(message: Any) -> int:
    versions = [entry.version for entry in message.opset_import if entry.domain in (b"", b"ai.onnx")]
    version = versions[0] if versions else 0
    if version not in OPSETS:
        raise OnnxError(
            f"The model has opset {version}: {OPSETS.start} to {OPSETS.stop - 1} can be read, so export with opset 18."
        )
    return int(version)


# The input


def _picture(graph: Any, tensors: dict[str, Any], any_input: bool) -> _Picture:
    inputs = [given for given in graph.input if text(given.name) not in tensors]
    if len(inputs) != 1:
        raise OnnxError(f"The model takes {len(inputs)} inputs: only one with one picture can be read here.")
    declared = inputs[0].type
    if not declared.HasField("tensor_type"):
        raise OnnxError("The model takes a sequence or a map: only one that takes a picture can be read here.")
    if declared.tensor_type.elem_type not in _FLOATS:
        raise OnnxError("The model takes text or yes and no: only one that takes a picture can be read here.")
    if not declared.tensor_type.HasField("shape"):
        raise OnnxError("The model does not say how large its input is: export it with an example picture.")
    shape = tuple(_declared(dim) for dim in declared.tensor_type.shape.dim)
    for side in shape:
        if side is not None:
            limits.side("an input of size", side, 1)
    if len(shape) == 3 and shape[0] in (None, 1) and not any_input:
        return _Picture(text(inputs[0].name), (shape[0], 1, *shape[1:]), plain(4), True)
    return _Picture(text(inputs[0].name), shape, plain(len(shape)) if any_input else _order(shape))


def _declared(dim: Any) -> int | None:
    """A side; exporters write 0, -1 or a name where any size goes."""
    return int(dim.dim_value) if dim.HasField("dim_value") and dim.dim_value not in (0, -1) else None


def _order(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """Channels first or last: where the 1 or 3 stands (2 and 4 occur)."""
    wanted = "a picture is N x C x H x W or N x H x W x C with 1 or 3 channels"
    shown = " x ".join("any" if side is None else str(side) for side in shape) or "no sides"
    if len(shape) != 4:
        raise OnnxError(f"The model's input is no picture ({shown}): {wanted}, so choose a model that takes one.")
    for channels in ((1, 3), (4, 2)):
        if shape[1] in channels:
            return (0, 1, 2, 3)
        if shape[3] in channels:
            return (0, 2, 3, 1)
    raise OnnxError(f"The model's input is no picture ({shown}): {wanted}, so choose a model that takes one.")


# The walk


class _Walks:
    """Walks through the steps with sizes for the sides that the file leaves open."""

    def __init__(
        self, ops: list[Op], tensors: dict[str, Any], weights: bytes | None, picture: _Picture, answer: str, room: int
    ) -> None:
        self.ops, self.tensors, self.weights, self.picture, self.answer = ops, tensors, weights, picture, answer
        self.known: dict[str, Numbers] = {}
        self.room, self.left = room, limits.WALKS * room  # numbers that one walk may work out, and all of them

    def graph(self) -> Graph:
        """The graph; with open sides, if two walks with unlike sizes find the same layers."""
        open_shape = self.picture.graph_shape[1:]
        if None not in open_shape:
            plan, shape = self._walk(0)
            return _graph(plan, shape[1:])
        first: OnnxError | None = None
        for side in SIDES:
            try:
                plan, shape = self._walk(side)
                break
            except OnnxError as error:
                first = first or error
        else:
            assert first is not None
            raise first
        try:
            free = not _sized(self.ops) and plan.same(self._walk(side * 2, 32)[0])
        except OnnxError:
            free = False
        return _graph(plan, open_shape if free else shape[1:])

    def _walk(self, side: int, wider: int = 0) -> tuple[Plan, tuple[int, ...]]:
        """One walk; open sides are this long, the last one wider by so much."""
        shape = [
            1 if declared is None and not axis else declared for axis, declared in enumerate(self.picture.graph_shape)
        ]
        opened = [axis for axis, declared in enumerate(shape) if declared is None]
        sizes = [
            side + wider * (axis == opened[-1]) if declared is None else declared for axis, declared in enumerate(shape)
        ]
        reader = Reader(self.tensors, self.weights, self.known, self.room)
        reader.room = room = min(self.room, self.left)
        reader.names_read = frozenset(name for op in self.ops for name in op.inputs)
        value = source(tuple(sizes), self.picture.order)
        reader.shapes[INPUT] = tuple(sizes[1:])
        if self.picture.grey:
            value = reader.add(self.ops[0]._replace(kind="Reshape", name="", scope=""), Reshape(value.shape[2:]), value)
        reader.operands[self.picture.name] = value
        try:
            for op in self.ops:
                reader.run(op, OPERATORS.get(op.kind))
        finally:
            self.left -= room - reader.room
        answer = reader.operand(self.answer)
        if not isinstance(answer, Value) or (answer.node == INPUT and not reader.nodes):
            raise OnnxError("The model's answer does not depend on its input: choose a model with layers.")
        end = reader.straight(self.ops[-1], answer)
        plan = tidy(reader.nodes, end.node, reader.shapes)
        chosen = named(plan.nodes, reader.hints)
        nodes = [Node(chosen[n.name], n.layer, tuple(chosen[name] for name in n.inputs)) for n in plan.nodes]
        return Plan(nodes, chosen[plan.output]), tuple(sizes)


def _sized(ops: list[Op]) -> bool:
    """Whether what is added around maps depends on their size, as where a stride keeps "same" sizes: no two walks would tell."""
    return any(
        op.kind != "ConvTranspose"
        and op.word("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER")
        and max(op.wholes("strides") or [1]) > 1
        for op in ops
    )


def _graph(plan: Plan, shape: tuple[int | None, ...]) -> Graph:
    if not plan.nodes:
        raise OnnxError("The model has no layers: choose one that has.")
    try:
        with np.errstate(all="ignore"):
            return Graph(plan.nodes, shape, plan.output)
    except OnnxError:
        raise
    except ValueError as error:
        raise OnnxError(f"The model's layers do not fit together: {str(error)[:300]}.") from None


_FOLDED_ONLY = frozenset(
    [
        "Constant",
        "ConstantOfShape",
        "Range",
        "Shape",
        "Size",
        "Mod",
        "Equal",
        "Less",
        "LessOrEqual",
        "Greater",
        "GreaterOrEqual",
        "And",
        "Or",
        "Not",
        "Floor",
        "Ceil",
        "Tile",
        "ReduceProd",
        "ReduceMin",
        "DequantizeLinear",
        "Where",
        "CastLike",
        "Expand",
        "Log",
        "Abs",
        "Exp",
        "Gather",
        "Max",
        "Min",
        "ReduceMax",
    ]
)
