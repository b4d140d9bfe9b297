"""What was computed from a session's own photo is remembered for that session alone, in bounds, and goes with it."""

import gc
import time
import weakref

import numpy as np
import pytest

from ui import cache
from ui.results import Owner, Results


@pytest.fixture
def session(monkeypatch):
    """Become a session with this state."""
    return lambda state: monkeypatch.setattr(cache.st, "session_state", state)


def test_results_are_shared_until_a_session_holds_a_photo(session) -> None:
    computed = []

    @cache.remembered
    def square(number: int, _unnamed: str) -> np.ndarray:
        computed.append(number)
        return np.full(3, number**2)

    session({})
    assert square(2, "a").tolist() == [4, 4, 4]
    session({})
    square(2, "b")
    assert computed == [2]  # one for all
    one, other, third = {"_photo": object()}, {"_drawing": object()}, {"_own_model": object()}
    for state in (one, other, third):
        session(state)
        square(3, "a")
        square(3, "b")
    assert computed == [2, 3, 3, 3]  # once for each of the three
    session({})
    square(3, "a")
    assert computed[4:] == [3]  # and what they kept is not handed to others


def test_a_session_takes_its_results_with_it(session) -> None:
    @cache.remembered
    def picture(number: int) -> np.ndarray:
        return np.zeros((number, number))

    state: dict[str, object] = {"_photo": object()}
    session(state)
    held = weakref.ref(picture(5))
    gc.collect()
    assert held() is not None
    state.clear()  # what Streamlit does when a session ends
    gc.collect()
    assert held() is None


def test_results_are_bounded_in_bytes_and_time(monkeypatch) -> None:
    results = Results(max_bytes=1000, own_bytes=300, seconds=60)
    computed = []

    def ask(name: str, owner: Owner | None = None) -> None:
        results.get(name, lambda: computed.append(name) or b"x" * 100, owner)

    one, other = Owner(results), Owner(results)
    for name in "abcd":
        ask(name, one)
        ask(name, other)
    assert (results.bytes(one.name), results.bytes(other.name), results.bytes()) == (300, 300, 600)
    for name in "efghijkl":
        ask(name)
    assert results.bytes() == 1000
    assert results.bytes(one.name) + results.bytes(other.name) == 200  # least recently used, whoever's they are
    results.get("huge", lambda: computed.append("huge") or b"x" * 301, one)
    ask("l")
    assert computed[-1] == "huge"  # too large to be kept, it pushed out nothing
    assert results.bytes() == 1000
    del one, other
    gc.collect()
    assert results.bytes() == 800
    later = time.monotonic() + 61
    monkeypatch.setattr("ui.results.time.monotonic", lambda: later)
    ask("l")
    assert computed[-1] == "l"  # what was held is too old
    assert results.bytes() == 100


def test_a_session_may_end_while_another_thread_works() -> None:
    results = Results()
    owner = Owner(results)
    results.get("a", lambda: b"12", owner)
    with results.lock.taken():
        del owner  # must neither wait nor change what is being read
        assert results.bytes() == 2
    assert results.bytes() == 0
