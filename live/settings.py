"""What a person can set on a convolution and a pooling, and the one validator of each value.

A page's widgets, a link, pasted text and a live message all pass through here on their way in.
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnn_core.arguments import Array, Pair
from cnn_core.padding import MODES
from cnn_core.shapes import Axis, window_axes

MAX_KERNEL = 11  # pixels a side
MAX_VALUE = 1000.0  # of one kernel number
BOUNDS = {"stride": (1, 8), "padding": (0, 12), "dilation": (1, 8), "pool_size": (1, 16), "pool_stride": (1, 16)}
POOLS = ("none", "max", "average")

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})(?:/(?P<divisor>{_NUMBER}))?")


class SettingError(ValueError):
    """A value that cannot be used; the message is one sentence for the person who gave it."""


def parse_kernel(text: object) -> Array:
    """Read a kernel from text: rows end with a semicolon, a line break or a closing bracket.

    Spreadsheet cells, Python lists, NumPy's print and fractions are understood.

    Raises:
        SettingError: with one sentence that says what to change.

    >>> parse_kernel("1 0 -1; 2 0 -2").tolist(), parse_kernel("[[1/4, .5],\\n [-1, 2]]").tolist()
    ([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]], [[0.25, 0.5], [-1.0, 2.0]])
    """
    if not isinstance(text, str):
        raise SettingError("The kernel must be text: numbers with spaces between them, rows ended by semicolons.")
    if len(text) > 8000:
        raise SettingError(f"The text is too long for a kernel: at most {MAX_KERNEL} x {MAX_KERNEL} numbers.")
    plain = re.sub(r"\b(?:np\.|numpy\.)?array\b|\bdtype\s*=\s*[\w.]+", " ", text).replace("\N{MINUS SIGN}", "-")
    rows = [_row(line) for line in re.split(r"[;\n\r\]]+", plain)]
    rows = [row for row in rows if row]
    if not rows:
        raise SettingError(
            "The kernel is empty: write numbers with spaces between them, such as 1 0 -1; 2 0 -2; 1 0 -1."
        )
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        counts = ", ".join(str(len(row)) for row in rows[:12])
        raise SettingError(f"All rows of a kernel must be equally long; these have {counts} numbers.")
    if len(rows) > MAX_KERNEL or max(lengths) > MAX_KERNEL:
        raise SettingError(
            f"The kernel has {len(rows)} x {max(lengths)} numbers; at most {MAX_KERNEL} x {MAX_KERNEL} are allowed."
        )
    return np.array(rows, np.float32)


def _row(line: str) -> list[float]:
    words = re.split(r"[\s,\[\]()|&]+", line)
    return [_kernel_number(word) for word in words if word]


def _kernel_number(word: str) -> float:
    match = _TOKEN.fullmatch(word)
    if match is None:
        shown = word if len(word) <= 12 else word[:12] + "…"
        raise SettingError(f"“{shown}” is not a number a kernel can hold: write digits, such as 2, -0.5 or 1/9.")
    value, divisor = float(match["number"]), float(match["divisor"] or 1)
    if divisor == 0:
        raise SettingError("A kernel number is divided by 0: write another fraction.")
    value /= divisor
    if not math.isfinite(value) or abs(value) > MAX_VALUE:
        raise SettingError(
            f"{word[:12]} is too large for a kernel: use numbers from -{MAX_VALUE:.0f} to {MAX_VALUE:.0f}."
        )
    return value


def format_number(value: float) -> str:
    """Shortest text that reads back as the same float32.

    >>> format_number(1 / 9), format_number(-2.0), format_number(0.1 + 0.2)
    ('0.11111111', '-2', '0.3')
    """
    short = np.format_float_positional(np.float32(value), unique=True, trim="-")
    return "0" if short == "-0" else short


def format_kernel(kernel: Array) -> str:
    """Write a kernel as `parse_kernel` reads it.

    >>> format_kernel(np.array([[1, 0.5], [-2, 0]]))
    '1 0.5; -2 0'
    """
    return "; ".join(" ".join(format_number(value) for value in row) for row in kernel)


@dataclass(frozen=True)
class Settings:
    """One convolution, then optionally ReLU and pooling. Pairs are (h, w), in pixels."""

    kernel: str = "1 0 -1; 2 0 -2; 1 0 -1"
    scale: float = 1.0
    bias: float = 0.0
    flip: bool = False  # true convolution: the kernel turned by 180 degrees
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    padding_mode: str = "zeros"
    dilation: Pair = (1, 1)
    relu: bool = False
    pool: str = "none"
    pool_size: int = 2
    pool_stride: int = 2
    values: Array = field(init=False, repr=False, compare=False)  # the kernel's numbers as written

    def __post_init__(self) -> None:
        values = parse_kernel(self.kernel)
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    @property
    def weight(self) -> Array:
        """The numbers that are multiplied: scaled, and turned around for a true convolution. (kH, kW)"""
        values = self.values * np.float32(self.scale)
        return values[::-1, ::-1] if self.flip else values

    @property
    def kernel_size(self) -> Pair:
        return self.values.shape[0], self.values.shape[1]

    def axes(self, size: Pair) -> tuple[Axis, Axis]:
        """Both axes of the convolution over an input of this size; ValueError if it does not fit."""
        return window_axes(size, self.kernel_size, self.stride, self.padding, self.dilation)

    def pool_axes(self, size: Pair) -> tuple[Axis, Axis]:
        """Both axes of the pooling over the convolution's output of this size; ValueError if it does not fit."""
        return window_axes(size, (self.pool_size,) * 2, self.pool_stride, 0, 1)

    def to_message(self) -> dict[str, Any]:
        """As plain JSON values, readable by `parse_settings`."""
        names = (name for name in self.__dataclass_fields__ if name != "values")
        return {name: list(v) if isinstance(v := getattr(self, name), tuple) else v for name in names}


def whole(name: str, value: object, bounds: Pair) -> int:
    """A whole number within bounds, both included.

    >>> whole("stride", "2", (1, 8))
    2
    """
    low, high = bounds
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise SettingError(f"{name} must be a whole number from {low} to {high}.")
    return number


def real(name: str, value: object, limit: float) -> float:
    """A finite number from -limit to limit."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= limit:
        raise SettingError(f"{name} must be a number from -{limit:g} to {limit:g}.")
    return number


def choice(name: str, value: object, options: tuple[str, ...]) -> str:
    """One of options."""
    if not isinstance(value, str) or value not in options:
        raise SettingError(f"{name} must be one of {', '.join(options)}.")
    return value


def switch(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise SettingError(f"{name} must be true or false.")
    return value


def _pair(name: str, value: object) -> Pair:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise SettingError(f"{name} must be two whole numbers, for height and width.")
    return whole(name, value[0], BOUNDS[name]), whole(name, value[1], BOUNDS[name])


def known(message: object, names: Collection[str]) -> Mapping[str, object]:
    """An object none of whose values has another name than these."""
    if not isinstance(message, Mapping):
        raise SettingError("Settings must be an object with names and values.")
    unknown = [str(name)[:20] for name in message if name not in names]
    if unknown:
        raise SettingError(f"Settings have no value named {unknown[0]}.")
    return message


def parse_settings(message: object) -> Settings:
    """Read settings from JSON values: unknown names and wrong values are refused, missing ones take their default.

    >>> parse_settings({"kernel": "1 2", "stride": [2, 1]}).stride
    (2, 1)
    """
    read: dict[str, Any] = {}
    for name, value in known(message, [name for name in Settings.__dataclass_fields__ if name != "values"]).items():
        if name == "kernel":
            parse_kernel(value)
            read[name] = value
        elif name in ("stride", "padding", "dilation"):
            read[name] = _pair(name, value)
        elif name in ("pool_size", "pool_stride"):
            read[name] = whole(name, value, BOUNDS[name])
        elif name in ("scale", "bias"):
            read[name] = real(name, value, MAX_VALUE)
        elif name in ("flip", "relu"):
            read[name] = switch(name, value)
        else:
            read[name] = choice(name, value, MODES if name == "padding_mode" else POOLS)
    return Settings(**read)
