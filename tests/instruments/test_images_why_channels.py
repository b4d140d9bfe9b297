"""Images as numbers, why convolution, channels: places in memory, counts, shuffles and sums, by plain arithmetic."""

import numpy as np
import pytest
from scipy import signal

from instruments import channels, images, why
from instruments.cost import MAX_BYTES, MAX_MACS, Cost
from instruments.fields import SettingError, resolve
from instruments.image import SHAPE

IMAGE = np.random.default_rng(7).random((3, 13, 17)).astype(np.float32)
FACTS = {SHAPE: IMAGE.shape}


def test_colours_that_are_ready_are_what_they_are_called() -> None:
    assert images.READY["Black"] == (0, 0, 0)
    assert images.READY["White"] == (255, 255, 255)
    assert images.READY["Very red"] == (255, 0, 0)
    v = resolve(images.FIELDS, {"images_r": "1.4", "images_g": "1.6", "images_b": "255"}, facts=FACTS)
    assert images.mixed(v) == (1, 2, 255)
    assert [field.step for field in (*images.MIXED, images.SHARE)] == [1] * 4


@pytest.mark.parametrize(("c", "y", "x"), [(0, 0, 0), (2, 12, 16), (1, 5, 9), (2, 3, 4), (0, 4, 5)])
def test_a_value_is_found_in_memory_and_among_its_neighbours(c, y, x) -> None:
    v = resolve(images.FIELDS, {"images_c": str(c), "images_y": str(y), "images_x": str(x)}, facts=FACTS)
    first, last = images.places(v)
    assert IMAGE.reshape(-1)[first] == IMAGE[c, y, x]
    assert IMAGE.transpose(1, 2, 0).reshape(-1)[last] == IMAGE[c, y, x]
    lens = images.lens(IMAGE, v)
    assert lens.values[y - lens.top, x - lens.left] == IMAGE[c, y, x]
    assert (lens.top, lens.left) == (max(0, y - 3), max(0, x - 4))
    assert lens.values.shape == (min(y + 4, 13) - lens.top, min(x + 5, 17) - lens.left)


def test_colours_are_mixed_in_8_bits() -> None:
    v = resolve(images.FIELDS, {"images_r": "12.6", "images_g": "0", "images_b": "255"}, facts=FACTS)
    assert images.mixed(v) == (13, 0, 255)


def test_rungs_keep_the_sides_in_proportion() -> None:
    wide = np.random.default_rng(0).random((3, 30, 90)).astype(np.float32)
    shapes = {words: rung.shape for words, rung in images.rungs(wide).items()}
    assert shapes == {f"{side} pixels": (3, round(side / 3), side) for side in (16, 32, 64)}
    assert images.rungs(wide[:, :1])["16 pixels"].shape == (3, 1, 16)


def test_the_way_from_one_image_to_another() -> None:
    goal = 1 - IMAGE
    blended = images.walk(IMAGE, goal, "blend", 0.25)
    np.testing.assert_allclose(blended.between, 0.75 * IMAGE + 0.25 * goal, atol=1e-6)
    assert blended.changed == IMAGE.size
    quarter, half = (images.walk(IMAGE, goal, "one", share) for share in (0.25, 0.5))
    for found in (quarter, half):
        moved = found.between != IMAGE
        assert found.changed == moved.sum()
        assert np.array_equal(found.between[moved], goal[moved])
    assert (quarter.changed, half.changed) == (round(IMAGE.size / 4), round(IMAGE.size / 2))
    assert not ((quarter.between != IMAGE) & (half.between == IMAGE)).any()  # it goes on, and does not begin anew
    assert np.array_equal(images.walk(IMAGE, goal, "one", 1).between, goal)


def test_counts_of_a_dense_layer_and_of_a_convolution() -> None:
    v = resolve(why.FIELDS, {"why_units": "70", "why_kernels": "5", "why_k": "4"}, facts=FACTS)
    size = 3 * 13 * 17
    assert why.dense_counts(v) == (70 * size + 70, 70 * size)
    assert why.convolution_counts(v) == (5 * 3 * 16 + 5, 5 * 3 * 16 * 10 * 14)


def test_shuffled_pixels_are_the_same_pixels_and_a_dense_layer_does_not_mind() -> None:
    image = np.arange(60, dtype=np.float32).reshape(1, 5, 12) / 60
    mixed = why.shuffled(image, 3)
    assert mixed.shape == image.shape
    assert np.array_equal(np.sort(mixed, axis=None), image.ravel())
    assert not np.array_equal(mixed, image)
    assert not np.array_equal(mixed, why.shuffled(image, 4))
    plain, shuffled = why.dense_answers(IMAGE[:1], 3)
    np.testing.assert_allclose(plain, shuffled, atol=1e-5)
    assert plain.shape == (6,)
    assert 0.1 < np.abs(plain).max() < 10
    assert len(why.dense_answers(np.ones((1, 640, 3), np.float32), 1)[0]) == 6


def test_a_signal_is_an_image_of_height_1() -> None:
    line = why.signal()
    assert line.shape == (200,)
    assert line[130:].mean() > line[:100].mean() + 0.8
    time = np.arange(200)
    rest = line - np.sin(time / 12) - 1.5 * (time > 120)
    assert np.abs(rest).max() < 0.4
    assert rest.std() == pytest.approx(0.08, rel=0.2)
    taps = np.array([[2.0, -1.0, 0.5]])
    np.testing.assert_allclose(why.convolved(line, taps), signal.correlate(line, taps[0], "same"), atol=1e-9)
    with pytest.raises(SettingError, match=r"one row of 3 numbers, this one is 2 × 3"):
        why.TAPS.read("1 2 3; 4 5 6", resolve((), {}))


def test_slices_are_summed_over_the_channels() -> None:
    texts = ("1 0 2; 0 0 0; 0 -1 0", "0 0 0; 0 3 0; 0 0 0", "0 1 0; 2 0 0; 0 0 -2")
    answers = channels.Slices(texts, 0.5).compute(IMAGE)
    assert [stage.name for stage, _ in answers] == ["red", "green", "blue", "sum"]
    kernels = [np.array([[float(n) for n in row.split()] for row in text.split(";")]) for text in texts]
    expected = [signal.correlate2d(one, kernel, "valid") for one, kernel in zip(IMAGE, kernels, strict=True)]
    expected.append(sum(expected) + 0.5)
    for (stage, _), maps in zip(answers, expected, strict=True):
        np.testing.assert_allclose(stage.maps, maps[np.newaxis], atol=1e-5)
    ends = {end for _, end in answers}
    assert ends == {max(max(-stage.low, stage.high) for stage, _ in answers)}
    for wrong in (channels.Slices(texts, 0), channels.Filters()):
        with pytest.raises(SettingError, match="red, green and blue"):
            wrong.compute(IMAGE[:1])
    with pytest.raises(SettingError, match="3 rows of 3"):
        channels.canonical_slice("1 2; 3 4")


def test_filters_walk_from_one_draw_to_the_next() -> None:
    first, second, between = (channels.Filters(4, 5, 2 + n, walk).weight for n, walk in ((0, 0), (1, 0), (0, 0.25)))
    assert first.shape == (4, 3, 5, 5)
    np.testing.assert_allclose(channels.Filters(4, 5, 2, 1.0).weight, second, atol=1e-6)
    np.testing.assert_allclose(between, 0.75 * first + 0.25 * second, atol=1e-6)
    assert not np.allclose(first, second)
    [(stage, _)] = channels.Filters(4, 5, 2).compute(IMAGE)
    expected = sum(signal.correlate2d(IMAGE[c], first[3, c], "valid") for c in range(3))
    np.testing.assert_allclose(stage.maps[3], expected, atol=1e-5)
    assert (stage.name, len(stage.maps)) == ("maps", 4)


def test_costs_of_channels() -> None:
    assert channels.Slices(("0",) * 3, 0).cost((3, 100, 200)) == (2 * 9 * 60_000, 16 * 60_000)
    assert channels.Filters(8, 5).cost((3, 100, 200)) == (8 * 3 * 25 * 20_000, 4 * 20_000 * 19)
    with pytest.raises(SettingError, match="a smaller image or fewer kernels"):
        channels.Filters(64, 7).cost((3, 1000, 1000))


def test_fewer_kernels_for_larger_images() -> None:
    for shape, side, most in (((3, 66, 66), 3, 64), ((3, 512, 1024), 3, 7), ((3, 402, 502), 3, 20), ((3, 512, 512), 7, 15),
                              ((3, 3, 3), 1, 64)):  # fmt: skip
        v = resolve(channels.FIELDS, {"channels_k": str(side)}, facts={SHAPE: shape})
        assert channels.KERNELS.high(v) == most
        channels.Filters(most, side).cost(shape)


def test_cost_is_refused_above_its_limits_and_not_at_them() -> None:
    assert Cost(MAX_MACS, MAX_BYTES).check("less") == (MAX_MACS, MAX_BYTES)
    with pytest.raises(
        SettingError, match=r"^This would take 2\.5 billion multiply-adds, more than 2 billion: choose less\.$"
    ):
        Cost(2_500_000_000, 0).check("less")
    with pytest.raises(SettingError, match=r"^This would take 97 MB of memory, more than 96 MB: choose less\.$"):
        Cost(0, 97_000_000).check("less")
    with pytest.raises(SettingError, match="billion"):
        Cost(MAX_MACS + 1, 0).check("less")
    with pytest.raises(SettingError, match="memory"):
        Cost(0, MAX_BYTES + 1).check("less")
