"""Checks on what callers pass: every wrong argument becomes one ValueError that names it.

Used by all layers, so that the wording and the rules are the same everywhere.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

type_names = (int, np.integer)

Array = NDArray[np.floating[Any]]
Pair = tuple[int, int]
IntOrPair = int | Sequence[int]


def whole_number(name: str, value: object, minimum: int) -> int:
    """Return value as an int of at least minimum; bool and float are refused."""
    if isinstance(value, bool) or not isinstance(value, type_names) or int(value) < minimum:
        raise ValueError(f"{name} must be a whole number of at least {minimum}, got {value!r}")
    return int(value)


def int_pair(name: str, value: object, minimum: int) -> Pair:
    """Return value, an int or an (h, w) pair, as (h, w)."""
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(f"{name} must be an int or an (h, w) pair, got {value!r}")
        return whole_number(name, value[0], minimum), whole_number(name, value[1], minimum)
    if isinstance(value, bool) or not isinstance(value, type_names):
        raise ValueError(f"{name} must be an int or an (h, w) pair, got {value!r}")
    number = whole_number(name, value, minimum)
    return number, number


def float_array(name: str, value: ArrayLike, *ranks: int) -> Array:
    """Return value as a float32 array (float64 stays), with a rank among ranks if any are given."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    if ranks and array.ndim not in ranks:
        wanted = " or ".join(str(rank) for rank in ranks)
        raise ValueError(f"{name} must have {wanted} dimensions, got shape {array.shape}")
    if 0 in array.shape:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    return array.astype(np.float64 if array.dtype == np.float64 else np.float32, copy=False)


def image_batch(name: str, value: ArrayLike) -> tuple[Array, bool]:
    """Return (C, H, W) or (N, C, H, W) as (N, C, H, W), and whether the batch axis was there."""
    array = float_array(name, value, 3, 4)
    return (array, True) if array.ndim == 4 else (array[np.newaxis], False)


def expect_shape(name: str, array: Array, shape: tuple[int, ...], reason: str) -> None:
    """Raise ValueError unless array has exactly this shape."""
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape} ({reason}), got {array.shape}")
