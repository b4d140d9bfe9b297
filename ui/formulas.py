"""How sizes read: formulas in KaTeX with the current numbers, and sentences about them. Imports no Streamlit."""

import math
from typing import Any

import numpy as np

from cnn_core.arguments import Array, Pair
from cnn_core.shapes import Axis
from ui.palette import QUANTITIES, colour

MOST_TERMS, FEW_TERMS = 12, 5  # of a sum that is written out whole, and of one that is not


def number(value: float | np.floating[Any], digits: int = 3) -> str:
    """A number as it is written everywhere: three digits, a real minus sign; what is below 1 never becomes 1.

    >>> number(-0.6163), number(2.0), number(0.9997), number(12345.6), number(1e-9)
    ('−0.616', '2', '0.9997', '12346', '0')
    >>> number(-np.inf), number(np.nan)
    ('−∞', 'not a number')
    """
    value = float(value)
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if abs(value) < 5e-7:
        return "0"
    while abs(value) < 1 <= abs(float(f"{value:.{digits}g}")) and digits < 9:
        digits += 1
    text = f"{value:.0f}" if abs(value) >= max(1000, 10 ** (digits - 1)) else f"{value:.{digits}g}"
    if "e" in text:
        text = f"{value:.{digits + 6}f}".rstrip("0")
    return text.replace("-", "−")


def memory(size: int) -> str:
    """So many bytes, in the unit in which they read best.

    >>> memory(256), memory(2416), memory(786_432), memory(1_234_500_000)
    ('256 bytes', '2.42 kB', '0.786 MB', '1234 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    return f"{number(size / 1e3)} kB" if size < 100_000 else f"{number(size / 1e6)} MB"


def matrix(values: Array) -> str:
    r"""Numbers (rows, columns) as a matrix.

    >>> import numpy as np
    >>> print(matrix(np.array([[1, -0.5]])))
    \begin{bmatrix}1 & −0.5\end{bmatrix}
    """
    rows = r" \\ ".join(" & ".join(map(number, row)) for row in values)
    return rf"\begin{{bmatrix}}{rows}\end{{bmatrix}}"


def quantity(name: str, dark: bool, text: object = None) -> str:
    r"""A letter, or a number in its place, in the quantity's colour.

    >>> quantity("stride", False)
    '{\\color{#6d28d9}s}'
    """
    shown = QUANTITIES[name].letter if text is None else text
    return rf"{{\color{{{colour(name, dark)}}}{shown}}}"


def _size(axis: Axis, dark: bool, letters: bool, rounding: str = "floor") -> str:
    def q(name: str, value: int) -> str:
        return quantity(name, dark, None if letters else value)

    i, k, s = q("input", axis.size), q("kernel", axis.kernel_size), q("stride", axis.stride)
    times = "" if letters else r"\cdot "
    pads = f"2 {times}{q('padding', axis.before)}"
    if axis.before != axis.after:
        pads = f"{q('padding', axis.before)} + {q('padding', axis.after)}"
    span = k if axis.dilation == 1 else rf"{q('dilation', axis.dilation)} {times}({k} - 1) - 1"
    return rf"\left\l{rounding} \frac{{{i} - {span} + {pads}}}{{{s}}} \right\r{rounding} + 1"


def output_size(rows: Axis, columns: Axis, dark: bool) -> str:
    r"""The size formula in letters, then with numbers for height and width.

    >>> from cnn_core.shapes import make_axis
    >>> print(output_size(make_axis(6, 3, 2), make_axis(6, 3, 2), False).count("= 2"))
    0
    """
    o = quantity("output", dark)
    fuller = max(
        rows, columns, key=lambda axis: (axis.dilation > 1, axis.before != axis.after)
    )  # needs the most letters
    lines = [rf"{o} &= {_size(fuller, dark, letters=True)}"]
    for name, axis in (("height", rows), ("width", columns)):
        result = quantity("output", dark, axis.output_size)
        lines.append(rf"{o}_\text{{{name}}} &= {_size(axis, dark, letters=False)} = {result}")
    return r"\begin{aligned}" + r"\\[4pt]".join(lines) + r"\end{aligned}"


def transposed_size(size: Pair, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, dark: bool) -> str:
    """Size of a transposed convolution, in letters and with numbers; the page leaves nothing of an output below 1."""
    o, i, k, s, p, d = (quantity(n, dark) for n in ("output", "input", "kernel", "stride", "padding", "dilation"))
    lines = [rf"{o} &= ({i} - 1) {s} - 2 {p} + {d} ({k} - 1) + 1"]
    for axis, name in enumerate(("height", "width")):
        numbers = size[axis], stride[axis], padding[axis], dilation[axis], kernel_size[axis]
        result = (numbers[0] - 1) * numbers[1] - 2 * numbers[2] + numbers[3] * (numbers[4] - 1) + 1
        i, s, p, d, k = (
            quantity(n, dark, v)
            for n, v in zip(("input", "stride", "padding", "dilation", "kernel"), numbers, strict=True)
        )
        end = quantity("output", dark, result)
        lines.append(rf"{o}_\text{{{name}}} &= ({i} - 1) \cdot {s} - 2 \cdot {p} + {d} \cdot ({k} - 1) + 1 = {end}")
    return r"\begin{aligned}" + r"\\[4pt]".join(lines) + r"\end{aligned}"


def _count(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"


def softmax(logits: Array, answer: int) -> str:
    r"""The answer's probability, written out with the largest logit taken from each, as it is computed; of many only the largest.

    The sum stands before the fraction, where it can go on in the next line.

    >>> import numpy as np
    >>> softmax(np.array([0.0, 2.0]), 1)[-25:]
    '\\frac{1}{1.1353} = 0.8808'
    """
    largest = logits.max()
    powers = np.exp(logits - largest)
    many = len(logits) > MOST_TERMS
    terms = " + ".join(f"e^{{{logit - largest:z.1f}}}" for logit in (-np.sort(-logits)[:FEW_TERMS] if many else logits))
    terms += r" + \cdots" if many else ""
    total, probability = f"{float(powers.sum()):.4f}", float(powers[answer] / powers.sum())
    meant = rf"p_{{{answer}}} = \frac{{e^{{z_{{{answer}}}}}}}{{\sum_j e^{{z_j}}}}"
    added = rf"{{\textstyle\sum_j}} e^{{z_j - {largest:.2f}}} = {terms} = {total}"
    own = rf"\frac{{e^{{{logits[answer]:.2f} - {largest:.2f}}}}}{{{total}}}"
    share = rf"\frac{{{float(powers[answer]):.4g}}}{{{total}}} = {number(probability, 4)}"
    return rf"{meant} \\[6pt] {added} \\[6pt] p_{{{answer}}} = {own} = {share}"


def remainder(rows: Axis, columns: Axis) -> str | None:
    """What the floor loses, in a sentence, or None where the strides divide exactly.

    >>> from cnn_core.shapes import make_axis
    >>> print(remainder(make_axis(6, 3, 2), make_axis(7, 3, 2)))
    The division leaves a remainder, so the floor cuts it: no window reaches the last 1 row.
    >>> print(remainder(make_axis(6, 3, 2, (1, 1)), make_axis(6, 3, 4, (1, 1))))
    The division leaves a remainder, so the floor cuts it: no window reaches the last 1 row and 1 column of padding. Every pixel of the input is reached.
    """
    lost, padding = list[str](), list[str]()
    for axis, name in ((rows, "row"), (columns, "column")):
        pixels = max(axis.leftover - axis.after, 0)  # the padding, behind the image, is missed first
        lost += [_count(pixels, name)] if pixels else []
        padding += [_count(axis.leftover - pixels, name)] if axis.leftover > pixels else []
    if not lost and not padding:
        return None
    cut = "The division leaves a remainder, so the floor cuts it: no window reaches"
    if not lost:
        return f"{cut} the last {' and '.join(padding)} of padding. Every pixel of the input is reached."
    beside = f", nor {' and '.join(padding)} of padding" if padding else ""
    return f"{cut} the last {' and '.join(lost)}{beside}."


def frameworks(rows: Axis, columns: Axis) -> str:
    """What deep-learning libraries do with the remainder."""
    up = [-(-axis.size // axis.stride) for axis in (rows, columns)]
    return (
        "PyTorch takes the floor, as here (pooling can take the ceiling with `ceil_mode=True`). TensorFlow's "
        f'`padding="same"` pads until ⌈i / s⌉ windows fit, here {up[0]} × {up[1]}, the odd pixel at the bottom and right.'
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """C × H × W.

    >>> shape_text((1, 510, 512))
    '1 × 510 × 512'
    """
    return " × ".join(str(side) for side in shape)
