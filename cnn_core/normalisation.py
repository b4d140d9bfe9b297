"""Normalisation: batch norm as it answers, and local response normalisation; each forward directly above its backward."""

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import Array, expect_shape, float_array, whole_number


def _channels_last_axis(values: Array) -> int:
    """Axis of the channels: (C,), (C, H, W) or with a batch before."""
    return 0 if values.ndim in (1, 3) else 1


def _per_channel(name: str, numbers: ArrayLike, values: Array) -> Array:
    """Numbers (C,) as float64, shaped so that they broadcast over values."""
    array = float_array(name, numbers).astype(np.float64)
    axis = _channels_last_axis(values)
    expect_shape(name, array, (values.shape[axis],), "one number a channel")
    return array.reshape([-1 if a == axis else 1 for a in range(values.ndim)])


def _inverse_deviation(running_var: ArrayLike, values: Array, eps: float) -> Array:
    variance = _per_channel("running_var", running_var, values)
    if (variance + eps <= 0).any():
        raise ValueError(f"running_var plus eps must be above 0, got {float(variance.min())!r} and {eps!r}")
    return 1 / np.sqrt(variance + eps)  # (C, 1, 1) or as values broadcast


def batch_norm(
    input: ArrayLike,
    running_mean: ArrayLike,
    running_var: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
) -> Array:
    """Shift and scale each channel by stored statistics: (x - mean) / sqrt(variance + eps) * weight + bias.

    Args:
        input: (C, H, W), (N, C, H, W), (N, C) or (C,).
        running_mean: (C,), of each channel over the training data.
        running_var: (C,), the variance likewise.
        weight: (C,) or None for 1.
        bias: (C,) or None for 0.
        eps: added to the variance.

    Returns:
        An array in the shape of input.

    Raises:
        ValueError: a shape does not fit, or a variance plus eps is not above 0.

    Source: Ioffe and Szegedy, "Batch Normalization" (2015), algorithm 2; `torch.nn.functional.batch_norm`, not training.

    >>> batch_norm([[[3.0, 5.0]]], [1.0], [4.0], [10.0], [0.5], eps=0.0).tolist()
    [[[10.5, 20.5]]]
    """
    values = float_array("input", input)
    mean = _per_channel("running_mean", running_mean, values)
    scale = _inverse_deviation(running_var, values, eps)  # (C, 1, 1)
    if weight is not None:
        scale = scale * _per_channel("weight", weight, values)
    output = values - mean.astype(values.dtype)  # (N, C, H, W): the mean first, so that nothing cancels later
    output *= scale.astype(values.dtype)
    if bias is not None:
        output += _per_channel("bias", bias, values).astype(values.dtype)
    return output


def batch_norm_backward(
    grad_output: ArrayLike,
    input: ArrayLike,
    running_mean: ArrayLike,
    running_var: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    """Return (grad_input, grad_weight, grad_bias) of `batch_norm`; the stored statistics are constants.

    Args:
        grad_output: in the shape of input.
        input, running_mean, running_var, weight, bias, eps: as batch_norm was called.

    Returns:
        Gradients in the shapes of input, (C,) and (C,).

    Raises:
        ValueError: as batch_norm, or grad_output has another shape.

    >>> parts = batch_norm_backward([[[1.0, 1.0]]], [[[3.0, 5.0]]], [1.0], [4.0], [10.0], [0.5], eps=0.0)
    >>> [part.tolist() for part in parts]
    [[[[5.0, 5.0]]], [3.0], [2.0]]
    """
    values = float_array("input", input)
    if bias is not None:
        _per_channel("bias", bias, values)  # refuses what batch_norm refuses
    grad = float_array("grad_output", grad_output).astype(values.dtype, copy=False)
    expect_shape("grad_output", grad, values.shape, "the shape of input")
    inverse = _inverse_deviation(running_var, values, eps)  # (C, 1, 1)
    scale = inverse if weight is None else inverse * _per_channel("weight", weight, values)
    centred = values - _per_channel("running_mean", running_mean, values).astype(values.dtype)  # (N, C, H, W)
    rest = tuple(a for a in range(values.ndim) if a != _channels_last_axis(values))
    grad_weight = (grad * centred).sum(axis=rest) * inverse.reshape(-1).astype(values.dtype)  # (C,)
    return grad * scale.astype(values.dtype), grad_weight, grad.sum(axis=rest)


def _window_sums(values: Array, before: int, after: int) -> Array:
    """Sum over channels c - before … c + after of (N, C, …), fewer at the ends."""
    total = values.copy()  # (N, C, …)
    channels = values.shape[1]
    for shift in range(1, min(after, channels - 1) + 1):
        total[:, :-shift] += values[:, shift:]
    for shift in range(1, min(before, channels - 1) + 1):
        total[:, shift:] += values[:, :-shift]
    return total


def _response(input: ArrayLike, size: int, alpha: float, k: float) -> tuple[Array, Array, bool]:
    values = float_array("input", input, 3, 4)
    batch = values if values.ndim == 4 else values[np.newaxis]  # (N, C, H, W)
    size = whole_number("size", size, 1)
    number = batch.dtype.type
    base = _window_sums(batch * batch, size // 2, (size - 1) // 2) * number(alpha / size) + number(k)
    return batch, base, values.ndim == 4


def local_response_norm(input: ArrayLike, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Array:
    """Divide each number by a power of the squares around it in neighbouring channels.

    Args:
        input: (C, H, W) or (N, C, H, W).
        size: channels in the window; of an even one, one more lies before than after.
        alpha: weight of their mean square.
        beta: exponent.
        k: added to it.

    Returns:
        x / (k + alpha / size * sum of squares) ** beta, in the shape of input.

    Raises:
        ValueError: an argument is out of range.

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet Classification" (2012), section 3.3;
    `torch.nn.functional.local_response_norm`.

    >>> local_response_norm([[[2.0]], [[4.0]]], size=1, alpha=1.0, beta=1.0, k=0.0).ravel().tolist()
    [0.5, 0.25]
    """
    batch, base, batched = _response(input, size, alpha, k)
    output = batch * base ** batch.dtype.type(-beta)  # (N, C, H, W)
    return output if batched else output[0]


def local_response_norm_backward(
    grad_output: ArrayLike, input: ArrayLike, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Array:
    """Gradient of `local_response_norm`: the direct share, less what each number did to its neighbours' divisors.

    Args:
        grad_output: in the shape of input.
        input, size, alpha, beta, k: as local_response_norm was called.

    Returns:
        grad_input, in the shape of input.

    Raises:
        ValueError: as local_response_norm, or grad_output has another shape.

    >>> local_response_norm_backward([[[1.0]]], [[[2.0]]], size=1, alpha=1.0, beta=0.5, k=0.0).round(6).tolist()
    [[[0.0]]]
    """
    batch, base, batched = _response(input, size, alpha, k)
    grad = float_array("grad_output", grad_output).astype(batch.dtype, copy=False)
    expect_shape("grad_output", grad, batch.shape if batched else batch.shape[1:], "the shape of input")
    grad = grad.reshape(batch.shape)
    number = batch.dtype.type
    power = base ** number(-beta)  # (N, C, H, W)
    shares = _window_sums(grad * batch * power / base, (size - 1) // 2, size // 2)  # the window, turned round
    grad_input = grad * power - shares * batch * number(2 * alpha * beta / size)
    return grad_input if batched else grad_input[0]
