"""Stacks of layers as text: "conv 6 5 p2; relu; res [ conv 6 3 p1 | ]" into layers, and back."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from instruments.fields import LONGEST, SettingError, whole

MAX_LAYERS = 400
MAX_DEPTH = 8  # blocks in blocks
ACTIVATIONS = ("relu", "relu6", "tanh", "sigmoid", "elu", "softmax")
USAGE = {  # how each kind of layer is written
    "conv": "conv KERNELS SIDE",
    "depthwise": "depthwise SIDE",
    "separable": "separable KERNELS SIDE",
    "upconv": "upconv KERNELS SIDE",
    "max": "max SIDE",
    "avg": "avg SIDE",
    "mean": "mean",
    "dense": "dense UNITS",
    "flatten": "flatten",
    "norm": "norm",
    "dropout": "dropout",  # and perhaps its share
} | {name: name for name in ACTIVATIONS}
BLOCKS = {"res": "res [ LAYERS | SHORTCUT ]", "cat": "cat [ LAYERS | LAYERS ]"}
OPTIONS = {"s": "stride", "p": "padding", "d": "dilation", "g": "groups"}  # by the letter before the number
ALLOWED = {"conv": "spdg", "depthwise": "spd", "separable": "spd", "upconv": "sp", "max": "spd", "avg": "sp"}
BARE = "nobias"
_MARK = re.compile(r"[\[\]|;\n]")


@dataclass(frozen=True)
class Spec:
    """One layer as written: kind, numbers, and options s (stride), p (padding), d (dilation), g (groups); or a block."""

    kind: str
    numbers: tuple[float, ...]
    options: dict[str, int] = field(hash=False)
    text: str
    bare: bool = False  # without bias
    branches: tuple[tuple["Spec", ...], ...] = ()

    @property
    def title(self) -> str:
        """How a table names it: a block is the step that ends it."""
        return {"res": "res: add", "cat": "cat: side by side"}.get(self.kind, self.text)


def parse_stack(text: str) -> list[Spec]:
    """Read "conv 6 5 p2; relu; max 2; flatten; dense 10".

    >>> [spec.kind for spec in parse_stack("conv 6 5 s2; res [ conv 6 3 p1; relu ]")]
    ['conv', 'res']
    """
    if len(text) > LONGEST:
        raise SettingError(f"The stack is too long: at most {LONGEST:,} characters are read.")
    pieces = list(_pieces(text.lower()))
    count = sum(mark in ("layer", "[") for mark, _ in pieces)
    if not pieces:
        raise SettingError("The stack is empty: write layers such as conv 6 5 p2; relu; max 2.")
    if count > MAX_LAYERS:
        raise SettingError(f"The stack has {count} layers; at most {MAX_LAYERS} are allowed.")
    open_blocks: list[tuple[str, list[list[Spec]]]] = [("", [[]])]
    for mark, word in pieces:
        kind, branches = open_blocks[-1]
        if mark == "layer":
            branches[-1].append(_spec(word))
        elif mark == "[":
            if word not in BLOCKS:
                raise SettingError(f"“{word[:12]} [” is no block: write {' or '.join(BLOCKS.values())}.")
            if len(open_blocks) > MAX_DEPTH:
                raise SettingError(f"The blocks stand too deep in each other: at most {MAX_DEPTH} deep.")
            open_blocks.append((word, [[]]))
        elif not kind:
            raise SettingError(f"“{mark}” stands outside a block: write {' or '.join(BLOCKS.values())}.")
        elif mark == "|":
            branches.append([])
        else:
            open_blocks.pop()
            open_blocks[-1][1][-1].append(_block(kind, branches))
    if len(open_blocks) > 1:
        raise SettingError(f"“{open_blocks[-1][0]} [” is not closed: write ] behind its last layer.")
    return open_blocks[0][1][0]


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """("layer", text), ("[", what stands before it), ("|", "") and ("]", "") in order."""
    start = 0
    for match in [*_MARK.finditer(text), None]:
        word, mark = text[start : match.start() if match else None].strip(), match[0] if match else ";"
        if mark == "[":
            yield "[", word
        else:
            if word:
                yield "layer", word
            if mark in "|]":
                yield mark, ""
        start = match.end() if match else start


def _block(kind: str, branches: list[list[Spec]]) -> Spec:
    if kind == "res" and (len(branches) > 2 or not branches[0]):
        raise SettingError(f"A residual block has layers, and perhaps those of its shortcut: write {BLOCKS[kind]}.")
    if kind == "cat" and (len(branches) < 2 or not any(branches)):
        raise SettingError(f"cat lays two branches or more side by side: write {BLOCKS[kind]}.")
    text = f"{kind} [ {' | '.join(write_stack(branch) for branch in branches)} ]"
    return Spec(kind, (), {}, text, branches=tuple(map(tuple, branches)))


def write_stack(specs: list[Spec]) -> str:
    """Text that `parse_stack` reads back."""
    return "; ".join(spec.text for spec in specs)


def _spec(text: str) -> Spec:
    kind, *words = text.split()
    if kind not in USAGE:
        raise SettingError(f"“{kind[:12]}” is no layer: use {', '.join([*USAGE, *BLOCKS])}.")
    numbers: list[float] = []
    options: dict[str, int] = {}
    allowed, shown = ALLOWED.get(kind, ""), f"“{text[:24]}”"
    for word in words:
        letter = word[0]
        if allowed and letter in OPTIONS:
            if letter not in allowed:
                names = ", ".join(f"{one} ({OPTIONS[one]})" for one in allowed)
                raise SettingError(f"{kind} has no {OPTIONS[letter]} as in {shown}: it takes {names}.")
            if letter in options:
                raise SettingError(f"{letter} stands twice in {shown}: write it once.")
            options[letter] = whole(f"{letter} in {shown}", word[1:], (0 if letter == "p" else 1, 512))
        elif kind == "dropout":
            numbers.append(_share(word, shown))
        elif word != BARE or kind not in ("conv", "depthwise", "separable", "upconv"):
            numbers.append(whole(f"each number in {shown}", word, (1, 100_000)))
    if kind in ("max", "avg") and len(numbers) == 2 and "s" not in options:  # max 3 2: window and stride
        options["s"] = whole(f"the stride in {shown}", str(numbers.pop()), (1, 512))
    if len(numbers) != len(USAGE[kind].split()) - 1 + (kind == "dropout" and bool(words)):
        raise SettingError(f"{shown} is not complete: write {USAGE[kind]}.")
    if kind in ("max", "avg") and 2 * options.get("p", 0) > numbers[0]:
        raise SettingError(f"p in {shown} must be at most half the window: 0 to {int(numbers[0]) // 2}.")
    return Spec(kind, tuple(numbers), options, " ".join(text.split()), BARE in words)


def _share(word: str, shown: str) -> float:
    try:
        share = float(word.replace(",", ".")) if len(word) <= 8 else math.nan
    except ValueError:
        share = math.nan
    if not 0 <= share < 1:
        raise SettingError(f"The share in {shown} must be a number from 0 to below 1, such as 0.5.")
    return share
