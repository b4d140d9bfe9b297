"""Max and average pooling, each forward directly above its backward.

Padding of a max pool is minus infinity, so it never wins. On a tie the first tap in row order wins.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_core.arguments import Array, IntOrPair, Pair, expect_shape, float_array, image_batch, int_pair
from cnn_core.padding import pad
from cnn_core.shapes import Axis, window_axes


class _Pool(NamedTuple):
    """Checked arguments of one pooling."""

    image: Array  # (N, C, H, W)
    batched: bool
    rows: Axis
    columns: Axis

    @property
    def output_size(self) -> Pair:
        return self.rows.output_size, self.columns.output_size

    def extended(self, value: float) -> Array:
        """Image padded with value until the last window, which may hang over, fits."""
        return pad(
            self.image,
            (self.rows.before, max(self.rows.after - self.rows.leftover, 0)),
            (self.columns.before, max(self.columns.after - self.columns.leftover, 0)),
            value=value,
        )

    def places(self) -> tuple[list[slice], list[slice]]:
        """Rows and columns that each tap reads of the extended image, for all windows at once."""
        found = []
        for axis in (self.rows, self.columns):
            reach = (axis.output_size - 1) * axis.stride + 1
            found.append([slice(t, t + reach, axis.stride) for t in range(0, axis.span, axis.dilation)])
        return found[0], found[1]

    def taps(self) -> list[tuple[slice, slice]]:
        """Row and column of each tap, in row order."""
        return list(product(*self.places()))

    def combined(self, image: Array, combine: np.ufunc) -> Array:
        """Each window's taps combined, (N, C, Ho, Wo): down and then across, so kH + kW passes and not kH kW."""
        rows, columns = self.places()
        down = image[..., rows[0], :].copy()  # (N, C, Ho, W)
        for row in rows[1:]:
            combine(down, image[..., row, :], out=down)
        across = down[..., columns[0]].copy()  # (N, C, Ho, Wo)
        for column in columns[1:]:
            combine(across, down[..., column], out=across)
        return across


def _pool(
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None,
    padding: IntOrPair,
    dilation: IntOrPair,
    ceil_mode: bool,
) -> _Pool:
    image, batched = image_batch("input", input)
    window, pads, spread = (
        int_pair("kernel_size", kernel_size, 1),
        int_pair("padding", padding, 0),
        int_pair("dilation", dilation, 1),
    )
    for p, k, d in zip(pads, window, spread, strict=True):
        if p > (d * (k - 1) + 1) // 2:
            raise ValueError(f"padding must be at most half of kernel_size {kernel_size} (dilated), got {padding}")
    height, width = image.shape[2:]
    step = window if stride is None else stride
    rows, columns = window_axes((height, width), window, step, pads, spread, bool(ceil_mode))
    for axis in (rows, columns):
        for position in {0, axis.output_size - 1}:
            if not any(0 <= index < axis.size for index in axis.window(position)):
                raise ValueError(f"padding {padding} with dilation {dilation} gives a window that sees only padding")
    return _Pool(image, batched, rows, columns)


def max_pool2d(
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Array | tuple[Array, NDArray[np.int64]]:
    """Largest value in each pooling window.

    Args:
        input: (C, H, W) or (N, C, H, W).
        kernel_size: pooling window in pixels, an int or (h, w).
        stride: step between windows in pixels; None means kernel_size.
        padding: pixels of minus infinity on each side, at most half the window.
        dilation: distance between the window's taps in pixels.
        ceil_mode: count a last window that hangs over the edge.
        return_indices: also return where each winner lies.

    Returns:
        (C, Ho, Wo) or (N, C, Ho, Wo); with return_indices also an int64 array of that shape: y * W + x of the winner
        in the unpadded input, the first in row order on a tie.

    Raises:
        ValueError: an argument is out of range, or the window is larger than the padded input.

    Source: `torch.nn.functional.max_pool2d`.

    >>> max_pool2d([[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 8.0, 7.0]]], 2).tolist()
    [[[5.0, 8.0]]]
    """
    p = _pool(input, kernel_size, stride, padding, dilation, ceil_mode)
    if not return_indices:
        best = p.combined(p.extended(-np.inf), np.maximum)
        return best if p.batched else best[0]
    image = p.extended(-np.inf)
    rows = np.arange(p.rows.output_size)[:, np.newaxis] * p.rows.stride - p.rows.before
    columns = np.arange(p.columns.output_size) * p.columns.stride - p.columns.before
    corner = rows * p.columns.size + columns  # (Ho, Wo), of the first tap
    best = p.combined(image, np.maximum)
    indices = np.zeros(best.shape, np.int64)
    for number, hit in enumerate(_hits(image, best, p)):
        tap_y, tap_x = divmod(number, p.columns.kernel_size)
        offset = tap_y * p.rows.dilation * p.columns.size + tap_x * p.columns.dilation
        np.copyto(indices, corner + offset, where=hit)
    return (best, indices) if p.batched else (best[0], indices[0])


def _hits(image: Array, best: Array, p: _Pool) -> Iterator[NDArray[np.bool_]]:
    """For each tap in row order, where it is the winner: the first that equals the best."""
    free = np.ones(best.shape, np.bool_)
    for row, column in p.taps():
        hit = image[..., row, column] == best
        hit &= free
        free ^= hit
        yield hit


def max_pool2d_backward(
    grad_output: ArrayLike,
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
) -> Array:
    """Send each window's gradient to its winner (the first in row order on a tie); windows that overlap add up.

    Args:
        grad_output: gradient in the shape of max_pool2d's output.
        input, kernel_size, stride, padding, dilation, ceil_mode: as max_pool2d was called.

    Returns:
        grad_input, in the shape of input.

    Raises:
        ValueError: as max_pool2d, or grad_output has another shape.

    >>> max_pool2d_backward([[[9.0]]], [[[1.0, 5.0], [5.0, 2.0]]], 2).tolist()
    [[[0.0, 9.0], [0.0, 0.0]]]
    """
    p = _pool(input, kernel_size, stride, padding, dilation, ceil_mode)
    grad = _output_gradient(grad_output, p)
    image = p.extended(-np.inf)
    extended = np.zeros_like(image)
    for (row, column), hit in zip(p.taps(), _hits(image, p.combined(image, np.maximum), p), strict=True):
        extended[..., row, column] += grad * hit
    return _crop(extended, p)


def avg_pool2d(
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """Mean of each pooling window.

    Args:
        input: (C, H, W) or (N, C, H, W).
        kernel_size: pooling window in pixels, an int or (h, w).
        stride: step between windows in pixels; None means kernel_size.
        padding: pixels of zeros on each side, at most half the window.
        ceil_mode: count a last window that hangs over the edge; what hangs over is never counted.
        count_include_pad: divide by the window's padding pixels too.

    Returns:
        (C, Ho, Wo) or (N, C, Ho, Wo).

    Raises:
        ValueError: an argument is out of range, or the window is larger than the padded input.

    Source: `torch.nn.functional.avg_pool2d`.

    >>> avg_pool2d([[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 8.0, 7.0]]], 2).tolist()
    [[[3.25, 4.25]]]
    """
    p = _pool(input, kernel_size, stride, padding, 1, ceil_mode)
    total = p.combined(p.extended(0.0), np.add)
    total *= _share(p, count_include_pad)
    return total if p.batched else total[0]


def avg_pool2d_backward(
    grad_output: ArrayLike,
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """Spread each window's gradient evenly over the pixels that it averaged.

    Args:
        grad_output: gradient in the shape of avg_pool2d's output.
        input, kernel_size, stride, padding, ceil_mode, count_include_pad: as avg_pool2d was called.

    Returns:
        grad_input, in the shape of input.

    Raises:
        ValueError: as avg_pool2d, or grad_output has another shape.

    >>> avg_pool2d_backward([[[8.0]]], [[[1.0, 5.0], [5.0, 2.0]]], 2).tolist()
    [[[2.0, 2.0], [2.0, 2.0]]]
    """
    p = _pool(input, kernel_size, stride, padding, 1, ceil_mode)
    spread = _output_gradient(grad_output, p) * _share(p, count_include_pad)
    extended = np.zeros_like(p.extended(0.0))
    for row, column in p.taps():
        extended[..., row, column] += spread
    return _crop(extended, p)


def _share(p: _Pool, count_include_pad: bool) -> Array:
    """One over the number of pixels that each window counts: (Ho, Wo)."""
    counts = []
    for axis in (p.rows, p.columns):
        start = np.arange(axis.output_size) * axis.stride - axis.before
        low, high = (-axis.before, axis.size + axis.after) if count_include_pad else (0, axis.size)
        counts.append(np.minimum(start + axis.kernel_size, high) - np.maximum(start, low))
    return (1 / np.multiply.outer(*counts)).astype(p.image.dtype)


def _output_gradient(grad_output: ArrayLike, p: _Pool) -> Array:
    grad = float_array("grad_output", grad_output, 4 if p.batched else 3).astype(p.image.dtype, copy=False)
    grad = grad if p.batched else grad[np.newaxis]
    expect_shape("grad_output", grad, (*p.image.shape[:2], *p.output_size), "the shape of the pool's output")
    return grad


def _crop(extended: Array, p: _Pool) -> Array:
    """Cut the padding off and return the rank of the input."""
    top, left = p.rows.before, p.columns.before
    grad = extended[..., top : top + p.rows.size, left : left + p.columns.size]
    return np.ascontiguousarray(grad if p.batched else grad[0])
