"""Formulas as they are shown, evaluated and compared with what the arithmetic does; sentences about what the floor loses."""

import math
import re

import numpy as np
import pytest

from cnn_core import conv2d, conv_transpose2d
from cnn_core.shapes import make_axis, window_axes
from ui import formulas

LETTERS = {"height": 0, "width": 1}


def plain(latex: str) -> str:
    """KaTeX without its colours and groups, as Python reads it."""
    text = re.sub(r"\{\\color\{#\w+\}([^{}]*)\}", r"\1", latex)
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1) / (\2))", text)
    text = text.replace(r"\left\lfloor", "floor(").replace(r"\right\rfloor", ")")
    text = text.replace(r"\left\lceil", "ceil(").replace(r"\right\rceil", ")").replace(r"\cdot", "*")
    return re.sub(r"(?<=[a-z0-9)]) (?=[a-z(])", " * ", re.sub(r"  +", " ", text))


def value(expression: str, **letters: int) -> int:
    return eval(expression, {"floor": math.floor, "ceil": math.ceil} | letters)


def lines(latex: str) -> list[tuple[str, str]]:
    """(left, right) of each line."""
    inside = latex.removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}")
    return [(left.strip(), right.strip()) for left, right in (row.split("&=") for row in inside.split(r"\\[4pt]"))]


CASES = [  # (H, W), (kH, kW), stride, padding, dilation: of unequal sides
    ((9, 14), (3, 2), (2, 3), (1, 0), (1, 1)),
    ((9, 14), (3, 2), (2, 3), (1, 2), (2, 3)),
    ((11, 8), (2, 3), (1, 2), (0, 3), (4, 1)),
    ((11, 8), (2, 3), (3, 1), (2, 0), (1, 3)),
    ((7, 20), (1, 5), (2, 4), (3, 4), (2, 2)),
    ((13, 6), (4, 1), (5, 2), (2, 1), (3, 4)),
]


@pytest.mark.parametrize(("size", "kernel", "stride", "padding", "dilation"), CASES)
def test_the_size_formula_gives_the_size_that_comes_out(size, kernel, stride, padding, dilation) -> None:
    sides = conv2d(np.ones((1, *size)), np.ones((1, 1, *kernel)), None, stride, padding, dilation).shape[1:]
    general, *numbers = lines(formulas.output_size(*window_axes(size, kernel, stride, padding, dilation), dark=False))
    for axis, (name, (left, right)) in enumerate(zip(LETTERS, numbers, strict=True)):
        expression, shown = plain(right).rsplit("=", 1)
        assert name in left
        assert value(expression) == int(shown) == sides[axis]
        letters = dict(zip("iksp", (size[axis], kernel[axis], stride[axis], padding[axis]), strict=True))
        assert value(plain(general[1]), d=dilation[axis], **letters) == sides[axis]


def test_the_size_formula_shows_no_dilation_where_there_is_none() -> None:
    axes = window_axes((9, 14), (3, 2), (2, 3), (1, 0), (1, 1))
    assert re.findall("[a-z]+", plain(lines(formulas.output_size(*axes, dark=True))[0][1])) == [
        *["floor", "i", "k", "p", "s"]
    ]


def test_paddings_that_differ_are_both_added() -> None:
    axes = make_axis(9, 3, 2, (1, 2)), make_axis(14, 4, 3, (0, 3), 2)
    for axis, (_, right) in zip(axes, lines(formulas.output_size(*axes, dark=False))[1:], strict=True):
        expression, shown = plain(right).rsplit("=", 1)
        assert value(expression) == int(shown) == axis.output_size
        assert str(axis.before) in re.findall(r"\d+", expression)
        assert str(axis.after) in re.findall(r"\d+", expression)


@pytest.mark.parametrize(("size", "kernel", "stride", "padding", "dilation"), CASES)
def test_the_formula_of_the_transposed_size_too(size, kernel, stride, padding, dilation) -> None:
    padding = (padding[0] // 3, padding[1] // 3)
    made = conv_transpose2d(np.ones((1, *size)), np.ones((1, 1, *kernel)), None, stride, padding, dilation=dilation)
    general, *numbers = lines(formulas.transposed_size(size, kernel, stride, padding, dilation, dark=False))
    for axis, (name, (left, right)) in enumerate(zip(LETTERS, numbers, strict=True)):
        expression, shown = plain(right).rsplit("=", 1)
        assert name in left
        assert value(expression) == int(shown) == made.shape[1 + axis]
        letters = dict(zip("ikspd", (one[axis] for one in (size, kernel, stride, padding, dilation)), strict=True))
        assert value(plain(general[1]), **letters) == made.shape[1 + axis]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 3, "0"), (4.9e-7, 3, "0"), (-4.9e-7, 3, "0"), (5e-7, 3, "0.0000005"), (-6e-7, 3, "−0.0000006"), (0.99949, 3, "0.999"), (0.9995, 3, "0.9995"),
        (-0.99996, 3, "−0.99996"), (1.0004, 3, "1"), (999.4, 3, "999"), (999.6, 3, "999.6"), (1000.4, 3, "1000"), (123456.7, 3, "123457"), (0.00001234, 3, "0.00001234"), (0.0000123456789, 3, "0.000012346"),
        (2.5, 1, "2"), (0.123456, 5, "0.12346"), (1 - 1e-12, 3, "1"), (-1234.5, 3, "−1234"),
    ],
)  # fmt: skip
def test_numbers_as_they_are_written_everywhere(value, digits, text) -> None:
    assert formulas.number(value, digits) == text


def test_matrices_quantities_and_shapes() -> None:
    assert formulas.matrix(np.array([[1, -0.5], [0.25, 3]])) == r"\begin{bmatrix}1 & −0.5 \\ 0.25 & 3\end{bmatrix}"
    assert formulas.quantity("kernel", True) == r"{\color{#ffa657}k}"
    assert formulas.quantity("kernel", False, 0) == r"{\color{#b34700}0}"
    assert formulas.shape_text((3,)) == "3"


def test_softmax_is_written_out_as_it_is_computed() -> None:
    logits = np.array([-1.25, 3.5, 0.75, 2.0])
    shown = formulas.softmax(logits, 2)
    own = np.exp(logits[2]) / np.exp(logits).sum()
    assert float(shown.rsplit("= ", 1)[1]) == pytest.approx(own, abs=5e-5)
    share = re.search(r"\\frac\{([\d.]+)\}\{([\d.]+)\}", shown)
    assert float(share[1]) / float(share[2]) == pytest.approx(own, rel=1e-3)
    meant, added, divided = shown.split(r"\\[6pt]")
    assert meant.startswith(r"p_{2} = \frac{e^{z_{2}}}")
    assert added.count("+") == 3
    assert "+" not in divided  # a fraction cannot go on in the next line
    assert "e^{0.75 - 3.50}" in divided
    powers = [float(one) for one in re.findall(r"e\^\{(-?[\d.]+)\}", shown)]
    assert powers == pytest.approx(logits - 3.5, abs=0.06)
    assert "-0.0" not in formulas.softmax(np.array([2.0, 1.999]), 1) + shown


def test_what_the_floor_loses_is_counted_in_rows_and_columns() -> None:
    assert formulas.remainder(make_axis(8, 2, 2), make_axis(7, 3, 2)) is None
    assert formulas.remainder(make_axis(8, 2, 2), make_axis(9, 3, 4)).endswith("reaches the last 2 columns.")
    assert formulas.remainder(make_axis(9, 2, 2), make_axis(9, 3, 4)).endswith("the last 1 row and 2 columns.")
    assert "here 5 × 3" in formulas.frameworks(make_axis(9, 2, 2), make_axis(12, 3, 5))
