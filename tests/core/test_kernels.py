"""Named kernels do what their line of meaning says, and have the numbers of their sources."""

import itertools
import math

import numpy as np
import pytest

from cnn_core.kernels import PRESETS, gaussian, laplacian_of_gaussian

K = {name: preset.values.astype(np.float64) for name, preset in PRESETS.items()}
PRINTED = {  # as the sources print them, row by row
    "identity": "0 0 0 0 1 0 0 0 0",
    "shift": "0 0 0 0 0 1 0 0 0",
    "sharpen": "0 -1 0 -1 5 -1 0 -1 0",
    "outline": "-1 -1 -1 -1 8 -1 -1 -1 -1",
    "emboss": "-2 -1 0 -1 1 1 0 1 2",
    "sobel_x": "-1 0 1 -2 0 2 -1 0 1",
    "sobel_y": "-1 -2 -1 0 0 0 1 2 1",
    "prewitt_x": "-1 0 1 -1 0 1 -1 0 1",
    "prewitt_y": "-1 -1 -1 0 0 0 1 1 1",
    "scharr_x": "-3 0 3 -10 0 10 -3 0 3",
    "scharr_y": "-3 -10 -3 0 0 0 3 10 3",
    "laplacian_4": "0 1 0 1 -4 1 0 1 0",
    "laplacian_8": "1 1 1 1 -8 1 1 1 1",
    "line_horizontal": "-1 -1 -1 2 2 2 -1 -1 -1",
    "line_vertical": "-1 2 -1 -1 2 -1 -1 2 -1",
    "line_falling": "2 -1 -1 -1 2 -1 -1 -1 2",
    "line_rising": "-1 -1 2 -1 2 -1 2 -1 -1",
}


@pytest.mark.parametrize("name", PRINTED)
def test_printed_kernels_have_the_printed_numbers(name) -> None:
    assert K[name].shape == (3, 3)
    assert K[name].ravel().tolist() == [float(word) for word in PRINTED[name].split()]


def test_roberts_is_the_difference_along_the_diagonal() -> None:
    assert K["roberts"].tolist() == [[1, 0], [0, -1]]


@pytest.mark.parametrize(("name", "side"), [("box_blur", 3), ("box_blur_5", 5), ("motion_blur", 7)])
def test_means_are_even(name, side) -> None:
    taken = K[name][K[name] != 0]
    assert K[name].shape == (side, side)
    assert len(taken) == (side if name == "motion_blur" else side * side)
    assert np.allclose(taken, 1 / len(taken))
    assert all(K["motion_blur"][n, n] for n in range(7))


@pytest.mark.parametrize("name", ["gaussian", "unsharp"])
def test_binomial_blurs_count_the_ways(name) -> None:
    order = {"gaussian": 2, "unsharp": 4}[name]
    ways = [[math.comb(order, i) * math.comb(order, j) for j in range(order + 1)] for i in range(order + 1)]
    blur = np.array(ways) / 4**order
    impulse = np.pad([[1.0]], order // 2)
    assert np.allclose(K[name], blur if name == "gaussian" else 2 * impulse - blur)


def test_the_wider_blur_is_a_sampled_bell() -> None:
    weights = np.array([[math.exp(-(y * y + x * x) / 2) for x in range(-2, 3)] for y in range(-2, 3)])
    assert np.allclose(K["gaussian_5"], weights / weights.sum())


def test_the_laplacian_of_a_gaussian_is_one() -> None:
    """Second differences of a finely sampled bell, summed over both axes, less their mean."""
    step, sigma = 1e-3, 1.2

    def bell(y: float, x: float) -> float:
        return math.exp(-(y * y + x * x) / (2 * sigma**2)) / (2 * math.pi * sigma**2)

    found = np.zeros((7, 7))
    for y, x in itertools.product(range(-3, 4), repeat=2):
        around = bell(y + step, x) + bell(y - step, x) + bell(y, x + step) + bell(y, x - step)
        found[y + 3, x + 3] = (around - 4 * bell(y, x)) / step**2
    assert np.allclose(K["log"], found - found.mean(), atol=1e-5)
    assert np.allclose(laplacian_of_gaussian(7, 1.2), found - found.mean(), atol=1e-7)


def test_random_numbers_are_small_and_stay_the_same() -> None:
    assert K["random"].shape == (3, 3)
    assert 0.1 < K["random"].std() < 0.6
    assert K["random"][0, 0] == pytest.approx(0.04)
    assert np.allclose(K["random"] * 100, (K["random"] * 100).round(), atol=1e-4)


@pytest.mark.parametrize("name", PRESETS)
def test_flat_areas_keep_their_brightness_or_become_zero(name) -> None:
    if name != "random":
        assert K[name].sum() == pytest.approx(round(K[name].sum()), abs=1e-6)
        assert round(K[name].sum()) in (0, 1)
    with pytest.raises(ValueError, match="read-only"):
        PRESETS[name].values[0, 0] = 9


def test_the_largest_sizes_and_widths_are_accepted_and_no_larger() -> None:
    assert gaussian(1, 0.01).tolist() == [[1.0]]
    assert gaussian(2, 1e6) == pytest.approx(np.full((2, 2), 0.25))
    assert gaussian(6, 0.01) == pytest.approx(np.pad(np.full((2, 2), 0.25), 2))  # no pixel lies near the middle
    assert gaussian(4096, 1.0).shape == (4096, 4096)
    for wrong, word in (((4097, 1.0), "size must be at most 4096, got 4097"), ((0, 1.0), "size"), ((3, 0.009), "sigma"),
                        ((3, 1.1e6), "sigma")):  # fmt: skip
        with pytest.raises(ValueError, match=word):
            gaussian(*wrong)
    assert np.isfinite(laplacian_of_gaussian(3, 0.01)).all()
    for sigma in (0.0099, 1.1e6):
        with pytest.raises(ValueError, match="sigma must be"):
            laplacian_of_gaussian(3, sigma)
