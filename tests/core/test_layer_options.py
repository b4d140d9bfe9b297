"""Layers with their options at the defaults and beside them: the foretold shape is the one that comes out."""

import numpy as np
import pytest

from cnn_core import layers

RNG = np.random.default_rng(5)
LAYERS = [
    layers.PReLU(), layers.PReLU(4), layers.ELU(0.5), layers.LeakyReLU(0.2), layers.Conv2d(4, 6, 3), layers.Conv2d(4, 6, (2, 3), 2, 1),
    layers.Conv2d(4, 6, 3, groups=2, dilation=2, padding="same"), layers.ConvTranspose2d(4, 2, (3, 2)),
    layers.ConvTranspose2d(4, 2, 3, (2, 3), output_padding=(1, 2)), layers.MaxPool2d(2), layers.MaxPool2d(3, 2, 1),
    layers.AvgPool2d(2), layers.AvgPool2d((2, 3), (3, 1)), layers.AdaptiveAvgPool2d((3, 2)), layers.AdaptiveAvgPool2d(1),
    layers.GlobalAvgPool2d(), layers.GlobalAvgPool2d(keepdims=False), layers.GlobalMaxPool2d(), layers.Flatten(), layers.BatchNorm2d(4),
    layers.Softmax(axis=1),
]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_the_foretold_shape_comes_out(layer) -> None:
    x = RNG.normal(size=(2, 4, 9, 11)).astype(np.float32)
    answer = layer.apply(x)
    assert layer.output_shape(x.shape[1:]) == answer.shape[1:]
    assert len(answer) == 2
    assert answer.dtype == np.float32
    assert np.array_equal(answer, layer.apply(x))


def test_one_slope_serves_all_channels_and_more_must_fit() -> None:
    x = RNG.normal(size=(2, 4, 5, 3))
    np.testing.assert_allclose(layers.PReLU(init=0.5).apply(x), np.where(x > 0, x, 0.5 * x))
    assert layers.PReLU().output_shape((2, 5, 3)) == (2, 5, 3)
    assert layers.PReLU(2).output_shape((2, 5, 3)) == (2, 5, 3)
    with pytest.raises(ValueError, match="prelu takes 2 channels, but 3 reach it"):
        layers.PReLU(2).output_shape((3, 5, 3))


def test_weights_of_equal_seeds_are_equal_and_of_others_not() -> None:
    for make in (lambda seed: layers.Conv2d(3, 2, 3, seed=seed), lambda seed: layers.Linear(5, 4, seed=seed),
                 lambda seed: layers.ConvTranspose2d(3, 2, 3, seed=seed)):  # fmt: skip
        assert np.array_equal(make(3).weight, make(3).weight)
        assert not np.array_equal(make(3).weight, make(4).weight)
        assert make(0).parameters["bias"].tolist() == [0.0] * len(make(0).parameters["bias"])
    assert np.array_equal(layers.Conv2d(3, 2, 3).weight, layers.Conv2d(3, 2, 3, seed=0).weight)
    assert np.array_equal(layers.Linear(5, 4).weight, layers.Linear(5, 4, seed=0).weight)
