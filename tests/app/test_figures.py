"""Bars as SVG: lengths and words as they stand in the picture; numbers as they stand in a file."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest

from ui import lesson
from ui.figures import bars

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*arguments, **options) -> tuple[list[float], list[str]]:
    """Widths of the bars, and all words."""
    picture = ElementTree.fromstring(bars(*arguments, **options))
    return [float(bar.attrib["width"]) for bar in picture.iter(f"{SVG}rect")], [
        t.text for t in picture.iter(f"{SVG}text")
    ]


def test_bars_are_as_long_as_their_values() -> None:
    widths, words = drawn(["a", "b", "c"], [10, 2.5, 0], "things", False)
    assert widths == [330.0, 82.5, 0.0]
    assert words == ["things", "a", "10", "b", "2.5", "c", "0"]
    assert drawn(["a"], [0], "things", False)[0] == [0.0]


def test_on_a_logarithmic_scale_ten_times_as_much_is_one_step_more() -> None:
    widths, _ = drawn(["a", "b", "c"], [10, 100, 1000], "things", True, log=True)
    assert widths == pytest.approx([110, 220, 330], abs=0.1)
    assert drawn(["a", "b"], [160, 26_214_500], "things", True, log=True)[1][-1] == "26,214,500"


def test_words_cannot_become_elements() -> None:
    assert "<script>" in drawn(["<script>"], [1], "<b>", False)[1]


def test_numbers_in_csv_read_back_exactly() -> None:
    rng = np.random.default_rng(3)
    maps = (rng.normal(size=(2, 30, 40)) * 10.0 ** rng.integers(-30, 30, (2, 30, 40))).astype(np.float32)
    read = np.loadtxt(io.BytesIO(lesson._csv(maps)), delimiter=",", dtype=np.float32)
    assert np.array_equal(read.reshape(maps.shape), maps)
