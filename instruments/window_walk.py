"""A window that walks over a small grid of numbers: what it reads and what comes out."""

from typing import NamedTuple

from cnn_core.arguments import Array
from cnn_core.shapes import Axis


class Walk(NamedTuple):
    """A grid and all outputs of the window over it, which has zeros around it where it is padded."""

    input: Array  # (h, w)
    output: Array  # (ho, wo)
    rows: Axis
    columns: Axis
    weights: Array | None = None  # (kh, kw); None for max pooling
    bias: float = 0.0
    at: int = 0  # the output shown first, counted in row order
