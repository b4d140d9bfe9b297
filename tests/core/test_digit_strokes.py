"""The steps that find strokes on a photo, each against SciPy's morphology, means and labels; and where a digit is put."""

import itertools

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from cnn_core import digits

RNG = np.random.default_rng(12)
PICTURE = RNG.random((23, 34)).astype(np.float32)


@pytest.mark.parametrize("width", range(1, 12))
def test_the_highest_of_each_square(width) -> None:
    windows = np.lib.stride_tricks.sliding_window_view(PICTURE, (width, width))
    assert np.array_equal(digits._highest(PICTURE, width), windows.max((-2, -1)))


@pytest.mark.parametrize("width", [2, 3, 6, 7])
def test_what_is_narrow_is_what_closing_fills(width) -> None:
    side = width + (width % 2 == 0)
    closed = ndimage.grey_closing(np.pad(PICTURE, 30, "edge"), (side, side))[30:-30, 30:-30]
    np.testing.assert_allclose(digits._narrow(PICTURE, width), closed - PICTURE, atol=1e-6)


def test_grain_is_smoothed_up_to_three_times_and_paper_not_at_all() -> None:
    grainy = (0.5 + RNG.normal(0, 0.3, (40, 50))).astype(np.float32)
    once = [grainy]
    for _ in range(3):
        once.append(ndimage.uniform_filter(once[-1], 3, mode="nearest"))
    rough = [float(np.median(np.abs(a - b))) for a, b in itertools.pairwise(once)]
    expected = next((step for step, size in enumerate(rough) if size < digits.GRAIN), 3)
    assert expected > 0
    np.testing.assert_allclose(digits._smooth(grainy), once[expected], atol=1e-5)
    plain = np.full((40, 50), 0.7, np.float32)
    plain[10:20, 10] = 0
    assert digits._smooth(plain) is plain


def test_strokes_are_weighed_by_the_square_of_what_is_not_faint() -> None:
    ink = np.full((10, 10), 0.1)
    ink[2, 3:6], ink[5, 5], ink[7, 7] = 1.1, 0.6, 0.35  # 0.25 above the ground is less than 0.3
    assert digits._area(ink) == pytest.approx(3 * 1 + 0.25)


@pytest.mark.parametrize("large", [False, True])
def test_parts_are_connected_blocks_and_small_ones_go(large) -> None:
    small = np.zeros((40, 37), np.float32)
    small[3:30, 4] = small[29, 4:30] = small[10:30, 29] = small[10, 12:30] = 1  # one long spiral
    small[12:20, 13] = 0.9  # touches it at a corner only
    small[36, 34:36] = 1  # a speck: 2 of about 90
    small[33:38, 8] = 1  # 5 of about 90: more than a thirtieth
    ink = small.repeat(5, 0).repeat(5, 1)[:197, :183] if large else small
    found = digits._large_parts(ink)
    assert found.shape == ink.shape
    block = -(-max(ink.shape) // digits.COARSE)
    tall, wide = (-(-side // block) for side in ink.shape)
    coarse = np.zeros((tall, wide))
    for y, x in np.ndindex(tall, wide):
        coarse[y, x] = ink[y * block : (y + 1) * block, x * block : (x + 1) * block].sum()
    labels, count = ndimage.label(coarse > 0, np.ones((3, 3)))
    mass = ndimage.sum_labels(coarse, labels, range(1, count + 1))
    assert mass.max() / 30 < sorted(mass)[1] or count == 2
    kept = np.isin(labels, 1 + np.flatnonzero(mass >= mass.max() / 30))
    assert count > kept.any()
    expected = kept.repeat(block, 0).repeat(block, 1)[: ink.shape[0], : ink.shape[1]]
    assert np.array_equal(found, expected)
    assert not found[(36, 35) if not large else (180, 175)]


def test_frames_end_where_the_step_is() -> None:
    paper = np.full((60, 80), 0.8, np.float32) + RNG.normal(0, 0.005, (60, 80)).astype(np.float32)
    assert digits._end_of_frame(paper) == 0
    for rows in (4, 9):
        framed = paper.copy()
        framed[:rows] -= 0.6
        assert digits._end_of_frame(framed) == rows + 1  # and the row that a soft edge would mix
        inner = paper.copy()
        inner[rows : rows + 3] -= 0.6  # a line across is no frame: the level comes back
        assert digits._end_of_frame(inner) == 0
    framed = np.pad(paper, ((5, 8), (11, 3)), constant_values=0.1)
    assert digits._inside(framed).shape in ((60, 80), (58, 78), (59, 79))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("top", "left", "height", "width"), [(5, 70, 60, 20), (40, 8, 30, 75), (20, 30, 50, 50)])
def test_a_digit_is_put_by_its_centre_of_mass_in_twenty_pixels(top, left, height, width, turned) -> None:
    picture = np.ones((110, 120))
    strokes = np.zeros((height, width))
    strokes[:8], strokes[:, :6] = 1, 1  # heavier above and at the left
    picture[top : top + height, left : left + width] -= 0.9 * (strokes[::-1, ::-1] if turned else strokes)
    found = digits.prepare(picture)[0]
    rows, columns = np.flatnonzero(found.max(1) > 0.3), np.flatnonzero(found.max(0) > 0.3)
    tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert max(tall, wide) in (19, 20, 21)
    assert tall / wide == pytest.approx(height / width, rel=0.2)
    y, x = ((found * grid).sum() / found.sum() for grid in np.mgrid[:28, :28])
    room = [min(top_, 28 - bottom) for top_, bottom in ((rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1))]
    assert abs(y - 13.5) <= 0.75 or room[0] == 0
    assert abs(x - 13.5) <= 0.75 or room[1] == 0
    assert found.max() > 0.8


def test_a_shadow_makes_strokes_no_fainter() -> None:
    """Ink takes the same share of the light everywhere."""
    picture = np.full((90, 120), 0.9)
    picture[20:70, 25:29] = picture[20:70, 85:89] = 0.9 * 0.3
    picture[:, 60:] *= 0.45
    found = digits._strokes(picture.astype(np.float32))
    assert found[45, 26] == pytest.approx(1, abs=0.05)
    assert found[45, 86] == pytest.approx(1, abs=0.05)


def test_seven_tenths_of_what_is_no_faint_edge_are_at_most_full() -> None:
    picture = np.ones((110, 120))
    picture[10:70, 30:36] -= 0.9
    picture[60:66, 30:90] -= 0.5  # fainter
    ink = digits._strokes(picture.astype(np.float32))
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    tall, wide = (max(1, round(side * 20 / max(cut.shape))) for side in cut.shape)
    small = np.asarray(Image.fromarray(cut).resize((wide, tall), Image.Resampling.BILINEAR))
    clear = np.sort(small[small > small.max() / 10])
    expected = np.clip(small / np.interp(0.7 * (len(clear) - 1), np.arange(len(clear)), clear), 0, 1)
    found = digits.prepare(picture)[0]
    top, left = np.flatnonzero(found.any(axis=1))[0], np.flatnonzero(found.any(axis=0))[0]
    np.testing.assert_allclose(found[top : top + tall, left : left + wide], expected, atol=2e-3)


@pytest.mark.parametrize("ground", [0.0, 0.05, 0.3])
def test_strokes_stand_above_the_ground_whatever_its_level(ground) -> None:
    ink = np.full((60, 70), ground)
    ink += np.where(np.indices(ink.shape).sum(0) % 2, 0.004, -0.004)  # grain
    ink[10:50, 20:24] += 0.5
    ink[10:14, 24:50] += 0.25
    found = digits._cleaned(ink)
    assert found[12, 30] == pytest.approx(0.5, abs=0.03)
    assert found[40, 21] == pytest.approx(1, abs=0.03)
    found[10:50, 20:24] = found[10:14, 24:50] = 0
    assert not found.any()
    faint = np.full((60, 70), ground)
    faint[10:50, 20:24] += 0.05  # less than can be told from paper
    assert not digits._cleaned(faint).any()
