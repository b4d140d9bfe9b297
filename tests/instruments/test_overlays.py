"""Maps over the picture that they explain: their colours, their scale, and the squares of an occlusion."""

import numpy as np
import pytest

from instruments import overlays


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("value", "strength", "colour", "share"), [
    (2.0, 1.0, (1, 0.5, 0), 1), (9.0, 1.0, (1, 0.5, 0), 1), (-2.0, 1.0, (0.1, 0.4, 1), 1), (1.0, 1.0, (1, 0.5, 0), 0.5),
    (-1.0, 0.5, (0.1, 0.4, 1), 0.25), (0.0, 1.0, (0, 0, 0), 0), (2.0, 0.0, (0, 0, 0), 0),
])  # fmt: skip
def test_orange_speaks_for_the_class_and_blue_against_it(channels, value, strength, colour, share) -> None:
    x = np.full((channels, 2, 3), 0.25, np.float32)
    found = np.zeros((2, 3), np.float32)
    found[1, 2] = value
    laid = overlays.overlay(x, found, 2.0, strength)
    assert (laid.shape, laid.dtype) == ((3, 2, 3), np.float32)
    np.testing.assert_allclose(laid[:, 1, 2], 0.25 * (1 - share) + share * np.array(colour), atol=1e-6)
    np.testing.assert_allclose(laid[:, 0, 0], 0.25, atol=1e-6)


def test_a_coloured_picture_is_grey_under_its_map() -> None:
    laid = overlays.overlay(np.array([[[1.0]], [[0.0]], [[0.0]]], np.float32), np.zeros((1, 1)), 1.0, 1.0)
    np.testing.assert_allclose(laid.ravel(), 0.299, atol=1e-3)  # red, as bright as it looks


def test_the_end_of_the_scale_is_the_largest_size_unless_there_are_many_pixels() -> None:
    assert overlays.largest(np.array([[1.0, -3.0]])) == 3
    assert overlays.largest(np.zeros((2, 2))) == 1
    assert overlays.largest(np.r_[np.ones(19_999), -5.0]) == 5  # 20,000
    assert overlays.largest(np.r_[np.ones(20_000), -5.0]) == 1
    assert overlays.largest(np.r_[np.zeros(20_000), -5.0]) == 5


def test_a_pixel_has_the_mean_of_the_squares_that_cover_it() -> None:
    found = overlays.spread(np.array([[1.0, 2.0], [3.0, 6.0]]), (5, 6), 3, 2)
    np.testing.assert_allclose(found[:, 0], [1, 1, 2, 3, 3])
    np.testing.assert_allclose(found[0], [1, 1, 1.5, 2, 2, 0])
    assert found[2, 2] == 3
    assert found[4, 4] == 6


@pytest.mark.parametrize(("one", "other", "alike"), [
    ([1, 2, 3], [2, 4, 6], 1), ([1, 2, 3], [3, 2, 1], -1), ([1, 2, 3], [5, 5, 5], 0), ([0, 1, 0, -1], [1, 0, -1, 0], 0),
])  # fmt: skip
def test_likeness_is_the_correlation(one, other, alike) -> None:
    assert overlays.likeness(np.array(one, float), np.array(other, float)) == pytest.approx(alike)
