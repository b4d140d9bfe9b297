"""The walk of a window, pooling and the shown ways of computing: numbers against SciPy, settings that divide exactly."""

import numpy as np
import pytest
from scipy import signal

from instruments import forward, pooling, walk
from instruments.fields import resolve

IMAGE = np.random.default_rng(3).random((1, 9, 12)).astype(np.float32)


def values(**given):
    v = resolve(walk.FIELDS, {f"walk_{name}": str(value) for name, value in given.items()})
    assert v.problems == {}
    return v


APART = {"apart": "true", "size": 9, "size_across": 12, "kernel": 4, "kernel_across": 3, "stride": 2, "stride_across": 3,
         "padding": 1, "padding_across": 2, "dilation": 2, "dilation_across": 3}  # fmt: skip


def spread(kernel: np.ndarray, dilation: tuple[int, int]) -> np.ndarray:
    large = np.zeros([(side - 1) * d + 1 for side, d in zip(kernel.shape, dilation, strict=True)])
    large[:: dilation[0], :: dilation[1]] = kernel
    return large


@pytest.mark.parametrize("flip", ["false", "true"])
@pytest.mark.parametrize(("mode", "numpy_mode"), [("zeros", "constant"), ("reflect", "reflect"), ("circular", "wrap")])
def test_the_convolution_is_the_one_that_is_set(flip, mode, numpy_mode) -> None:
    v = values(**APART, flip=flip, mode=mode)
    assert (walk.size(v), walk.kernel_size(v), walk.stride(v)) == ((9, 12), (4, 3), (2, 3))
    assert (walk.padding(v), walk.dilation(v)) == ((1, 2), (2, 3))
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1], [0, 0, 0]])
    padded = np.pad(IMAGE[0], ((1, 1), (2, 2)), numpy_mode)
    kernel = spread(sobel[::-1, ::-1] if flip == "true" else sobel, (2, 3))
    expected = signal.correlate2d(padded, kernel, "valid")[::2, ::3]
    np.testing.assert_allclose(walk.convolved(IMAGE, v)[0], expected, atol=1e-5)
    assert [axis.output_size for axis in walk.axes(v)] == list(expected.shape)


def test_small_kernels_are_ones_and_one_number_counts_for_both_sides() -> None:
    v = values(size=9, size_across=12, kernel=2, kernel_across=5, stride=3, stride_across=2, padding_across=2)
    assert (walk.size(v), walk.kernel_size(v), walk.stride(v), walk.padding(v)) == ((9, 9), (2, 2), (3, 3), (0, 0))
    assert walk.settings(v).weight.tolist() == [[1, 1], [1, 1]]
    apart = values(apart="true", size=9, size_across=12, kernel=2, kernel_across=5)
    assert walk.settings(apart).weight.tolist() == [[1] * 5] * 2
    three = values(kernel=3)
    assert walk.settings(three).weight.tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def test_small_images_are_rounded_means() -> None:
    large = np.kron(IMAGE[0], np.ones((3, 2))).astype(np.float32)[np.newaxis]
    small = walk.small(large, values(**APART))
    np.testing.assert_allclose(small, IMAGE.round(2), atol=0.0101)
    np.testing.assert_allclose(small, small.round(2), atol=1e-6)


def test_the_transposed_walk_stamps_its_kernels() -> None:
    v = values(**APART, transposed="true")
    stamped = np.zeros(((9 - 1) * 2 + 7, (12 - 1) * 3 + 7))
    sobel = spread(np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1], [0, 0, 0]]), (2, 3))
    for y, x in np.ndindex(9, 12):
        stamped[2 * y : 2 * y + 7, 3 * x : 3 * x + 7] += IMAGE[0, y, x] * sobel
    np.testing.assert_allclose(walk.transposed(IMAGE, v)[0], stamped[1:-1, 2:-2], atol=1e-5)
    assert walk.transposed(IMAGE, values(**APART)) is None
    assert v[walk.AT] == 0
    assert walk.AT.high(v) == (23 - 2) * (40 - 4) - 1
    tiny = values(transposed="true", size=3, kernel=1, padding=2)
    assert walk.transposed(np.ones((1, 3, 3), np.float32), tiny) is None  # the padding leaves nothing


def test_the_last_output_is_the_last_of_the_walk() -> None:
    v = values(**APART)
    assert walk.AT.high(v) == walk.convolved(IMAGE, v).size - 1
    assert walk.settings(v).padding_mode == "zeros"


def test_what_is_offered_divides_exactly_and_nothing_is_left_out() -> None:
    v = values(apart="true", size=8, size_across=11, kernel=3, kernel_across=2, stride=2, stride_across=3)
    assert any(axis.leftover for axis in walk.axes(v))
    offered = dict(walk.exact(v))

    def fits(i: int, k: int, s: int, p: int) -> bool:
        return (i + 2 * p - k) % s == 0

    expected = {f"stride {s}" for s in range(1, 6) if fits(8, 3, s, 0) and fits(11, 2, s, 0)}
    expected |= {f"padding {p}" for p in range(6) if fits(8, 3, 2, p) and fits(11, 2, 3, p)}
    assert set(offered) == expected
    assert offered["stride 1"] == {"walk_stride": 1, "walk_stride_across": 1}
    together = dict(walk.exact(values(size=8, kernel=3, stride=2)))
    assert set(together) == {"stride 1", "stride 5"}
    assert together["stride 5"] == {"walk_stride": 5}


def test_heights_by_kernel_and_stride() -> None:
    found = walk.heights(values(apart="true", size=5, size_across=9, padding=0, padding_across=2))
    assert list(found) == list(range(1, 8))
    assert found[3] == [3, 2, 1, 1, 1]
    assert found[5] == [1, 1, 1, 1, 1]
    assert found[6] == [None] * 5
    assert walk.heights(values(size=5, padding=1))[7] == [1] * 5


@pytest.mark.parametrize("kind", ["max", "average"])
def test_pooling_as_it_is_set(kind) -> None:
    given = {
        "pooling_kind": kind,
        "pooling_size": "3",
        "pooling_stride": "2",
        "pooling_padding": "1",
        "pooling_side": "9",
    }
    v = resolve(pooling.FIELDS, given)
    maps = np.random.default_rng(4).random((2, 9, 12)).astype(np.float32)
    low = -np.inf if kind == "max" else 0.0
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(maps, ((0, 0), (1, 1), (1, 1)), constant_values=low), (3, 3), (1, 2)
    )[:, ::2, ::2]
    expected = windows.max((-2, -1)) if kind == "max" else windows.mean((-2, -1))
    np.testing.assert_allclose(pooling.pooled(maps, v), expected, atol=1e-6)
    assert [axis.output_size for axis in pooling.axes(v)] == [5, 5]
    assert pooling.AT.high(v) == 24
    assert pooling.small(maps[:1], v).shape == (1, 9, 9)


def test_a_shifted_feature_map_is_that_of_the_shifted_image() -> None:
    found = pooling.feature_map(IMAGE, 2)
    moved = np.concatenate([IMAGE[0, :, -2:], IMAGE[0, :, :-2]], axis=1)
    sobel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    np.testing.assert_allclose(found[0], signal.correlate2d(moved, sobel, "valid").clip(0), atol=1e-5)
    assert np.array_equal(pooling.feature_map(IMAGE), pooling.feature_map(IMAGE, 12))
    assert pooling.change(np.array([1.0, 3.0]), np.array([2.0, 1.0])) == pytest.approx(0.75)
    assert pooling.change(np.zeros(2), np.zeros(2)) == 0


@pytest.mark.parametrize(("took", "fastest"), [((9, 3, 1, 2), 1), ((4, 5, 6, 7), 4), ((12.5,), 12.5), ((400,), 400)])
def test_the_fastest_of_four_is_told_unless_the_first_took_long(monkeypatch, took, fastest) -> None:
    clock, left = [0.0], list(took)
    monkeypatch.setattr(forward.time, "perf_counter", lambda: clock[0])

    def way(image: np.ndarray, _: np.ndarray, __: int) -> np.ndarray:
        clock[0] += left.pop(0) / 1e3
        return image

    found = forward.compared({"a": way}, np.ones((1, 2, 3)), np.ones((1, 1, 1, 1)), 1)["a"]
    assert (found.output.shape, left) == ((1, 2, 3), [])
    assert found.milliseconds == pytest.approx(fastest)


def test_ways_are_timed_and_given_the_same() -> None:
    v = resolve(forward.FIELDS, {"forward_kernels": "3", "forward_k": "4", "forward_side": "10"})
    weight, image = forward.weight(v), forward.small(IMAGE, v)
    assert (weight.shape, image.shape) == ((3, 1, 4, 4), (1, 10, 10))
    assert np.array_equal(weight, weight.round(2))
    assert np.array_equal(weight, forward.weight(v))
    assert weight.std() == pytest.approx(np.sqrt(2 / 16), rel=0.3)
    found = forward.compared({"a": lambda x, _, s: x * s, "b": lambda _, w, __: w}, image, weight, 2)
    assert np.array_equal(found["a"].output, image * 2)
    assert found["b"].output is weight
    assert all(0 <= one.milliseconds < 1000 for one in found.values())
