"""Every backward against central differences in float64."""

import numpy as np
import pytest

import cnn_core as core

RNG = np.random.default_rng(7)


def numerical(function, arrays, which, grad_output, step=1e-6):
    """d sum(function(arrays) * grad_output) / d arrays[which], one element at a time."""
    grad = np.zeros_like(arrays[which])
    for index in np.ndindex(grad.shape):
        ends = []
        for sign in (1, -1):
            moved = [array.copy() for array in arrays]
            moved[which][index] += sign * step
            ends.append((function(*moved) * grad_output).sum())
        grad[index] = (ends[0] - ends[1]) / (2 * step)
    return grad


def away_from_kinks(*shape):
    values = RNG.normal(size=shape)
    return values + np.sign(values) * 0.05


CONV = {"stride": (2, 1), "padding": ((1, 0), (2, 1)), "dilation": (1, 2), "groups": 2, "padding_mode": "reflect"}
POOL = {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0), "ceil_mode": True}
CASES = {
    "conv2d": (core.conv2d, core.conv2d_backward, CONV, [RNG.normal(size=(2, 4, 6, 5)), RNG.normal(size=(2, 2, 3, 2)), RNG.normal(size=2)]),
    "max_pool2d": (core.max_pool2d, core.max_pool2d_backward, POOL, [RNG.permutation(60).reshape(1, 2, 5, 6) / 7.0]),
    "avg_pool2d": (core.avg_pool2d, core.avg_pool2d_backward, POOL, [RNG.normal(size=(1, 2, 5, 6))]),
    "linear": (core.linear, core.linear_backward, {}, [RNG.normal(size=(3, 4)), RNG.normal(size=(2, 4)), RNG.normal(size=2)]),
    "prelu": (core.prelu, core.prelu_backward, {}, [away_from_kinks(2, 3, 2, 2), RNG.normal(size=3)]),
    "relu": (core.relu, core.relu_backward, {}, [away_from_kinks(3, 4)]),
    "leaky_relu": (core.leaky_relu, core.leaky_relu_backward, {"negative_slope": 0.3}, [away_from_kinks(3, 4)]),
    "elu": (core.elu, core.elu_backward, {"alpha": 0.7}, [away_from_kinks(3, 4)]),
    "sigmoid": (core.sigmoid, core.sigmoid_backward, {}, [RNG.normal(size=(3, 4)) * 3]),
    "tanh": (core.tanh, core.tanh_backward, {}, [RNG.normal(size=(3, 4)) * 2]),
    "gelu": (core.gelu, core.gelu_backward, {}, [RNG.normal(size=(3, 4)) * 3]),
    "softmax": (core.softmax, core.softmax_backward, {"axis": 0}, [RNG.normal(size=(3, 4))]),
    "log_softmax": (core.log_softmax, core.log_softmax_backward, {"axis": 1}, [RNG.normal(size=(3, 4))]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_against_central_differences(name) -> None:
    forward, backward, arguments, arrays = CASES[name]
    output = forward(*arrays, **arguments)
    grad_output = RNG.normal(size=output.shape)
    result = backward(grad_output, *arrays, **arguments)
    gradients = result if isinstance(result, tuple) else (result,)
    assert len(gradients) == len(arrays)
    for which, gradient in enumerate(gradients):
        expected = numerical(lambda *a: forward(*a, **arguments), arrays, which, grad_output)
        np.testing.assert_allclose(gradient, expected, atol=1e-7)


def test_cross_entropy_against_central_differences() -> None:
    logits, target = RNG.normal(size=(5, 4)) * 3, RNG.integers(0, 4, 5)
    expected = numerical(lambda x: core.cross_entropy(x, target), [logits], 0, 1.0)
    np.testing.assert_allclose(core.cross_entropy_backward(logits, target), expected, atol=1e-8)


def test_gradients_at_kinks_and_extremes_are_finite_and_follow_the_rule() -> None:
    assert core.relu_backward([1.0], [0.0]).tolist() == [0.0]
    huge = np.array([-1e38, -1e4, 0.0, 1e4, 1e38], np.float32)
    with np.errstate(all="raise", under="ignore"):
        for name in ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "gelu", "softmax", "log_softmax"):
            assert np.isfinite(getattr(core, name)(huge)).all(), name
            assert np.isfinite(getattr(core, f"{name}_backward")(np.ones_like(huge), huge)).all(), name
        assert np.isfinite(core.cross_entropy(huge, 0))


def test_erf_inside_gelu_reaches_the_last_bits() -> None:
    import math

    x = np.linspace(-6, 6, 4001)
    expected = np.array([v * math.erfc(-v / math.sqrt(2)) / 2 for v in x])
    np.testing.assert_allclose(core.gelu(x), expected, rtol=1e-13, atol=0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: core.relu_backward(np.zeros(2), np.zeros(3)), "grad_output must have shape"),
        (lambda: core.leaky_relu(np.zeros(2), float("nan")), "negative_slope must be a finite number, got nan"),
        (lambda: core.elu(np.zeros(2), "a"), "alpha must be a finite number"),
        (lambda: core.prelu(np.zeros((2, 3, 3)), np.zeros(3)), "weight must hold 1 slope or 2"),
        (lambda: core.softmax(np.zeros((2, 3)), 2), "axis 2 is out of range"),
        (lambda: core.linear(np.zeros(3), np.zeros((2, 4))), "takes 4 features, but input is"),
        (lambda: core.cross_entropy(np.zeros((2, 3)), [0, 3]), "target must be from 0 to 2, got 0 to 3"),
        (lambda: core.cross_entropy(np.zeros((2, 3)), [0.0, 1.0]), "target must be whole numbers"),
    ],
)
def test_a_wrong_argument_is_named(call, words) -> None:
    with pytest.raises(ValueError, match=words):
        call()


NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("call", "expected"),
    [  # PyTorch's answers
        (lambda: core.relu([NAN, INF, -INF]), [NAN, INF, 0]),
        (lambda: core.relu_backward([3.0, INF, INF, NAN], [NAN, -1, 1, -1]), [3, 0, INF, 0]),
        (lambda: core.leaky_relu_backward([1.0, INF], [NAN, -1], 0.0), [0, NAN]),
        (lambda: core.clip_backward([INF, NAN, INF], [-9.0, NAN, 2], 0, 6), [0, 0, INF]),
        (lambda: core.hardsigmoid_backward([INF, NAN, INF], [-9.0, NAN, 2]), [0, 0, INF]),
        (lambda: core.hardswish_backward([INF, NAN, INF], [-9.0, -INF, NAN]), [0, 0, INF]),
        (lambda: core.elu([NAN, -INF, INF]), [NAN, -1, INF]),
        (lambda: core.elu_backward([1.0, 1, 1], [NAN, -INF, INF]), [1, 0, 1]),
        (lambda: core.gelu([NAN, -INF, INF]), [NAN, NAN, INF]),
        (lambda: core.gelu_backward([1.0, 1, 1], [NAN, -INF, INF]), [NAN, NAN, NAN]),
        (lambda: core.gelu(np.array([-1e38, -1e300])), [0, 0]),
        (lambda: core.sigmoid([NAN, -INF, INF]), [NAN, 0, 1]),
        (lambda: core.softmax([NAN, 1.0]), [NAN, NAN]),
        (lambda: core.softmax([INF, 1.0]), [NAN, NAN]),
        (lambda: core.softmax([-INF, 1.0]), [0, 1]),
        (lambda: core.softmax(np.array([3e38, -3e38, 3e38], np.float32)), [0.5, 0, 0.5]),
        (lambda: core.log_softmax([-INF, 1.0]), [-INF, 0]),
        (lambda: core.prelu([[-1.0, -1, -1], [2, -2, -2]], [1.0, 2, 3]), [[-1, -2, -3], [2, -4, -6]]),
        (lambda: core.prelu([[-1.0, INF, -INF]], [0.0, INF, 0.0]), [[0, INF, NAN]]),
        (lambda: core.prelu_backward([[INF, 1.0]], [[2.0, -3]], [0.5, 0.5])[1], [0, -3]),
        (lambda: core.prelu(-2.0, [0.5]), -1),
        (lambda: core.leaky_relu(np.array([3e38, -3e38], np.float32), 2), [np.float32(3e38), -INF]),
        (lambda: core.linear(np.array([[NAN, 1.0], [2, 3]]), np.array([[0.0, 1]])), [[NAN], [3]]),
        (lambda: core.linear(np.array([3e38, 3e38, -3e38], np.float32), np.ones((1, 3), np.float32)), [np.float32(3e38)]),
        (lambda: core.cross_entropy(np.array([[3e38, 0], [3e38, 0]], np.float32), [1, 1]), np.float32(3e38)),
    ],
)  # fmt: skip
def test_numbers_that_are_not_finite_go_where_pytorch_lets_them(call, expected) -> None:
    np.testing.assert_array_equal(call(), expected)  # pytest turns warnings into errors
