"""Pooling whose windows follow the input's size: whole maps, or a fixed number of bins; each forward above its backward."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_core.arguments import Array, IntOrPair, expect_shape, float_array, image_batch, int_pair


def _gradient(grad_output: ArrayLike, dtype: np.dtype[np.floating], shape: tuple[int, ...]) -> Array:
    grad = float_array("grad_output", grad_output).astype(dtype, copy=False)
    expect_shape("grad_output", grad, shape, "the shape of the pool's output")
    return grad


def global_avg_pool2d(input: ArrayLike, keepdims: bool = True) -> Array:
    """Mean of each whole map.

    Args:
        input: (C, H, W) or (N, C, H, W).
        keepdims: keep two axes of length 1 in place of H and W.

    Returns:
        (…, C, 1, 1), or (…, C) without keepdims.

    Raises:
        ValueError: input has another rank.

    Source: Lin, Chen and Yan, "Network In Network" (2014), section 3.2.

    >>> global_avg_pool2d([[[1.0, 2.0, 6.0]]]).tolist(), global_avg_pool2d([[[1.0, 2.0, 6.0]]], keepdims=False).tolist()
    ([[[3.0]]], [3.0])
    """
    image = float_array("input", input, 3, 4)
    return np.asarray(image.mean(axis=(-2, -1), keepdims=keepdims))  # (…, C, 1, 1) or (…, C)


def global_avg_pool2d_backward(grad_output: ArrayLike, input: ArrayLike, keepdims: bool = True) -> Array:
    """Spread each map's gradient evenly over its pixels.

    Args:
        grad_output: in the shape of global_avg_pool2d's output.
        input, keepdims: as global_avg_pool2d was called.

    Returns:
        grad_input, in the shape of input.

    Raises:
        ValueError: grad_output has another shape.

    >>> global_avg_pool2d_backward([[[6.0]]], [[[1.0, 2.0, 6.0]]]).tolist()
    [[[2.0, 2.0, 2.0]]]
    """
    image = float_array("input", input, 3, 4)
    shape = (*image.shape[:-2], 1, 1) if keepdims else image.shape[:-2]
    grad = _gradient(grad_output, image.dtype, shape).reshape(*image.shape[:-2], 1, 1)
    share = grad / image.dtype.type(image.shape[-2] * image.shape[-1])  # (…, C, 1, 1)
    return np.broadcast_to(share, image.shape).copy()  # (…, C, H, W)


def global_max_pool2d(input: ArrayLike, keepdims: bool = True) -> Array:
    """Largest value of each whole map.

    Args:
        input: (C, H, W) or (N, C, H, W).
        keepdims: keep two axes of length 1 in place of H and W.

    Returns:
        (…, C, 1, 1), or (…, C) without keepdims.

    Raises:
        ValueError: input has another rank.

    Source: `torch.nn.functional.adaptive_max_pool2d` with output size 1.

    >>> global_max_pool2d([[[1.0, 2.0, 6.0]]]).tolist()
    [[[6.0]]]
    """
    image = float_array("input", input, 3, 4)
    return np.asarray(image.max(axis=(-2, -1), keepdims=keepdims))  # (…, C, 1, 1) or (…, C)


def global_max_pool2d_backward(grad_output: ArrayLike, input: ArrayLike, keepdims: bool = True) -> Array:
    """Send each map's gradient to its largest pixel, the first in row order on a tie.

    Args:
        grad_output: in the shape of global_max_pool2d's output.
        input, keepdims: as global_max_pool2d was called.

    Returns:
        grad_input, in the shape of input.

    Raises:
        ValueError: grad_output has another shape.

    >>> global_max_pool2d_backward([[[5.0]]], [[[1.0, 6.0, 6.0]]]).tolist()
    [[[0.0, 5.0, 0.0]]]
    """
    image = float_array("input", input, 3, 4)
    shape = (*image.shape[:-2], 1, 1) if keepdims else image.shape[:-2]
    grad = _gradient(grad_output, image.dtype, shape)
    flat = image.reshape(-1, image.shape[-2] * image.shape[-1])  # (maps, H W)
    found = np.zeros_like(flat)
    found[np.arange(len(flat)), flat.argmax(axis=1)] = grad.reshape(-1)
    return found.reshape(image.shape)  # (…, C, H, W)


def bins(size: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First pixel of each bin along one axis, and the pixel after its last: bins overlap where count does not divide size.

    Args:
        size: pixels.
        count: bins; more than there are pixels is allowed.

    Source: PyTorch, adaptive pooling: floor(b size / count) up to ceil((b + 1) size / count).

    >>> [edges.tolist() for edges in bins(7, 3)]
    [[0, 2, 4], [3, 5, 7]]
    """
    number = np.arange(count)
    return number * size // count, -(-(number + 1) * size // count)


def _edges(size: int, count: int) -> list[tuple[int, int]]:
    starts, stops = bins(size, count)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def adaptive_avg_pool2d(input: ArrayLike, output_size: IntOrPair) -> Array:
    """Mean of each of output_size bins, whatever the input's size.

    Args:
        input: (C, H, W) or (N, C, H, W).
        output_size: bins, an int or (rows, columns).

    Returns:
        (C, rows, columns) or (N, C, rows, columns).

    Raises:
        ValueError: an argument is out of range.

    Source: `torch.nn.functional.adaptive_avg_pool2d`.

    >>> adaptive_avg_pool2d([[[1.0, 2.0, 3.0, 4.0, 5.0]]], (1, 2)).tolist()
    [[[2.0, 4.0]]]
    """
    image, batched = image_batch("input", input)
    rows, columns = int_pair("output_size", output_size, 1)
    down = np.stack([image[:, :, a:b].mean(axis=2) for a, b in _edges(image.shape[2], rows)], axis=2)  # (N, C, rows, W)
    across = [down[..., a:b].mean(axis=3) for a, b in _edges(image.shape[3], columns)]
    pooled = np.stack(across, axis=3)  # (N, C, rows, columns)
    return pooled if batched else pooled[0]


def adaptive_avg_pool2d_backward(grad_output: ArrayLike, input: ArrayLike, output_size: IntOrPair) -> Array:
    """Spread each bin's gradient evenly over its pixels; bins that overlap add up.

    Args:
        grad_output: in the shape of adaptive_avg_pool2d's output.
        input, output_size: as adaptive_avg_pool2d was called.

    Returns:
        grad_input, in the shape of input.

    Raises:
        ValueError: as adaptive_avg_pool2d, or grad_output has another shape.

    >>> adaptive_avg_pool2d_backward([[[3.0, 6.0]]], [[[1.0, 2.0, 3.0, 4.0, 5.0]]], (1, 2)).tolist()
    [[[1.0, 1.0, 3.0, 2.0, 2.0]]]
    """
    image, _ = image_batch("input", input)
    rows, columns = int_pair("output_size", output_size, 1)
    shape = (*np.shape(input)[:-2], rows, columns)
    grad = _gradient(grad_output, image.dtype, shape)
    across = np.zeros((*shape[:-1], image.shape[3]), image.dtype)  # (…, C, rows, W)
    for number, (a, b) in enumerate(_edges(image.shape[3], columns)):
        across[..., a:b] += grad[..., number, np.newaxis] / (b - a)
    grad_input = np.zeros(np.shape(input), image.dtype)  # (…, C, H, W)
    for number, (a, b) in enumerate(_edges(image.shape[2], rows)):
        grad_input[..., a:b, :] += across[..., number, np.newaxis, :] / (b - a)
    return grad_input
