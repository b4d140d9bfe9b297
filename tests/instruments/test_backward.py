"""The backward page's instrument: gradients against finite differences of another make, walks that give what they say."""

import numpy as np
import pytest
from scipy import signal

from cnn_core import networks
from instruments import backward, samples
from instruments.digits import UNSEEN, all_digits
from instruments.fields import resolve

IMAGE = samples.load("cat", 64)
GRADIENT = "1 0 0 2 0; 0 -1 0 0 0; 0 0 3 0 0.5; 0 0 0 0 0; -2 0 0 1 0"


def found(**given: str) -> backward.Backward:
    return backward.compute(resolve(backward.FIELDS, given), IMAGE)


def test_the_gradient_of_the_input_is_the_full_convolution_with_the_kernel() -> None:
    shown = found(backward_conv=GRADIENT)
    expected = signal.convolve2d(shown.incoming[0], backward.WEIGHT[0, 0], "full")
    np.testing.assert_allclose(shown.gradients["Gradient of the input"][0], expected, atol=1e-12)
    expected = signal.correlate2d(shown.x[0], shown.incoming[0], "valid")
    np.testing.assert_allclose(shown.gradients["Gradient of the kernel"][0, 0], expected, atol=1e-12)
    assert shown.error < 1e-9


def test_the_walks_are_correlations_that_give_the_gradients() -> None:
    shown = found(backward_conv=GRADIENT)
    walk = backward.input_walk(shown)
    padded = np.pad(walk.input, (walk.rows.before, walk.columns.before))
    np.testing.assert_allclose(signal.correlate2d(padded, walk.weights, "valid"), walk.output, atol=1e-6)
    walk = backward.kernel_walk(shown)
    np.testing.assert_allclose(signal.correlate2d(walk.input, walk.weights, "valid"), walk.output, atol=1e-6)
    walk = backward.pool_walk(found(backward_operation="pool"))
    np.testing.assert_allclose(walk.input.reshape(3, 2, 3, 2).max((1, 3)), walk.output, atol=1e-6)


def test_finite_differences_are_slopes() -> None:
    x = np.array([[1.0, -2, 0.5]])
    slopes = backward.differences(lambda moved: float((moved**2 * [3, 1, -2]).sum()), x)
    np.testing.assert_allclose(slopes, [[6, -4, -2]], atol=1e-8)


def test_an_incoming_gradient_has_the_shape_of_its_output() -> None:
    v = resolve(
        backward.FIELDS, {"backward_linear": "1 2", "backward_relu": "1 2; 3", "backward_pool": "1 2 3;4 5 6;7 8 9"}
    )
    assert v.problems["backward_linear"] == "The incoming gradient must have 1 rows of 3 numbers; this has 1 of 2."
    assert "equally long" in v.problems["backward_relu"]
    assert v[backward.INCOMING["pool"]] == "1 2 3; 4 5 6; 7 8 9"
    assert v[backward.INCOMING["linear"]] == "1 0 0"


def loss_by_hand(digit: np.ndarray, label: int) -> float:
    """Of the shipped network, in 64 bits and apart from cnn_core."""
    w = {name: array.astype(np.float64) for name, array in networks.load("digits").parameters().items()}
    windows = np.lib.stride_tricks.sliding_window_view(digit[0], (5, 5))
    maps = np.einsum("yxij,kij->kyx", windows, w["conv1.weight"][:, 0]) + w["conv1.bias"][:, None, None]
    pooled = np.maximum(maps, 0).reshape(16, 12, 2, 12, 2).max((2, 4)).reshape(-1)
    hidden = np.maximum(w["fc1.weight"] @ pooled + w["fc1.bias"], 0)
    logits = w["fc2.weight"] @ hidden + w["fc2.bias"]
    return float(np.log(np.exp(logits - logits[label]).sum()))


def test_the_gradient_of_the_digit_says_how_the_loss_changes() -> None:
    images, labels = all_digits()
    flow, digit, label = backward.shipped_gradients(), images[UNSEEN].astype(np.float64), labels[UNSEEN]
    np.testing.assert_array_equal(flow.digit, images[UNSEEN])
    direction = np.zeros_like(digit)  # where there is ink: on plain ground, the maxima of the pooling are ties
    direction[:, 15:17, 14:20] = np.random.default_rng(0).normal(size=(2, 6))
    ends = [loss_by_hand(digit + step * direction, label) for step in (1e-5, -1e-5)]
    slope = (ends[0] - ends[1]) / 2e-5
    assert float((flow.pixels * direction).sum()) == pytest.approx(slope, rel=1e-3)
    assert list(flow.leaving) == ["fc2", "relu2", "fc1", "flatten", "pool1", "relu1", "conv1"]
    assert flow.leaving["flatten"].shape == (16, 12, 12)
    assert flow.kernels.shape == (16, 5, 5)


def test_the_small_image_is_the_mean_of_its_pixels_from_minus_one_to_one() -> None:
    image = np.repeat(np.repeat(np.linspace(0, 1, 36, dtype=np.float32).reshape(1, 6, 6), 4, axis=1), 3, axis=2)
    expected = np.linspace(0, 1, 36).reshape(1, 6, 6).round(1) * 2 - 1
    np.testing.assert_allclose(backward.small_image(image), expected, atol=1e-12)
    assert backward.small_image(image).dtype == np.float64
    assert backward.as_maps(np.arange(24.0).reshape(1, 2, 3, 4)).shape == (2, 3, 4)
    assert backward.as_maps(np.arange(3.0)).tolist() == [[[0, 1, 2]]]
