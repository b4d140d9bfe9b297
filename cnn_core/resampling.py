"""Maps at another size, by nearest pixel or bilinear, and the gradient back: as PyTorch and ONNX place the pixels."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_core.arguments import Array, IntOrPair, Pair, expect_shape, float_array, image_batch, int_pair

Mode = Literal["nearest", "bilinear"]
Coordinates = Literal["half_pixel", "align_corners", "asymmetric"]
Rounding = Literal["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]
MODES, COORDINATES, ROUNDINGS = get_args(Mode), get_args(Coordinates), get_args(Rounding)


class Taps(NamedTuple):
    """Which input pixels each output pixel reads along one axis: share * high + (1 - share) * low."""

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    share: NDArray[np.float64]

    @property
    def output_size(self) -> int:
        return len(self.low)


class Setting(NamedTuple):
    """Checked arguments of one interpolation."""

    size: Pair | None
    scales: tuple[float, float] | None
    mode: str
    coordinates: str
    rounding: str

    def axis(self, axis: int, input_size: int) -> Taps:
        """What each output pixel reads along one axis: 0 rows, 1 columns."""
        if self.size is not None:
            output = self.size[axis]
            scale = output / input_size
        else:
            assert self.scales is not None
            scale = self.scales[axis]
            output = math.floor(input_size * scale)
            if output < 1:
                raise ValueError(f"scale_factor {scale!r} leaves nothing of {input_size} pixels")
        place = self._places(np.arange(output, dtype=np.float64), scale, input_size, output)
        if self.mode == "nearest":
            nearest = self._rounded(place).clip(0, input_size - 1).astype(np.intp)
            return Taps(nearest, nearest, np.zeros(output))
        place = place.clip(0, input_size - 1)
        low = np.floor(place).astype(np.intp)
        return Taps(low, np.minimum(low + 1, input_size - 1), place - low)

    def _places(self, pixel: NDArray[np.float64], scale: float, size: int, output: int) -> NDArray[np.float64]:
        """Where each output pixel lies among the input's."""
        if self.coordinates == "align_corners":
            return pixel * ((size - 1) / (output - 1)) if output > 1 else pixel * 0
        if self.coordinates == "asymmetric":
            return pixel / scale
        return (pixel + 0.5) / scale - 0.5

    def _rounded(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.rounding == "floor":
            return np.floor(place)
        if self.rounding == "ceil":
            return np.ceil(place)
        return np.ceil(place - 0.5) if self.rounding == "round_prefer_floor" else np.floor(place + 0.5)


def setting(
    size: IntOrPair | None,
    scale_factor: float | Sequence[float] | None,
    mode: str,
    coordinates: str | None,
    rounding: str,
) -> Setting:
    """Check the arguments of `interpolate`.

    Raises:
        ValueError: an argument is out of range.

    >>> setting(None, 2, "bilinear", None, "floor").coordinates
    'half_pixel'
    """
    for name, value, known in (("mode", mode, MODES), ("rounding", rounding, ROUNDINGS)):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    chosen = coordinates or ("asymmetric" if mode == "nearest" else "half_pixel")
    if chosen not in COORDINATES:
        raise ValueError(f"coordinates must be one of {', '.join(COORDINATES)}, got {coordinates!r}")
    if (size is None) == (scale_factor is None):
        raise ValueError(f"give either size or scale_factor, got {size!r} and {scale_factor!r}")
    scales = None
    if scale_factor is not None:
        both = tuple(scale_factor) if isinstance(scale_factor, Sequence) else (scale_factor, scale_factor)
        if len(both) != 2 or not all(_positive(value) for value in both):
            raise ValueError(f"scale_factor must be a number above 0, or an (h, w) pair of them, got {scale_factor!r}")
        scales = float(both[0]), float(both[1])
    return Setting(None if size is None else int_pair("size", size, 1), scales, mode, chosen, rounding)


def _positive(value: object) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return bool(number and 0 < value < math.inf)  # type: ignore[operator]


def _read(image: Array, taps: Taps, axis: int) -> Array:
    """Each output pixel along an axis from the one or two it reads."""
    low = image.take(taps.low, axis)
    if not taps.share.any():
        return low
    share = taps.share.astype(image.dtype)[:, np.newaxis] if axis == 2 else taps.share.astype(image.dtype)
    low += (image.take(taps.high, axis) - low) * share
    return low


def interpolate(
    input: ArrayLike,
    size: IntOrPair | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    coordinates: str | None = None,
    rounding: str = "floor",
) -> Array:
    """Maps at another size.

    Args:
        input: (C, H, W) or (N, C, H, W).
        size: rows and columns of the output, or None where scale_factor says it.
        scale_factor: output over input along each axis, one number or (h, w); sizes are rounded down.
        mode: "nearest" takes one pixel, "bilinear" mixes up to four.
        coordinates: where output pixels lie among the input's: "half_pixel" (edges meet edges), "align_corners" (centres of
            corner pixels meet), "asymmetric" (first pixels meet). None as PyTorch: asymmetric for nearest, else half_pixel.
        rounding: of nearest: "floor", "ceil", "round_prefer_floor" or "round_prefer_ceil".

    Returns:
        (C, Ho, Wo) or (N, C, Ho, Wo).

    Raises:
        ValueError: an argument is out of range.

    Source: `torch.nn.functional.interpolate`; ONNX, operator Resize.

    >>> interpolate([[[1.0, 3.0]]], scale_factor=2, mode="bilinear").tolist()
    [[[1.0, 1.5, 2.5, 3.0], [1.0, 1.5, 2.5, 3.0]]]
    """
    chosen = setting(size, scale_factor, mode, coordinates, rounding)
    image, batched = image_batch("input", input)
    down = _read(image, chosen.axis(0, image.shape[2]), 2)  # (N, C, Ho, W)
    output = _read(down, chosen.axis(1, image.shape[3]), 3)  # (N, C, Ho, Wo)
    return output if batched else output[0]


def _send(grad: Array, taps: Taps, size: int) -> Array:
    """Add each gradient along the last axis to the pixels that were read: (…, o) -> (…, size)."""
    found = np.zeros((*grad.shape[:-1], size), grad.dtype)
    for place, (low, high, share) in enumerate(zip(taps.low, taps.high, taps.share, strict=True)):
        found[..., low] += grad[..., place] * grad.dtype.type(1 - share)
        if share:
            found[..., high] += grad[..., place] * grad.dtype.type(share)
    return found


def interpolate_backward(
    grad_output: ArrayLike,
    input: ArrayLike,
    size: IntOrPair | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    coordinates: str | None = None,
    rounding: str = "floor",
) -> Array:
    """Send each output pixel's gradient to the pixels it read, by their shares.

    Args:
        grad_output: in the shape of interpolate's output.
        input, size, scale_factor, mode, coordinates, rounding: as interpolate was called.

    Returns:
        grad_input, in the shape of input.

    Raises:
        ValueError: as interpolate, or grad_output has another shape.

    >>> interpolate_backward([[[1.0, 1.0, 1.0, 1.0]]], [[[1.0, 3.0]]], (1, 4), mode="bilinear").tolist()
    [[[2.0, 2.0]]]
    """
    chosen = setting(size, scale_factor, mode, coordinates, rounding)
    image, _ = image_batch("input", input)
    rows, columns = chosen.axis(0, image.shape[2]), chosen.axis(1, image.shape[3])
    grad = float_array("grad_output", grad_output).astype(image.dtype, copy=False)
    shape = (*np.shape(input)[:-2], rows.output_size, columns.output_size)
    expect_shape("grad_output", grad, shape, "the shape of interpolate's output")
    across = _send(grad, columns, image.shape[3])  # (…, C, Ho, W)
    grad_input = _send(across.swapaxes(-1, -2), rows, image.shape[2]).swapaxes(-1, -2)  # (…, C, H, W)
    return np.ascontiguousarray(grad_input)
