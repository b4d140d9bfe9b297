"""Padding an image and sending a gradient back through it, in the four modes of `torch.nn.Conv2d`."""

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from cnn_core.arguments import MOST_NUMBERS, Array, IntOrPair, Pair
from cnn_core.shapes import Axis, Padding, window_axes

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
MODES = get_args(PaddingMode)


def check_padding(size: int, before: int, after: int, mode: str) -> None:
    """Raise ValueError if the mode is unknown, or an input of so many pixels cannot supply so much padding."""
    if mode not in MODES:
        raise ValueError(f"padding_mode must be one of {', '.join(MODES)}, got {mode!r}")
    most = {"reflect": size - 1, "circular": size}.get(mode)
    if most is not None and max(before, after) > most:
        raise ValueError(
            f"padding {max(before, after)} is too large for padding_mode {mode!r}: "
            f"an input of {size} pixels allows at most {most}"
        )


def conv_axes(
    size: Pair, kernel_size: Pair, stride: IntOrPair, padding: Padding, dilation: IntOrPair, padding_mode: str = "zeros"
) -> tuple[Axis, Axis]:
    """Both axes of a convolution, refused exactly where `conv2d` itself refuses.

    Args:
        size: (H, W) of the input in pixels.
        kernel_size: (h, w) in pixels.
        stride, padding, dilation, padding_mode: as `conv2d` takes them.

    Returns:
        Two Axis, rows before columns.

    Raises:
        ValueError: an argument is out of range, no window fits, or the input is too small for the padding mode.

    Source: `torch.nn.Conv2d`.

    >>> [axis.output_size for axis in conv_axes((5, 7), (3, 3), 2, 1, 1, "reflect")]
    [3, 4]
    """
    if not isinstance(padding_mode, str) or padding_mode not in MODES:
        raise ValueError(f"padding_mode must be one of {', '.join(MODES)}, got {padding_mode!r:.60}")
    axes = window_axes(size, kernel_size, stride, padding, dilation)
    for axis in axes if padding_mode != "zeros" else ():
        check_padding(axis.size, axis.before, axis.after, padding_mode)
    return axes


def source_indices(size: int, before: int, after: int, mode: str) -> NDArray[np.intp]:
    """Where each padded position along one axis reads the input; -1 is a zero.

    Args:
        size: length of the input in pixels.
        before, after: pixels added at each end.
        mode: "zeros", "reflect", "replicate" or "circular".

    Returns:
        (before + size + after,) indices into the input.

    Raises:
        ValueError: the mode is unknown, or the padding is more than the input can supply.

    Source: `torch.nn.functional.pad`.

    >>> source_indices(4, 2, 1, "reflect").tolist(), source_indices(4, 2, 1, "circular").tolist()
    ([2, 1, 0, 1, 2, 3, 2], [2, 3, 0, 1, 2, 3, 0])
    """
    check_padding(size, before, after, mode)
    index = np.arange(-before, size + after)
    if mode == "zeros":
        return np.where((index >= 0) & (index < size), index, -1)
    if mode == "replicate":
        return index.clip(0, size - 1)
    if mode == "circular":
        return index % size
    index = np.abs(index)
    return np.where(index >= size, 2 * (size - 1) - index, index)


def pad(image: Array, rows: Pair, columns: Pair, mode: str = "zeros", value: float = 0.0) -> Array:
    """Return (…, H, W) with rows (top, bottom) and columns (left, right) added; the input itself if none.

    Args:
        image: (…, H, W).
        rows, columns: pixels added (top, bottom) and (left, right).
        mode: as `source_indices` takes it.
        value: what mode "zeros" puts there.

    Returns:
        (…, H + top + bottom, W + left + right).

    Raises:
        ValueError: as `source_indices`, or the result would be too large for any memory.

    Source: `torch.nn.functional.pad`.

    >>> pad(np.array([[1.0, 2.0]]), (0, 0), (1, 2), "replicate").tolist()
    [[1.0, 1.0, 2.0, 2.0, 2.0]]
    """
    if rows == columns == (0, 0) and mode in MODES:
        return image
    height, width = image.shape[-2:]
    shape = (*image.shape[:-2], height + sum(rows), width + sum(columns))
    if math.prod(shape) > MOST_NUMBERS:
        raise ValueError(f"padding {(rows, columns)} makes the input {shape}: too large")
    if mode == "zeros":
        padded = np.empty(shape, image.dtype)
        top, left = rows[0], columns[0]
        padded[..., :top, :] = padded[..., top + height :, :] = value
        padded[..., :left] = padded[..., left + width :] = value
        padded[..., top : top + height, left : left + width] = image
        return padded
    row_index, column_index = source_indices(height, *rows, mode), source_indices(width, *columns, mode)
    return image[..., row_index[:, np.newaxis], column_index]  # (…, H + top + bottom, W + left + right)


def pad_backward(grad_padded: Array, rows: Pair, columns: Pair, mode: str = "zeros") -> Array:
    """Return the gradient of `pad`'s input: each pixel collects from every place that copied it.

    Args:
        grad_padded: (…, H + top + bottom, W + left + right).
        rows, columns, mode: as `pad` was called.

    Returns:
        (…, H, W).

    Raises:
        ValueError: as `source_indices`.

    Source: the transpose of `pad`, which is linear.

    >>> pad_backward(np.ones((1, 5)), (0, 0), (1, 2), "replicate").tolist()
    [[2.0, 3.0]]
    """
    height = grad_padded.shape[-2] - sum(rows)
    width = grad_padded.shape[-1] - sum(columns)
    if mode == "zeros" or rows == columns == (0, 0):
        return grad_padded[..., rows[0] : rows[0] + height, columns[0] : columns[0] + width]
    folded = np.zeros((*grad_padded.shape[:-2], height, grad_padded.shape[-1]), grad_padded.dtype)
    for position, source in enumerate(source_indices(height, *rows, mode)):
        folded[..., source, :] += grad_padded[..., position, :]
    grad = np.zeros((*grad_padded.shape[:-2], height, width), grad_padded.dtype)
    for position, source in enumerate(source_indices(width, *columns, mode)):
        grad[..., source] += folded[..., position]
    return grad
