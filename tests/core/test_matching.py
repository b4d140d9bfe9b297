"""Template matching against its definition in plain loops, and its promises."""

import numpy as np
import pytest
from scipy import signal

from cnn_core.matching import cross_correlation, normalised_cross_correlation

RNG = np.random.default_rng(6)
IMAGE = RNG.random((30, 41))


def test_against_the_definition() -> None:
    template = RNG.random((5, 8))
    plain, normalised = cross_correlation(IMAGE, template), normalised_cross_correlation(IMAGE, template)
    assert plain.shape == normalised.shape == (26, 34)
    centred = template - template.mean()
    for y, x in np.ndindex(plain.shape):
        window = IMAGE[y : y + 5, x : x + 8]
        assert np.isclose(plain[y, x], (window * centred).sum())
        expected = np.corrcoef(window.ravel(), template.ravel())[0, 1]
        assert np.isclose(normalised[y, x], expected, atol=1e-9)


def test_a_large_template_gives_the_same_numbers() -> None:
    image = RNG.random((61, 90))
    for size in ((31, 27), (61, 40), (30, 90), (61, 90)):
        template = RNG.random(size)
        direct = signal.correlate(image, template - template.mean(), "valid", "direct")
        found = cross_correlation(image, template)
        assert found.shape == direct.shape
        np.testing.assert_allclose(found, direct, atol=1e-11)
        assert np.abs(cross_correlation(image.astype(np.float32), template) - direct).max() < 1e-4
    with pytest.raises(ValueError, match="does not fit"):
        cross_correlation(image, RNG.random((62, 27)))


def test_brightness_and_contrast_do_not_matter_to_the_normalised_one() -> None:
    template = IMAGE[7:15, 20:27] * 0.3 + 0.5
    response = normalised_cross_correlation(IMAGE.astype(np.float32), template)
    assert np.unravel_index(response.argmax(), response.shape) == (7, 20)
    assert response.dtype == np.float32
    assert response.max() > 0.9999


def test_flat_areas_answer_zero() -> None:
    assert not normalised_cross_correlation(np.full((9, 9), 0.7), RNG.random((3, 3))).any()
    assert not normalised_cross_correlation(IMAGE, np.full((3, 3), 0.2)).any()
