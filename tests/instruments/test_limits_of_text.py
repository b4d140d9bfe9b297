"""Text from outside at its limits: what is just short, small or few enough is read, one more is refused and shown cut."""

import pytest

from instruments.fields import LONGEST, SettingError, choice, format_number, real, switch, whole
from instruments.kernel_text import MAX_KERNEL, MAX_VALUE, format_kernel, parse_kernel


def refusal(text: str) -> str:
    with pytest.raises(SettingError) as error:
        parse_kernel(text)
    return str(error.value)


def test_words_that_are_no_numbers_are_shown_whole_up_to_twelve_letters() -> None:
    assert refusal("1 abcdefghijkl").startswith("“abcdefghijkl” is not a number")
    assert refusal("1 abcdefghijklm").startswith("“abcdefghijkl…” is not a number")
    assert refusal("100000000000000").startswith("100000000000 is too large for a kernel")


def test_kernels_of_the_largest_side_value_and_text() -> None:
    assert (MAX_KERNEL, MAX_VALUE, LONGEST) == (11, 1000.0, 8000)
    line = " ".join(["7"] * 11)
    assert parse_kernel("; ".join([line] * 11)).shape == (11, 11)
    assert "11 x 12 numbers" in refusal("; ".join([line + " 7"] * 11))
    assert "12 x 11 numbers" in refusal("; ".join([line] * 12))
    assert parse_kernel("1000 -1000 1/4 -3/2").tolist() == [[1000, -1000, 0.25, -1.5]]
    for text in ("1000.1", "-1000.1", "2001/2"):
        assert "too large" in refusal(text)
    assert parse_kernel("5".ljust(8000)).tolist() == [[5]]
    assert refusal("5".ljust(8001)) == "The text is too long for a kernel: at most 11 x 11 numbers."
    assert refusal("; ".join(["1 2"] * 14 + ["3"])).count("2") == 12
    with pytest.raises(ValueError, match="read-only"):
        parse_kernel("1 2")[0, 0] = 3
    with pytest.raises(SettingError, match="must be text"):
        parse_kernel(5)
    assert format_kernel(parse_kernel("array([[.5e1, 2],[1/3, -0.0]], dtype=float32)")) == "5 2; 0.33333334 0"


@pytest.mark.parametrize(("given", "value"), [("8", 8), (8, 8), (" 3 ", 3), ("+3", 3), ("-2", -2), (-2, -2)])
def test_whole_numbers_within_their_bounds(given, value) -> None:
    assert whole("n", given, (-2, 8)) == value
    assert whole("n", "9" * 18, (0, 10**18)) == 10**18 - 1


@pytest.mark.parametrize("given", ["9", 9, "-3", -3, "0" * 19, "3.0", 3.0, True, None, "", "+-3", "3 4"])
def test_what_is_none_or_outside(given) -> None:
    with pytest.raises(SettingError, match=r"^n must be a whole number from -2 to 8\.$"):
        whole("n", given, (-2, 8))


@pytest.mark.parametrize(
    ("given", "value"),
    [("1.5", 1.5), ("1,5", 1.5), ("−2", -2), (" 2 ", 2), (2, 2), (-2.0, -2), ("1.5".ljust(40), 1.5), ("2e0", 2)],
)
def test_numbers_within_their_bounds(given, value) -> None:
    assert real("n", given, (-2, 2)) == value


@pytest.mark.parametrize(
    "given", ["2.001", -2.001, "1,5,1", "1.1,5", "1.5".ljust(41), True, None, "nan", "inf", 10**400, "", "1.5.1"]
)
def test_what_is_no_number_or_outside(given) -> None:
    with pytest.raises(SettingError, match=r"^n must be a number from -2 to 2\.$"):
        real("n", given, (-2, 2))


def test_choices_switches_and_how_numbers_are_written() -> None:
    assert (choice("n", "b", ("a", "b")), switch("n", False), switch("n", True)) == ("b", False, True)
    for wrong in ("c", None, ["a"]):
        with pytest.raises(SettingError, match=r"^n must be one of a, b\.$"):
            choice("n", wrong, ("a", "b"))
    for number in (0, 1, "true", None):
        with pytest.raises(SettingError, match=r"^n must be true or false\.$"):
            switch("n", number)
    assert [format_number(value) for value in (0.0, -0.0, 1e-7, 12345678.0, -0.1)] == [
        "0",
        "0",
        "0.0000001",
        "12345678",
        "-0.1",
    ]
