"""The shape calculator's instrument: a stack of layers as one line of text, and what each layer does to a shape.

What is accepted runs in PyTorch with the same shapes and parameters: a padding or an option that it refuses is refused here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cnn_core import layers
from cnn_core.graph import INPUT as GIVEN
from cnn_core.graph import Graph, Node
from instruments.code import library
from instruments.fields import Field, SettingError, Text, whole
from instruments.stack_presets import PRESETS as PRESETS
from instruments.stack_text import BARE, BLOCKS, OPTIONS, USAGE, Spec, parse_stack, write_stack

Shape = tuple[int, int, int]  # channels, height, width

MAX_SIDE = 16_384  # of a map between layers
NEW = ("conv 8 3 p1", "relu", "norm", "max 2", "avg 2", "upconv 8 2 s2", "res [ conv 8 3 p1 ]", "cat [ | conv 8 3 p1 ]",
       "mean", "flatten", "dropout 0.5", "dense 10", "tanh", "softmax")  # what is offered  # fmt: skip
_OPTIONS = ", ".join(f"{letter}{n} ({name})" for n, (letter, name) in zip("2122", OPTIONS.items(), strict=True))
HELP = f"{', '.join([*USAGE.values(), *BLOCKS.values()])}; options {_OPTIONS}, {BARE} (no bias); dropout 0.5; max 3 2 is max 3 s2."
FIRST = next(iter(PRESETS.values()))
SIMPLE: dict[str, Callable[[], layers.Layer]] = {
    "flatten": layers.Flatten,
    "mean": lambda: layers.GlobalAvgPool2d(keepdims=False),
    "relu": layers.ReLU,
    "relu6": lambda: layers.Clip(0.0, 6.0),
    "tanh": layers.Tanh,
    "sigmoid": layers.Sigmoid,
    "elu": layers.ELU,
    "softmax": layers.Softmax,
}


@dataclass(frozen=True)
class Row:
    """One layer's effect, or why it does not fit."""

    text: str
    shape: tuple[int, ...]  # of its output, () if it does not fit
    parameters: int
    macs: int
    field: str  # receptive field in pixels, "all" behind a dense layer
    problem: str | None = None
    depth: int = 0  # in how many blocks it stands


def parse_shape(text: str) -> Shape:
    """Read "3 x 224 x 224".

    >>> parse_shape("3x32x32")
    (3, 32, 32)
    """
    words = text.replace("x", " ").replace("×", " ").replace(",", " ").split() if len(text) <= 60 else []
    if len(words) != 3 or not all(word.isdecimal() for word in words):
        raise SettingError("The input is written as channels x height x width, such as 3 x 224 x 224.")
    c, h, w = (whole("each side", side, (1, 4096)) for side in words)
    return c, h, w


def write_shape(shape: Shape) -> str:
    """Text that `parse_shape` reads back."""
    return " × ".join(map(str, shape))


INPUT = Text("shapes_input", "The input", write_shape(FIRST[0]), parse_shape, write_shape)
LAYERS = Text("shapes_layers", "The stack", FIRST[1], parse_stack, write_stack)
CODE = library("shapes", "PyTorch", "Keras")
FIELDS: tuple[Field[Any], ...] = (INPUT, LAYERS, CODE)


def build(spec: Spec, shape: tuple[int, ...]) -> list[layers.Layer]:
    """The layer for an input of this shape, or the two of a separable convolution; ValueError if it cannot be."""
    o, bias = spec.options, not spec.bare
    stride, padding, dilation = o.get("s", 1), o.get("p", 0), o.get("d", 1)
    sides = [int(number) for number in spec.numbers]
    if spec.kind == "conv":
        return [layers.Conv2d(shape[0], sides[0], sides[1], stride, padding, dilation, o.get("g", 1), bias)]
    if spec.kind in ("depthwise", "separable"):
        each = layers.Conv2d(shape[0], shape[0], sides[-1], stride, padding, dilation, shape[0], bias)
        return [each] if spec.kind == "depthwise" else [each, layers.Conv2d(shape[0], sides[0], 1, bias=bias)]
    if spec.kind == "upconv":
        return [layers.ConvTranspose2d(shape[0], sides[0], sides[1], stride, padding, bias=bias)]
    if spec.kind == "max":
        return [layers.MaxPool2d(sides[0], o.get("s"), padding, dilation)]
    if spec.kind == "avg":
        return [layers.AvgPool2d(sides[0], o.get("s"), padding)]
    if spec.kind == "dense":
        if len(shape) != 1:
            raise ValueError(
                f"dense takes numbers in a row, but maps of {shape} reach it: write flatten or mean before"
            )
        return [layers.Linear(shape[0], sides[0])]
    if spec.kind == "norm":
        if len(shape) != 3:
            raise ValueError(f"norm takes maps, C x H x W, but {shape} reaches it")
        return [layers.BatchNorm2d(shape[0])]
    if spec.kind == "dropout":
        return [layers.Dropout(spec.numbers[0] if spec.numbers else 0.5)]
    return [SIMPLE[spec.kind]()]


class _Builder:
    """A graph in the making, and a row for each layer."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.input_shape = shape
        self.nodes: list[Node] = []
        self.shapes: dict[str, tuple[int, ...]] = {GIVEN: shape}
        self.rows: list[tuple[Row, str]] = []  # with the name of the row's last node

    def put(self, layer: layers.Layer, inputs: Sequence[str]) -> tuple[str, int, int]:
        """Name, parameters and multiply-adds of a new node."""
        shapes = [self.shapes[name] for name in inputs]
        after = layer.output_shape(*shapes)
        if max(after) > MAX_SIDE and len(after) == 3:
            raise ValueError(f"its output of {' x '.join(map(str, after))} is too large to be shown")
        name = f"node{len(self.nodes) + 1}"
        self.nodes.append(Node(name, layer, tuple(inputs)))
        self.shapes[name] = after
        return name, layer.parameter_count(), layer.macs(*shapes)

    def add(self, specs: Sequence[Spec], source: str, depth: int) -> str:
        """Put layers in a row behind a node; returns the last. `_Unfit` where one does not fit."""
        for spec in specs:
            try:
                if spec.branches:
                    ends = [self.add(branch, source, depth + 1) for branch in spec.branches]
                    if spec.kind == "res" and len(ends) == 1:
                        ends.append(source)
                    if spec.kind == "res" and len({self.shapes[end] for end in ends}) > 1:
                        one, other = (" x ".join(map(str, self.shapes[end])) for end in ends)
                        raise ValueError(
                            f"what comes out, {one}, and what it is added to, {other}, have different shapes: "
                            "write the shortcut's layers behind |"
                        )
                    if spec.kind == "cat" and any(len(self.shapes[end]) != 3 for end in ends):
                        raise ValueError("cat lays maps side by side: take its branches' flatten or mean away")
                    layer = layers.Add() if spec.kind == "res" else layers.Concat()
                    source, parameters, macs = self.put(layer, ends)
                else:
                    parameters = macs = 0
                    for one_layer in build(spec, self.shapes[source]):
                        source, own, own_macs = self.put(one_layer, [source])
                        parameters, macs = parameters + own, macs + own_macs
            except ValueError as error:
                sentence = str(error)
                problem = f"{sentence[:1].upper()}{sentence[1:]}."
                self.rows.append((Row(spec.title, (), 0, 0, "", problem, depth), ""))
                raise _Unfit from None
            self.rows.append((Row(spec.title, self.shapes[source], parameters, macs, "", None, depth), source))
        return source


class _Unfit(Exception):  # noqa: N818
    """A layer does not fit; its row says why."""


def graph(specs: Sequence[Spec], shape: tuple[int, ...]) -> Graph:
    """The stack as a graph; ValueError if a layer does not fit.

    >>> graph(parse_stack("conv 4 3 p1; res [ conv 4 3 p1; relu ]; mean; dense 2"), (3, 9, 7)).parameter_count()
    270
    """
    builder = _Builder(shape)
    try:
        builder.add(specs, GIVEN, 0)
    except _Unfit:
        raise ValueError(builder.rows[-1][0].problem) from None
    return Graph(builder.nodes, shape)


def rows(specs: Sequence[Spec], shape: Shape) -> list[Row]:
    """What each layer does, those of blocks before the block's own row, up to the first that does not fit."""
    return list(_rows(tuple(specs), shape))


@lru_cache(32)
def _rows(specs: tuple[Spec, ...], shape: Shape) -> tuple[Row, ...]:
    builder, failed = _Builder(shape), False
    try:
        builder.add(specs, GIVEN, 0)
    except _Unfit:
        failed = True
    if not builder.nodes:
        return tuple(row for row, _ in builder.rows)
    whole_graph, table = Graph(builder.nodes, shape), list[Row]()
    fields = dict(_fields(whole_graph))
    for row, name in builder.rows[: len(builder.rows) - failed]:
        table.append(Row(row.text, row.shape, row.parameters, row.macs, fields[name], None, row.depth))
    return tuple(table + [row for row, _ in builder.rows[len(table) :]])


def _fields(network: Graph) -> Iterator[tuple[str, str]]:
    """The receptive field of each node; flatten moves numbers that see as much as before."""
    shapes, alike, found = network.output_shapes(), True, {GIVEN: "1"}
    for node in network.nodes:
        alike = alike and node.layer.moves_alike
        layer, before = node.layer, [found[name] for name in node.inputs]
        if "all" in before or isinstance(layer, layers.Linear | layers.GlobalAvgPool2d):
            found[node.name] = "all"
        elif len(before) == 1 and (layer.kind == "flatten" or (layer.moves_alike and layer.window() is None)):
            found[node.name] = before[0]
        elif alike:
            pair = network.receptive_field(node.name)
            found[node.name] = "all" if pair is None else str(pair[0])
        else:
            found[node.name] = _middle(network, node.name, shapes[node.name])
        yield node.name, found[node.name]


def _middle(network: Graph, name: str, shape: tuple[int, ...]) -> str:
    """The most that one of a few cells in the middle sees: behind a transposed convolution, cells see differently much."""
    middle = [(shape[1] // 2 + step, shape[2] // 2 + step) for step in range(4)]
    boxes = [network.window(name, y, x) for y, x in middle if y < shape[1] and x < shape[2]]
    return str(max(max(box.bottom - box.top, box.right - box.left) for box in boxes))
