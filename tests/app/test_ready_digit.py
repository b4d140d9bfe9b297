"""The digit that stands on a pad at first: ink where its strokes are, and two bows that make a 3."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ui.ready_digit import READY, arc, inked


def drawn(strokes: list, times: int = 8) -> np.ndarray:
    """Strokes drawn by Pillow, finely, (28, 28): lines with a circle at each point."""
    picture = Image.new("L", (280 * times, 280 * times))
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        points = [(x * times, y * times) for x, y in stroke["points"]]
        pen.line(points, 255, round(stroke["width"] * times))
        for x, y in points:
            half = stroke["width"] * times / 2
            pen.ellipse((x - half, y - half, x + half, y + half), 255)
    return np.asarray(picture).reshape(28, 10 * times, 28, 10 * times).mean((1, 3)) / 255


@pytest.mark.parametrize("strokes", [
    READY.strokes, [{"width": 20, "points": [[100, 100], [200, 130]]}], [{"width": 31, "points": [[30, 250], [60, 20], [250, 90]]}],
    [{"width": 24, "points": [[140, 60], [140, 60]]}, {"width": 10, "points": [[20, 200], [260, 200]]}],
])  # fmt: skip
def test_ink_covers_as_much_of_each_pixel_as_the_strokes_do(strokes) -> None:
    found = inked(strokes)
    assert (found.shape, found.dtype) == ((28, 28), np.float32)
    np.testing.assert_allclose(found, drawn(strokes), atol=0.14)  # of 16 points a pixel, two
    assert abs(found.mean() - drawn(strokes).mean()) < 0.002


def test_two_bows_meet_in_the_middle_and_the_lower_one_is_larger() -> None:
    upper, lower = (np.array(stroke["points"]) for stroke in READY.strokes)
    assert upper[-1][1] == lower[0][1] == 134
    assert lower[0][0] == 136
    assert upper[-1][0] == 140
    assert np.ptp(upper, axis=0).tolist() == [88, 84]
    assert np.ptp(lower, axis=0).tolist() == [104, 96]
    assert (len(upper), len(lower)) == (17, 17)
    assert {stroke["width"] for stroke in READY.strokes} == {22}
    assert READY.ready
    assert np.array_equal(READY.pixels, inked(READY.strokes))


def test_an_arc_turns_with_the_clock_from_the_right() -> None:
    assert arc((100, 50), (40, 20), range(0, 361, 90)) == [[140, 50], [100, 70], [60, 50], [100, 30], [140, 50]]
