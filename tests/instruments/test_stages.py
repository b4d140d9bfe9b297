"""What is said of one pixel, compared with the picture it stands in: for every stage, sides, strides, dilations, paddings unequal."""

from dataclasses import replace

import numpy as np
import pytest

from instruments import stages
from instruments.fields import SettingError
from instruments.kernel import Settings

IMAGE = np.random.default_rng(5).random((2, 11, 15)).astype(np.float32)
KERNEL = "1 -2 0.5; 0 3 -1"
NUMPY_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
BASE = Settings(KERNEL, 0.5, -0.25, stride=(1, 2), padding=(2, 3), dilation=(2, 3), relu=True, channels="each")
CASES = {
    "plain": Settings(KERNEL, channels="each"),
    "no pool": BASE,
    "flipped, strides turned round": replace(BASE, flip=True, stride=(3, 1), padding=(1, 0), dilation=(3, 2)),
    "reflect": replace(BASE, padding_mode="reflect", pool="max", pool_size=2, pool_stride=1),
    "replicate": replace(BASE, padding_mode="replicate", pool="average", pool_size=3, pool_stride=2),
    "circular, no ReLU": replace(BASE, padding_mode="circular", relu=False, pool="max", pool_size=2, pool_stride=3),
    "wide steps": replace(BASE, stride=(2, 3), dilation=(1, 4), pool="average", pool_size=2, pool_stride=1),
}


@pytest.mark.parametrize("name", CASES)
def test_every_pixel_of_every_stage_is_explained_as_it_was_computed(name) -> None:
    settings = CASES[name]
    computed = stages.compute(IMAGE, settings)
    assert [one.name for one in computed] == ["convolution"] + ["relu"] * settings.relu + ["pooling"] * (
        settings.pool != "none"
    )
    assert [(one.low, one.high) for one in computed] == [(one.maps.min(), one.maps.max()) for one in computed]
    (down, across), (top, left) = settings.dilation, settings.padding
    padded = np.pad(IMAGE, ((0, 0), (top, top), (left, left)), NUMPY_MODES[settings.padding_mode])
    seen = {}
    for before, stage in zip([None, *computed], computed, strict=False):
        for c, y, x in np.ndindex(*stage.maps.shape):
            window = stages.look(IMAGE, settings, stage.name, c, y, x)
            assert (window.stage, window.channel, window.y, window.x) == (stage.name, c, y, x)
            assert window.total == pytest.approx(stage.maps[c, y, x], abs=1e-5)
            row, column = window.lens_corner
            height, width = window.lens.shape
            assert np.array_equal(window.lens, stage.maps[c, row : row + height, column : column + width])
            assert (row, row + height) == (max(y - 2, 0), min(y + 3, stage.maps.shape[1]))
            assert (column, column + width) == (max(x - 2, 0), min(x + 3, stage.maps.shape[2]))
            seen[stage.name, c, y, x] = window.field
            if stage.name == "pooling":
                size, step = settings.pool_size, settings.pool_stride
                assert window.box == (y * step, x * step, size, size)
                read = before.maps[c, y * step : y * step + size, x * step : x * step + size]
                assert np.array_equal(window.inputs, read)
                first = seen[before.name, c, y * step, x * step]
                last = seen[before.name, c, y * step + size - 1, x * step + size - 1]
                bottom, right = last[0] + last[2], last[1] + last[3]
                assert window.field == (*first[:2], bottom - first[0], right - first[1])
            else:
                assert window.box == window.field
                row, column, height, width = window.field
                assert (row, column) == (y * settings.stride[0] - top, x * settings.stride[1] - left)
                read = padded[c, row + top : row + top + height : down, column + left : column + left + width : across]
                assert np.array_equal(window.inputs, read)
                total = (read.astype(np.float64) * settings.weight).sum() + settings.bias
                assert window.total == pytest.approx(total if stage.name == "convolution" else max(total, 0))
                assert np.array_equal(window.weights, settings.weight)
                assert window.bias == settings.bias


def test_a_pixel_of_the_input_explains_itself() -> None:
    window = stages.look(IMAGE, BASE, "input", 1, 4, 14)
    assert (window.total, window.bias, window.weights) == (float(IMAGE[1, 4, 14]), 0.0, None)
    assert window.inputs.tolist() == [[window.total]]
    assert window.field == window.box == (4, 14, 1, 1)
    assert np.array_equal(window.lens, IMAGE[1, 2:7, 12:15])
    assert window.lens_corner == (2, 12)


@pytest.mark.parametrize("stage", ["input", "convolution", "relu", "pooling"])
def test_places_outside_are_moved_to_the_nearest_inside(stage) -> None:
    settings = CASES["reflect"]
    maps = {one.name: one.maps for one in stages.compute(IMAGE, settings)}.get(stage, IMAGE)
    first, last = stages.look(IMAGE, settings, stage, -1, -9, -9), stages.look(IMAGE, settings, stage, 9, 99, 99)
    assert (first.channel, first.y, first.x) == (0, 0, 0)
    assert (last.channel, last.y, last.x) == tuple(side - 1 for side in maps.shape)
    assert first.total == pytest.approx(maps[0, 0, 0], abs=1e-5)
    assert last.total == pytest.approx(maps[-1, -1, -1], abs=1e-5)


def test_a_stage_that_is_not_there_and_a_kernel_that_does_not_fit_get_a_sentence() -> None:
    with pytest.raises(SettingError, match="no stage named pooling with"):
        stages.look(IMAGE, BASE, "pooling", 0, 0, 0)
    for function in (lambda: stages.compute(IMAGE, replace(BASE, dilation=(16, 1))),
                     lambda: stages.cost(IMAGE.shape, replace(BASE, dilation=(16, 1)))):  # fmt: skip
        with pytest.raises(SettingError, match=r"^[A-Z].*\.$"):
            function()
    with pytest.raises(SettingError, match=r"^[A-Z].*\.$"):
        stages.compute(IMAGE, replace(BASE, pool="max", pool_size=16))


def test_cost_counts_products_and_what_is_kept() -> None:
    rows, columns = (11 + 4 - 3) // 1 + 1, (15 + 6 - 7) // 2 + 1
    assert stages.compute(IMAGE, BASE)[0].maps.shape == (2, rows, columns)
    cost = stages.cost(IMAGE.shape, BASE)
    assert cost[0] == 2 * rows * columns * 6
    assert cost[1] == 4 * (2 * 11 * 15 + 3 * 2 * rows * columns)


def test_colour_scales_are_symmetric_and_shared() -> None:
    assert stages.scale_limits(-3.0, 2.0) == (-3.0, 3.0)
    assert stages.scale_limits(0.5, 2.0) == (-2.0, 2.0)
    assert stages.scale_limits(0.0, 0.0) == (-1.0, 1.0)
    low, high = stages.Stage("convolution", IMAGE, -4.0, 1.0), stages.Stage("relu", IMAGE, 0.0, 1.0)
    assert stages.on_one_scale([low, high]) == [(low, 4.0), (high, 4.0)]
    assert stages.on_one_scale([high]) == [(high, 1.0)]
