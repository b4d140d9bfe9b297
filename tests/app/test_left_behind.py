"""What is let go early: files nobody took, sessions that ended, callbacks of left pages; and the pace of runs."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.runtime.caching.ttl_cache import TTLCache
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

from server.shares import Pace, Shares
from ui import left_behind, run_pace


@pytest.fixture
def server(monkeypatch):
    """A runtime of Streamlit's that serves nobody, its clock, and a session's state."""
    made = SimpleNamespace(
        uploaded_file_mgr=MemoryUploadedFileManager("/upload"), swept=0, now=100.0, ended=[], session_state={},
        context=SimpleNamespace(session_id="a"), there=True,
    )  # fmt: skip

    def sweep() -> None:
        made.swept += 1

    made.media_file_mgr = SimpleNamespace(remove_orphaned_files=sweep)
    runtime = SimpleNamespace(get_instance=lambda: made, exists=lambda: made.there)
    monkeypatch.setattr(left_behind, "runtime", runtime)
    monkeypatch.setattr(left_behind, "st", made)
    monkeypatch.setattr(left_behind, "time", SimpleNamespace(monotonic=lambda: made.now))
    monkeypatch.setattr(left_behind, "get_script_run_ctx", lambda: made.context)
    monkeypatch.setattr(left_behind, "_seen", {})
    monkeypatch.setattr(left_behind, "_expired", lambda: [made.ended.pop() for _ in tuple(made.ended)])
    return made


def put(server, session: str, file: str, size: int) -> None:
    server.uploaded_file_mgr.add_file(session, UploadedFileRec(file, file, "image/png", bytes(size)))


def names(server) -> list[tuple[str, str]]:
    return [(session, file) for session, held in server.uploaded_file_mgr.file_storage.items() for file in held]


def test_every_file_counts_an_empty_one_too(server) -> None:
    for session, file, size in (("a", "1", 0), ("a", "2", 64_000), ("a", "3", 64_001), ("b", "4", 100_000)):
        put(server, session, file, size)
    assert [left_behind.uploaded(session) for session in ("a", "b", "c", None)] == [192_001, 100_000, 0, 292_001]


def test_of_too_many_files_the_oldest_that_nobody_took_go_and_only_in_time(server) -> None:
    put(server, "a", "1", 100_000)
    left_behind.forget(150_000)
    server.now += 10
    put(server, "b", "2", 100_000)
    left_behind.forget(150_000)
    server.now += 10  # the first is there for twenty seconds
    left_behind.forget(150_000)
    assert len(names(server)) == 2
    server.now += 0.5
    left_behind.forget(200_000)  # exactly as many as may be
    assert len(names(server)) == 2
    left_behind.forget(150_000)
    assert names(server) == [("b", "2")]
    server.now += 100
    left_behind.forget(150_000)
    assert names(server) == [("b", "2")]
    assert server.swept == 6
    server.uploaded_file_mgr.remove_file("b", "2")
    left_behind.forget(0)
    assert left_behind._seen == {}


def test_sessions_that_ended_are_shut_down_and_emptied(server) -> None:
    told: list[str] = []
    metadata, fragments = {"widget": 1}, {"fragment": 2}
    state = SimpleNamespace(
        clear=lambda: told.append("clear"), _new_widget_state=SimpleNamespace(widget_metadata=metadata)
    )
    session = SimpleNamespace(
        shutdown=lambda: told.append("shutdown"), session_state=state, _fragment_storage=fragments
    )
    server.ended.append(session)
    left_behind.forget(0)
    assert (told, metadata, fragments) == (["shutdown", "clear"], {}, {})


def test_a_file_that_is_taken_goes_from_the_server_and_the_control_begins_anew(server) -> None:
    assert (left_behind.fresh("k"), left_behind.take("k"), left_behind.fresh("k")) == ("k_0", None, "k_1")
    put(server, "a", "1", 10)
    file = SimpleNamespace(file_id="1")
    server.session_state["k_1"] = file
    assert left_behind.take("k") is file
    assert (names(server), left_behind.fresh("k")) == ([], "k_2")
    put(server, "a", "1", 10)
    server.session_state["k_2"] = file
    server.there = False
    assert left_behind.take("k") is file
    server.session_state["k_3"], server.there, server.context = file, True, None
    assert left_behind.take("k") is file
    assert names(server) == [("a", "1")]


@dataclass(frozen=True)
class Control:
    """What Streamlit knows of one."""

    callback: Any = None
    callbacks: Any = None
    callback_args: Any = None
    callback_kwargs: Any = None


def test_controls_that_a_run_did_not_draw_call_back_no_more(server) -> None:
    full = Control(print, None, (1,), {"a": 1})
    known = {"left": full, "many": Control(None, {"a": print}), "drawn": full, "plain": Control()}
    server.context.session_state = SimpleNamespace(
        _state=SimpleNamespace(_new_widget_state=SimpleNamespace(widget_metadata=known))
    )
    plain, again = known["plain"], Control(print)
    with left_behind.forgetting_left_pages():
        known["drawn"], known["new"] = again, full
        del known["many"]
    assert known == {"left": Control(), "drawn": again, "plain": plain, "new": full}
    assert known["plain"] is plain
    server.context = None
    with left_behind.forgetting_left_pages():
        pass


def test_runs_wait_while_there_are_others_and_are_counted(monkeypatch) -> None:
    slept: list[float] = []
    ran: list[Any] = []
    pace, runs = Pace(0.5, 0.0), Shares(3)
    counts = SimpleNamespace(sessions_open=1)
    for name, value in (
        ("RUN_PACE", pace),
        ("RUN_PLACES", runs),
        ("METRICS", counts),
        ("time", SimpleNamespace(sleep=slept.append)),
    ):
        monkeypatch.setattr(run_pace, name, value)
    monkeypatch.setattr(ScriptRunner, "_run_script", lambda runner, data: ran.append((runner, data, runs.free)))
    run_pace.keep()
    runner: Any = SimpleNamespace(_session_id="a")
    pace._owed["a"] = 1e6, 1e12  # owes much, and the clock stands still
    ScriptRunner._run_script(runner, "data")  # type: ignore[arg-type]
    assert (slept, ran) == ([], [(runner, "data", 2)])
    counts.sessions_open = 2
    pace._owed["a"] = 1e6, 1e12
    ScriptRunner._run_script(runner, "more")  # type: ignore[arg-type]
    assert slept == [5.0]
    other: Any = SimpleNamespace(_session_id="b")
    ScriptRunner._run_script(other, "data")  # type: ignore[arg-type]
    assert slept == [5.0, 0.0]
    assert (len(ran), runs.free) == (3, 3)
    assert set(pace._owed) == {"a", "b"}


def test_sessions_have_ended_once_streamlit_keeps_them_no_longer(monkeypatch) -> None:
    manager = WebsocketSessionManager.__new__(WebsocketSessionManager)
    monkeypatch.setattr(left_behind.runtime, "get_instance", lambda: SimpleNamespace(_session_mgr=manager))
    now = [0.0]
    storage = MemorySessionStorage(ttl_seconds=10)
    monkeypatch.setattr(storage, "_cache", TTLCache(5, 10, lambda: now[0]))
    manager._session_storage = storage
    storage._cache["a"] = SimpleNamespace(session="the session of a")
    now[0] = 5.0
    assert left_behind._expired() == []
    now[0] = 11.0
    assert left_behind._expired() == ["the session of a"]
    assert left_behind._expired() == []
    for other in (SimpleNamespace(_cache=storage._cache), None):  # kept in another way, of which nothing is known here
        manager._session_storage = other
        assert left_behind._expired() == []
    monkeypatch.setattr(storage, "_cache", {"a": 1})
    manager._session_storage = storage
    assert left_behind._expired() == []
    monkeypatch.setattr(left_behind.runtime, "get_instance", lambda: SimpleNamespace(_session_mgr=object()))
    assert left_behind._expired() == []
