"""Shape arithmetic against counting by hand, and the counting functions against known networks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_core import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    conv2d,
    conv_output_size,
    count_macs,
    count_parameters,
    receptive_field,
    same_padding,
)
from cnn_core.shapes import make_axis

LENET = [
    Conv2d(1, 6, 5, padding=2), ReLU(), AvgPool2d(2), Conv2d(6, 16, 5), ReLU(), AvgPool2d(2),
    Flatten(), Linear(400, 120), Linear(120, 84), Linear(84, 10),
]  # fmt: skip


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 5), st.integers(0, 5), st.integers(1, 3))
def test_size_is_the_number_of_windows_that_can_be_placed(size, kernel_size, stride, padding, dilation) -> None:
    padded = size + 2 * padding
    span = dilation * (kernel_size - 1) + 1
    starts = [start for start in range(0, padded, stride) if start + span <= padded]
    if not starts:
        with pytest.raises(ValueError, match=f"kernel_size {kernel_size}"):
            conv_output_size(size, kernel_size, stride, padding, dilation)
        return
    assert conv_output_size(size, kernel_size, stride, padding, dilation) == len(starts)
    axis = make_axis(size, kernel_size, stride, (padding, padding), dilation)
    assert axis.leftover == padded - (starts[-1] + span)
    assert axis.window(len(starts) - 1)[-1] == starts[-1] + span - 1 - padding


@given(st.integers(1, 9), st.integers(1, 4), st.integers(4, 30))
def test_same_padding_keeps_the_size(kernel_size, dilation, size) -> None:
    before, after = same_padding(kernel_size, dilation)
    assert 0 <= after - before <= 1
    assert make_axis(size, kernel_size, 1, (before, after), dilation).output_size == size


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((5, 7), r"kernel_size 7 does not fit: padded input is 5 \(input 5, padding 0\)"),
        ((0, 1), "size must be a whole number of at least 1, got 0"),
        ((5, 3, 0), "stride"),
        ((5, 3, 1, -1), "padding"),
        ((5, 3, 1, 0, 0), "dilation"),
        ((5.0, 3), "size"),
    ],
)
def test_a_wrong_argument_is_named(arguments, words) -> None:
    with pytest.raises(ValueError, match=words):
        conv_output_size(*arguments)


def test_lenet_counts() -> None:
    assert count_parameters(LENET) == 61_706  # LeCun et al. (1998) with full connections in C3, as in every course
    assert count_macs(LENET, (1, 28, 28)) == 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 840
    shapes = list(Sequential(LENET).output_shapes((1, 28, 28)).values())[1:]
    assert shapes[0] == (6, 28, 28)
    assert shapes[5] == (16, 5, 5)
    assert shapes[-1] == (10,)


def test_shapes_foretell_what_forward_returns() -> None:
    net = Sequential(
        [Conv2d(2, 3, (3, 2), stride=(2, 1), dilation=(1, 2)), MaxPool2d(3, 2, 1, ceil_mode=True), Flatten()]
    )
    traced = net.trace(np.zeros((4, 2, 11, 9), np.float32))
    assert {name: array.shape[1:] for name, array in traced.items()} == net.output_shapes((2, 11, 9))


def test_receptive_field_is_what_a_gradient_reaches() -> None:
    layers = [Conv2d(1, 1, 3), MaxPool2d(2), Conv2d(1, 1, (3, 2), dilation=(2, 1)), AvgPool2d((2, 1))]
    net = Sequential([Conv2d(1, 1, 3), AvgPool2d(2), Conv2d(1, 1, (3, 2), dilation=(2, 1)), AvgPool2d((2, 1))])
    for array in net.parameters().values():
        array[...] = 1
    picture = np.ones((1, 40, 40), np.float32)
    out = net.forward(picture)
    grad = np.zeros_like(out)
    grad[0, 1, 2] = 1
    rows, columns = np.nonzero(net.gradients(picture, grad)["input"][0])
    assert receptive_field(layers) == (np.ptp(rows) + 1, np.ptp(columns) + 1)
    assert receptive_field([Conv2d(1, 1, 3), ReLU(), Conv2d(1, 1, 3)]) == 5


def test_misfits_are_explained() -> None:
    with pytest.raises(ValueError, match="conv takes 3 channels, but 8 reach it"):
        count_macs([Conv2d(3, 8, 3), Conv2d(3, 8, 3)], (3, 9, 9))
    with pytest.raises(ValueError, match="put a flatten before it"):
        count_macs([Conv2d(3, 8, 3), Linear(10, 2)], (3, 9, 9))
    with pytest.raises(ValueError, match="sees the whole input"):
        receptive_field([Linear(3, 3)])


def test_strided_same_is_refused_by_both_ways_in() -> None:
    with pytest.raises(ValueError, match="needs stride 1"):
        conv2d(np.zeros((1, 5, 5)), np.zeros((1, 1, 3, 3)), stride=2, padding="same")
