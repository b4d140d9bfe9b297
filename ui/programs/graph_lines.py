"""A graph as lines of a program, one a node: what both libraries' tables of layers need."""

import json
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from cnn_core.arguments import Array
from cnn_core.graph import INPUT, Graph
from cnn_core.layers import Shape

MOST_NUMBERS = 32  # of an array that is written out
INSTEAD = "take the ONNX file."
RESERVED = {
    "x",
    "net",
    "weights",
    "keras",
    "layers",
    "ops",
    "np",
    "torch",
    "F",
    "answer",
    "picture",
    "layer",
    "kernel",
    "axes",
}


class CannotWriteError(ValueError):
    """A network that cannot be said in a library's functions; the message is a sentence."""


class Step(NamedTuple):
    """One node, for what writes it."""

    layer: Any
    name: str  # of the node, as its weights are named
    reads: tuple[str, ...]  # variables
    axes: int  # of the first of them: 3 for maps, 1 for a vector

    @property
    def x(self) -> str:
        """All that it reads."""
        return ", ".join(self.reads)


Write = Callable[[Step], str]


def lines(graph: Graph, shape: Shape, table: Mapping[type, Write], library: str) -> tuple[list[tuple[str, str]], str]:
    """(variable, code) of each node, and the variable of the answer; raises CannotWriteError.

    Args:
        graph: the network.
        shape: (C, H, W) of the picture.
        table: what writes each kind of layer.
        library: in words.
    """
    names, shapes, written = variables([node.name for node in graph.nodes]), graph.output_shapes(shape), []
    shapes[INPUT] = shape
    for node in graph.nodes:
        if type(node.layer) not in table:
            raise CannotWriteError(f"{node.name} ({node.layer.kind}) cannot be written in {library} here: {INSTEAD}")
        reads = tuple(names[name] for name in node.inputs)
        step = Step(node.layer, node.name, reads, len(shapes[node.inputs[0]]))
        written.append((names[node.name], table[type(node.layer)](step)))
    return written, names[graph.output]


def variables(nodes: Sequence[str]) -> dict[str, str]:
    """Names of Python by those of nodes.

    >>> variables(["fire2.concat", "3", "fire2_concat", "lambda"])
    {'input': 'x', 'fire2.concat': 'fire2_concat', '3': 'node_3', 'fire2_concat': 'fire2_concat_', 'lambda': 'node_lambda'}
    """
    made, taken = {INPUT: "x"}, set(RESERVED)
    for node in nodes:
        name = re.sub(r"[^0-9A-Za-z_]", "_", node)
        if not name.isidentifier() or keyword.iskeyword(name):
            name = f"node_{name}"
        while name in taken:
            name += "_"
        taken.add(name)
        made[node] = name
    return made


def call(function: str, *arguments: object, **options: object) -> str:
    """A call in Python.

    >>> call("F.conv2d", "x", 3, stride=(2, 1))
    'F.conv2d(x, 3, stride=(2, 1))'
    """
    return f"{function}({', '.join([*map(str, arguments), *(f'{name}={value}' for name, value in options.items())])})"


def unlike(**given: tuple[object, object]) -> dict[str, object]:
    """Settings that are not what the library takes by itself, from (value, what it takes).

    >>> unlike(stride=((2, 2), (1, 1)), groups=(1, 1))
    {'stride': (2, 2)}
    """
    return {name: value for name, (value, usual) in given.items() if value != usual}


def number_a_channel(step: Step, values: Array) -> list[float]:
    """The numbers of a fixed array with one number, or one for each channel; raises CannotWriteError where there are more."""
    array = np.asarray(values)
    each_channel = array.ndim >= step.axes and array.size == array.shape[array.ndim - step.axes]
    if array.size > MOST_NUMBERS or not (array.size == 1 or each_channel):
        raise CannotWriteError(f"{step.name} holds {array.size} fixed numbers: {INSTEAD}")
    return [float(f"{one:.9g}") for one in array.ravel()]


def quoted(text: str) -> str:
    """A name as a string of Python, whatever stands in it."""
    return json.dumps(text)


def plain(text: str) -> Write:
    """Code with {x} for what is read."""
    return lambda step: text.format(x=step.x)
