"""Fields: what comes in is checked in order, with bounds that follow from what stands before."""

import pytest

from instruments.fields import Choice, Fact, Real, SettingError, Switch, Text, Whole, resolve, strict

SIZE: Fact[int] = Fact("size")
KERNEL = Whole("kernel", "kernel", 3, 1, lambda v: v[SIZE])
PADDING = Whole("padding", "padding", 0, 0, lambda v: v[KERNEL] // 2)
POOL = Choice("pool", "Pooling", "none", {"none": "None", "max": "Max"})
RELU = Switch("relu", "ReLU", False)
BIAS = Real("bias", "bias", 0.0, -2, 2)
FIELDS = (KERNEL, PADDING, POOL, RELU, BIAS)


def test_bounds_follow_from_the_new_values_before() -> None:
    v = resolve(FIELDS, {"padding": "4", "kernel": "9"}, {"kernel": 3, "padding": 1}, {SIZE: 20})
    assert (v[KERNEL], v[PADDING], v.problems) == (9, 4, {})


def test_a_held_value_moves_into_todays_bounds_and_what_is_given_is_refused() -> None:
    v = resolve(FIELDS, {"kernel": "5"}, {"kernel": 9, "padding": 4}, {SIZE: 20})
    assert (v[KERNEL], v[PADDING]) == (5, 2)
    v = resolve(FIELDS, {"kernel": "5", "padding": "4"}, {"padding": 1}, {SIZE: 20})
    assert (v[PADDING], v.problems) == (1, {"padding": "padding must be a whole number from 0 to 2."})


@pytest.mark.parametrize(
    "given", ["2.5", "", "1e310", "٣", "1_0", "0x2", "9" * 5000, 2.0, True, None, [1], {"a": 1}, "nan"]
)
def test_what_is_no_whole_number_is_refused_and_the_default_used(given) -> None:
    v = resolve(FIELDS, {"kernel": given}, facts={SIZE: 20})
    assert v[KERNEL] == 3
    assert v.problems == {"kernel": "kernel must be a whole number from 1 to 20."}


@pytest.mark.parametrize("given", ["", "1e310", "inf", "nan", "2.01", "1,5,0", "x" * 9000, 10**400, True, None, []])
def test_what_is_no_number_is_refused(given) -> None:
    v = resolve(FIELDS, {"bias": given}, facts={SIZE: 20})
    assert (v[BIAS], list(v.problems)) == (0.0, ["bias"])


@pytest.mark.parametrize(("given", "value"), [("-0,25", -0.25), ("0.1", 0.1), (2, 2.0), ("−1", -1.0)])
def test_numbers_are_read_as_people_write_them(given, value) -> None:
    assert resolve(FIELDS, {"bias": given}, facts={SIZE: 20})[BIAS] == pytest.approx(value, abs=1e-7)


def test_bounds_and_steps_that_are_not_given() -> None:
    assert (BIAS.step, Real("r", "r", 0, 0, 1, 0.5).step) == (0.01, 0.5)
    assert Whole("w", "w", 5, 2, 1).high(resolve((), {})) == 2  # an impossible high counts as low
    for given, value in ((-2, -2.0), ("2", 2.0), ("1,5", 1.5)):
        assert resolve(FIELDS, {"bias": given}, facts={SIZE: 20})[BIAS] == value
    for given in (-2.001, 2.001, "1,5.0", "0" * 41, 1e300):
        assert "bias" in resolve(FIELDS, {"bias": given}, facts={SIZE: 20}).problems
    assert resolve(FIELDS, {"bias": "0" * 40}, facts={SIZE: 20})[BIAS] == 0
    field = Text("name", "The name", "a", str, str)
    assert resolve([field], {"name": "b" * 8000}).problems == {}
    assert resolve([field], {"name": 5}).problems == {"name": "The name must be text."}
    assert [RELU.write(value) for value in (True, False)] == ["true", "false"]
    assert [resolve(FIELDS, {"relu": given}, facts={SIZE: 20})[RELU] for given in ("TRUE", "false", True)] == [
        True,
        False,
        True,
    ]


def test_choices_are_read_by_code_and_by_the_words_of_old_links() -> None:
    for given in ("max", "Max"):
        v = resolve(FIELDS, {"pool": given}, facts={SIZE: 20})
        assert (v[POOL], POOL.write(v[POOL])) == ("max", "max")
    assert resolve(FIELDS, {"pool": "MAX"}, facts={SIZE: 20}).problems == {"pool": "Pooling must be one of none, max."}


def test_a_message_is_refused_at_its_first_fault() -> None:
    with pytest.raises(SettingError, match="padding must be a whole number from 0 to 1"):
        strict(FIELDS, {"padding": 3}, {SIZE: 20})
    with pytest.raises(SettingError, match="no setting named colour"):
        strict(FIELDS, {"colour": 3}, {SIZE: 20})
    with pytest.raises(SettingError, match="must be an object"):
        strict(FIELDS, [], {SIZE: 20})


def test_text_is_refused_before_it_is_read_when_it_is_too_long() -> None:
    field = Text("name", "The name", "a", lambda text: pytest.fail("read") if len(text) > 8000 else text, str)
    assert resolve([field], {"name": "b" * 8001}).problems == {
        "name": "The name is too long: at most 8,000 characters are read."
    }
