"""Training's parts against their definitions: steps by hand in 64 bits, the schedule's turning points, jitter against SciPy."""

import math

import numpy as np
import pytest
from scipy import ndimage

from cnn_core.graph import chain
from cnn_core.layers import Flatten, Linear
from cnn_core.optimisers import SGD, Adam
from cnn_core.training import jitter, one_cycle, train

RNG = np.random.default_rng(21)
GRADIENTS = [{"a": RNG.normal(size=(2, 3)), "b": RNG.normal(size=4)} for _ in range(7)]
START = {"a": RNG.normal(size=(2, 3)), "b": RNG.normal(size=4)}


@pytest.mark.parametrize("momentum", [0.0, 0.6, None])
def test_gradient_descent_is_a_sum_of_decaying_gradients(momentum) -> None:
    held = {name: value.copy() for name, value in START.items()}
    optimiser = SGD(held, 0.02) if momentum is None else SGD(held, 0.02, momentum)
    for gradients in GRADIENTS:
        optimiser.step(gradients)
    keep = 0.9 if momentum is None else momentum
    for name, value in held.items():
        moved = sum(keep ** (at - n) * GRADIENTS[n][name] for at in range(7) for n in range(at + 1))
        np.testing.assert_allclose(value, START[name] - 0.02 * moved, rtol=1e-10)


@pytest.mark.parametrize(("betas", "epsilon"), [((0.9, 0.999), 1e-8), ((0.7, 0.95), 0.3)])
def test_adam_divides_bias_corrected_means(betas, epsilon) -> None:
    held = {name: value.copy() for name, value in START.items()}
    optimiser = Adam(held, 0.05) if epsilon == 1e-8 else Adam(held, 0.05, betas, epsilon)
    for gradients in GRADIENTS:
        optimiser.step(gradients)
    for name, value in held.items():
        expected = START[name].copy()
        for at in range(1, 8):
            first = [(1 - betas[0]) * betas[0] ** (at - 1 - n) for n in range(at)]
            second = [(1 - betas[1]) * betas[1] ** (at - 1 - n) for n in range(at)]
            mean = sum(w * GRADIENTS[n][name] for n, w in enumerate(first)) / sum(first)
            square = sum(w * GRADIENTS[n][name] ** 2 for n, w in enumerate(second)) / sum(second)
            expected -= 0.05 * mean / (np.sqrt(square) + epsilon)
        np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_the_rate_rises_as_half_a_cosine_and_falls_as_another() -> None:
    for steps, peak in ((200, 0.3), (40, 2.0)):
        found = [one_cycle(step, steps, peak) for step in range(steps + 1)]
        rise = 0.3 * steps
        for share in (0, 0.25, 0.5, 0.75, 1):
            low = peak / 25
            at = round(share * rise)
            assert found[at] == pytest.approx(low + (peak - low) * math.sin(math.pi * at / rise / 2) ** 2)
            at = round(rise + share * (steps - rise))
            assert found[at] == pytest.approx(
                peak * math.cos(math.pi * (at - rise) / (steps - rise) / 2) ** 2, abs=1e-12
            )
        assert max(found) == pytest.approx(peak)


def turned(image: np.ndarray, angle: float, scale: float, move: tuple[float, float]) -> np.ndarray:
    """By SciPy: output pixel p reads the input at R(angle) / scale (p - middle) + middle + move."""
    height, width = image.shape
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) / scale
    offset = middle + np.array(move) - matrix @ middle
    wide = np.pad(image, 8)  # so that SciPy's own edges lie far away
    return ndimage.affine_transform(wide, matrix, offset + matrix @ [-8, -8] + 8, order=1)[8:-8, 8:-8]


@pytest.mark.parametrize(
    ("degrees", "zoom", "shift"), [(30.0, 0, 0), (0, 0.4, 0), (0, 0, 3.0), (25.0, 0.3, 2.5), (170.0, 0.5, 9.0)]
)
def test_jitter_is_an_affine_map_of_each_image(degrees, zoom, shift) -> None:
    images = np.random.default_rng(4).random((3, 2, 9, 14)).astype(np.float32)
    moved = jitter(images, np.random.default_rng(8), degrees, zoom, shift)
    rng = np.random.default_rng(8)
    angles, scales = np.radians(rng.uniform(-degrees, degrees, 3)), 1 + rng.uniform(-zoom, zoom, 3)
    moves = rng.uniform(-shift, shift, (2, 3))
    for n in range(3):
        for c in range(2):
            expected = turned(images[n, c], angles[n], scales[n], moves[:, n])
            np.testing.assert_allclose(moved[n, c], expected, atol=2e-5)
    assert moved.dtype == images.dtype


def test_jitter_is_by_default_small() -> None:
    images = np.random.default_rng(4).random((4, 1, 20, 20)).astype(np.float32)
    plain = jitter(images, np.random.default_rng(8))
    assert np.array_equal(plain, jitter(images, np.random.default_rng(8), 10.0, 0.1, 2.0))


def test_training_sees_every_image_once_an_epoch_and_counts() -> None:
    images = np.random.default_rng(1).random((10, 1, 2, 3)).astype(np.float32)
    labels = np.arange(10) % 3
    network = chain([Flatten(), Linear(6, 3, seed=2)], (1, 2, 3))
    optimiser, seen, asked = SGD(network.parameters(), 0.5), [], []

    def watched(batch, _):
        seen.append(batch)
        return batch

    def schedule(step, steps, peak):
        asked.append((step, steps, peak))
        return peak / 2

    weights = {name: value.copy() for name, value in network.parameters().items()}
    found = []
    for progress in train(network, images, labels, optimiser, 2, 4, 7, schedule, watched):
        found.append(progress)
        if progress.step == 1:
            chosen = [int(np.flatnonzero((images == one).all((1, 2, 3)))[0]) for one in seen[0]]
            logits = seen[0].reshape(4, 6) @ weights["fc1.weight"].T + weights["fc1.bias"]
            assert progress.accuracy == (logits.argmax(1) == labels[chosen]).mean()
            shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            assert progress.loss == pytest.approx(-np.log(shares[np.arange(4), labels[chosen]]).mean(), rel=1e-5)
            slope = (shares - np.eye(3)[labels[chosen]]) / 4
            expected = weights["fc1.bias"] - 0.25 * slope.sum(0)
            np.testing.assert_allclose(network.parameters()["fc1.bias"], expected, rtol=1e-5)
    assert [one[:3] for one in found] == [(n + 1, 6, n // 3 + 1) for n in range(6)]
    assert asked == [(n, 6, 0.5) for n in range(6)]
    assert optimiser.learning_rate == 0.5
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    for epoch in (seen[:3], seen[3:]):
        assert np.array_equal(np.sort(np.concatenate(epoch), axis=0), np.sort(images, axis=0))
    assert not np.array_equal(np.concatenate(seen[:3]), np.concatenate(seen[3:]))
    assert all(0 <= one.seconds_left < 60 for one in found)
    assert [one.seconds_left > 0 for one in found] == [True] * 5 + [False]
    for few, many in ((images[:0], labels[:0]), (images, labels[:9])):
        with pytest.raises(ValueError, match="labels must be as many as images"):
            next(train(network, few, many, optimiser, 1, 4))
