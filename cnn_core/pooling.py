"""Max and average pooling, each forward directly above its backward.

Padding of a max pool is minus infinity, so it never wins. On a tie the first tap in row order wins; NaN wins over every
number, and the last one over the others, as in PyTorch.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_core.arguments import (
    Array,
    IntOrPair,
    Pair,
    all_finite,
    expect_shape,
    flag,
    float_array,
    image_batch,
    int_pair,
    only_where,
    quiet,
    same_type,
)
from cnn_core.correlation import BLOCK_BYTES
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

    @property
    def overlaps(self) -> bool:
        """Whether windows share pixels."""
        return any(axis.span > axis.stride and axis.output_size > 1 for axis in (self.rows, self.columns))

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
        down = _folded([image[..., row, :] for row in rows], combine)  # (N, C, Ho, W)
        return _folded([down[..., column] for column in columns], combine)


def _folded(parts: list[Array], combine: np.ufunc) -> Array:
    """All parts combined, one after the other, in an array of its own."""
    if len(parts) == 1:
        return parts[0].copy()
    total: Array = combine(parts[0], parts[1])
    for part in parts[2:]:
        combine(total, part, out=total)
    return total


def _pool(
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None,
    padding: IntOrPair,
    dilation: IntOrPair,
    ceil_mode: bool,
) -> _Pool:
    image, batched = image_batch("input", input)
    height, width = image.shape[2:]
    rows, columns = pool_axes((height, width), kernel_size, stride, padding, dilation, ceil_mode)
    return _Pool(image, batched, rows, columns)


def pool_axes(
    size: Pair,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
) -> tuple[Axis, Axis]:
    """Both axes of a pooling, refused exactly where `max_pool2d` and `avg_pool2d` themselves refuse.

    Args:
        size: (H, W) of the input in pixels.
        kernel_size, stride, padding, dilation, ceil_mode: as `max_pool2d` takes them.

    Returns:
        Two Axis, rows before columns.

    Raises:
        ValueError: an argument is out of range, no window fits, padding is above half of kernel_size, or a window sees
            only padding.

    Source: `pool2d_shape_check` of PyTorch; it lets a max pool see only padding, and then answers minus infinity.

    >>> [axis.output_size for axis in pool_axes((2, 7), 3, 2, ceil_mode=True)]
    [1, 3]
    """
    window, pads = int_pair("kernel_size", kernel_size, 1), int_pair("padding", padding, 0)
    if any(p > k // 2 for p, k in zip(pads, window, strict=True)):
        raise ValueError(f"padding must be at most half of kernel_size {kernel_size}, got {padding}")
    axes = window_axes(size, window, window if stride is None else stride, pads, dilation, ceil_mode)
    for axis in axes:
        if not _sees_input(axis):
            raise ValueError(f"padding {padding} with dilation {dilation} gives a window that sees only padding")
    return axes


def _sees_input(axis: Axis) -> bool:
    """Whether every window has a tap inside the input; with padding of at most half the window, only dilation can miss it."""
    if axis.dilation == 1 or axis.before == 0:
        return True
    first = _first_inside(axis)
    start = np.arange(axis.output_size) * axis.stride - axis.before
    return bool(np.all((first < axis.kernel_size) & (start + first * axis.dilation < axis.size)))


def _first_inside(axis: Axis) -> NDArray[np.intp]:
    """For each window, its first tap that is not in the padding before the input: (output_size,)."""
    start = np.arange(axis.output_size) * axis.stride - axis.before
    return -(np.minimum(start, 0) // axis.dilation)  # -floor(-x) rounds up


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
        padding: pixels of minus infinity on each side, at most half of kernel_size.
        dilation: distance between the window's taps in pixels.
        ceil_mode: count a last window that hangs over the edge, or the only one if it is larger than the input.
        return_indices: also return where each winner lies.

    Returns:
        (C, Ho, Wo) or (N, C, Ho, Wo); with return_indices also an int64 array of that shape: y * W + x of the winner
        in the unpadded input, the first in row order on a tie. NaN wins, the last one in its window.

    Raises:
        ValueError: an argument is out of range, no window fits, or one sees only padding.

    Source: `torch.nn.functional.max_pool2d`.

    >>> max_pool2d([[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 8.0, 7.0]]], 2).tolist()
    [[[5.0, 8.0]]]
    """
    p = _pool(input, kernel_size, stride, padding, dilation, ceil_mode)
    image = p.extended(-np.inf)
    best = p.combined(image, np.maximum)
    if not flag("return_indices", return_indices):
        return best if p.batched else best[0]
    rows = np.arange(p.rows.output_size)[:, np.newaxis] * p.rows.stride - p.rows.before
    columns = np.arange(p.columns.output_size) * p.columns.stride - p.columns.before
    corner = rows * p.columns.size + columns  # (Ho, Wo), of the first tap
    down, across = np.divmod(np.arange(len(p.taps())), p.columns.kernel_size)
    offset = down * p.rows.dilation * p.columns.size + across * p.columns.dilation  # of each tap from the first
    indices = corner + offset[_winners(image, best, p)]
    return (best, indices) if p.batched else (best[0], indices[0])


def _winners(image: Array, best: Array, p: _Pool) -> NDArray[np.intp]:
    """For each window, the number of the tap that wins, in row order: (N, C, Ho, Wo)."""
    winner = np.zeros(best.shape, np.intp)
    taps = p.taps()
    for number in range(len(taps) - 1, -1, -1):  # backwards, so that the first of equals stays
        np.copyto(winner, number, where=image[(..., *taps[number])] == best)
    if np.isneginf(best).any():  # padding ties with the input: the first tap inside wins
        first = _first_inside(p.rows)[:, np.newaxis] * p.columns.kernel_size + _first_inside(p.columns)  # (Ho, Wo)
        np.copyto(winner, first, where=np.isneginf(best))
    if np.isnan(best).any():
        for number, place in enumerate(taps):  # forwards: the last NaN stays
            np.copyto(winner, number, where=np.isnan(image[(..., *place)]))
    return winner


def _hits(image: Array, best: Array, p: _Pool) -> Iterator[NDArray[np.bool_]]:
    """For each tap in row order, which windows it wins: (N, C, Ho, Wo), sooner than numbers where all are ordinary."""
    if all_finite(best):
        yield from _first_hits([image[(..., *place)] for place in p.taps()], best)
        return
    winner = _winners(image, best, p)
    yield from (winner == number for number in range(len(p.taps())))


def _first_hits(taps: list[Array], best: Array) -> Iterator[NDArray[np.bool_]]:
    """For each tap in order, where it is the best and none before it was."""
    free = np.ones(best.shape, np.bool_)
    for tap in taps[:-1]:
        hit = tap == best
        hit &= free
        free ^= hit
        yield hit
    yield free  # what no other tap wins, the last one does


def max_pool2d_backward(
    grad_output: ArrayLike,
    input: ArrayLike,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
) -> Array:
    """Send each window's gradient to its winner, which `max_pool2d` names; windows that overlap add up.

    Args:
        grad_output: gradient in the shape of max_pool2d's output.
        input, kernel_size, stride, padding, dilation, ceil_mode: as max_pool2d was called.

    Returns:
        grad_input, in the shape of input.

    Raises:
        ValueError: as max_pool2d, or grad_output has another shape.

    Source: `torch.nn.functional.max_pool2d`.

    >>> max_pool2d_backward([[[9.0]]], [[[1.0, 5.0], [5.0, 2.0]]], 2).tolist()
    [[[0.0, 9.0], [0.0, 0.0]]]
    """
    p = _pool(input, kernel_size, stride, padding, dilation, ceil_mode)
    image = p.extended(-np.inf)
    grad_image = np.zeros_like(image)
    maps, grads, answers = (
        array.reshape(-1, *array.shape[2:]) for array in (image, _output_gradient(grad_output, p), grad_image)
    )
    chunk = max(1, BLOCK_BYTES // 2 // maps[0].nbytes)  # maps at a time, so that all of this stays in the cache
    with quiet():
        for first in range(0, len(maps), chunk):
            part = slice(first, first + chunk)
            send = _send_dealt if p.overlaps else _send
            send(grads[part], maps[part], answers[part], p)
    return _crop(grad_image, p)


def _send(grad: Array, image: Array, grad_image: Array, p: _Pool) -> None:
    """Add each window's gradient (maps, Ho, Wo) to its winner's place in grad_image, which is 0 before."""
    for place, hit in zip(p.taps(), _hits(image, p.combined(image, np.maximum), p), strict=True):
        if p.overlaps:
            grad_image[(..., *place)] += only_where(hit, grad)
        else:
            only_where(hit, grad, out=grad_image[(..., *place)])


def _send_dealt(grad: Array, image: Array, grad_image: Array, p: _Pool) -> None:
    """As `_send`, for windows that overlap: rows and columns are dealt out to planes, with stride 2 the even and odd ones.

    In a plane, read as one long row, a tap of all windows is a slice without gaps, which computes fastest. There are then
    windows across two rows, too: they are given gradient 0.
    """
    step = p.rows.stride, p.columns.stride
    maps = len(image)
    deep, wide = (-(-size // s) for size, s in zip(image.shape[1:], step, strict=True))  # of a plane
    planes, sums = np.zeros((2, *step, maps, deep, wide), image.dtype)  # pixels, and their gradients
    best, given = np.zeros((2, maps, deep, wide), image.dtype)
    for y, x in np.ndindex(step):
        part = image[:, y :: step[0], x :: step[1]]
        planes[y, x, :, : part.shape[1], : part.shape[2]] = part
    rows, columns = p.output_size
    given[:, :rows, :columns] = grad
    places = []  # of each tap: its plane, and how far from the window's first
    for down, across in product(*(range(0, axis.span, axis.dilation) for axis in (p.rows, p.columns))):
        (above, y), (left, x) = divmod(down, step[0]), divmod(across, step[1])
        places.append((y, x, above * wide + left))
    length = best.size - max(place for _, _, place in places)
    taps, targets = (
        [array[y, x].reshape(-1)[place : place + length] for y, x, place in places] for array in (planes, sums)
    )  # (length,) each
    winners, sent = best.reshape(-1)[:length], given.reshape(-1)[:length]
    winners[...] = _folded(taps, np.maximum)
    if not all_finite(best[:, :rows, :columns]):
        _send(grad, image, grad_image, p)
        return
    share = np.empty_like(sent)
    for target, hit in zip(targets, _first_hits(taps, winners), strict=True):
        target += only_where(hit, sent, out=share)
    for y, x in np.ndindex(step):
        part = grad_image[:, y :: step[0], x :: step[1]]
        part[...] = sums[y, x, :, : part.shape[1], : part.shape[2]]


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
        padding: pixels of zeros on each side, at most half of kernel_size.
        ceil_mode: count a last window that hangs over the edge, or the only one if it is larger than the input; what
            hangs over is never counted.
        count_include_pad: divide by the window's padding pixels too.

    Returns:
        (C, Ho, Wo) or (N, C, Ho, Wo).

    Raises:
        ValueError: an argument is out of range, or no window fits.

    Source: `torch.nn.functional.avg_pool2d`.

    >>> avg_pool2d([[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 8.0, 7.0]]], 2).tolist()
    [[[3.25, 4.25]]]
    """
    p = _pool(input, kernel_size, stride, padding, 1, ceil_mode)
    share = _share(p, count_include_pad)
    with quiet():
        mean = p.combined(p.extended(0.0), np.add)
        mean *= share
        if mean.dtype == np.float32 and not all_finite(mean):  # a sum may have overflowed
            double = p._replace(image=p.image.astype(np.float64))
            mean = same_type(double.combined(double.extended(0.0), np.add) * share, mean)
    return mean if p.batched else mean[0]


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

    Source: `torch.nn.functional.avg_pool2d`.

    >>> avg_pool2d_backward([[[8.0]]], [[[1.0, 5.0], [5.0, 2.0]]], 2).tolist()
    [[[2.0, 2.0], [2.0, 2.0]]]
    """
    p = _pool(input, kernel_size, stride, padding, 1, ceil_mode)
    with quiet():
        spread = _output_gradient(grad_output, p) * _share(p, count_include_pad)
        extended = np.zeros_like(p.extended(0.0))
        for row, column in p.taps():
            extended[..., row, column] += spread
    return _crop(extended, p)


def _share(p: _Pool, count_include_pad: bool) -> Array:
    """One over the number of pixels that each window counts: (Ho, Wo)."""
    counts, counted = [], flag("count_include_pad", count_include_pad)
    for axis in (p.rows, p.columns):
        start = np.arange(axis.output_size) * axis.stride - axis.before
        low, high = (-axis.before, axis.size + axis.after) if counted else (0, axis.size)
        counts.append(np.minimum(start + axis.kernel_size, high) - np.maximum(start, low))
    return (1 / np.multiply.outer(*counts)).astype(p.image.dtype)


def _output_gradient(grad_output: ArrayLike, p: _Pool) -> Array:
    grad = same_type(float_array("grad_output", grad_output, 4 if p.batched else 3), p.image)
    grad = grad if p.batched else grad[np.newaxis]
    expect_shape("grad_output", grad, (*p.image.shape[:2], *p.output_size), "the shape of the pool's output")
    return grad


def _crop(extended: Array, p: _Pool) -> Array:
    """Cut the padding off and return the rank of the input."""
    top, left = p.rows.before, p.columns.before
    grad = extended[..., top : top + p.rows.size, left : left + p.columns.size]
    return np.ascontiguousarray(grad if p.batched else grad[0])
