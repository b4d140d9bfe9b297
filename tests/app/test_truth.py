"""What pages say about their pictures is true: numbers, verdicts, what is lost."""

import numpy as np
import pytest

from cnn_core import Conv2d, Linear, count_macs, count_parameters
from cnn_core.kernels import PRESETS
from cnn_core.shapes import make_axis
from instruments import features, samples, why
from instruments.fields import resolve
from instruments.image import SHAPE
from instruments.kernel import Settings
from tests.app.visits import component, sentences, table, visit
from ui import formulas
from ui.figures import bars


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"), [(7, 3, 3, 1), (8, 3, 3, 2), (9, 2, 5, 1), (6, 4, 3, 0)]
)
def test_lost_pixels_are_counted_on_the_image_not_on_its_padding(size, kernel, stride, padding) -> None:
    axis = make_axis(size, kernel, stride, (padding, padding))
    last = (axis.output_size - 1) * stride - padding + kernel - 1  # the last pixel that a window reaches
    lost, missed = max(size - 1 - last, 0), size + padding - 1 - max(last, size - 1)
    said = formulas.remainder(axis, make_axis(3, 3))
    if lost:
        assert f"the last {lost} row" in said
    elif missed:
        assert f"the last {missed} row" in said
        assert "of padding. Every pixel of the input is reached" in said
    else:
        assert said is None


def test_a_probability_near_1_is_not_1_and_its_bar_is_measured_from_0_to_1() -> None:
    picture = bars(["a", "b"], [0.9997, 0.5], "probability", False, high=1)
    assert ">0.9997<" in picture
    assert 'width="329.9"' in picture
    assert 'width="165.0"' in picture
    assert 'width="165.0"' in bars(["a"], [0.5], "probability", False, high=1)  # alone, too


@pytest.mark.parametrize(("where", "verdict"), [("same", False), ("scaled", True)])
@pytest.mark.parametrize("image", ["coins", "astronaut"])
def test_a_verdict_needs_another_picture(image, where, verdict) -> None:
    app = visit("features", image=image, size="128", features_where=where)
    said = sentences(app)
    assert bool(app.success) == verdict
    assert ("each finds itself" in said) != verdict


def test_the_default_target_is_another_picture() -> None:
    for name in samples.SAMPLES:
        image = samples.load(name, 64)
        v = resolve(features.FIELDS, {}, facts={SHAPE: image.shape})
        assert v[features.TARGET] not in ("same", "scaled", "mirrored", "turned")
    app = visit("features", image="photographer", size="128")  # the default target itself
    assert not app.success


def test_where_plain_correlation_misses_the_crop_the_page_says_so() -> None:
    said = sentences(visit("features"))
    assert "which is **not the crop**" in said
    assert "mean is zero" in said


def test_a_box_that_is_too_large_is_told() -> None:
    assert features.cut_off([3, 4, 65, 65]) is None
    assert features.cut_off(["a"]) is None
    assert "80 × 20" in features.cut_off([3, 4, 80, 20])
    assert features.drawn_box([3, 4, 80, 20]) == "3 4 65 20"


@pytest.mark.parametrize(("units", "word"), [("100", "more"), ("500", "fewer")])
def test_what_costs_more_is_said(units, word) -> None:
    shape = (1, 40, 40)
    app = visit("why", image="checkerboard", size="64", why_units=units, why_kernels="16")
    v = resolve(why.FIELDS, {"why_kernels": 2, "why_k": 4}, facts={SHAPE: shape})
    layer = Conv2d(1, 2, 4)
    outputs = 2 * 37 * 37
    dense = Linear(40 * 40, outputs)
    assert why.comparable_counts(v) == (count_parameters([dense]), count_macs([dense], (1600,)))
    assert why.convolution_counts(v).macs == count_macs([layer], shape)
    assert f"takes **{word}** multiply-adds" in sentences(app)


def test_the_ladder_and_its_table_show_the_same_sizes() -> None:
    app = visit("images", image="cat", size="256", colour="colour")
    shown = [panel["shape"] for panel in component(app, "map_viewer", 1)["panels"]]
    listed = next(t for t in (table(app, n) for n in range(5)) if "C × H × W" in t)
    assert listed["C × H × W"] == [formulas.shape_text(tuple(shape)) for shape in shown]
    assert listed["numbers"] == [f"{np.prod(shape):,}" for shape in shown]
    bytes_in = {"bytes": 1, "kB": 1e3, "MB": 1e6}
    for column, each in (("memory, 8 bits", 1), ("memory, float32", 4)):
        written = [(float(amount), unit) for amount, unit in (cell.split() for cell in listed[column])]
        assert [amount * bytes_in[unit] for amount, unit in written] == pytest.approx(
            [each * np.prod(shape) for shape in shown], rel=5e-3
        )
        assert all(amount >= 0.1 for amount, _ in written)
    assert max(shown[-1]) == 256
    assert "no picture of 512 or 1024 pixels" in sentences(app)


def test_homes_sobel_is_the_presets() -> None:
    np.testing.assert_array_equal(Settings().values, PRESETS["sobel_x"].values)


def test_slices_show_their_products() -> None:
    photo = samples.load("cat", 64)
    app = visit("channels", image="cat", size="64", channels_y="5", channels_x="9")
    formula = next(one.value for one in app.latex if "green" in one.value)
    window = photo[1, 5:8, 9:12]
    kernel = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    for matrix in (window, kernel, window * kernel):
        assert formulas.matrix(matrix) in formula
    assert formula.rstrip("$\n").endswith(f"= {formulas.number(window[1, 1])}")
