"""The kernel page with every setting, good and bad, through the shell; numbers against SciPy."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from cnn_core.kernels import PRESETS
from instruments import samples
from instruments.kernel_text import format_kernel
from tests.app.visits import component, sentences, visit

GREY = samples.load("checkerboard", 32)[0].astype(float)


def stages(app):
    return {stage["name"]: stage for stage in component(app, "feature_viewer")["stages"]}


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "flip"), list(itertools.product((1, 3), (0, 2), (1, 2), (False, True)))
)
def test_every_setting_against_scipy(stride, padding, dilation, flip) -> None:
    kernel = np.array([[1.0, 2, -3], [0.5, 0, 4]])
    app = visit(
        "kernel", image="Checkerboard", size="32", kernel="1 2 -3; .5 0 4", kernel_stride=str(stride), kernel_relu="true",
        kernel_padding=str(padding), kernel_dilation=str(dilation), kernel_flip=str(flip).lower(),
        kernel_scale="2", kernel_bias="-0.5", kernel_pool="Average", kernel_pool_size="3", kernel_pool_stride="2",
    )  # fmt: skip
    spread = np.zeros((1 + dilation, 1 + 2 * dilation))
    spread[::dilation, ::dilation] = kernel
    correlate = signal.convolve2d if flip else signal.correlate2d
    expected = 2 * correlate(np.pad(GREY, padding), spread, "valid")[::stride, ::stride] - 0.5
    shown = stages(app)
    assert shown["convolution"]["shape"] == [1, *expected.shape]
    assert [shown["convolution"][end] for end in ("low", "high")] == pytest.approx([expected.min(), expected.max()])
    assert shown["relu"]["low"] == pytest.approx(max(expected.min(), 0))
    rectified = np.maximum(expected, 0)
    pooled = signal.correlate2d(rectified, np.full((3, 3), 1 / 9), "valid")[::2, ::2]
    assert shown["pooling"]["shape"] == [1, *pooled.shape]
    assert shown["pooling"]["high"] == pytest.approx(pooled.max())
    assert f"{expected.shape[0]}" in app.latex[0].value
    assert f"{pooled.shape[1]}" in app.latex[1].value


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset(preset) -> None:
    app = visit("kernel", image="Dot", size="32")
    app.selectbox(key="_preset").select(preset).run()
    assert not app.exception
    assert app.text_area(key="kernel").value == format_kernel(PRESETS[preset].values)
    shown = stages(app)["convolution"]
    values = np.append(PRESETS[preset].values, 0)  # a dot answers with the kernel itself
    assert [shown["low"], shown["high"]] == pytest.approx([values.min(), values.max()], abs=1e-6)


@pytest.mark.parametrize("image", [label for label, _ in samples.SAMPLES.values()])
@pytest.mark.parametrize("colour", ["Grey", "Colour"])
def test_every_sample(image, colour) -> None:
    data = component(visit("kernel", image=image, colour=colour, size="64"), "feature_viewer")
    assert data["input"]["shape"][0] == {"Grey": 1, "Colour": 3}[colour]
    assert max(data["input"]["shape"][1:]) <= 64
    assert 0 <= data["input"]["low"] < data["input"]["high"] <= 1


@pytest.mark.parametrize("mode", ["Zeros", "Reflect", "Replicate", "Circular"])
def test_padding_modes_keep_a_flat_image_flat_but_for_zeros(mode) -> None:
    query = {"image": "Gradient", "size": "32", "kernel": "0 0 0; 1 1 1; 0 0 0", "kernel_padding": "1"}
    low = stages(visit("kernel", kernel_mode=mode, **query))["convolution"]["low"]
    step = 1 / 32
    first = {"Zeros": 2, "Reflect": 3.5, "Replicate": 2.5, "Circular": 34 - 0.5}[mode] * step
    expected = {
        "Zeros": 2 * step,
        "Reflect": (0.5 + 1.5 + 1.5) * step,
        "Replicate": 2.5 * step,
        "Circular": 3 * 1.5 * step,
    }
    assert first > 0
    assert low == pytest.approx(expected[mode], abs=1e-6)


def test_size_and_operations_change_the_kernel() -> None:
    app = visit("kernel", image="Dot", size="32", kernel="1 2; 3 4")
    app.number_input(key="_columns").set_value(4).run()
    assert app.text_area(key="kernel").value == "0 1 2 0; 0 3 4 0"
    app.number_input(key="_rows").set_value(1).run()
    assert app.text_area(key="kernel").value == "0 1 2 0"
    assert not app.exception


def test_impossible_settings_cannot_be_dialled() -> None:
    app = visit("kernel", image="Dot", size="32", kernel="1 " * 11, kernel_dilation="3")
    assert app.number_input(key="kernel_dilation").max == 3  # 3 x 10 + 1 = 31 pixels just fit 32
    app = visit("kernel", image="Dot", size="32", kernel_stride="8", kernel_pool="Max")
    assert app.number_input(key="kernel_pool_size").max == 4  # the map is 4 x 4


KEYS = ("kernel", "kernel_stride", "kernel_padding", "kernel_dilation", "kernel_mode", "kernel_flip", "kernel_scale",
        "kernel_bias", "kernel_relu", "kernel_pool", "kernel_pool_size", "kernel_pool_stride", "kernel_pixel",
        "kernel_sides", "image", "colour", "size", "large")  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(KEYS),
        st.text(max_size=30) | st.sampled_from(["-1", "1e999", "NaN", "<b>", "99999999999999999999"]),
    )
)
@settings(max_examples=60, deadline=None)
def test_no_link_breaks_the_page(query) -> None:
    app = visit("kernel", **({"size": "32"} | query))
    assert stages(app)["convolution"]["shape"][0] in (1, 3)


def test_a_wrong_link_is_explained() -> None:
    said = sentences(
        visit("kernel", size="64", kernel="1 2; 3", kernel_stride="0", kernel_pool="Sum", kernel_pixel="a b")
    )
    for words in (
        "equally long",
        "stride must be a whole number from 1 to 8",
        "Pooling must be one of",
        "A pixel is written",
    ):
        assert words in said


@pytest.mark.parametrize(("channels", "count"), [("sum", 1), ("each", 3)])
def test_in_colour_one_kernel_makes_one_map_unless_channels_are_kept_apart(channels, count) -> None:
    photo = samples.load("cat", 32).astype(float)
    kernel = np.array([[1.0, 2, -3], [0.5, 0, 4]])
    apart = np.stack([signal.correlate2d(one, kernel, "valid") for one in photo])
    expected = apart.sum(0, keepdims=True) if channels == "sum" else apart
    link = {"image": "cat", "colour": "colour", "size": "32", "kernel": "1 2 -3; .5 0 4"}
    app = visit("kernel", kernel_channels=channels, **link)
    shown = stages(app)["convolution"]
    assert shown["shape"] == [count, *expected.shape[1:]]
    assert shown["tiles"] == [1, count]  # no empty tile
    assert [shown["low"], shown["high"]] == pytest.approx([expected.min(), expected.max()], rel=1e-5)
    assert [one["channels"] for one in shown["reads"]] == ["all" if channels == "sum" else "own"]
    default = visit("kernel", **link)
    assert stages(default)["convolution"]["shape"][0] == 1


@pytest.mark.parametrize(
    ("view", "kernel", "scale"),
    [
        ("auto", "1 1; 1 1", "grey"),
        ("auto", "1 -1", "diverging"),
        ("auto", "0 0; 0 0", "diverging"),  # what is empty is as pale as any other 0, not the fullest picture
        ("picture", "1 -1", "grey"),
        ("values", "1 1; 1 1", "diverging"),
    ],
)
def test_the_view_in_the_link(view, kernel, scale) -> None:
    app = visit("kernel", image="cat", size="32", kernel=kernel, kernel_view=view)
    assert stages(app)["convolution"]["scale"] == scale
    assert component(app, "feature_viewer")["auto"] == (view == "auto")
