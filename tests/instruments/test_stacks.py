"""Stacks of layers: every preset fits, what is written is read back, what is wrong gets a sentence."""

import pytest

from instruments import stacks
from instruments.fields import SettingError, resolve


@pytest.mark.parametrize("preset", stacks.PRESETS)
def test_every_preset_is_read_and_fits(preset) -> None:
    shape, text = stacks.PRESETS[preset]
    specs = stacks.parse_stack(text)
    rows = stacks.rows(specs, shape)
    assert [row.problem for row in rows] == [None] * len(specs)
    assert stacks.parse_stack(stacks.write_stack(specs)) == specs
    assert stacks.parse_shape(stacks.write_shape(shape)) == shape
    v = resolve(stacks.FIELDS, {"shapes_input": stacks.write_shape(shape), "shapes_layers": text})
    assert (v[stacks.INPUT], v[stacks.LAYERS], v.problems) == (shape, specs, {})


def test_what_is_offered_and_how_each_kind_is_written_is_understood() -> None:
    for text in stacks.NEW:
        assert len(stacks.parse_stack(text)) == 1
    for usage in stacks.USAGE.values():
        kind, *numbers = usage.split()
        assert stacks.parse_stack(" ".join([kind, *("3" for _ in numbers)]))[0].numbers == (3,) * len(numbers)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The stack is empty"),
        ("; \n ;", "The stack is empty"),
        ("relu;" * 61, "The stack has 61 layers; at most 60"),
        ("pool 2", "“pool” is no layer: use conv, max, avg, dense, flatten, relu"),
        ("conv 4", "“conv 4” is not complete: write conv KERNELS SIDE"),
        ("relu 4", "“relu 4” is not complete: write relu"),
        ("conv 4 3 s0", "s in “conv 4 3 s0” must be a whole number from 1 to 512"),
        ("conv 4 3 p513", "p in “conv 4 3 p513” must be a whole number from 0 to 512"),
        ("dense 100001", "each number in “dense 100001” must be a whole number from 1 to 100000"),
        ("dense s2", "each number in “dense s2” must be a whole number"),
    ],
)
def test_a_wrong_stack_gets_a_sentence(text, sentence) -> None:
    with pytest.raises(SettingError) as error:
        stacks.parse_stack(text)
    assert sentence in str(error.value)


def test_the_receptive_field_grows_as_the_formula_says() -> None:
    rows = stacks.rows(stacks.parse_stack("conv 4 5; max 2; conv 8 3 d2; flatten; dense 10"), (1, 28, 28))
    assert [row.field for row in rows] == ["5", "6", "14", "14", "all"]
    assert [row.shape for row in rows] == [(4, 24, 24), (4, 12, 12), (8, 8, 8), (512,), (10,)]
    assert [row.parameters for row in rows] == [104, 0, 296, 0, 5130]
    assert rows[0].macs == 4 * 25 * 24 * 24
