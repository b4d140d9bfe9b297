"""Bars as SVG: lengths and words as they stand in the picture; numbers as they stand in a file."""

import colorsys
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


def test_a_long_title_begins_further_left_so_that_it_is_whole() -> None:
    for title, begin in (("short", 23), ("numbers in an output", 13)):
        text = ElementTree.fromstring(bars(["a"], [1], title, False, room=100, behind=40))[0]
        assert float(text.attrib["x"]) == begin


def test_on_a_logarithmic_scale_ten_times_as_much_is_one_step_more() -> None:
    widths, _ = drawn(["a", "b", "c"], [10, 100, 1000], "things", True, log=True)
    assert widths == pytest.approx([110, 220, 330], abs=0.1)
    assert drawn(["a", "b"], [160, 26_214_500], "things", True, log=True)[1][-1] == "26,214,500"


def test_each_bar_and_each_row_is_whole(monkeypatch) -> None:
    for labels, values in ((["a"], [1, 2]), (["a", "b"], [1])):
        with pytest.raises(ValueError, match="zip"):
            bars(labels, values, "things", False)
    written: list[str] = []
    monkeypatch.setattr(lesson.st, "markdown", written.append)
    lesson.table({"a|b": ["x", "y"], "n": [1, -2.5], "m": ["1", "none"]})
    assert written == ["| a\\|b | n | m |\n| :--- | ---: | :--- |\n| x | 1 | 1 |\n| y | \\-2\\.5 | none |"]
    lesson.table({"mostly": ["< 0.1%", "> 5%", "all"], "hardly": ["a", "b", "3"]})
    assert written[1].splitlines()[1] == "| ---: | :--- |"
    with pytest.raises(ValueError, match="zip"):
        lesson.table({"a": [1, 2], "b": [1]})


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


def test_where_everything_stands_in_a_picture_of_bars() -> None:
    """Lines of 24 pixels; 7 for a letter and 16 beside them; 330 for the longest bar, and 110 for its number."""
    picture = ElementTree.fromstring(bars(["a", "long label"], [1, 4], "things", False))
    assert picture.attrib["viewBox"] == "0 0 526 84"
    assert (picture.attrib["font-size"], picture.attrib["fill"]) == ("14", "#1a1d23")
    found = [
        [float(bar.attrib[name]) for name in ("x", "y", "width", "height", "rx")] for bar in picture.iter(f"{SVG}rect")
    ]
    assert found == [[86, 30, 82.5, 17, 2], [86, 54, 330, 17, 2]]
    places = [(float(text.attrib["x"]), float(text.attrib["y"]), text.text) for text in picture.iter(f"{SVG}text")]
    assert places == [(86, 16, "things"), (78, 43, "a"), (174.5, 43, "1"), (78, 67, "long label"), (422, 67, "4")]
    dark = ElementTree.fromstring(bars(["a", "b"], [10, 1000], "things", True, log=True))
    assert dark.attrib["fill"] == "#e9edf3"
    lines_ = [path.attrib for path in dark.iter(f"{SVG}path")]
    assert [line["d"] for line in lines_] == ["M133.0 24 V84", "M243.0 24 V84", "M353.0 24 V84"]
    assert {line["stroke"] for line in lines_} == {"#3d4654"}


def test_a_scale_may_end_beyond_its_values_and_words_stand_for_them() -> None:
    widths, words = drawn(["a", "b"], [0.25, 0.5], "share", False, high=1, texts=["a quarter", "half"])
    assert (widths, words[2::2]) == ([82.5, 165], ["a quarter", "half"])
    assert drawn(["a"], [0.25], "share", False, high=1)[1][2] == "0.25"
    assert drawn(["a", "b"], [12_345, 1_234.5678], "n", False)[1][2::2] == ["12,345", "1235"]
    assert drawn(["a"], [0.123456], "n", False)[1][2] == "0.1235"


def test_a_layout_leaves_room_for_the_legend_above() -> None:
    layout = lines([0, 1], {"a": [0, 1]}, "x", "y", dark=False).layout
    assert (layout.margin.l, layout.margin.r, layout.margin.t, layout.margin.b) == (10, 10, 30, 10)
    assert (layout.legend.orientation, layout.legend.yanchor, layout.legend.y, layout.legend.x) == (
        "h",
        "bottom",
        1.02,
        0,
    )
    curve = lines([0, 1], {"a": [0, 1]}, "x", "y", dark=False).data[0]
    assert (curve.mode, curve.line.width, curve.cliponaxis) == ("lines", 2.5, False)
    spread = histograms({"a": np.arange(4.0)}, "x", dark=False)
    assert (spread.layout.barmode, spread.layout.bargap, spread.data[0].opacity) == ("overlay", 0, 0.65)
    assert spread.layout.yaxis.title.text == "share of values"


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
        width = bar.x[1] - bar.x[0]
        assert width == pytest.approx((ends[1] - ends[0]) / 60)
        assert bar.x[0] - width / 2 <= ends[0] < bar.x[0] + width / 2
        assert len(bar.x) in (61, 62)
        assert bar.x[-1] - width / 2 <= ends[1] < bar.x[-1] + width / 2
        assert sum(bar.y) == pytest.approx(1)
        assert np.dot(bar.x, bar.y) == pytest.approx(values.mean(), abs=0.05)
    flat = histograms({"one": np.full(5, 3.0)}, "value", dark=True).data[0]
    assert (min(flat.x), max(flat.x)) == pytest.approx((3 + 1 / 120, 4 + 1 / 120))
    assert flat.y[0] == 1


@pytest.mark.parametrize("dark", [False, True])
def test_a_histogram_is_neither_blue_nor_orange_as_maps_below_and_above_0_are(dark) -> None:
    figure = histograms({"before": np.arange(4.0), "after": np.arange(5.0)}, "value", dark)
    shades = [bar.marker.color for bar in figure.data]
    hues = [360 * colorsys.rgb_to_hsv(*(int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)))[0] for shade in shades]
    assert all(min(abs(hue - other) for other in (20, 30, 210)) > 40 for hue in hues)
    assert abs(hues[0] - hues[1]) > 60


@pytest.mark.parametrize("low", [-3.3, -0.01, 0.0])
def test_what_relu_leaves_stands_at_the_right_of_0(low) -> None:
    before = np.linspace(low, 2.7, 500)
    after = histograms({"before": before, "after": np.maximum(before, 0)}, "value", dark=False).data[1]
    width = after.x[1] - after.x[0]
    left = after.x < 0
    assert not after.y[left].any()
    assert (after.x[~left] - width / 2).min() == pytest.approx(0, abs=1e-9)


def test_two_pictures_on_one_logarithmic_scale_can_be_compared() -> None:
    options = {"log": True, "low": 1, "high": 1e6}
    first, second = (ElementTree.fromstring(bars(["a"], [value], "n", False, **options)) for value in (1000, 10))
    widths = [float(next(one.iter(f"{SVG}rect")).attrib["width"]) for one in (first, second)]
    assert widths == pytest.approx([165, 55], abs=0.1)
    for one in (first, second):
        ticks = [text for text in one.iter(f"{SVG}text") if text.attrib.get("font-size") == "12"]
        assert [tick.text for tick in ticks] == ["1", "1,000", "10⁶"]
        left = float(next(one.iter(f"{SVG}rect")).attrib["x"])
        assert [float(tick.attrib["x"]) for tick in ticks] == pytest.approx([left, left + 165, left + 330], abs=0.1)
        assert float(one.attrib["height"]) > max(float(tick.attrib["y"]) for tick in ticks)
