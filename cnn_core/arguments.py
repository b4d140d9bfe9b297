"""Checks on what callers pass: every wrong argument becomes one ValueError that names it.

Used by all layers, so that the wording and the rules are the same everywhere.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

type_names = (int, np.integer)

Array = NDArray[np.floating[Any]]
Pair = tuple[int, int]
IntOrPair = int | Sequence[int]

LARGEST = 2**31 - 1  # whole numbers beyond would overflow addresses
MOST_NUMBERS = 1 << 29  # in one array: 2 GB in float32


def quiet() -> np.errstate:
    """Within it NumPy warns of nothing: NaN and infinity are answers, not accidents."""
    return np.errstate(all="ignore")


def _shown(value: object) -> str:
    """The value as an error message shows it: short, whatever it is."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def whole_number(name: str, value: object, minimum: int) -> int:
    """Return value as an int of at least minimum; bool and float are refused."""
    if type(value) is int and minimum <= value <= LARGEST:  # nearly always, and looked at a dozen times a convolution
        return value
    if isinstance(value, bool) or not isinstance(value, type_names) or int(value) < minimum:
        raise ValueError(f"{name} must be a whole number of at least {minimum}, got {_shown(value)}")
    if int(value) > LARGEST:
        raise ValueError(f"{name} must be a whole number of at most {LARGEST}, got {_shown(value)}")
    return int(value)


def real_number(name: str, value: object, low: float = -math.inf, high: float = math.inf) -> float:
    """Return value as a finite float from low to high; bool is refused."""
    valid = not isinstance(value, bool) and isinstance(value, int | float | np.integer | np.floating)
    try:
        number = float(value) if valid else math.nan  # type: ignore[arg-type]
    except OverflowError:
        number = math.nan
    if not math.isfinite(number) or not low <= number <= high:
        wanted = "a finite number" if low == -math.inf else f"a number from {low:g}"
        wanted += "" if high == math.inf else f" to {high:g}"
        wanted += " up" if low != -math.inf and high == math.inf else ""
        raise ValueError(f"{name} must be {wanted}, got {_shown(value)}")
    return number


def flag(name: str, value: object) -> bool:
    """Return value, which must be True or False: a text such as "false" would count as true."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {_shown(value)}")
    return bool(value)


def int_pair(name: str, value: object, minimum: int) -> Pair:
    """Return value, an int or an (h, w) pair, as (h, w)."""
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(f"{name} must be an int or an (h, w) pair, got {_shown(value)}")
        return whole_number(name, value[0], minimum), whole_number(name, value[1], minimum)
    if isinstance(value, bool) or not isinstance(value, type_names):
        raise ValueError(f"{name} must be an int or an (h, w) pair, got {_shown(value)}")
    number = whole_number(name, value, minimum)
    return number, number


def float_array(name: str, value: ArrayLike, *ranks: int) -> Array:
    """Return value as a float32 array (float64 stays), in the machine's byte order, with a rank among ranks if any are given."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers, rows all of one length: {error}") from None
    except Exception as error:  # whatever an object's own conversion raises
        raise ValueError(f"{name} must be an array of numbers, got {type(value).__name__}: {error}") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    if ranks and array.ndim not in ranks:
        wanted = " or ".join(str(rank) for rank in ranks)
        raise ValueError(f"{name} must have {wanted} dimensions, got shape {array.shape}")
    if 0 in array.shape:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    double = array.dtype.kind == "f" and array.dtype.itemsize >= 8
    if array.dtype in (np.float32, np.float64):  # nothing to convert
        return array
    with quiet():
        return array.astype(np.float64 if double else np.float32, copy=False)


def image_batch(name: str, value: ArrayLike) -> tuple[Array, bool]:
    """Return (C, H, W) or (N, C, H, W) as (N, C, H, W), and whether the batch axis was there."""
    array = float_array(name, value, 3, 4)
    return (array, True) if array.ndim == 4 else (array[np.newaxis], False)


def expect_shape(name: str, array: Array, shape: tuple[int, ...], reason: str) -> None:
    """Raise ValueError unless array has exactly this shape."""
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape} ({reason}), got {array.shape}")


def same_type(array: Array, other: Array) -> Array:
    """Return array in the type of other; what float32 cannot hold becomes infinite, silently."""
    with quiet():
        return array.astype(other.dtype, copy=False)


def only_where(mask: NDArray[np.bool_], array: Array, out: Array | None = None) -> Array:
    """The array where the mask is True, 0 elsewhere: a product of whole numbers, since infinity times 0 would be NaN."""
    whole = np.dtype(f"i{array.itemsize}")
    out = np.empty(array.shape, array.dtype) if out is None else out
    np.multiply(array.view(whole), mask, out=out.view(whole))
    return out


def all_finite(array: Array) -> bool:
    """Whether no number is NaN or infinite; numbers so large that their squares overflow may answer no.

    One product of the array with itself: the fastest way to read it once.
    """
    flat = array.reshape(-1)
    return math.isfinite(np.dot(flat, flat))
