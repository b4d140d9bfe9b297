"""A stack of layers as one line of text, its shapes, and the same stack as PyTorch and Keras code. Imports no Streamlit."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from cnn_core import layers
from cnn_core.shapes import receptive_field
from instruments.fields import LONGEST, SettingError, whole

MAX_LAYERS = 60
MAX_SHAPE = 80  # characters of an input's shape
ACTIVATIONS: dict[str, tuple[Callable[[], layers.Layer], str, str]] = {
    "relu": (layers.ReLU, "nn.ReLU()", '"relu"'),
    "tanh": (layers.Tanh, "nn.Tanh()", '"tanh"'),
    "sigmoid": (layers.Sigmoid, "nn.Sigmoid()", '"sigmoid"'),
    "elu": (layers.ELU, "nn.ELU()", '"elu"'),
    "softmax": (layers.Softmax, "nn.Softmax(dim=1)", '"softmax"'),
}
_VGG = "; ".join(
    "; ".join([f"conv {k} 3 p1; relu"] * n + ["max 2"]) for k, n in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
)
_HEAD = "flatten; dense 4096; relu; dense 4096; relu; dense 1000; softmax"
PRESETS = {  # label -> (input shape, layers), each after the paper named in its label
    "LeNet-5 (LeCun 1998)": ((1, 28, 28), "conv 6 5 p2; tanh; avg 2; conv 16 5; tanh; avg 2; flatten; dense 120; tanh; dense 84; tanh; dense 10"),
    "AlexNet (Krizhevsky 2012)": ((3, 227, 227), "conv 96 11 s4; relu; max 3 s2; conv 256 5 p2; relu; max 3 s2; conv 384 3 p1; relu; conv 384 3 p1; relu; conv 256 3 p1; relu; max 3 s2; " + _HEAD),
    "VGG-16 (Simonyan 2014)": ((3, 224, 224), f"{_VGG}; {_HEAD}"),
    "ResNet-18's stem (He 2015)": ((3, 224, 224), "conv 64 7 s2 p3; relu; max 3 s2 p1"),
    "This app's digits network": ((1, 28, 28), "conv 16 5; relu; max 2; flatten; dense 128; relu; dense 10; softmax"),
}  # fmt: skip
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
    shape: tuple[int, ...] | None
    parameters: int
    macs: int
    field: str  # receptive field in pixels, "all" behind a dense layer
    problem: str | None = None


def parse_shape(text: str) -> tuple[int, int, int]:
    """Read "3 x 224 x 224".

    >>> parse_shape("3x32x32")
    (3, 32, 32)
    """
    match = _SHAPE.fullmatch(text.strip()) if len(text) <= MAX_SHAPE else None
    if match is None:
        raise SettingError("The input is written as channels x height x width, such as 3 x 224 x 224.")
    c, h, w = (whole("each side", side, (1, 4096)) for side in match.groups())
    return c, h, w


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


def _spec(text: str) -> Spec:
    kind, *words = text.split()
    needed = {"conv": 2, "max": 1, "avg": 1, "dense": 1, "flatten": 0} | dict.fromkeys(ACTIVATIONS, 0)
    if kind not in needed:
        raise SettingError(f"“{kind[:12]}” is no layer: use {', '.join(needed)}.")
    numbers: list[int] = []
    options: dict[str, int] = {}
    for word in words:
        if word[0] in "spdg" and kind in ("conv", "max", "avg"):
            options[word[0]] = whole(f"{word[0]} in “{text[:24]}”", word[1:], (0 if word[0] == "p" else 1, 512))
        else:
            numbers.append(whole(f"each number in “{text[:24]}”", word, (1, 100_000)))
    if len(numbers) != needed[kind]:
        usage = {"conv": "conv KERNELS SIDE", "dense": "dense UNITS", "max": "max SIDE", "avg": "avg SIDE"}.get(
            kind, kind
        )
        raise SettingError(f"“{text[:24]}” is not complete: write {usage}.")
    return Spec(kind, tuple(numbers), options, text)


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
    return layers.Flatten() if spec.kind == "flatten" else ACTIVATIONS[spec.kind][0]()


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
            table.append(Row(spec.text, None, 0, 0, "", f"{str(error)[:1].upper()}{str(error)[1:]}."))
            break
        dense = dense or isinstance(layer, layers.Linear)
        if not dense:
            built.append(layer)
        table.append(
            Row(spec.text, after, layer.parameter_count(), macs, "all" if dense else str(receptive_field(built)))
        )
        shape = after
    return table


def torch_code(specs: list[Spec], shape: tuple[int, ...]) -> str:
    """The stack as `torch.nn.Sequential`."""
    lines, current = [], shape
    for spec in specs:
        o = spec.options
        extra = "".join(
            f", {name}={o[key]}"
            for key, name in (("s", "stride"), ("p", "padding"), ("d", "dilation"), ("g", "groups"))
            if key in o
        )
        if spec.kind == "conv":
            lines.append(f"nn.Conv2d({current[0]}, {spec.numbers[0]}, {spec.numbers[1]}{extra})")
        elif spec.kind in ("max", "avg"):
            lines.append(f"nn.{spec.kind.capitalize()}Pool2d({spec.numbers[0]}{extra})")
        elif spec.kind == "dense":
            lines.append(f"nn.Linear({current[0]}, {spec.numbers[0]})")
        else:
            lines.append("nn.Flatten()" if spec.kind == "flatten" else ACTIVATIONS[spec.kind][1])
        current = build(spec, current).output_shape(current)
    body = ",\n    ".join(lines)
    return f"import torch\nfrom torch import nn\n\nnet = nn.Sequential(\n    {body},\n)\nnet(torch.rand(1, {', '.join(map(str, shape))})).shape"


def keras_code(specs: list[Spec], shape: tuple[int, ...]) -> str:
    """The stack in Keras, channels last; padding as its own layer, since Keras knows only "valid" and "same"."""
    lines = [f"keras.Input(({shape[1]}, {shape[2]}, {shape[0]})),  # H, W, C"]
    for spec in specs:
        o = spec.options
        if o.get("p"):
            lines.append(f"layers.ZeroPadding2D({o['p']}),")
        if spec.kind == "conv":
            extra = "".join(
                f", {name}={o[key]}"
                for key, name in (("s", "strides"), ("d", "dilation_rate"), ("g", "groups"))
                if key in o
            )
            lines.append(f"layers.Conv2D({spec.numbers[0]}, {spec.numbers[1]}{extra}),")
        elif spec.kind in ("max", "avg"):
            kind = {"max": "MaxPooling2D", "avg": "AveragePooling2D"}[spec.kind]
            stride = f", strides={o['s']}" if "s" in o else ""
            lines.append(f"layers.{kind}({spec.numbers[0]}{stride}),")
        elif spec.kind == "dense":
            lines.append(f"layers.Dense({spec.numbers[0]}),")
        elif spec.kind == "flatten":
            lines.append("layers.Flatten(),  # in H, W, C order: not PyTorch's")
        else:
            lines.append(f"layers.Activation({ACTIVATIONS[spec.kind][2]}),")
    body = "\n    ".join(lines)
    return f"import keras\nfrom keras import layers\n\nnet = keras.Sequential([\n    {body}\n])\nnet.summary()"
