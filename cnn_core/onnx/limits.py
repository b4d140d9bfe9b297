"""What a file may ask for, and the one kind of refusal. Every limit is checked before anything of that size is made."""

import math
from collections.abc import Iterable

FILE_BYTES = 48 << 20  # a model and its weights file together
FIELDS = 200_000  # of the file's messages, all told
NODES = 10_000  # steps of the file
LAYERS = 1_500  # of the graph
NAME = 200  # characters of a step's name that are looked at
SIDE = 1 << 14  # of a map, a kernel, padding, in pixels
AXES = 8
FOLDED = 1 << 26  # numbers in one array
FREE = 1 << 20  # numbers worked out while reading, beside two for each byte of the file
VALUE = 1 << 25  # numbers in one value for one picture: 128 MB
VALUES = 1 << 27  # in all values together
INPUTS = 256  # that one step reads
ATTRIBUTES = 1_000_000  # numbers in the steps' settings, all told
BAND = 512  # channels of an even response norm, which is written as a dense convolution
WALKS = 3  # times as many numbers may be worked out in all walks together
MACS = 40_000_000_000  # of one picture


class OnnxError(ValueError):
    """Why a file cannot be read as a network, in one sentence that says what to do."""


def count(shape: Iterable[int], what: str = "an array") -> int:
    """Numbers in an array of this shape, none of it made.

    Args:
        shape: sides.
        what: named in the refusal.

    Raises:
        OnnxError: it has too many axes, a negative side, or more numbers than any value may have.

    >>> count((2, 3, 4))
    24
    """
    sides = [int(side) for side in shape]
    if len(sides) > AXES:
        raise OnnxError(f"The model makes {what} with {len(sides)} axes: at most {AXES} can be read here.")
    if any(side < 0 for side in sides):
        raise OnnxError(f"The model gives {what} a negative side: the file is damaged, export it again.")
    total = math.prod(sides)
    if total > FOLDED or any(side > FOLDED for side in sides):
        raise OnnxError(f"The model makes {what} of {_shown(sides)} numbers: too large here, choose a smaller model.")
    return total


def _shown(sides: list[int]) -> str:
    return " x ".join(f"{side:g}" if side > 1e9 else str(side) for side in sides[:AXES]) or "1"


def side(name: str, value: int, least: int = 0) -> int:
    """A kernel's, map's or padding's length in pixels, if it is one that can be.

    Args:
        name: named in the refusal.
        value: from the file.
        least: the smallest allowed.

    Raises:
        OnnxError: it is not from least to the largest side.

    >>> side("stride", 2, 1)
    2
    """
    if not least <= value <= SIDE:
        raise OnnxError(
            f"The model has {name} {value:g}: only {least} to {SIDE} can be read, so export it with other sizes."
        )
    return int(value)
