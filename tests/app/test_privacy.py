"""What was computed from a session's own photo is remembered for that session alone, and goes with it."""

import gc
import weakref

import numpy as np
import pytest
from streamlit.runtime.caching import cache_resource_api

from ui import cache


@pytest.fixture
def session(monkeypatch):
    """Become a session with this name and this state."""

    def become(name: str, **state: object) -> None:
        monkeypatch.setattr(cache_resource_api, "get_session_id_or_throw", lambda: name)
        monkeypatch.setattr(cache.st, "session_state", state)

    yield become
    for name in ("a", "b"):
        cache_resource_api.clear_session_cache(name)


def test_results_are_shared_until_a_session_holds_a_photo(session) -> None:
    computed = []

    @cache.remembered(4, own=1)
    def square(number: int) -> np.ndarray:
        computed.append(number)
        return np.full(3, number**2)

    session("a")
    assert square(2).tolist() == [4, 4, 4]
    session("b")
    square(2)
    assert computed == [2]  # one for all
    for name, key in (("a", "_photo"), ("b", "_drawing")):
        session(name, **{key: object()})
        square(3)
        square(3)
    assert computed == [2, 3, 3]  # once for each of the two
    square(4)
    square(3)
    assert computed[3:] == [4, 3]  # a session keeps as few as it was told
    session("a")
    square(3)
    assert computed[5:] == [3]  # and what it kept is not handed to others


def test_a_session_takes_its_results_with_it(session) -> None:
    @cache.remembered(4, own=4)
    def picture(number: int) -> np.ndarray:
        return np.zeros((number, number))

    session("a", _photo=object())
    held = weakref.ref(picture(5))
    gc.collect()
    assert held() is not None
    cache_resource_api.clear_session_cache("a")  # what Streamlit does when a session ends
    gc.collect()
    assert held() is None
