"""What follows the convolutions: dense layers, softmax and the loss, each forward directly above its backward."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_core.arguments import Array, expect_shape, float_array


def linear(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> Array:
    """Fully connected layer: input times the transposed weight, plus bias.

    Args:
        input: (…, in_features).
        weight: (out_features, in_features).
        bias: (out_features,) or None.

    Returns:
        (…, out_features).

    Raises:
        ValueError: the shapes do not fit.

    Source: `torch.nn.functional.linear`.

    >>> linear([1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]], [0.5, 0.0]).tolist()
    [11.5, 17.0]
    """
    values, matrix = _linear_arguments(input, weight)
    output = values @ matrix.T  # (…, out)
    offset = _check_bias(bias, len(matrix))
    return output if offset is None else output + offset.astype(output.dtype, copy=False)


def linear_backward(
    grad_output: ArrayLike, input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None
) -> tuple[Array, Array, Array]:
    """Return (grad_input, grad_weight, grad_bias) of `linear`.

    >>> grad_input, grad_weight, grad_bias = linear_backward([[1.0]], [[2.0, 3.0]], [[5.0, 7.0]])
    >>> grad_input.tolist(), grad_weight.tolist(), grad_bias.tolist()
    ([[5.0, 7.0]], [[2.0, 3.0]], [1.0])
    """
    _check_bias(bias, len(float_array("weight", weight, 2)))
    return linear_backward_input(grad_output, input, weight), *linear_backward_parameters(grad_output, input, weight)


def linear_backward_input(grad_output: ArrayLike, input: ArrayLike, weight: ArrayLike) -> Array:
    """Return grad_input as `linear_backward` does, without the gradients of weight and bias.

    >>> linear_backward_input([[1.0]], [[2.0, 3.0]], [[5.0, 7.0]]).tolist()
    [[5.0, 7.0]]
    """
    values, matrix = _linear_arguments(input, weight)
    return _linear_gradient(grad_output, values, matrix) @ matrix  # (…, in)


def linear_backward_parameters(grad_output: ArrayLike, input: ArrayLike, weight: ArrayLike) -> tuple[Array, Array]:
    """Return (grad_weight, grad_bias) as `linear_backward` does, without the gradient of the input.

    >>> [grad.tolist() for grad in linear_backward_parameters([[1.0]], [[2.0, 3.0]], [[5.0, 7.0]])]
    [[[2.0, 3.0]], [1.0]]
    """
    values, matrix = _linear_arguments(input, weight)
    grad = _linear_gradient(grad_output, values, matrix)
    rows, grads = values.reshape(-1, values.shape[-1]), grad.reshape(-1, len(matrix))  # (M, in), (M, out)
    return grads.T @ rows, grads.sum(axis=0)


def _linear_gradient(grad_output: ArrayLike, values: Array, matrix: Array) -> Array:
    grad = float_array("grad_output", grad_output).astype(values.dtype, copy=False)
    expect_shape("grad_output", grad, (*values.shape[:-1], len(matrix)), "the shape of linear's output")
    return grad


def _check_bias(bias: ArrayLike | None, outputs: int) -> Array | None:
    if bias is None:
        return None
    offset = float_array("bias", bias)
    expect_shape("bias", offset, (outputs,), "one number an output")
    return offset


def _linear_arguments(input: ArrayLike, weight: ArrayLike) -> tuple[Array, Array]:
    values, matrix = float_array("input", input), float_array("weight", weight, 2)
    if values.ndim == 0 or values.shape[-1] != matrix.shape[1]:
        raise ValueError(
            f"weight of shape {matrix.shape} takes {matrix.shape[1]} features, but input is {values.shape}"
        )
    dtype = np.result_type(values, matrix)
    return values.astype(dtype, copy=False), matrix.astype(dtype, copy=False)


def softmax(x: ArrayLike, axis: int = -1) -> Array:
    """Probabilities from logits: e^x over the sum of e^x along axis.

    >>> softmax(np.array([0.0, 0.0, 1000.0])).tolist()
    [0.0, 0.0, 1.0]
    """
    values = _with_axis(x, axis)
    powers = np.exp(values - values.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def softmax_backward(grad_output: ArrayLike, x: ArrayLike, axis: int = -1) -> Array:
    """Return p (grad - sum(grad p)), where p = softmax(x).

    >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.0, 0.0])).tolist()
    [0.25, -0.25]
    """
    p = softmax(x, axis)
    grad = float_array("grad_output", grad_output)
    expect_shape("grad_output", grad, p.shape, "the shape of x")
    return p * (grad - (grad * p).sum(axis=axis, keepdims=True))


def log_softmax(x: ArrayLike, axis: int = -1) -> Array:
    """Logarithm of `softmax`, exact where the probability itself would round to 0.

    >>> log_softmax(np.array([0.0, 1000.0])).tolist()
    [-1000.0, 0.0]
    """
    values = _with_axis(x, axis)
    shifted = values - values.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def log_softmax_backward(grad_output: ArrayLike, x: ArrayLike, axis: int = -1) -> Array:
    """Return grad - softmax(x) sum(grad).

    >>> log_softmax_backward(np.array([1.0, 0.0]), np.array([0.0, 0.0])).tolist()
    [0.5, -0.5]
    """
    p = softmax(x, axis)
    grad = float_array("grad_output", grad_output)
    expect_shape("grad_output", grad, p.shape, "the shape of x")
    return grad - p * grad.sum(axis=axis, keepdims=True)


def _with_axis(x: ArrayLike, axis: int) -> Array:
    values = float_array("x", x)
    if not -values.ndim <= axis < values.ndim:
        raise ValueError(f"axis {axis} is out of range for an array of shape {values.shape}")
    return values


def cross_entropy(logits: ArrayLike, target: ArrayLike) -> Array:
    """Mean over the batch of minus the log-probability that softmax(logits) gives to the right class.

    Args:
        logits: (N, classes), or (classes,) for one example.
        target: (N,) whole numbers, or one, each from 0 to classes - 1.

    Returns:
        The loss, a zero-dimensional array.

    Raises:
        ValueError: the shapes do not fit or a target is no class.

    Source: `torch.nn.functional.cross_entropy`.

    >>> float(cross_entropy(np.zeros((1, 4)), [2]).round(6))
    1.386294
    """
    values, classes = _logits_and_target(logits, target)
    return np.asarray(-log_softmax(values)[np.arange(len(values)), classes].mean())


def cross_entropy_backward(logits: ArrayLike, target: ArrayLike) -> Array:
    """Gradient with respect to the logits: (softmax(logits) - one-hot target) / N.

    >>> cross_entropy_backward(np.zeros((1, 4)), [2]).tolist()
    [[0.25, 0.25, -0.75, 0.25]]
    """
    values, classes = _logits_and_target(logits, target)
    grad = softmax(values)
    grad[np.arange(len(values)), classes] -= 1
    grad /= len(values)
    return grad.reshape(np.shape(logits))


def _logits_and_target(logits: ArrayLike, target: ArrayLike) -> tuple[Array, NDArray[np.integer]]:
    values, classes = float_array("logits", logits, 1, 2), np.asarray(target)
    if classes.dtype.kind not in "iu" or classes.shape != values.shape[:-1]:
        raise ValueError(
            f"target must be whole numbers of shape {values.shape[:-1]}, got {classes.dtype} of {classes.shape}"
        )
    if classes.min() < 0 or classes.max() >= values.shape[-1]:
        raise ValueError(f"target must be from 0 to {values.shape[-1] - 1}, got {classes.min()} to {classes.max()}")
    return np.atleast_2d(values), classes.reshape(-1)
