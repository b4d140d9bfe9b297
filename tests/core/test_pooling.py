"""Pooling: by hand, against plain loops over drawn settings, ties, padding of negative values, bad arguments."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_core import (
    AvgPool2d,
    Conv2d,
    MaxPool2d,
    avg_pool2d,
    avg_pool2d_backward,
    conv_output_size,
    global_avg_pool2d_backward,
    global_max_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
    pooling,
)
from cnn_core.shapes import window_axes


@st.composite
def pools(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    window = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    image = rng.integers(-5, 5, (2, 3, draw(st.integers(4, 9)), draw(st.integers(4, 9)))).astype(float)
    return image, {
        "kernel_size": window,
        "stride": draw(st.none() | st.tuples(st.integers(1, 3), st.integers(1, 3))),
        "padding": (draw(st.integers(0, window[0] // 2)), draw(st.integers(0, window[1] // 2))),
        "ceil_mode": draw(st.booleans()),
    }


def windows_by_loops(image, kernel_size, stride, padding, ceil_mode):
    """For each output (y, x): the flat indices of the real pixels in the window, and how many padded pixels it holds."""
    height, width = image.shape[2:]
    rows, columns = window_axes((height, width), kernel_size, stride or kernel_size, padding, 1, ceil_mode)
    for y in range(rows.output_size):
        for x in range(columns.output_size):
            taps = [(i, j) for i in rows.window(y) for j in columns.window(x)]
            real = [i * width + j for i, j in taps if 0 <= i < height and 0 <= j < width]
            padded = [i for i, j in taps if i < height + padding[0] and j < width + padding[1]]
            yield y, x, real, len(padded)


@given(
    pools(), st.integers(1, 2), st.sampled_from([None, np.nan, np.inf, -np.inf]), st.sampled_from([1, 1 << 9, 1 << 19])
)
@settings(max_examples=150, deadline=None)
def test_max_backward_by_planes_goes_where_the_indices_say(problem, dilation, value, block) -> None:
    """Whole numbers from -5 to 5 tie often; the gradient of a window goes to the winner that max_pool2d names."""
    image, options = problem
    options = {**options, "dilation": dilation}
    if value is not None:
        image[1, 2, -1, -2] = value
    try:
        _, indices = max_pool2d(image, **options, return_indices=True)
    except ValueError:
        return  # no window fits
    grad = np.random.default_rng(0).integers(1, 100, indices.shape).astype(float)
    expected = np.zeros((2, 3, image[0, 0].size))
    for n, c in np.ndindex(2, 3):
        np.add.at(expected[n, c], indices[n, c].ravel(), grad[n, c].ravel())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooling, "BLOCK_BYTES", block)  # one map at a time, some, all
        found = max_pool2d_backward(grad, image, **options)
    np.testing.assert_array_equal(found, expected.reshape(image.shape))


@given(pools())
@settings(max_examples=80, deadline=None)
def test_against_the_definition(problem) -> None:
    image, arguments = problem
    flat = image.reshape(2, 3, -1)
    best, indices = max_pool2d(image, **arguments, return_indices=True)
    with_padding = avg_pool2d(image, **arguments)
    without = avg_pool2d(image, **arguments, count_include_pad=False)
    for y, x, real, count in windows_by_loops(image, **arguments):
        values = flat[:, :, real]
        assert np.array_equal(best[..., y, x], values.max(-1))
        assert np.array_equal(indices[..., y, x], np.array(real)[values.argmax(-1)])  # argmax: the first of equals
        np.testing.assert_allclose(with_padding[..., y, x], values.sum(-1) / count, atol=1e-12)
        np.testing.assert_allclose(without[..., y, x], values.mean(-1), atol=1e-12)


@given(pools())
@settings(max_examples=40, deadline=None)
def test_average_backward_is_the_adjoint(problem) -> None:
    image, arguments = problem
    y = avg_pool2d(image, **arguments)
    g = np.random.default_rng(0).normal(size=y.shape)
    assert math.isclose((y * g).sum(), (image * avg_pool2d_backward(g, image, **arguments)).sum(), abs_tol=1e-9)


def test_max_backward_goes_to_the_first_winner_and_adds_up() -> None:
    tie = np.array([[[2.0, 7, 7], [7, 0, 7]]])
    assert max_pool2d_backward(np.array([[[1.0, 10]]]), tie, 2, 1).tolist() == [[[0, 11, 0], [0, 0, 0]]]


def test_padding_never_wins_a_max_pool() -> None:
    assert max_pool2d(-np.ones((1, 2, 2)), 2, padding=1).max() == -1


def test_flat_input_stays_flat() -> None:
    assert np.array_equal(avg_pool2d(np.full((1, 6, 7), 3.0), 3, 2), np.full((1, 2, 3), 3.0))


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (max_pool2d, {"kernel_size": 6}, "kernel_size 6 does not fit"),
        (max_pool2d, {"kernel_size": 2, "padding": 2}, "padding must be at most half of kernel_size 2"),
        (max_pool2d, {"kernel_size": 2, "dilation": 0}, "dilation must be"),
        (max_pool2d, {"kernel_size": 2.0}, "kernel_size must be"),
        (avg_pool2d, {"kernel_size": 2, "stride": 0}, "stride must be"),
        (avg_pool2d, {"kernel_size": 0}, "kernel_size must be"),
    ],
)
def test_a_wrong_argument_is_named(function, arguments, words) -> None:
    with pytest.raises(ValueError, match=words):
        function(np.zeros((1, 4, 5)), **arguments)


def test_a_window_of_padding_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="sees only padding"):  # taps at -1 and 2 of two rows
        max_pool2d(np.zeros((1, 2, 9)), (2, 1), padding=(1, 0), dilation=(3, 1), stride=(1, 1))


def test_a_layer_foretells_what_its_forward_refuses() -> None:
    layers = (
        MaxPool2d(2, padding=2),
        MaxPool2d((2, 1), 1, (1, 0), (3, 1)),
        AvgPool2d(3, padding=2),
        Conv2d(1, 1, 3, padding=2, padding_mode="reflect"),
        Conv2d(1, 1, 3, padding=3, padding_mode="circular"),
    )
    for layer in layers:
        with pytest.raises(ValueError, match="padding") as foretold:
            layer.output_shape((1, 2, 9))
        with pytest.raises(ValueError, match="padding") as refused:
            layer.apply(np.zeros((1, 1, 2, 9)))
        assert str(foretold.value) == str(refused.value)
    assert MaxPool2d(3, 2, ceil_mode=True).output_shape((1, 2, 2)) == (1, 1, 1)


# All numbers below are PyTorch's.


@pytest.mark.parametrize(
    ("size", "kernel_size", "stride", "padding", "dilation", "expected"),
    [(2, 3, 2, 0, 1, 1), (1, 3, 3, 0, 1, 1), (1, 3, 2, 0, 1, None), (2, 3, 1, 0, 1, None), (2, 5, 3, 2, 1, 2), (3, 2, 3, 1, 1, 2),
     (5, 2, 3, 1, 2, 2), (4, 3, 4, 0, 2, 1), (6, 1, 4, 0, 1, 2)],
)  # fmt: skip
def test_ceil_mode_counts_as_pytorch(size, kernel_size, stride, padding, dilation, expected) -> None:
    arguments = {"kernel_size": (kernel_size, 1), "stride": (stride, 1), "padding": (padding, 0), "ceil_mode": True}
    image = np.arange(float(size)).reshape(1, size, 1)
    if expected is None:
        with pytest.raises(ValueError, match="does not fit"):
            conv_output_size(size, kernel_size, stride, padding, dilation, ceil_mode=True)
        with pytest.raises(ValueError, match="does not fit"):
            max_pool2d(image, **arguments, dilation=(dilation, 1))
        return
    assert conv_output_size(size, kernel_size, stride, padding, dilation, ceil_mode=True) == expected
    assert max_pool2d(image, **arguments, dilation=(dilation, 1)).shape == (1, expected, 1)


def test_a_window_larger_than_the_input() -> None:
    image = np.array([[[1.0, 4], [3, 2]]])
    best, index = max_pool2d(image, 3, 2, ceil_mode=True, return_indices=True)
    assert (best.tolist(), index.tolist()) == ([[[4]]], [[[1]]])
    assert avg_pool2d(image, 3, 2, ceil_mode=True).tolist() == [[[2.5]]]
    assert avg_pool2d_backward(np.array([[[8.0]]]), image, 3, 2, ceil_mode=True).tolist() == [[[2, 2], [2, 2]]]


def test_minus_infinity_ties_with_padding_and_wins() -> None:
    image = np.full((1, 2, 3), -np.inf, np.float32)
    best, index = max_pool2d(image, 2, 1, 1, return_indices=True)
    assert np.isneginf(best).all()
    assert index.tolist() == [[[0, 0, 1, 2], [0, 0, 1, 2], [3, 3, 4, 5]]]
    grad = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    assert max_pool2d_backward(grad, image, 2, 1, 1).tolist() == [[[10, 8, 10], [17, 10, 11]]]


def test_nan_wins_the_value_the_index_and_the_gradient() -> None:
    image = np.array([[[np.nan, 1, np.nan, 3], [5, 6, 7, np.inf]]], np.float32)
    best, index = max_pool2d(image, 2, return_indices=True)
    assert np.isnan(best).all()
    assert index.tolist() == [[[0, 2]]]
    assert max_pool2d(image, (1, 4), return_indices=True)[1].tolist() == [[[2], [7]]]  # the last NaN
    assert max_pool2d_backward(np.array([[[9.0], [4]]]), image, (1, 4)).tolist() == [[[0, 0, 9, 0], [0, 0, 0, 4]]]


def test_an_infinite_gradient_goes_to_the_winner_only() -> None:
    image = np.array([[[1.0, 2], [4, 3]]])
    assert max_pool2d_backward(np.array([[[np.inf]]]), image, 2).tolist() == [[[0, 0], [np.inf, 0]]]


def test_means_of_large_numbers_do_not_overflow_and_nan_stays_in_its_window() -> None:
    image = np.full((1, 2, 4), 3e38, np.float32)
    image[0, 0, 0] = np.nan
    answer = avg_pool2d(image, 2)
    assert np.isnan(answer[0, 0, 0])
    assert answer[0, 0, 1] == np.float32(3e38)


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 2, 3, 4)])
def test_gradients_of_whole_maps_have_the_shape_of_one_image_or_of_several(shape, keepdims) -> None:
    x = np.random.default_rng(8).normal(size=shape)
    outer = (*shape[:-2], 1, 1) if keepdims else shape[:-2]
    grad = np.arange(1.0, np.prod(outer) + 1).reshape(outer)
    means = global_avg_pool2d_backward(grad, x, keepdims)
    np.testing.assert_allclose(means, np.broadcast_to(grad.reshape(*shape[:-2], 1, 1) / 12, shape))
    largest = global_max_pool2d_backward(grad, x, keepdims)
    hit = x == x.max(axis=(-2, -1), keepdims=True)
    np.testing.assert_allclose(largest, np.where(hit, grad.reshape(*shape[:-2], 1, 1), 0))
