"""Padding an image and sending a gradient back through it, in the four modes of `torch.nn.Conv2d`."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from cnn_core.arguments import Array, Pair

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
MODES = get_args(PaddingMode)


def source_indices(size: int, before: int, after: int, mode: str) -> NDArray[np.intp]:
    """Where each padded position along one axis reads the input; -1 is a zero.

    Raises:
        ValueError: the mode is unknown, or the padding is more than the input can supply.

    >>> source_indices(4, 2, 1, "reflect").tolist(), source_indices(4, 2, 1, "circular").tolist()
    ([2, 1, 0, 1, 2, 3, 2], [2, 3, 0, 1, 2, 3, 0])
    """
    if mode not in MODES:
        raise ValueError(f"padding_mode must be one of {', '.join(MODES)}, got {mode!r}")
    most = {"reflect": size - 1, "circular": size}.get(mode)
    if most is not None and max(before, after) > most:
        raise ValueError(
            f"padding {max(before, after)} is too large for padding_mode {mode!r}: "
            f"an input of {size} pixels allows at most {most}"
        )
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

    >>> pad(np.array([[1.0, 2.0]]), (0, 0), (1, 2), "replicate").tolist()
    [[1.0, 1.0, 2.0, 2.0, 2.0]]
    """
    if rows == columns == (0, 0) and mode in MODES:
        return image
    height, width = image.shape[-2:]
    if mode == "zeros":
        padded = np.full((*image.shape[:-2], height + sum(rows), width + sum(columns)), value, image.dtype)
        padded[..., rows[0] : rows[0] + height, columns[0] : columns[0] + width] = image
        return padded
    row_index, column_index = source_indices(height, *rows, mode), source_indices(width, *columns, mode)
    return image[..., row_index[:, np.newaxis], column_index]  # (…, H + top + bottom, W + left + right)


def pad_backward(grad_padded: Array, rows: Pair, columns: Pair, mode: str = "zeros") -> Array:
    """Return the gradient of `pad`'s input: each pixel collects from every place that copied it.

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
