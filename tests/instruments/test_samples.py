"""Drawn pictures are what their names say: known by thought, bar by bar."""

import itertools

import numpy as np
import pytest

from instruments.samples import SAMPLES, load

SIDE = 64
BAR = SIDE // 8


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_an_image_of_the_asked_size(name) -> None:
    image = load(name, SIDE)
    assert image.shape[0] == 3
    assert image.dtype == np.float32
    assert max(image.shape[1:]) == (56 if name == "digit" else SIDE)
    assert 0 <= image.min() < image.max() <= 1


@pytest.mark.parametrize("name", ["checkerboard", "vertical", "horizontal", "diagonal", "gradient", "dot"])
def test_drawn_pictures_follow_their_rule(name) -> None:
    image = load(name, SIDE)
    rule = {
        "checkerboard": lambda y, x: (y // BAR + x // BAR) % 2,
        "vertical": lambda _, x: x // BAR % 2,
        "horizontal": lambda y, _: y // BAR % 2,
        "diagonal": lambda y, x: (y + x + 1) // BAR % 2,
        "gradient": lambda _, x: (x + 0.5) / SIDE,
        "dot": lambda y, x: float((y, x) == (SIDE // 2, SIDE // 2)),
    }[name]
    for y, x in ((0, 0), (0, 8), (8, 0), (9, 17), (7, 7), (31, 40), (32, 32), (33, 31), (63, 63), (63, 56), (15, 48)):
        assert np.allclose(image[:, y, x], rule(y, x)), (y, x)
    assert np.array_equal(image[0], image[2])


def test_the_digit_is_the_first_of_the_data_repeated() -> None:
    small, large = load("digit", 28), load("digit", 90)
    assert small.shape == (3, 28, 28)
    assert np.array_equal(large, small.repeat(3, 1).repeat(3, 2))
    assert small.max() == 1.0
    assert load("digit", 5).shape == (3, 28, 28)
    small[:] = 0  # a copy
    assert load("digit", 28).any()


def test_photos_differ_and_keep_their_sides() -> None:
    photos = {
        name: load(name, SIDE) for name in ("astronaut", "cat", "coffee", "coins", "bricks", "rocket", "photographer")
    }
    means = sorted(float(photo.mean()) for photo in photos.values())
    assert all(later - before > 1e-4 for before, later in itertools.pairwise(means))
    assert photos["cat"].shape == (3, 43, 64)
