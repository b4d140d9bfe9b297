"""Padding against NumPy's own, its gradient against the definition, and its limits at the limit."""

import numpy as np
import pytest

from cnn_core import conv2d
from cnn_core.arguments import MOST_NUMBERS
from cnn_core.padding import MODES, check_padding, conv_axes, pad, pad_backward, source_indices

NUMPY = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
SIDES = [((0, 0), (0, 0)), ((1, 2), (0, 0)), ((0, 0), (3, 1)), ((2, 0), (0, 3)), ((3, 3), (4, 4)), ((1, 3), (4, 2))]
IMAGE = np.random.default_rng(3).random((2, 4, 5))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("rows", "columns"), SIDES)
def test_padding_is_numpys_and_its_gradient_the_transpose(mode, rows, columns) -> None:
    padded = pad(IMAGE, rows, columns, mode)
    assert np.array_equal(padded, np.pad(IMAGE, ((0, 0), rows, columns), NUMPY[mode]))
    grad = np.random.default_rng(4).random(padded.shape)
    expected = np.zeros_like(IMAGE)
    for place in np.ndindex(*IMAGE.shape):
        dot = np.zeros_like(IMAGE)
        dot[place] = 1
        expected[place] = (np.pad(dot, ((0, 0), rows, columns), NUMPY[mode]) * grad).sum()
    np.testing.assert_allclose(pad_backward(grad, rows, columns, mode), expected, atol=1e-12)


def test_zeros_may_be_another_number_and_nothing_is_copied_without_need() -> None:
    assert pad(IMAGE, (0, 1), (2, 0), value=-7.0)[0, 4].tolist() == [-7] * 7
    assert pad(IMAGE, (0, 1), (2, 0))[1, 4].tolist() == [0] * 7
    assert all(pad(IMAGE, (0, 0), (0, 0), mode) is IMAGE for mode in MODES)


@pytest.mark.parametrize(("mode", "most"), [("reflect", 4), ("circular", 5), ("replicate", None), ("zeros", None)])
def test_each_mode_takes_as_much_as_it_can_supply_and_no_more(mode, most) -> None:
    if most is None:
        check_padding(5, 1000, 1000, mode)
        assert conv2d(np.ones((1, 5, 5)), np.ones((1, 1, 3, 3)), None, 1, 40, padding_mode=mode).shape == (1, 83, 83)
        return
    check_padding(5, most, most, mode)
    assert conv2d(np.ones((1, 5, 9)), np.ones((1, 1, 3, 3)), None, 1, most, padding_mode=mode)[0].min() == 9
    sides = [(most + 1, 0), (0, most + 1)]
    for before, after in sides:
        words = f"padding {most + 1} is too large for padding_mode '{mode}': an input of 5 pixels allows at most {most}"
        with pytest.raises(ValueError, match=words):
            check_padding(5, before, after, mode)
        with pytest.raises(ValueError, match="too large"):
            source_indices(5, before, after, mode)
        with pytest.raises(ValueError, match="too large"):
            conv_axes((9, 5), (2, 2), 1, ((0, 0), (before, after)), 1, mode)
        assert conv_axes((9, 5), (2, 2), 1, ((before, after), (0, 0)), 1, mode)[0].output_size == 9 + most
        with pytest.raises(ValueError, match="too large"):
            conv2d(np.ones((1, 9, 5)), np.ones((1, 1, 2, 2)), None, 1, ((0, 0), (before, after)), padding_mode=mode)


def test_modes_are_checked_even_where_nothing_is_padded() -> None:
    for wrong in ("mirror", None, 3):
        with pytest.raises(ValueError, match="padding_mode must be one of zeros, reflect, replicate, circular"):
            conv_axes((5, 7), (3, 3), 1, 0, 1, wrong)
    with pytest.raises(ValueError, match="padding_mode must be one of"):
        check_padding(5, 0, 0, "mirror")
    with pytest.raises(ValueError, match="padding_mode"):
        pad(IMAGE, (0, 0), (0, 0), "mirror")


def test_more_numbers_than_any_memory_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        pad(np.ones((1, 1)), (MOST_NUMBERS, 0), (0, 0))
