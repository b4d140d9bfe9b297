"""Activations, each forward directly above its backward.

All take an array of any shape and return one of the same shape. Each `f_backward(grad_output, x, …)` gets the input
that f was called with. At a kink the gradient is the one from the left of `torch.nn.functional`: 0 for ReLU at 0.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import Array, expect_shape, float_array, only_where, quiet, real_number


def _gradient_and_input(grad_output: ArrayLike, x: ArrayLike) -> tuple[Array, Array]:
    grad, values = float_array("grad_output", grad_output), float_array("x", x)
    expect_shape("grad_output", grad, values.shape, "the shape of x")
    return grad, values


def relu(x: ArrayLike) -> Array:
    """Rectified linear unit: max(x, 0).

    Args:
        x: any shape.

    Returns:
        The values, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers.

    Source: Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines" (2010).

    >>> relu([-2.0, 0.0, 3.0]).tolist()
    [0.0, 0.0, 3.0]
    """
    with quiet():
        return np.asarray(np.maximum(float_array("x", x), 0))


def relu_backward(grad_output: ArrayLike, x: ArrayLike) -> Array:
    """Pass the gradient where x > 0; 0 at x = 0.

    Args:
        grad_output: gradient of the loss with respect to the output, in the shape of x.
        x: what the function was called with.

    Returns:
        The gradient with respect to x, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers, or the shapes differ.

    Source: `torch.nn.functional.relu`.

    >>> relu_backward([1.0, 1.0, 1.0], [-2.0, 0.0, 3.0]).tolist()
    [0.0, 0.0, 1.0]
    """
    grad, values = _gradient_and_input(grad_output, x)
    with quiet():
        return only_where(~(values <= 0), grad)  # at NaN it passes, as in PyTorch


def leaky_relu(x: ArrayLike, negative_slope: float = 0.01) -> Array:
    """x where positive, negative_slope * x elsewhere.

    Args:
        x: any shape.
        negative_slope: factor for what is not positive, a finite number.

    Returns:
        The values, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers, or is out of range.

    Source: Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models" (2013).

    >>> leaky_relu(np.array([-2.0, 3.0]), 0.5).tolist()
    [-1.0, 3.0]
    """
    values, slope = float_array("x", x), real_number("negative_slope", negative_slope)
    with quiet():
        return np.where(values > 0, values, values * values.dtype.type(slope))


def leaky_relu_backward(grad_output: ArrayLike, x: ArrayLike, negative_slope: float = 0.01) -> Array:
    """Gradient times 1 where x > 0, times negative_slope elsewhere.

    Args:
        grad_output: gradient of the loss with respect to the output, in the shape of x.
        x: what the function was called with.
        negative_slope: factor for what is not positive, a finite number.

    Returns:
        The gradient with respect to x, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers, is out of range, or the shapes differ.

    Source: `torch.nn.functional.leaky_relu`.

    >>> leaky_relu_backward([1.0, 1.0], [-2.0, 3.0], 0.5).tolist()
    [0.5, 1.0]
    """
    grad, values = _gradient_and_input(grad_output, x)
    slope = real_number("negative_slope", negative_slope)
    with quiet():
        return np.where(values > 0, grad, grad * values.dtype.type(slope))


def _channel_slopes(values: Array, weight: ArrayLike) -> Array:
    """The slopes in a shape that multiplies values channel by channel."""
    slopes = float_array("weight", weight, 0, 1)
    if slopes.size == 1:
        return slopes.reshape(())
    if values.ndim == 0:
        raise ValueError(f"weight must hold 1 slope for a single number x, got shape {slopes.shape}")
    axis = 0 if values.ndim in (1, 3) else 1
    if slopes.size != values.shape[axis]:
        raise ValueError(f"weight must hold 1 slope or {values.shape[axis]} (one a channel), got shape {slopes.shape}")
    return slopes.reshape([-1 if a == axis else 1 for a in range(values.ndim)])


def prelu(x: ArrayLike, weight: ArrayLike) -> Array:
    """Leaky ReLU with a learned slope: one number, or one a channel.

    Args:
        x: (C, H, W), (N, C, H, W), (N, C) or (C,).
        weight: one slope, or C slopes.

    Args:
        x: any shape.
        weight: one slope, or (C,): one for each channel, axis 0 of (C,) and (C, H, W), else axis 1.

    Returns:
        The values, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers, or is out of range.

    Source: He et al., "Delving Deep into Rectifiers" (2015).

    >>> prelu([[[-4.0]], [[-4.0]]], [0.5, 0.25]).ravel().tolist()
    [-2.0, -1.0]
    """
    values = float_array("x", x)
    with quiet():
        slopes = _channel_slopes(values, weight).astype(values.dtype)
        if values.ndim == 0 or not np.isfinite(slopes).all():
            return np.where(values > 0, values, values * slopes)
        answer = np.minimum(values, 0)
        answer *= slopes
        answer += np.maximum(values, 0)
        return answer


def prelu_backward(grad_output: ArrayLike, x: ArrayLike, weight: ArrayLike) -> tuple[Array, Array]:
    """Return (grad_input, grad_weight); grad_weight sums over all but the channel axis.

    Args:
        grad_output: gradient of the loss with respect to the output, in the shape of x.
        x: what the function was called with.
        weight: one slope, or (C,): one for each channel, axis 0 of (C,) and (C, H, W), else axis 1.

    Returns:
        (grad_input, grad_weight), in the shapes of x and weight.

    Raises:
        ValueError: an argument is no array of real numbers, is out of range, or the shapes differ.

    Source: `torch.nn.functional.prelu`.

    >>> prelu_backward([[[1.0]], [[1.0]]], [[[-4.0]], [[4.0]]], [0.5, 0.25])[1].tolist()
    [-4.0, 0.0]
    """
    grad, values = _gradient_and_input(grad_output, x)
    with quiet():
        slopes = _channel_slopes(values, weight).astype(values.dtype)
        grad_input = np.where(values > 0, grad, grad * slopes)
        negative = np.where(values > 0, 0, grad.astype(np.float64, copy=False) * values)  # sums of float32 may overflow
        shared = tuple(a for a in range(values.ndim) if slopes.ndim == 0 or slopes.shape[a] == 1)
        return grad_input, np.asarray(negative.sum(axis=shared), grad.dtype).reshape(np.shape(weight))


def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """x where positive, alpha (e^x - 1) elsewhere.

    Args:
        x: any shape.
        alpha: minus the value that large negative x approach, a finite number.

    Returns:
        The values, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers, or is out of range.

    Source: Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by ELUs" (2016).

    >>> elu(np.array([-100.0, 2.0])).tolist()
    [-1.0, 2.0]
    """
    values, scale = float_array("x", x), real_number("alpha", alpha)
    with quiet():
        return np.where(values > 0, values, values.dtype.type(scale) * np.expm1(np.minimum(values, 0)))


def elu_backward(grad_output: ArrayLike, x: ArrayLike, alpha: float = 1.0) -> Array:
    """Gradient times 1 where x > 0, times alpha e^x elsewhere.

    Args:
        grad_output: gradient of the loss with respect to the output, in the shape of x.
        x: what the function was called with.
        alpha: minus the value that large negative x approach, a finite number.

    Returns:
        The gradient with respect to x, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers, is out of range, or the shapes differ.

    Source: `torch.nn.functional.elu`.

    >>> elu_backward([1.0, 1.0], [0.0, 2.0], alpha=0.5).tolist()
    [0.5, 1.0]
    """
    grad, values = _gradient_and_input(grad_output, x)
    scale = real_number("alpha", alpha)
    with quiet():
        slope = values.dtype.type(scale) * np.exp(np.minimum(values, 0))
        return np.where(values <= 0, grad * slope, grad)  # at NaN it passes, as in PyTorch


def sigmoid(x: ArrayLike) -> Array:
    """Logistic function 1 / (1 + e^-x), without overflow for large negative x.

    Args:
        x: any shape.

    Returns:
        The values, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers.

    Source: `torch.nn.functional.sigmoid`.

    >>> sigmoid(np.array([0.0, -1000.0])).tolist()
    [0.5, 0.0]
    """
    values = float_array("x", x)
    with quiet():
        small = np.exp(-np.abs(values))  # in (0, 1]
        return np.asarray(np.where(values >= 0, 1, small) / (1 + small))


def sigmoid_backward(grad_output: ArrayLike, x: ArrayLike) -> Array:
    """Gradient times s(1 - s), where s = sigmoid(x).

    Args:
        grad_output: gradient of the loss with respect to the output, in the shape of x.
        x: what the function was called with.

    Returns:
        The gradient with respect to x, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers, or the shapes differ.

    Source: `torch.nn.functional.sigmoid`.

    >>> sigmoid_backward([1.0], [0.0]).tolist()
    [0.25]
    """
    grad, values = _gradient_and_input(grad_output, x)
    with quiet():
        small = np.exp(-np.abs(values))
        return np.asarray(grad * (small / (1 + small) ** 2))  # s(1 - s) is even in x


def tanh(x: ArrayLike) -> Array:
    """Hyperbolic tangent.

    Args:
        x: any shape.

    Returns:
        The values, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers.

    Source: `torch.nn.functional.tanh`.

    >>> tanh(np.array([0.0, 1000.0])).tolist()
    [0.0, 1.0]
    """
    with quiet():
        return np.asarray(np.tanh(float_array("x", x)))


def tanh_backward(grad_output: ArrayLike, x: ArrayLike) -> Array:
    """Gradient times 1 - tanh(x)^2.

    Args:
        grad_output: gradient of the loss with respect to the output, in the shape of x.
        x: what the function was called with.

    Returns:
        The gradient with respect to x, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers, or the shapes differ.

    Source: `torch.nn.functional.tanh`.

    >>> tanh_backward([1.0], [0.0]).tolist()
    [1.0]
    """
    grad, values = _gradient_and_input(grad_output, x)
    with quiet():
        return np.asarray(grad * (1 - np.tanh(values) ** 2))


# Cody, "Rational Chebyshev approximations for the error function" (1969): numerators and denominators, highest power
# first, for |x| < 0.46875, up to 4, and beyond. NumPy has no erf; these reach the last bits of float64.
_ERF_P = (
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_ERF_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
_ERFC_P = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1, 2.98635138197400131e2,
    8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
_ERFC_Q = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
_TAIL_P = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
_TAIL_Q = (
    1.0,
    2.56852019228982242e0,
    1.87295284992346725e0,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)


def _normal_cdf(x: Array) -> Array:
    """Probability that a standard normal number is below x: erfc(-x / sqrt(2)) / 2."""
    scaled = x.astype(np.float64) / math.sqrt(2)
    size = np.minimum(np.abs(scaled), 40.0)  # erfc(40) is 0 in float64
    square = size * size
    near = size * np.polyval(_ERF_P, np.minimum(square, 0.25)) / np.polyval(_ERF_Q, np.minimum(square, 0.25))
    middle = np.polyval(_ERFC_P, size) / np.polyval(_ERFC_Q, size)
    inverse = 1 / np.maximum(square, 1)
    far = (1 / math.sqrt(math.pi) - inverse * np.polyval(_TAIL_P, inverse) / np.polyval(_TAIL_Q, inverse)) / np.maximum(
        size, 1
    )
    tail = np.exp(-square) * np.where(size <= 4, middle, far)  # erfc(|x|)
    erfc = np.where(size < 0.46875, 1 - near, tail)
    return np.where(scaled < 0, erfc, 2 - erfc) / 2


def erf(x: ArrayLike) -> Array:
    """The error function: 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.

    Args:
        x: any shape.

    Returns:
        Numbers from -1 to 1, in the shape of x.

    Raises:
        ValueError: x is no array of real numbers.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 7.1.1; `torch.erf`.

    >>> erf(np.array([0.0, 0.5])).round(4).tolist()
    [0.0, 0.5205]
    """
    values = float_array("x", x)
    with quiet():
        return (2 * _normal_cdf(values * math.sqrt(2)) - 1).astype(values.dtype, copy=False)


def gelu(x: ArrayLike) -> Array:
    """Gaussian error linear unit, exact form: x times the standard normal distribution function of x.

    Args:
        x: any shape.

    Returns:
        The values, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers.

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016).

    >>> gelu(np.array([0.0, 1.0])).round(6).tolist()
    [0.0, 0.841345]
    """
    values = float_array("x", x)
    with quiet():
        return np.asarray(values * _normal_cdf(values)).astype(values.dtype)


def gelu_backward(grad_output: ArrayLike, x: ArrayLike) -> Array:
    """Gradient times cdf(x) + x pdf(x).

    Args:
        grad_output: gradient of the loss with respect to the output, in the shape of x.
        x: what the function was called with.

    Returns:
        The gradient with respect to x, in the shape of x.

    Raises:
        ValueError: an argument is no array of real numbers, or the shapes differ.

    Source: `torch.nn.functional.gelu`.

    >>> gelu_backward([1.0], [0.0]).tolist()
    [0.5]
    """
    grad, values = _gradient_and_input(grad_output, x)
    with quiet():
        bounded = np.where(np.isinf(values), values, values.clip(-40, 40)).astype(
            np.float64
        )  # beyond, pdf is 0 in float64
        slope = _normal_cdf(values) + bounded * np.exp(-bounded * bounded / 2) / math.sqrt(2 * math.pi)
        return np.asarray(grad * slope).astype(np.result_type(grad, values))


def _bounds(min: float | None, max: float | None) -> tuple[float, float]:
    low = -math.inf if min is None else real_number("min", min)
    high = math.inf if max is None else real_number("max", max)
    if low > high:
        raise ValueError(f"min must be at most max, got {min!r} and {max!r}")
    return low, high


@quiet()
def clip(x: ArrayLike, min: float | None = None, max: float | None = None) -> Array:
    """Hold numbers between min and max; ReLU6 is clip(x, 0, 6).

    Args:
        x: of any shape.
        min: smallest number let through, or None.
        max: largest number let through, or None.

    Returns:
        An array in the shape of x.

    Raises:
        ValueError: min is above max, or one is not finite.

    Source: `torch.clamp`.

    >>> clip([-1.0, 2.0, 9.0], 0, 6).tolist()
    [0.0, 2.0, 6.0]
    """
    values, (low, high) = float_array("x", x), _bounds(min, max)
    number = values.dtype.type
    return np.clip(values, number(low), number(high))


@quiet()
def clip_backward(grad_output: ArrayLike, x: ArrayLike, min: float | None = None, max: float | None = None) -> Array:
    """Pass the gradient where min <= x <= max, as `torch.clamp` does; its ReLU6 stops it at the bounds themselves.

    Args:
        grad_output: in the shape of x.
        x, min, max: as clip was called.

    Returns:
        grad_input, in the shape of x.

    Raises:
        ValueError: as clip, or grad_output has another shape.

    >>> clip_backward([1.0, 1.0, 1.0], [-1.0, 2.0, 9.0], 0, 6).tolist()
    [0.0, 1.0, 0.0]
    """
    (grad, values), (low, high) = _gradient_and_input(grad_output, x), _bounds(min, max)
    return only_where((values >= low) & (values <= high), grad)


@quiet()
def hardsigmoid(x: ArrayLike, alpha: float = 1 / 6, beta: float = 0.5) -> Array:
    """Straight line alpha x + beta, held between 0 and 1.

    Args:
        x: of any shape.
        alpha: slope; PyTorch's is 1/6, ONNX's default 0.2.
        beta: value at 0.

    Returns:
        An array in the shape of x.

    Raises:
        ValueError: alpha or beta is not finite.

    Source: Howard et al., "Searching for MobileNetV3" (2019), section 5.2; `torch.nn.functional.hardsigmoid`.

    >>> hardsigmoid([-3.0, 0.0, 9.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    values = float_array("x", x)
    number = values.dtype.type
    line = values * number(real_number("alpha", alpha))
    line += number(real_number("beta", beta))
    return np.minimum(np.maximum(line, 0), 1)


@quiet()
def hardsigmoid_backward(grad_output: ArrayLike, x: ArrayLike, alpha: float = 1 / 6, beta: float = 0.5) -> Array:
    """Gradient times alpha between the bends, 0 beyond and at them.

    Args:
        grad_output: in the shape of x.
        x, alpha, beta: as hardsigmoid was called.

    Returns:
        grad_input, in the shape of x.

    Raises:
        ValueError: as hardsigmoid, or grad_output has another shape.

    >>> hardsigmoid_backward([1.0, 1.0], [0.0, 9.0], alpha=0.25).tolist()
    [0.25, 0.0]
    """
    grad, values = _gradient_and_input(grad_output, x)
    line = hardsigmoid(values, alpha, beta)
    return only_where((line > 0) & (line < 1), grad * values.dtype.type(alpha))


@quiet()
def hardswish(x: ArrayLike) -> Array:
    """x times hardsigmoid(x): 0 below -3, x above 3.

    Args:
        x: of any shape.

    Returns:
        An array in the shape of x.

    Source: Howard et al., "Searching for MobileNetV3" (2019), section 5.2; `torch.nn.functional.hardswish`.

    >>> hardswish([-5.0, 3.0, 5.0]).tolist()
    [-0.0, 3.0, 5.0]
    """
    values = float_array("x", x)
    return values * hardsigmoid(values)


@quiet()
def hardswish_backward(grad_output: ArrayLike, x: ArrayLike) -> Array:
    """Gradient times 0 below -3, x / 3 + 1/2 between, 1 above 3.

    Args:
        grad_output: in the shape of x.
        x: as hardswish was called.

    Returns:
        grad_input, in the shape of x.

    Raises:
        ValueError: grad_output has another shape.

    >>> hardswish_backward([1.0, 1.0, 1.0], [-5.0, 0.0, 5.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    grad, values = _gradient_and_input(grad_output, x)
    number = values.dtype.type
    slope = np.minimum(np.maximum(values, -3), 3) / number(3) + number(0.5)
    return only_where(~(values <= -3), grad * np.where(values < 3, slope, number(1)))


@quiet()
def silu(x: ArrayLike) -> Array:
    """x times sigmoid(x), also called swish.

    Args:
        x: of any shape.

    Returns:
        An array in the shape of x.

    Source: Ramachandran, Zoph and Le, "Searching for Activation Functions" (2017); `torch.nn.functional.silu`.

    >>> silu(np.array([0.0, 1.0])).round(6).tolist()
    [0.0, 0.731059]
    """
    values = float_array("x", x)
    return values * sigmoid(values)


@quiet()
def silu_backward(grad_output: ArrayLike, x: ArrayLike) -> Array:
    """Gradient times s (1 + x (1 - s)), where s = sigmoid(x).

    Args:
        grad_output: in the shape of x.
        x: as silu was called.

    Returns:
        grad_input, in the shape of x.

    Raises:
        ValueError: grad_output has another shape.

    >>> silu_backward([1.0], [0.0]).tolist()
    [0.5]
    """
    grad, values = _gradient_and_input(grad_output, x)
    share = sigmoid(values)
    return grad * share * (1 + values * sigmoid(-values))
