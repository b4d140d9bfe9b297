"""Kernels as people write them: text into numbers and back."""

import math
import re
from functools import lru_cache

import numpy as np

from cnn_core.arguments import Array
from instruments.fields import LONGEST, SettingError, format_number

MAX_KERNEL = 11  # pixels a side
MAX_VALUE = 1000.0  # of one kernel number

_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})(?:/(?P<divisor>{_NUMBER}))?")


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
    if len(text) > LONGEST:  # before it is anything's key
        raise SettingError(f"The text is too long for a kernel: at most {MAX_KERNEL} x {MAX_KERNEL} numbers.")
    return _parsed(text)


@lru_cache(256)
def _parsed(text: str) -> Array:
    """The kernel, read-only: pages and messages ask for the same one again and again."""
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
    kernel = np.array(rows, np.float32)
    kernel.flags.writeable = False
    return kernel


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


def format_kernel(kernel: Array) -> str:
    """Write a kernel as `parse_kernel` reads it.

    >>> format_kernel(np.array([[1, 0.5], [-2, 0]]))
    '1 0.5; -2 0'
    """
    return "; ".join(" ".join(format_number(value) for value in row) for row in kernel)
