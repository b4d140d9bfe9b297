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


def test_a_small_contrast_on_a_large_brightness_is_found() -> None:
    image = 1000 + 0.005 * np.random.default_rng(1).uniform(-1, 1, (40, 50))
    for pixels in (image, image.astype(np.float32)):
        template = pixels[10:17, 20:29]
        response = normalised_cross_correlation(pixels, template)
        expected = [
            [
                np.corrcoef(pixels[y : y + 7, x : x + 9].ravel().astype(float), template.ravel().astype(float))[0, 1]
                for x in range(42)
            ]
            for y in range(34)
        ]
        np.testing.assert_allclose(response, expected, atol=1e-6)
        assert response[10, 20] > 0.999999
        assert np.abs(cross_correlation(pixels, template)).max() < 1e-2  # the brightness itself answers nothing


def test_an_exact_match_in_a_bright_wall_is_one() -> None:
    rng = np.random.default_rng(2)
    for dtype in (np.float32, np.float64):
        wall = (rng.integers(249, 252, (90, 100)) / 255).astype(dtype)  # 0.98, three shades
        wall[:30, :40] = 0
        response = normalised_cross_correlation(wall, wall[50:81, 60:90])
        assert response[50, 60] == pytest.approx(1, abs=1e-6 if dtype == np.float32 else 1e-12)
        assert np.unravel_index(response.argmax(), response.shape) == (50, 60)


def test_scale_does_not_matter_and_nothing_overflows() -> None:
    template = IMAGE[7:15, 20:27]
    expected = normalised_cross_correlation(IMAGE, template)
    for scale in (1e-150, 1e-6, 1e6, 1e200):
        np.testing.assert_allclose(normalised_cross_correlation(IMAGE * scale, template / scale), expected, atol=1e-9)


def test_nan_stays_in_its_windows() -> None:
    image, template = IMAGE.copy(), IMAGE[7:15, 20:27]
    image[20, 30] = np.nan
    for function in (cross_correlation, normalised_cross_correlation):
        answer, clean = function(image, template), function(IMAGE, template)
        touched = np.zeros(answer.shape, bool)
        touched[13:21, 24:31] = True
        assert np.isnan(answer[touched]).all()
        np.testing.assert_allclose(answer[~touched], clean[~touched], atol=1e-9)
