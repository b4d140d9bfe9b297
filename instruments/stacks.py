"""The shape calculator's instrument: a stack of layers as one line of text, and what each layer does to a shape."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnn_core import layers
from cnn_core.shapes import receptive_field
from instruments.code import library
from instruments.fields import LONGEST, Field, SettingError, Text, whole

Shape = tuple[int, int, int]  # channels, height, width

MAX_LAYERS = 60
MAX_SHAPE = 80  # characters of an input's shape
ACTIVATIONS: dict[str, Callable[[], layers.Layer]] = {
    "relu": layers.ReLU,
    "tanh": layers.Tanh,
    "sigmoid": layers.Sigmoid,
    "elu": layers.ELU,
    "softmax": layers.Softmax,
}
USAGE = {  # how each kind of layer is written
    "conv": "conv KERNELS SIDE",
    "max": "max SIDE",
    "avg": "avg SIDE",
    "dense": "dense UNITS",
    "flatten": "flatten",
} | {name: name for name in ACTIVATIONS}
OPTIONS = {"s": "stride", "p": "padding", "d": "dilation", "g": "groups"}  # by the letter before the number
NEW = ("conv 8 3 p1", "relu", "max 2", "avg 2", "flatten", "dense 10", "tanh", "softmax")  # what is offered
_VGG = "; ".join(
    "; ".join([f"conv {k} 3 p1; relu"] * n + ["max 2"]) for k, n in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
)
_HEAD = "flatten; dense 4096; relu; dense 4096; relu; dense 1000; softmax"
PRESETS: dict[str, tuple[Shape, str]] = {  # label -> (input shape, layers), each after the paper named in its label
    "LeNet-5 (LeCun 1998)": ((1, 28, 28), "conv 6 5 p2; tanh; avg 2; conv 16 5; tanh; avg 2; flatten; dense 120; tanh; dense 84; tanh; dense 10"),
    "AlexNet (Krizhevsky 2012)": ((3, 227, 227), "conv 96 11 s4; relu; max 3 s2; conv 256 5 p2; relu; max 3 s2; conv 384 3 p1; relu; conv 384 3 p1; relu; conv 256 3 p1; relu; max 3 s2; " + _HEAD),
    "VGG-16 (Simonyan 2014)": ((3, 224, 224), f"{_VGG}; {_HEAD}"),
    "ResNet-18's stem (He 2015)": ((3, 224, 224), "conv 64 7 s2 p3; relu; max 3 s2 p1"),
    "This app's digits network": ((1, 28, 28), "conv 16 5; relu; max 2; flatten; dense 128; relu; dense 10; softmax"),
}  # fmt: skip
FIRST = next(iter(PRESETS.values()))
_SHAPE = re.compile(r"([0-9]+)(?:\s*[x×,]\s*|\s+)([0-9]+)(?:\s*[x×,]\s*|\s+)([0-9]+)")


@dataclass(frozen=True)
class Spec:
    """One layer as written: kind, numbers, and options s (stride), p (padding), d (dilation), g (groups)."""

    kind: str
    numbers: tuple[int, ...]
    options: dict[str, int]
    text: str


@dataclass(frozen=True)
class Row:
    """One layer's effect, or why it does not fit."""

    text: str
    shape: tuple[int, ...]  # of its output, () if it does not fit
    parameters: int
    macs: int
    field: str  # receptive field in pixels, "all" behind a dense layer
    problem: str | None = None


def parse_shape(text: str) -> Shape:
    """Read "3 x 224 x 224".

    >>> parse_shape("3x32x32")
    (3, 32, 32)
    """
    match = _SHAPE.fullmatch(text.strip()) if len(text) <= MAX_SHAPE else None
    if match is None:
        raise SettingError("The input is written as channels x height x width, such as 3 x 224 x 224.")
    c, h, w = (whole("each side", side, (1, 4096)) for side in match.groups())
    return c, h, w


def write_shape(shape: Shape) -> str:
    """Text that `parse_shape` reads back."""
    return " × ".join(map(str, shape))


def parse_stack(text: str) -> list[Spec]:
    """Read "conv 6 5 p2; relu; max 2; flatten; dense 10".

    >>> [spec.kind for spec in parse_stack("conv 6 5 s2; relu")]
    ['conv', 'relu']
    """
    if len(text) > LONGEST:
        raise SettingError(f"The stack is too long: at most {LONGEST:,} characters are read.")
    parts = [part for part in re.split(r"[;\n]", text) if part.strip()]
    if not parts:
        raise SettingError("The stack is empty: write layers such as conv 6 5 p2; relu; max 2.")
    if len(parts) > MAX_LAYERS:
        raise SettingError(f"The stack has {len(parts)} layers; at most {MAX_LAYERS} are allowed.")
    return [_spec(part.strip().lower()) for part in parts]


def write_stack(specs: list[Spec]) -> str:
    """Text that `parse_stack` reads back."""
    return "; ".join(spec.text for spec in specs)


def _spec(text: str) -> Spec:
    kind, *words = text.split()
    if kind not in USAGE:
        raise SettingError(f"“{kind[:12]}” is no layer: use {', '.join(USAGE)}.")
    numbers: list[int] = []
    options: dict[str, int] = {}
    for word in words:
        if word[0] in OPTIONS and kind in ("conv", "max", "avg"):
            options[word[0]] = whole(f"{word[0]} in “{text[:24]}”", word[1:], (0 if word[0] == "p" else 1, 512))
        else:
            numbers.append(whole(f"each number in “{text[:24]}”", word, (1, 100_000)))
    if len(numbers) != len(USAGE[kind].split()) - 1:
        raise SettingError(f"“{text[:24]}” is not complete: write {USAGE[kind]}.")
    return Spec(kind, tuple(numbers), options, text)


INPUT = Text("shapes_input", "The input", write_shape(FIRST[0]), parse_shape, write_shape)
LAYERS = Text("shapes_layers", "The stack", FIRST[1], parse_stack, write_stack)
CODE = library("shapes", "PyTorch", "Keras")
FIELDS: tuple[Field[Any], ...] = (INPUT, LAYERS, CODE)


def build(spec: Spec, shape: tuple[int, ...]) -> layers.Layer:
    """The layer for an input of this shape; ValueError if it cannot be."""
    o = spec.options
    if spec.kind == "conv":
        kernels, side = spec.numbers
        return layers.Conv2d(shape[0], kernels, side, o.get("s", 1), o.get("p", 0), o.get("d", 1), o.get("g", 1))
    if spec.kind == "max":
        return layers.MaxPool2d(spec.numbers[0], o.get("s"), o.get("p", 0), o.get("d", 1))
    if spec.kind == "avg":
        return layers.AvgPool2d(spec.numbers[0], o.get("s"), o.get("p", 0))
    if spec.kind == "dense":
        return layers.Linear(shape[0], spec.numbers[0])
    return layers.Flatten() if spec.kind == "flatten" else ACTIVATIONS[spec.kind]()


def rows(specs: list[Spec], shape: tuple[int, ...]) -> list[Row]:
    """What each layer does, up to the first that does not fit."""
    built: list[layers.Layer] = []
    table: list[Row] = []
    dense = False
    for spec in specs:
        try:
            layer = build(spec, shape)
            after, macs = layer.output_shape(shape), layer.macs(shape)
        except ValueError as error:
            table.append(Row(spec.text, (), 0, 0, "", f"{str(error)[:1].upper()}{str(error)[1:]}."))
            break
        dense = dense or isinstance(layer, layers.Linear)
        if not dense:
            built.append(layer)
        table.append(
            Row(spec.text, after, layer.parameter_count(), macs, "all" if dense else str(receptive_field(built)))
        )
        shape = after
    return table
