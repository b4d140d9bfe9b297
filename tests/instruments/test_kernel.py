"""Kernels from text and settings from messages: what is understood, what is refused, and with which sentence."""

import time

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from instruments.fields import SettingError, message, resolve
from instruments.image import SHAPE
from instruments.kernel import COMPUTED, parse_settings, settings
from instruments.kernel_text import format_kernel, parse_kernel

SQUARE = [[1, 2], [3, 4]]
SOBEL = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
HALVES = [[0.5, 1, 0.5], [1, 2, 1], [0.5, 1, 0.5]]
GOOD = {
    "1\t0\t-1\n2\t0\t-2\n1\t0\t-1": SOBEL,
    "1\t0\t-1 2\t0\t-2 1\t0\t-1": SOBEL,  # pasted into a field of one line
    "-1\t\t1\n-2\t0\t2\n-1\t\t1": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "\t1\t\n1\t-4\t1\n\t1\t": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "1,,1\n2,3,4": [[1, 0, 1], [2, 3, 4]],
    "((1,0,-1),(2,0,-2),(1,0,-1))": SOBEL,
    "(1,0,-1),(2,0,-2),(1,0,-1)": SOBEL,
    "((1,),(0,),(-1,))": [[1], [0], [-1]],
    "1 2\u20283 4": SQUARE,
    "1 2\u20293 4\u2029": SQUARE,
    "1 2\v3 4": SQUARE,
    "1 2\x853 4": SQUARE,
    "1\u00a02\n3\u20094": SQUARE,
    "[[[1, 2], [3, 4]]]": SQUARE,
    "array([[[[1., 2.],\n         [3., 4.]]]], dtype=float32)": SQUARE,
    "np.array([[1, 2], [3, 4]], np.float32)": SQUARE,
    "numpy.array([[1, 2], [3, 4]], 'float32')": SQUARE,
    "kernel = np.array([[4, 8],\n [12, 16]], dtype=np.float32) / 4": SQUARE,
    "tensor([[1., 2.],\n        [3., 4.]])": SQUARE,
    "torch.tensor([[1, 2], [3, 4]], dtype=torch.float64, device='cuda:0', requires_grad=True)": SQUARE,
    "[[np.float64(1.0), np.float64(2.0)], [np.float64(3.0), np.float64(4)]]": SQUARE,
    "[[Fraction(1, 2), Fraction(-1, 4)]]": [[0.5, -0.25]],
    "1/16 * [[16, 32], [48, 64]]": SQUARE,
    "(1/16)*[16 32; 48 64]": SQUARE,
    "0.5 × [[2, 4], [6, 8]]": SQUARE,
    "[[16, 32], [48, 64]] / 16": SQUARE,
    "[[4096, 8192]] / 4096": [[1, 2]],
    "np.array([[2, 4], [6, 8]]) * 0.5": SQUARE,
    "[9 18; 27 36]/9": SQUARE,
    "[9 18; 27 36] ./ 9;": SQUARE,
    "[1, 2; ...\n 3, 4]": SQUARE,
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}": SQUARE,
    r"$\frac{1}{2}\begin{bmatrix}2 & 4\\" + "\n" + r"6 & 8\end{bmatrix}$": SQUARE,
    r"\tfrac12 \left[\begin{array}{cc} 2 & 4 \\ 6 & 8 \end{array}\right]": SQUARE,
    r"\begin{matrix} 1{,}5 & -2 \end{matrix}": [[1.5, -2]],
    "{{1, 2}, {3, 4}}": SQUARE,
    "const float k[2][2] = {{1.0f, 2.0f}, {3.f, 4.0f}};": SQUARE,
    "{1, 2,\n 3, 4}": SQUARE,
    "| 1 | 2 |\n| 3 | 4 |": SQUARE,
    "0,5\t1\t0,5\n1\t2\t1\n0,5\t1\t0,5": HALVES,
    "0,5;1;0,5\n1;2;1\n0,5;1;0,5": HALVES,
    "0,5 1 0,5; 1 2 1; 0,5 1 0,5": HALVES,
    "1;2\n3;4": SQUARE,
    "0,5;1,5": [[0, 5], [1, 5]],
    "0,0625\n1,5": [[0.0625], [1.5]],
    "[" * 7 + "[1, 2], [3, 4]" + "]" * 7: SQUARE,
    "aaaaaaaaaaaa = [[1, 2], [3, 4]]": SQUARE,
    "1,5\n2": [[1.5], [2]],
    "−1 –2; —3 ‐4": [[-1, -2], [-3, -4]],
    "½ -¼": [[0.5, -0.25]],
    "3x3: 1,0,-1 2,0,-2 1,0,-1": SOBEL,
    "2x3: 1,2 3,4 5,6": [[1, 2], [3, 4], [5, 6]],
    "3: 1 0 -1 2 0 -2 1 0 -1": SOBEL,
    "1 0 -1 2 0 -2 1 0 -1;": [[1, 0, -1, 2, 0, -2, 1, 0, -1]],
    "[[1, 0, -1, 2, 0, -2, 1, 0, -1]]": [[1, 0, -1, 2, 0, -2, 1, 0, -1]],
    "1 2; 3 4": [[1, 2], [3, 4]],
    "1,2\n3,4\n": [[1, 2], [3, 4]],
    "1\t2\r\n3\t4": [[1, 2], [3, 4]],
    "[[1, 2], [3, 4]]": [[1, 2], [3, 4]],
    "np.array([[1., 2.],\n       [3., 4.]], dtype=float32)": [[1, 2], [3, 4]],
    " -1/2  .5e1 ;": [[-0.5, 5]],
    "−1 +2": [[-1, 2]],
    "7": [[7]],
}
BAD = {
    "1 0 -1 2 0 -2 1 0 -1": "3 x 3 or 1 x 9",
    "[1, 0, -1, 2, 0, -2, 1, 0, -1]": "3 x 3 or 1 x 9",
    "1 " * 25: "5 x 5 or 1 x 25",
    "[[1 2 3\n 4 5 6]]": "2 x 3 or 1 x 6",
    "-1\t\t1": "1 x 3 or 1 x 2",
    "1,2 3,4": "1 x 2 or 1 x 4",
    "1,5 2,5; 3,5 4,5": "2 x 2 or 2 x 4",
    "0,5;1;0,5": "1 x 3 or 3 x 1",
    "1,2;3,4\n5,6;7,8": "2 x 2 or 4 x 2",
    "0,25\n0,5": "2 x 1 or 2 x 2",
    "[[[1,2],[3,4]],[[5,6],[7,8]]]": "2 kernels",
    "[1 2; 3 4], [1 2; 3 4]": "2 kernels",
    "3x3: 0,1,0 1,1,1 0,1,0; 3x3: 0,1,0 1,1,1 0,1,0": "two kernels",
    "3x3: 1 2 3": "“3x3:” stands for 3 rows of 3, 9 numbers; these are 3.",
    "3x2: 1 2 3": "“3x2:” stands for 2 rows of 3, 6 numbers; these are 3.",
    "0x2:": "“0x2:” stands for 2 rows of 0, 0 numbers; these are 0.",
    "1 2 1; 2 4 2; 1 2 1 / 16": "into brackets",
    "1 2 1; 2 4 2; 1 2 1 /16": "into brackets",
    "1/16 * 1 2 1; 2 4 2; 1 2 1": "into brackets",
    "[[1, 2], [3, 4]] / 0": "divided by 0",
    "[[1, 2], [3, 4]] + 1": "more than a factor",
    "[1, 2], 3": "more than a factor",
    "[[1, 2], [3, 4]": "is not closed",
    "[[1, 2]}": "closes none",
    "[" * 100: "too many brackets",
    "[" * 8 + "[1, 2], [3, 4]" + "]" * 8: "too many brackets",
    "a" * 12: "“aaaaaaaaaaaa” is not",
    "a" * 13: "“aaaaaaaaaaaa…” is not",
    "1000.1": "too large",
    "-1001": "too large",
    "1½": "“1½” is not a number",
    "": "empty",
    " ; ;\n": "empty",
    "1 2; 3": "equally long",
    "1 nan": "“nan” is not a number",
    "inf": "“inf” is not a number",
    "1e9": "too large",
    "10000000000000000000": "too large",
    "1/0": "divided by 0",
    "1e999": "too large",
    "a" * 50: "aaaaaaaaaaaa…",
    "1 " * 12: "1 x 12 numbers; at most 11 x 11",
    "1;" * 12: "12 x 1 numbers",
    "9" * 9000: "too long",
    "__import__('os')": "is not a number",
}


@pytest.mark.parametrize("text", GOOD)
def test_kernels_are_read_from_many_notations(text) -> None:
    assert parse_kernel(text).tolist() == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_kernel_gets_a_sentence(text) -> None:
    with pytest.raises(SettingError) as error:
        parse_kernel(text)
    assert BAD[text] in str(error.value)
    assert str(error.value).endswith((".", "…"))


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=11), elements=st.floats(-1000, 1000, width=32)))
def test_every_kernel_survives_being_written_and_read(kernel) -> None:
    assert np.array_equal(parse_kernel(format_kernel(kernel)), kernel)


def write_brackets(kernel, opened, closed, between) -> str:
    return opened + between.join(f"{opened}{', '.join(row)}{closed}" for row in kernel) + closed


NOTATIONS = {
    "Python": lambda rows: write_brackets(rows, "[", "]", ", "),
    "NumPy": lambda rows: "np.array(" + write_brackets(rows, "[", "]", ",\n ") + ", dtype=np.float32)",
    "PyTorch": lambda rows: "tensor(" + write_brackets(rows, "[", "]", ",\n        ") + ", device='cuda:0')",
    "tuples": lambda rows: write_brackets([[*row, ""] for row in rows], "(", ")", ",").replace(", )", ",)"),
    "C": lambda rows: f"float kernel[{len(rows)}][{len(rows[0])}] = {write_brackets(rows, '{', '}', ', ')};",
    "MATLAB": lambda rows: f"k = [{'; '.join(map(' '.join, rows))};];",
    "LaTeX": lambda rows: r"\begin{pmatrix}" + r" \\ ".join(map(" & ".join, rows)) + r" \\ \end{pmatrix}",
    "spreadsheet": lambda rows: "".join("\t".join(row) + "\r\n" for row in rows),
    "German spreadsheet": lambda rows: "".join("\t".join(row).replace(".", ",") + "\r\n" for row in rows),
    "ImageMagick": lambda rows: f"{len(rows[0])}x{len(rows)}: {'  '.join(map(','.join, rows))}",
    "typographer": lambda rows: ";\n".join(map(" ".join, rows)).replace("-", "−") + ";",
}


@pytest.mark.parametrize("notation", NOTATIONS)
@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=11), elements=st.floats(-1000, 1000, width=32)))
def test_every_notation_gives_the_same_numbers(notation, kernel) -> None:
    assume(notation != "German spreadsheet" or kernel.shape[1] > 1)  # 1,2 below 3,4 may be two columns
    rows = [line.split() for line in format_kernel(kernel).rstrip(";").split(";")]
    assert np.array_equal(parse_kernel(NOTATIONS[notation](rows)), kernel)


@given(st.text("0123456789.,;-+/* \t\n[](){}eExX:&|\\½", max_size=60))
def test_what_looks_like_a_kernel_is_one_or_gets_a_sentence(text) -> None:
    try:
        kernel = parse_kernel(text)
    except SettingError as error:
        assert str(error).endswith((".", "…"))
        return
    assert np.array_equal(parse_kernel(format_kernel(kernel)), kernel)


@pytest.mark.parametrize(
    "text",
    ["1" * 8000, "(" * 8000, "1 " * 4000, "(1" * 4000, "\\frac{" * 1300, "np." * 2600, ",," * 4000, "-1/" * 2600],
)
def test_a_long_text_is_refused_at_once(text) -> None:
    start = time.process_time()
    with pytest.raises(SettingError):
        parse_kernel(text)
    assert time.process_time() - start < 0.5


@given(st.text() | st.integers() | st.none() | st.lists(st.integers()))
def test_nothing_but_a_sentence_escapes_from_a_kernel(text) -> None:
    try:
        kernel = parse_kernel(text)
    except SettingError:
        return
    assert np.isfinite(kernel).all()
    assert max(kernel.shape) <= 11


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*(field.key for field in COMPUTED), "other"])
SMALL = (3, 20, 30)


@given(st.dictionaries(names, json_values, max_size=5) | json_values)
def test_nothing_but_a_sentence_escapes_from_settings(given) -> None:
    try:
        parsed = parse_settings(given, SMALL)
    except SettingError as error:
        assert str(error).endswith((".", "…"))
        return
    assert isinstance(given, dict)
    v = resolve(COMPUTED, given, facts={SHAPE: SMALL})
    assert parse_settings(message(COMPUTED, v), SMALL) == parsed == settings(v)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kernel_stride": 0}, "stride must be a whole number from 1 to 8"),
        ({"kernel_stride": [0, 1]}, "stride must be a whole number from 1 to 8"),
        ({"kernel_stride": True}, "stride must be a whole number"),
        ({"kernel_padding": 13}, "padding must be a whole number from 0 to 12"),
        (
            {"kernel_sides": True, "kernel_dilation": 8, "kernel_dilation_across": 9},
            "dilation must be a whole number from 1 to 8",
        ),
        ({"kernel": "1; 1; 1; 1", "kernel_dilation": 7}, "dilation must be a whole number from 1 to 6"),
        ({"kernel_mode": "mirror"}, "padding mode must be one of zeros, reflect"),
        ({"kernel_scale": float("nan")}, "scale must be a number"),
        ({"kernel_bias": 10**400}, "bias must be a number"),
        ({"kernel_relu": 1}, "ReLU must be true or false"),
        ({"kernel_pool": "sum"}, "Pooling must be one of none, max, average"),
        ({"kernel_pool_size": 17}, "pooling window must be a whole number from 1 to 16"),
        ({"kernel": "1 2; 3"}, "equally long"),
        ({"values": [[1]]}, "no setting named values"),
        ([], "must be an object"),
    ],
)
def test_wrong_settings_are_named(given, words) -> None:
    with pytest.raises(SettingError, match=words):
        parse_settings(given, SMALL)


def test_height_and_width_are_apart_only_if_asked() -> None:
    given = {"kernel_stride": 2, "kernel_stride_across": 3, "kernel_padding_across": 4, "kernel_dilation": 2}
    together = parse_settings(given, SMALL)
    assert (together.stride, together.padding, together.dilation) == ((2, 2), (0, 0), (2, 2))
    apart = parse_settings(given | {"kernel_sides": True}, SMALL)
    assert (apart.stride, apart.padding, apart.dilation) == ((2, 3), (0, 4), (2, 1))
