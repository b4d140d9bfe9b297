"""Convolution: cases worked by hand, all algorithms against plain loops and SciPy, bad arguments."""

import math
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from cnn_core import conv2d, conv2d_backward, conv_transpose2d, convolution
from cnn_core import correlation as ways
from cnn_core.padding import MODES

NAN, INF = np.nan, np.inf
SCIPY_MODES = {"zeros": "constant", "reflect": "mirror", "replicate": "nearest", "circular": "wrap"}


def by_loops(image, weight, stride, dilation):
    """The definition, in plain loops over N, K, C, output rows and columns, and taps."""
    n, c, height, width = image.shape
    k, _, kernel_height, kernel_width = weight.shape
    out_height = (height - dilation[0] * (kernel_height - 1) - 1) // stride[0] + 1
    out_width = (width - dilation[1] * (kernel_width - 1) - 1) // stride[1] + 1
    out = np.zeros((n, k, out_height, out_width))
    for index in np.ndindex(out.shape):
        b, kernel, y, x = index
        for channel, i, j in np.ndindex(c, kernel_height, kernel_width):
            pixel = image[b, channel, y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]]
            out[index] += pixel * weight[kernel, channel, i, j]
    return out


@st.composite
def problems(draw):
    small = st.integers(1, 3)
    n, c, k = draw(small), draw(small), draw(st.integers(1, 4))
    kernel = draw(small), draw(small)
    stride, dilation = (draw(small), draw(small)), (draw(small), draw(small))
    height, width = (d * (s - 1) + 1 + draw(st.integers(0, 6)) for s, d in zip(kernel, dilation, strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.normal(size=(n, c, height, width)), rng.normal(size=(k, c, *kernel)), stride, dilation


GENERAL = (ways.by_columns, ways.by_blocks)


@given(problems(), st.sampled_from([1, 1 << 10, 1 << 19]))
@settings(max_examples=80, deadline=None)
def test_every_way_agrees_with_the_definition(problem, block) -> None:
    image, weight, stride, dilation = problem
    expected = by_loops(image, weight, stride, dilation)
    options = list(GENERAL)
    if dilation[0] == 1:
        options += [ways.by_row_views, ways.by_bands]
    if weight.shape[2:] == (1, 1) and stride == (1, 1):
        options.append(ways.by_pixels)
    if stride == dilation == (1, 1):
        options.append(ways.by_spectrum)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ways, "BLOCK_BYTES", block)  # many blocks, some, one
        patch.setattr(ways, "SPECTRUM", 4 if block == 1 else 256)  # pieces of a few pixels, one piece
        patch.setattr(ways, "SPECTRA_BYTES", block)
        for way in options:
            out = np.full(expected.shape, np.nan)
            way(image, weight, stride, dilation, out)
            np.testing.assert_allclose(out, expected, atol=1e-12, err_msg=way.__name__)


@given(problems(), st.sampled_from([1, 1 << 10, 1 << 19]))
@settings(max_examples=60, deadline=None)
def test_depthwise_agrees_with_the_definition_channel_by_channel(problem, block) -> None:
    image, weight, stride, dilation = problem
    image = np.repeat(image[:, :1], len(weight), axis=1) * np.arange(1.0, len(weight) + 1)[:, np.newaxis, np.newaxis]
    weight = weight[:, :1]
    parts = [by_loops(image[:, c : c + 1], weight[c : c + 1], stride, dilation) for c in range(len(weight))]
    expected = np.concatenate(parts, axis=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ways, "BLOCK_BYTES", block)  # one channel at a time, some, all
        for way in (ways.by_channels, *((ways.by_long_rows, ways.by_shifts) if stride == (1, 1) else ())):
            out = np.full(expected.shape, np.nan)
            way(image, weight, stride, dilation, out)
            np.testing.assert_allclose(out, expected, atol=1e-12, err_msg=way.__name__)
        whole = conv2d(image, weight, None, stride, 0, dilation, len(weight))
    np.testing.assert_allclose(whole, expected, atol=1e-12)


@given(problems(), st.integers(0, 2), st.sampled_from(MODES))
@settings(max_examples=60, deadline=None)
def test_depthwise_gradients_are_those_of_each_channel_alone(problem, pads, mode) -> None:
    image, weight, stride, dilation = problem
    image = np.repeat(image[:, :1], 4, axis=1) + np.arange(4.0)[:, np.newaxis, np.newaxis]
    weight = np.repeat(weight[:1, :1], 4, axis=0) * np.array([1.0, -2, 0, 3]).reshape(4, 1, 1, 1)
    pads = min(pads, min(image.shape[2:]) - 1)
    arguments = (None, stride, (pads, 0), dilation)
    grad = np.random.default_rng(0).normal(size=conv2d(image, weight, *arguments, 4, mode).shape)
    together = conv2d_backward(grad, image, weight, *arguments, 4, mode)[0]
    for c in range(4):
        one = slice(c, c + 1)
        alone = conv2d_backward(grad[:, one], image[:, one], weight[one], *arguments, 1, mode)[0]
        np.testing.assert_allclose(together[:, one], alone, atol=1e-12)


@given(problems(), st.integers(0, 2), st.sampled_from([None, NAN, INF]))
@settings(max_examples=60, deadline=None)
def test_gradients_by_turned_kernels_are_those_scattered_from_each_window(problem, pads, value) -> None:
    image, weight, _, dilation = problem
    arguments = (None, 1, (pads, 0), dilation)
    output = conv2d(image, weight, *arguments)
    grad = np.random.default_rng(0).normal(size=output.shape)
    adjoint = (output * grad).sum()
    if value is not None:
        grad[0, -1, 0, -1] = value
    found = []
    for turned in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(convolution, "_turning_pays", lambda s, turned=turned: turned and pads < s.rows.span)
            found.append(conv2d_backward(grad, image, weight, *arguments)[0])
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)
    if value is None:
        assert math.isclose((found[0] * image).sum(), adjoint, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("kernels", "channels", "side", "stride", "mode", "turned"),
    [
        (4, 4, 3, 1, "zeros", True), (12, 4, 3, 1, "zeros", True), (13, 4, 3, 1, "zeros", False), (4, 4, 3, 2, "zeros", False),
        (4, 4, 3, 1, "circular", False), (4, 4, 1, 1, "zeros", False), (100, 50, 3, 1, "zeros", False), (4, 4, 5, 1, "zeros", True),
        (2, 2, 17, 1, "zeros", False), (9, 9, 17, 1, "zeros", True),
    ],
)  # fmt: skip
def test_kernels_are_turned_where_that_is_faster(monkeypatch, kernels, channels, side, stride, mode, turned) -> None:
    taken, whole = [], convolution._turned
    monkeypatch.setattr(convolution, "_turned", lambda *problem: taken.append(1) or whole(*problem))
    image, weight = np.ones((channels, 2 * side + 6, 2 * side + 5)), np.ones((kernels, channels, side, side))
    arguments = (None, stride, 1 if side > 1 else 0, 1, 1, mode)
    conv2d_backward(np.ones_like(conv2d(image, weight, *arguments)), image, weight, *arguments)
    assert bool(taken) == turned
    weight[0, 0, 0, 0] = NAN  # where no window reads, 0 must not meet it
    taken.clear()
    conv2d_backward(np.ones_like(conv2d(image, weight, *arguments)), image, weight, *arguments)
    assert not taken


def test_what_is_not_finite_stays_in_its_channel() -> None:
    image, weight = np.ones((1, 3, 6, 5), np.float32), np.ones((3, 1, 3, 2), np.float32)
    image[0, 1, 2, 2] = NAN
    answer = conv2d(image, weight, groups=3)
    assert np.isnan(answer[0, 1]).any()
    assert (answer[0, [0, 2]] == 6).all()
    weight[2, 0, 1, 1] = INF  # as PyTorch: what no window reads is 0, and not 0 times infinity
    grad = conv2d_backward(np.ones((1, 3, 2, 2), np.float32), np.ones_like(image), weight, stride=2, groups=3)[0]
    assert (
        grad[0, 2]
        == [[1, 1, 1, 1, 0], [1, INF, 1, INF, 0], [2, 2, 2, 2, 0], [1, INF, 1, INF, 0], [1, 1, 1, 1, 0], [0] * 5]
    ).all()
    large = conv2d(np.full((1, 2, 3, 3), 3e38, np.float32), np.array([[[[1, 1, -1]]]] * 2, np.float32), groups=2)
    assert np.isfinite(large).all()  # the sum on the way is not


@pytest.mark.parametrize("way", [ways.by_channels, ways.by_long_rows, ways.by_shifts])
@pytest.mark.parametrize("place", [(0, 0), (2, 6), (3, 0), (5, 6)])
def test_depthwise_windows_across_two_rows_reach_no_answer(way, place) -> None:
    """A map read as one long row has windows that begin in one row and end in the next: they must be dropped."""
    image, weight = np.ones((2, 3, 6, 7), np.float32), np.ones((3, 1, 3, 2), np.float32)
    image[(1, 2, *place)] = NAN
    out = np.empty((2, 3, 4, 6), np.float32)
    way(image, weight, (1, 1), (1, 1), out)
    y, x = place
    touched = np.zeros(out.shape, bool)
    touched[1, 2, max(0, y - 2) : y + 1, max(0, x - 1) : x + 1] = True
    assert (np.isnan(out) == touched).all()
    assert (out[~touched] == 6).all()


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_separable_kernels_take_two_passes_to_the_same_numbers(data) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    side = st.integers(5, 9)
    kernel = np.outer(rng.normal(size=data.draw(side)), rng.normal(size=data.draw(side)))
    stride = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    dilation = data.draw(st.sampled_from([(1, 1), (2, 1), (1, 3)]))
    image = rng.normal(size=(2, 1, 24, 31))
    assert ways.choose(image, kernel[None, None], stride, dilation, np.empty((2, 1, 8, 8))) is ways.by_passes
    expected = by_loops(image, kernel[None, None], stride, dilation)
    np.testing.assert_allclose(
        conv2d(image, kernel[None, None], stride=stride, dilation=dilation), expected, atol=1e-12
    )


@pytest.mark.parametrize("shape", [(1, 1, 17, 19), (3, 2, 40, 9), (2, 3, 150, 30)])
def test_large_kernels_go_through_spectra_to_the_same_numbers(shape) -> None:
    rng = np.random.default_rng(6)
    image, weight = rng.random((2, shape[1], 330, 290), dtype=np.float32), rng.normal(size=shape).astype(np.float32)
    out = np.empty((2, shape[0], 331 - shape[2], 291 - shape[3]), np.float32)
    assert ways.choose(image, weight, (1, 1), (1, 1), out) is ways.by_spectrum
    answer = conv2d(image, weight)
    assert answer.dtype == np.float32
    for n, k in np.ndindex(2, shape[0]):
        pairs = zip(image[n].astype(float), weight[k], strict=True)
        expected = sum(signal.correlate(one, kernel, "valid", "fft") for one, kernel in pairs)
        np.testing.assert_allclose(answer[n, k], expected, atol=2e-6 * np.abs(expected).max())


ONES, TWOS = (1, 1), (2, 2)
CHOICES = [  # kernels, channels, their size, size of the answer, stride, dilation, and the way that measured fastest there
    (3, 4, (1, 1), (90, 90), ONES, ONES, "pixels"), (3, 4, (1, 1), (9, 9), (1, 2), ONES, "columns"), (3, 4, (1, 1), (9, 9), ONES, TWOS, "pixels"),
    (3, 4, (1, 2), (9, 9), ONES, ONES, "columns"), (3, 4, (2, 1), (9, 9), ONES, ONES, "columns"),
    (1, 1, (5, 5), (90, 90), ONES, ONES, "passes"), (1, 1, (5, 5), (90, 90), TWOS, TWOS, "passes"), (1, 1, (4, 5), (90, 90), ONES, ONES, "bands"),
    (1, 1, (5, 4), (90, 90), ONES, ONES, "bands"), (2, 1, (5, 5), (90, 90), ONES, ONES, "bands"), (1, 2, (5, 5), (90, 90), ONES, ONES, "bands"),
    (2, 1, (17, 17), (90, 90), ONES, ONES, "spectrum"), (2, 1, (16, 18), (90, 90), ONES, ONES, "bands"), (3, 1, (97, 3), (90, 90), ONES, ONES, "spectrum"),
    (2, 1, (2, 150), (90, 90), ONES, ONES, "bands"), (2, 1, (150, 2), (90, 90), ONES, ONES, "bands"), (2, 1, (3, 256), (90, 90), ONES, ONES, "spectrum"),
    (2, 1, (3, 257), (90, 90), ONES, ONES, "bands"), (2, 1, (257, 3), (90, 90), ONES, ONES, "bands"), (2, 8, (17, 17), (90, 90), ONES, ONES, "spectrum"),
    (2, 9, (17, 17), (90, 90), ONES, ONES, "bands"), (2, 1, (17, 17), (90, 90), (1, 2), ONES, "bands"), (2, 1, (17, 17), (90, 90), (2, 1), ONES, "bands"),
    (2, 1, (17, 17), (90, 90), ONES, (1, 2), "bands"), (2, 1, (17, 17), (90, 90), ONES, (2, 1), "blocks"), (2, 1, (17, 17), (90, 90), TWOS, TWOS, "blocks"),
    (1, 1, (2, 2), (128, 128), ONES, ONES, "columns"), (1, 1, (2, 2), (128, 129), ONES, ONES, "bands"), (3, 1, (2, 2), (128, 128), ONES, ONES, "columns"),
    (3, 1, (2, 2), (128, 129), ONES, ONES, "row_views"), (2, 1, (2, 2), (128, 129), ONES, ONES, "bands"), (3, 1, (2, 2), (600, 32), ONES, ONES, "blocks"),
    (64, 64, (2, 2), (70, 64), ONES, ONES, "blocks"), (64, 64, (2, 2), (70, 65), ONES, ONES, "row_views"), (63, 64, (2, 2), (70, 64), ONES, ONES, "row_views"),
    (3, 1, (2, 2), (600, 33), ONES, ONES, "row_views"), (3, 1, (2, 2), (128, 129), ONES, (2, 1), "blocks"), (3, 1, (2, 2), (128, 129), ONES, (1, 2), "row_views"),
    (2, 1, (2, 2), (900, 20), ONES, ONES, "bands"),
]  # fmt: skip


@pytest.mark.parametrize(("k", "c", "kernel", "size", "stride", "dilation", "way"), CHOICES)
def test_each_way_is_taken_where_it_is_meant_to_be(monkeypatch, k, c, kernel, size, stride, dilation, way) -> None:
    monkeypatch.setattr(ways, "BLOCK_BYTES", 1 << 20)
    sides = [(n - 1) * s + d * (side - 1) + 1 for n, s, d, side in zip(size, stride, dilation, kernel, strict=True)]
    image, weight = np.zeros((1, c, *sides), np.float32), np.ones((k, c, *kernel), np.float32)
    chosen = ways.choose(image, weight, stride, dilation, np.zeros((1, k, *size), np.float32))
    assert chosen.__name__ == f"by_{way}"


@pytest.mark.parametrize(
    ("side", "stride", "way"),
    [(44, 1, "long_rows"), (45, 1, "shifts"), (181, 1, "shifts"), (182, 1, None), (181, 2, "channels"), (182, 2, None)],
)
def test_small_maps_go_many_channels_at_once(monkeypatch, side, stride, way) -> None:
    monkeypatch.setattr(ways, "BLOCK_BYTES", 1 << 20)  # four taps of 4 bytes: up to 32,768 places
    taken = []
    for name in ("channels", "long_rows", "shifts"):
        whole = getattr(ways, f"by_{name}")
        monkeypatch.setattr(ways, f"by_{name}", lambda *p, name=name, whole=whole: taken.append(name) or whole(*p))
    size = (side - 1) * stride + 2
    image, weight = np.ones((1, 2, size, size), np.float32), np.ones((2, 1, 2, 2), np.float32)
    assert (conv2d(image, weight, groups=2, stride=stride) == 4).all()
    assert taken == ([way] if way else [])
    taken.clear()
    conv2d(image[:, :1], weight[:1])  # one channel is no depthwise convolution
    conv2d(image, np.ones((4, 1, 2, 2), np.float32), groups=2)  # nor are two kernels for each
    assert not taken


RNG = np.random.default_rng(11)
WAYS = {  # kernel, side of the image: one for each way that mixes windows, and two that do not
    "bands": (RNG.normal(size=(1, 1, 3, 4)), (400, 330), ways.by_bands),
    "tall bands": (RNG.normal(size=(1, 1, 8, 9)), (330, 300), ways.by_bands),
    "two kernels": (RNG.normal(size=(2, 1, 8, 9)), (330, 300), ways.by_bands),
    "passes": (np.outer(RNG.normal(size=6), RNG.normal(size=5))[None, None], (400, 330), ways.by_passes),
    "spectrum": (RNG.normal(size=(2, 1, 18, 17)), (120, 300), ways.by_spectrum),
    "row views": (RNG.normal(size=(3, 1, 3, 4)), (400, 330), ways.by_row_views),
    "columns": (RNG.normal(size=(3, 1, 3, 4)), (30, 33), ways.by_columns),
}


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("corner", [(0, 0), (0.37, 0.61), (0.995, 0.999)])
def test_what_is_not_finite_stays_in_its_windows(name, value, corner) -> None:
    kernel, size, way = WAYS[name]
    weight = kernel.astype(np.float32)
    image = RNG.normal(size=(2, 1, *size)).astype(np.float32)
    clean = conv2d(image, weight)
    assert ways.choose(image, weight, (1, 1), (1, 1), clean) is way
    y, x = int(corner[0] * size[0]), int(corner[1] * size[1])
    image[1, 0, y, x] = value
    answer = conv2d(image, weight)
    height, width = weight.shape[2:]
    touched = np.zeros(answer.shape, bool)
    touched[1, :, max(0, y - height + 1) : y + 1, max(0, x - width + 1) : x + 1] = True
    assert not np.isfinite(answer[touched]).any()
    np.testing.assert_allclose(answer[~touched], clean[~touched], atol=2e-4)
    if np.isinf(value):  # as PyTorch: infinity with the tap's sign
        down, across = min(y, answer.shape[2] - 1), min(x, answer.shape[3] - 1)
        assert (answer[1, :, down, across] == value * np.sign(weight[:, 0, y - down, x - across])).all()


@pytest.mark.parametrize("name", [name for name in WAYS if name != "row views"])  # its sums are PyTorch's own
def test_large_numbers_do_not_overflow_on_the_way(name) -> None:
    kernel, size, _ = WAYS[name]
    signs = np.sign(kernel)
    signs /= np.abs(signs.sum((2, 3), keepdims=True)) + 1  # the answer is below the pixels, the sums on the way are not
    ones = conv2d(np.ones((1, *size)), signs)
    largest = np.float32(3e38)
    np.testing.assert_allclose(conv2d(np.full((1, *size), largest), signs.astype(np.float32)), ones * 3e38, rtol=1e-4)
    big = (kernel / np.abs(kernel).max() * 3e38).astype(np.float32)
    np.testing.assert_allclose(
        conv2d(np.full((1, *size), 1e-3, np.float32), big),
        conv2d(np.full((1, *size), 1e-3), big.astype(float)),
        rtol=1e-4,
    )


def test_a_hot_pixel_disturbs_nothing_outside_its_windows() -> None:
    rng = np.random.default_rng(17)
    image = rng.random((1, 200, 210), dtype=np.float32)
    weight = rng.normal(size=(1, 1, 19, 18)).astype(np.float32)
    weight[0, 0, 0, 0] = 0.5
    clean = conv2d(image, weight)
    for value in (1e4, 1e7, 1e20, 3e38):
        hot = image.copy()
        hot[0, 100, 90] = value
        answer = conv2d(hot, weight)
        touched = np.zeros(answer.shape, bool)
        touched[0, 82:101, 73:91] = True
        np.testing.assert_allclose(answer[~touched], clean[~touched], atol=2e-5)
        expected = float(clean[0, 100, 90]) + 0.5 * (value - float(image[0, 100, 90]))
        np.testing.assert_allclose(answer[0, 100, 90], expected, rtol=1e-5)
        alone = np.where(hot == np.float32(value), hot, 0)  # black around it
        assert not conv2d(alone, weight)[~touched].any() or np.abs(conv2d(alone, weight)[~touched]).max() < 1e-9 * value


def test_a_spectrum_is_for_numbers_that_come_near_the_largest() -> None:
    """Counted one by one: most of what is not 0 is near, and more than a few are."""
    for cold, warm, even in ((1, 99, True), (2, 98, False), (1, 2, True), (1, 1, False), (0, 2, True), (0, 1, False)):
        size = np.zeros(100)
        size[: cold + warm] = [2.0**-12] * cold + [1.0] * warm  # a share of exactly the peak's digits is cold
        assert ways._even(size, 1.0, 2.0**-12, 0.01) == even, (cold, warm)
    assert ways._even(np.zeros(100), 0.0, 2.0**-12, 0.01)  # black
    bell, hot = np.full((1, 4, 5), 1.0), np.full((1, 4, 5), 1e-9)
    bell[0, :2], hot[0, 0, 0] = 1e-9, 1.0
    assert [ways._even_kernels(np.stack(pair), 2.0**-12) for pair in ((bell, bell), (bell, hot), (hot, bell))] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("small", "scale", "tap", "expected"),
    [
        (0.5, 1, 1, np.float32), (2.0**-11, 1, 1, np.float32), (2.0**-13, 1, 1, np.float64), (2.0**-35, 1, 1, np.float64),
        (2.0**-37, 1, 1, None), (0.5, 1e29, 1, np.float32), (0.5, 1e31, 1, np.float64), (0.5, 1, 1e29, np.float32),
        (0.5, 1, 1e31, np.float64), (0.5, 1e16, 1e13, np.float32), (0.5, 1e16, 1e15, np.float64), (0.5, 1e-21, 1, np.float32), (0.5, 1e-24, 1, np.float64),
        (0.5, 0, 1, np.float32), (0.5, np.inf, 1, None), (0.5, 1, np.nan, None),
    ],
)  # fmt: skip
def test_a_spectrum_has_the_digits_and_the_room_that_its_numbers_ask_for(small, scale, tap, expected) -> None:
    """float32 has 24 binary digits, and holds 1.2e-38 to 3.4e38."""
    image = np.full((1, 1, 40, 30), scale, np.float32)
    image[..., ::2] = np.float32(small * scale) if np.isfinite(scale) else 1
    weight = np.full((1, 1, 2, 2), tap / 4, np.float32)
    assert ways._spectrum_type(image, weight) == (None if expected is None else np.dtype(expected))
    assert ways._spectrum_type(-image, -weight) == (None if expected is None else np.dtype(expected))


def test_spectra_of_float64_have_bounds_of_their_own() -> None:
    weight = np.ones((1, 1, 2, 2))
    for small, scale, fits in ((2.0**-21, 1, True), (2.0**-23, 1, False), (0.5, 1e298, True), (0.5, 1e301, False)):
        image = np.full((1, 1, 40, 30), float(scale))
        image[..., ::2] *= small
        assert ways._spectrum_type(image, weight) == (np.dtype(np.float64) if fits else None), (small, scale)


def test_spectra_of_float32_are_as_exact_as_their_pixels_need() -> None:
    """A spectrum in float32 keeps 24 bits, of which 12 are left where pixels are 2^12 times as small as the largest."""
    weight = np.ones((1, 1, 2, 2), np.float32)
    for power, wanted in ((11, np.float32), (13, np.float64), (35, np.float64), (37, None)):
        image = np.ones((1, 1, 40, 30), np.float32)
        image[..., ::2] = 2.0**-power
        assert ways._spectrum_type(image, weight) == (wanted and np.dtype(wanted)), power


def test_an_ordinary_tap_counts_beside_a_hot_one() -> None:
    kernel = np.ones((5, 5), np.float32)
    kernel[2, 2], kernel[0, 1] = 1e7, -2
    assert ways.separate(kernel) is None
    image = np.ones((1, 9, 9), np.float32)
    image[0, 2:7, 2:7] = 0
    assert conv2d(image, kernel[None, None])[0, 1, 1] == 6  # nine taps outside the black square, of which one is -2


def test_values_that_pytorch_gave_for_numbers_that_are_not_finite() -> None:
    image = np.array([[[1, 2, NAN, 4], [5, INF, 7, 8], [9, 10, 11, 12]]], np.float32)
    weight = np.array([[[[1, 0], [0, -1]]]], np.float32)
    answer = conv2d(image, weight)
    np.testing.assert_array_equal(answer, [[[-INF, NAN, NAN], [NAN, INF, -5]]])
    grad = np.array([[[1, 2, 3], [4, INF, 6]]], np.float32)
    grad_input, grad_weight, grad_bias = conv2d_backward(grad, image, weight)
    np.testing.assert_array_equal(grad_input, [[[1, 2, 3, 0], [4, INF, NAN, -3], [0, NAN, -INF, -6]]])
    np.testing.assert_array_equal(grad_weight, [[[[NAN, NAN], [INF, INF]]]])
    assert grad_bias == INF
    stamped = conv_transpose2d(np.array([[[1, NAN], [INF, 2]]], np.float32), weight, stride=2)
    np.testing.assert_array_equal(
        stamped, [[[1, 0, NAN, NAN], [0, -1, NAN, NAN], [INF, NAN, 2, 0], [NAN, -INF, 0, -2]]]
    )


def test_gradients_do_not_overflow_on_the_way() -> None:
    image, grad = np.full((1, 1, 4, 5), 3e38, np.float32), np.ones((1, 1, 3, 4), np.float32)
    grad[..., ::2] = -1
    weight = np.array([[[[1, 1], [-1, -1]]]], np.float32)
    grad_input, grad_weight, grad_bias = conv2d_backward(grad * np.float32(2e38), image * 0 + 1, weight)
    assert np.isfinite(grad_input).all()
    assert not grad_weight.any()
    assert not grad_bias.any()
    assert not conv2d_backward(grad, image, weight)[1].any()
    ones = np.ones((2, 1, 1), np.float32)
    assert conv_transpose2d(ones, np.full((2, 1, 1, 1), 1e38, np.float32))[0, 0, 0] == np.float32(2e38)


def test_large_kernels_of_large_numbers_do_not_overflow() -> None:
    image = np.full((1, 64, 64), 1e-30, np.float32)
    weight = np.full((1, 1, 20, 20), 1e35, np.float32)
    weight[0, 0, 3, 4] = 0  # not separable
    np.testing.assert_allclose(conv2d(image, weight), 399e5, rtol=1e-5)


def test_working_memory_does_not_grow_with_the_kernel() -> None:
    for c, k, side, dilation in ((1, 1, 31, 1), (8, 4, 17, 1), (3, 8, 11, 1), (3, 8, 3, 1), (3, 8, 3, 2)):
        image, weight = np.ones((c, 600, 600), np.float32), np.ones((k, c, side, side), np.float32)
        weight[0, 0, 0] = 2  # not separable
        with ThreadPoolExecutor(1) as fresh:  # a new thread has no working memory yet
            tracemalloc.start()
            output = fresh.submit(conv2d, image, weight, dilation=dilation).result()
            peak = tracemalloc.get_traced_memory()[1] - output.nbytes
            tracemalloc.stop()
        assert peak <= 1.2 * image.nbytes + 8e6, (c, k, side, dilation)


def test_a_kernel_that_is_almost_separable_is_not_split() -> None:
    kernel = np.outer([1.0, 2, 3, 2, 1], [1.0, 0, -1, 0, 2])
    kernel[4, 4] += 1e-6
    assert ways.separate(kernel) is None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 3, 3), (2, 5, 3), (3, 1, 7), (1, 11, 11)])
def test_against_scipy_on_a_large_image(mode, shape) -> None:
    c, kernel_height, kernel_width = shape
    rng = np.random.default_rng(1)
    image = rng.random((c, 150, 201), dtype=np.float32)
    weight = rng.normal(size=(2, *shape)).astype(np.float32)
    ours = conv2d(image, weight, padding=(kernel_height // 2, kernel_width // 2), padding_mode=mode)
    for k in range(2):
        theirs = sum(ndimage.correlate(image[i].astype(float), weight[k, i], mode=SCIPY_MODES[mode]) for i in range(c))
        np.testing.assert_allclose(ours[k], theirs, atol=2e-5 * np.abs(theirs).max())


def test_a_step_and_a_dot_have_known_answers() -> None:
    step = np.zeros((1, 4, 6))
    step[..., 3:] = 1  # dark left, bright right
    sobel = np.array([[[[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]]])
    assert conv2d(step, sobel)[0].tolist() == [[0, 4, 4, 0], [0, 4, 4, 0]]
    dot = np.zeros((1, 5, 5))
    dot[0, 2, 2] = 1
    kernel = np.arange(9.0).reshape(1, 1, 3, 3)
    assert conv2d(dot, kernel)[0].tolist() == kernel[0, 0, ::-1, ::-1].tolist()  # cross-correlation turns a dot around


def test_groups_bias_and_unequal_sides_by_hand() -> None:
    image = np.array([[[1.0, 2, 3]], [[10, 20, 30]]])  # (2, 1, 3)
    weight = np.array([[[[1.0, 1]]], [[[1, -1]]]])  # (2, 1, 1, 2), groups 2
    assert conv2d(image, weight, [100, 0], groups=2).tolist() == [[[103, 105]], [[-10, -10]]]
    assert conv2d(image, weight, groups=2, padding=((0, 0), (0, 1)), stride=(1, 2)).tolist() == [[[3, 3]], [[-10, 30]]]


def test_same_keeps_the_size_and_puts_the_odd_pixel_after() -> None:
    image = np.array([[[1.0, 2, 3, 4]]])
    assert conv2d(image, [[[[1.0, 0]]]], padding="same").tolist() == [[[1, 2, 3, 4]]]
    assert conv2d(image, [[[[0, 1.0]]]], padding="same").tolist() == [[[2, 3, 4, 0]]]


def test_transposed_convolution_is_the_adjoint_of_convolution() -> None:
    rng = np.random.default_rng(2)
    x, weight = rng.normal(size=(2, 3, 9, 8)), rng.normal(size=(4, 3, 3, 2))
    y = conv2d(x, weight, stride=(2, 3), padding=1)
    g = rng.normal(size=y.shape)
    back = conv_transpose2d(g, weight, stride=(2, 3), padding=1, output_padding=(0, 2))  # 2 leftover columns
    assert back.shape == x.shape
    assert math.isclose((y * g).sum(), (x * back).sum(), rel_tol=1e-12)


def test_transposed_convolution_with_stride_one_is_scipys_full_convolution() -> None:
    rng = np.random.default_rng(3)
    x, kernel = rng.normal(size=(6, 5)), rng.normal(size=(3, 4))
    np.testing.assert_allclose(
        conv_transpose2d(x[None], kernel[None, None])[0], signal.convolve2d(x, kernel), atol=1e-12
    )


@pytest.mark.parametrize("mode", MODES)
def test_backward_is_linear_and_adjoint(mode) -> None:
    rng = np.random.default_rng(4)
    x, weight = rng.normal(size=(2, 4, 7, 6)), rng.normal(size=(6, 2, 3, 2))
    arguments = {"stride": (2, 1), "padding": ((1, 2), (0, 3)), "dilation": (1, 2), "groups": 2, "padding_mode": mode}
    y = conv2d(x, weight, **arguments)
    g, h = rng.normal(size=(2, *y.shape))
    of_g = conv2d_backward(g, x, weight, **arguments)
    of_h = conv2d_backward(h, x, weight, **arguments)
    of_sum = conv2d_backward(g + 2 * h, x, weight, **arguments)
    for a, b, c in zip(of_g, of_h, of_sum, strict=True):
        np.testing.assert_allclose(a + 2 * b, c, atol=1e-10)
    assert math.isclose((y * g).sum(), (x * of_g[0]).sum(), rel_tol=1e-10)
    assert math.isclose((y * g).sum(), (weight * of_g[1]).sum(), rel_tol=1e-10)


def test_inputs_are_never_written_to_and_types_are_kept() -> None:
    image, weight = np.arange(48).reshape(3, 4, 4), np.ones((2, 3, 3, 3), np.float32)
    image.flags.writeable = weight.flags.writeable = False
    assert conv2d(image, weight, padding=1).dtype == np.float32  # integers become float32
    assert conv2d(image.astype(np.float64), weight).dtype == np.float64
    assert conv2d(image > 3, weight).dtype == np.float32


X, W = np.zeros((2, 5, 5)), np.zeros((4, 2, 3, 3))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"weight": np.zeros((1, 2, 7, 7))}, "kernel_size 7 does not fit: padded input is 5 x 5 (input 5 x 5, padding 0)"),
        ({"weight": np.zeros((1, 2, 7, 3)), "padding": (0, 1)}, "kernel_size (7, 3) does not fit: padded input is 5 x 7"),
        ({"dilation": 3}, "spans 7 x 7 with dilation (3, 3) does not fit"),
        ({"stride": 0}, "stride must be a whole number of at least 1, got 0"),
        ({"stride": 1.5}, "stride must be an int or an (h, w) pair, got 1.5"),
        ({"stride": True}, "stride must be"),
        ({"stride": (1, 2, 3)}, "stride must be"),
        ({"padding": -1}, "padding must be a whole number of at least 0, got -1"),
        ({"padding": "full"}, "padding must be an int, a pair"),
        ({"padding": "same", "stride": 2}, 'padding "same" needs stride 1'),
        ({"padding": ((1, 2), 3)}, "padding must be ((top, bottom), (left, right))"),
        ({"padding": 6, "padding_mode": "reflect"}, "allows at most 4"),
        ({"padding_mode": "mirror"}, "padding_mode must be one of zeros, reflect, replicate, circular, got 'mirror'"),
        ({"groups": 3}, "groups must divide 2 input channels and 4 kernels, got 3"),
        ({"groups": 2}, "weight of shape (4, 2, 3, 3) takes 4 input channels with groups 2, but input has 2"),
        ({"bias": np.zeros(3)}, "bias must have shape (4,) (one number a kernel), got (3,)"),
        ({"input": np.zeros((5, 5))}, "input must have 3 or 4 dimensions, got shape (5, 5)"),
        ({"input": np.zeros((0, 5, 5))}, "input must not be empty"),
        ({"input": np.zeros((2, 5, 5), complex)}, "input must be an array of real numbers"),
        ({"input": [["a"]]}, "input must be an array of real numbers"),
        ({"weight": np.zeros((3, 3))}, "weight must have 4 dimensions"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_named(arguments, words) -> None:
    with pytest.raises(ValueError) as error:
        conv2d(**({"input": X, "weight": W} | arguments))
    assert words in str(error.value)


def test_wrong_arguments_of_the_others_are_named() -> None:
    with pytest.raises(ValueError, match=r"grad_output must have shape \(1, 4, 3, 3\)"):
        conv2d_backward(np.zeros((4, 2, 2)), X, W)
    with pytest.raises(ValueError, match="output_padding must be below stride or dilation"):
        conv_transpose2d(X, W.transpose(1, 0, 2, 3), output_padding=1)
    with pytest.raises(ValueError, match="takes 4 input channels, but input has 2"):
        conv_transpose2d(X, W)
    with pytest.raises(ValueError, match="leaves nothing"):
        conv_transpose2d(X, W.transpose(1, 0, 2, 3), padding=4)


def test_threads_do_not_share_working_memory() -> None:
    rng = np.random.default_rng(5)
    image = rng.random((3, 300, 310), dtype=np.float32)
    weights = [rng.normal(size=(k, 3, side, side)).astype(np.float32) for k in (1, 3, 8) for side in (3, 5, 7)]
    alone = [conv2d(image, weight) for weight in weights]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda weight: conv2d(image, weight), weights * 20))
    for number, one in enumerate(together):
        assert np.array_equal(one, alone[number % len(alone)])


def test_large_working_memory_is_not_kept() -> None:
    def size_kept() -> int:  # in a thread of its own, whose memory nobody has used yet
        ways.scratch(ways.BLOCK_BYTES, np.dtype(np.float32))  # four times as many bytes
        kept = ways.scratch(8, np.dtype(np.float32))
        assert kept.base is not None
        return kept.base.nbytes

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(size_kept).result() <= 2 * ways.BLOCK_BYTES

    def kept(numbers: int) -> bool:
        first = ways.scratch(numbers, np.dtype(np.float32))
        return np.shares_memory(first, ways.scratch(numbers, np.dtype(np.float32)))

    most = 2 * ways.BLOCK_BYTES // 4
    with ThreadPoolExecutor(1) as pool:
        assert [pool.submit(kept, numbers).result() for numbers in (8, most, most + 1, 16)] == [True, True, False, True]
    assert not np.shares_memory(ways.scratch(9, np.dtype(np.float32)), ways.scratch(9, np.dtype(np.float32), "between"))


def test_rows_and_columns_that_a_1_x_1_kernel_leaves_are_the_bias_alone() -> None:
    """A stride of 1 leaves some only where the dilation, which a kernel of one tap does not feel, allows for it."""
    x, weight = np.arange(24.0).reshape(2, 3, 4), np.array([[2.0, 3.0], [5.0, -7.0]])
    found = conv_transpose2d(x, weight.reshape(2, 2, 1, 1), [10.0, 20.0], output_padding=(1, 2), dilation=(2, 3))
    expected = np.array([10.0, 20.0])[:, np.newaxis, np.newaxis] + np.zeros((2, 4, 6))
    expected[:, :3, :4] += np.einsum("kyx,kc->cyx", x, weight)
    np.testing.assert_allclose(found, expected)
