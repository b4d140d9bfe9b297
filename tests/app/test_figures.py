"""Bars as SVG: lengths and words as they stand in the picture; numbers as they stand in a file."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest

from ui import lesson
from ui.figures import bars, histograms, lines

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
    figure = lines([0, 1], {'<a href="https://a.example">cat</a>': [0, 1]}, "x", "<b>cat</b>", False)
    assert "<" not in figure.data[0].name + figure.layout.yaxis.title.text


def test_numbers_in_csv_read_back_exactly() -> None:
    rng = np.random.default_rng(3)
    maps = (rng.normal(size=(2, 30, 40)) * 10.0 ** rng.integers(-30, 30, (2, 30, 40))).astype(np.float32)
    read = np.loadtxt(io.BytesIO(lesson._csv(maps)), delimiter=",", dtype=np.float32)
    assert np.array_equal(read.reshape(maps.shape), maps)


@pytest.mark.parametrize(("values", "log"), [([10, 250, 3.5], False), ([20, 100, 50_000], True)])
def test_nothing_in_the_picture_overlaps_or_leaves_it(values, log) -> None:
    labels = ["a", "long label", "b"]
    picture = ElementTree.fromstring(bars(labels, values, "things", False, log=log))
    title, *words = list(picture.iter(f"{SVG}text"))
    bodies = list(picture.iter(f"{SVG}rect"))
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    assert (width, height) == (float(picture.attrib["width"]), float(picture.attrib["height"]))
    bottom = float(title.attrib["y"]) + 4
    for bar, label, number in zip(bodies, words[::2], words[1::2], strict=True):
        x, y, wide, high = (float(bar.attrib[name]) for name in ("x", "y", "width", "height"))
        assert y >= bottom
        bottom = y + high
        assert label.attrib["text-anchor"] == "end"
        assert 7 * len(label.text) <= float(label.attrib["x"]) <= x - 8
        assert x + wide + 5 < float(number.attrib["x"]) < x + wide + 8
        assert float(number.attrib["x"]) + 8 * len(number.text) < width
        assert y + 11 <= float(label.attrib["y"]) == float(number.attrib["y"]) < bottom
    assert bottom <= height < bottom + 24
    paths = [path.attrib["d"] for path in picture.iter(f"{SVG}path")]
    if not log:
        assert paths == []
        return
    # 20 to 50,000: the scale begins at 1, lines stand at 10, 100, 1,000 and 10,000
    left, longest = float(bodies[0].attrib["x"]), float(bodies[-1].attrib["width"])
    places = [left + longest * np.log10(ten) / np.log10(50_000) for ten in (10, 100, 1_000, 10_000)]
    assert [float(path.split()[0][1:]) for path in paths] == pytest.approx(places, abs=0.1)
    assert "on a logarithmic scale" in title.text


def test_curves_differ_by_colour_and_dash() -> None:
    x = np.arange(4.0)
    figure = lines(x, {name: x * n for n, name in enumerate("abcde")}, "depth", "height", dark=False)
    assert [curve.name for curve in figure.data] == list("abcde")
    assert all(np.array_equal(curve.y, x * n) and np.array_equal(curve.x, x) for n, curve in enumerate(figure.data))
    assert len({curve.line.color for curve in figure.data}) == 5
    assert [curve.line.dash for curve in figure.data] == ["solid", "dash", "dot", "dashdot", "solid"]
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("depth", "height")


def test_histograms_share_their_bins_and_count_shares() -> None:
    rng = np.random.default_rng(2)
    groups = {"before": rng.uniform(-1, 2, (3, 40)), "after": rng.uniform(0, 5, 77)}
    figure = histograms(groups, "value", dark=True)
    ends = min(v.min() for v in groups.values()), max(v.max() for v in groups.values())
    for bar, values in zip(figure.data, groups.values(), strict=True):
        assert len(bar.x) == 60
        assert (bar.x[0] + bar.x[-1]) / 2 == pytest.approx(sum(ends) / 2)
        assert bar.x[1] - bar.x[0] == pytest.approx((ends[1] - ends[0]) / 60)
        assert sum(bar.y) == pytest.approx(1)
        assert np.dot(bar.x, bar.y) == pytest.approx(values.mean(), abs=0.05)
    flat = histograms({"one": np.full(5, 3.0)}, "value", dark=True).data[0]
    assert (min(flat.x), max(flat.x)) == pytest.approx((3 + 1 / 120, 4 - 1 / 120))
    assert flat.y[0] == 1
