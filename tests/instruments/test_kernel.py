"""Kernels from text and settings from messages: what is understood, what is refused, and with which sentence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from instruments.fields import SettingError, message, resolve
from instruments.image import SHAPE
from instruments.kernel import COMPUTED, parse_settings, settings
from instruments.kernel_text import format_kernel, parse_kernel

GOOD = {
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
