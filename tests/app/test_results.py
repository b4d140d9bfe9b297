"""What is remembered: by content, within bounds, least recently used out, and gone with its owner; colours of maps."""

import gc

import numpy as np
import pytest

from cnn_core.layers import Linear
from ui import palette, results
from ui.results import Owner, Results, weight


def test_what_a_result_weighs() -> None:
    layer = Linear(7, 3)
    assert weight([layer]) == 4 * (7 * 3 + 3)
    assert weight({"ab": np.zeros((2, 5)), 1: "c"}) == 2 + 80 + results.NUMBER + 1
    assert weight((None, [True, 2.5, np.float32(1)])) == 2 * results.NUMBER


def ask(held: Results, name: str, size: int = 10, owner: Owner | None = None) -> bool:
    """Whether it had to be computed."""
    computed = []
    assert held.get(name, lambda: computed.append(1) or "x" * size, owner) == "x" * size
    return bool(computed)


def test_the_least_recently_used_goes_first() -> None:
    held = Results(max_bytes=30)
    assert [ask(held, name) for name in "abcabc"] == [True] * 3 + [False] * 3
    assert held.bytes() == 30
    assert not ask(held, "a")
    assert ask(held, "d")
    assert [ask(held, name) for name in "acd"] == [False] * 3
    assert ask(held, "b")
    assert held.bytes() == 30


def test_what_alone_is_too_large_is_not_held_and_what_fits_exactly_is() -> None:
    held = Results(max_bytes=30, own_bytes=20)
    assert [ask(held, "large", 31) for _ in range(2)] == [True, True]
    assert [ask(held, "full", 30) for _ in range(2)] == [True, False]
    owner = Owner(held)
    assert [ask(held, "own", 21, owner) for _ in range(2)] == [True, True]
    assert [ask(held, "mine", 20, owner) for _ in range(2)] == [True, False]
    assert held.bytes(owner.name) == 20


def test_an_owner_keeps_within_its_own_bounds_and_takes_all_along() -> None:
    held = Results(max_bytes=100, own_bytes=20)
    first, second = Owner(held), Owner(held)
    assert ask(held, "shared")
    assert [ask(held, name, owner=first) for name in "abc"] == [True] * 3
    assert held.bytes(first.name) == 20
    assert [ask(held, "c", owner=first), ask(held, "b", owner=first), ask(held, "a", owner=first)] == [
        False,
        False,
        True,
    ]
    assert ask(held, "a", owner=second)
    assert ask(held, "a")
    assert held.bytes() == 20 + 10 + 20
    name = first.name
    del first
    gc.collect()
    ask(held, "shared")  # whoever comes next takes the lock, and what was left goes
    assert held.bytes(name) == 0
    assert not ask(held, "a", owner=second)
    assert len({Owner(held).name for _ in range(20)}) == 20


def test_results_are_forgotten_in_time(monkeypatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(results.time, "monotonic", lambda: clock[0])
    held = Results(max_bytes=100, seconds=60)
    ask(held, "old")
    clock[0] += 30
    ask(held, "new")
    clock[0] += 29.5
    assert not ask(held, "old")
    clock[0] += 0.5
    assert ask(held, "other")  # whatever is stored next throws out what is too old
    assert held.bytes() == 20
    assert ask(held, "old")
    assert not ask(held, "new")


def test_weights_of_results() -> None:
    one = results._Held(np.zeros((3, 5), np.float64), 0, 0.0)
    assert weight(one) == 120 + 2 * results.NUMBER
    assert weight([one, "abc", b"12", None, 7, (np.zeros(2, np.uint8),)]) == 120 + 3 + 2 + 2 + 3 * results.NUMBER


@pytest.mark.parametrize("dark", [False, True])
def test_the_colour_table_runs_through_the_stops(dark) -> None:
    table = palette.diverging(dark)
    assert table.shape == (256, 3)
    ends = {False: ("#08306b", "#f7f6f3", "#6b2400"), True: ("#d9ecff", "#12161d", "#ffe8cf")}[dark]
    for entry, code, most in zip(
        (0, 128, 255), ends, (0, 0, 3), strict=True
    ):  # the last lies half a step before the end
        assert np.abs(table[entry].astype(int) - [int(code[n : n + 2], 16) for n in (1, 3, 5)]).max() <= most
    steps = np.abs(np.diff(table.astype(int), axis=0)).max()
    assert 0 < steps < 9
    grey = np.array([[0, 128, 255], [7, 128, 9]], np.uint8)
    assert np.array_equal(palette.colourise(grey)[:, 1, 2], palette.diverging()[9])
    assert palette.colourise(grey).shape == (3, 2, 3)
    assert palette.colour("kernel", dark) == ("#ffa657" if dark else "#b34700")
    assert palette.label("stride", "Stride") == ":violet[Stride *s*]"
