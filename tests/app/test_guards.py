"""Where the app reserves what it takes: downloads, trainings, texts."""

import gc
import threading
import tomllib
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from instruments import stack_text, stacks
from instruments.fields import LONGEST, SettingError
from instruments.kernel import KERNEL
from instruments.kernel_text import parse_kernel
from server.shares import DOWNLOADS, TRAININGS, Place
from tests.app.visits import ROOT
from ui import downloads, settings
from ui.controls import plain


def test_a_file_counts_until_the_last_who_reads_it_is_done() -> None:
    make = downloads.in_turn(lambda: b"x" * 1000, 40_000_000)
    first = make()
    assert (bytes(first), type(first).__bases__) == (b"x" * 1000, (bytes,))
    assert DOWNLOADS.total - DOWNLOADS.free == 40_000_000
    body = first  # as an answer on its way
    del first
    assert DOWNLOADS.total - DOWNLOADS.free == 40_000_000
    del body
    gc.collect()
    assert DOWNLOADS.free == DOWNLOADS.total


def test_files_that_do_not_fit_wait_and_a_failed_one_holds_nothing(monkeypatch) -> None:
    monkeypatch.setattr(downloads, "PATIENCE", 0.1)
    held = [downloads.in_turn(lambda: b"", 50_000_000)() for _ in range(3)]
    with pytest.raises(TimeoutError, match="Too many files"):
        downloads.in_turn(lambda: b"", 50_000_000)()
    threading.Timer(0.05, held.clear).start()
    monkeypatch.setattr(downloads, "PATIENCE", 5)
    with pytest.raises(ZeroDivisionError):
        downloads.in_turn(lambda: bytes(1 // 0), 50_000_000)()
    held.clear()
    gc.collect()
    assert DOWNLOADS.free == DOWNLOADS.total


def test_who_waits_for_room_has_what_nobody_fetches_thrown_away(monkeypatch) -> None:
    swept = []
    server = SimpleNamespace(
        media_file_mgr=SimpleNamespace(remove_orphaned_files=lambda: swept.append(len(held)) or held.clear())
    )
    monkeypatch.setattr(downloads, "runtime", SimpleNamespace(exists=lambda: True, get_instance=lambda: server))
    held = [downloads.in_turn(lambda: b"", 50_000_000)() for _ in range(3)]
    assert swept == []  # there was room
    assert downloads.in_turn(lambda: b"file", 50_000_000)() == b"file"
    assert swept == [3]
    monkeypatch.setattr(downloads, "runtime", SimpleNamespace(exists=lambda: False))
    monkeypatch.setattr(downloads, "PATIENCE", 0.01)
    held[:] = [downloads.in_turn(lambda: b"", 50_000_000)() for _ in range(3)]
    with pytest.raises(TimeoutError):
        downloads.in_turn(lambda: b"file", 50_000_000)()
    held.clear()
    gc.collect()
    assert DOWNLOADS.free == DOWNLOADS.total


def train() -> None:
    import streamlit as st

    from ui import training_place

    class Training:
        going, steps = True, 0

        @property
        def done(self) -> bool:
            return self.steps == 2

        def advance(self, _seconds: float) -> None:
            self.steps += 1

    training = st.session_state.setdefault("training", Training())
    st.session_state["ahead"] = training_place.advance(training, 0.01)


def test_trainings_beyond_the_places_see_their_number_and_begin_by_themselves() -> None:
    others = [Place(TRAININGS) for _ in range(TRAININGS.total + 1)]
    assert [one.ask() for one in others] == [0] * TRAININGS.total + [1]
    page = AppTest.from_function(train).run()
    assert page.session_state["training"].steps == 0
    assert "number 2 in the queue" in page.info[0].value
    others.pop().give_back()
    assert "number 1 in the queue" in page.run().info[0].value
    others.pop().give_back()
    assert not page.run().info
    assert page.session_state["training"].steps == 1
    assert TRAININGS.free == 0
    page.run()  # done: the place is given back at once
    assert TRAININGS.free == 1
    for one in others:
        one.give_back()
    assert TRAININGS.free == TRAININGS.total


@pytest.mark.parametrize("read", [parse_kernel, stacks.parse_shape, stacks.parse_stack])
@pytest.mark.parametrize("piece", ["1", " ", "1 ", "1;", "relu;", "conv 6 5;", "x", "["])
def test_long_texts_are_refused_before_they_are_read(read, piece) -> None:
    about = "channels x height x width" if read is stacks.parse_shape else "too long"
    with pytest.raises(SettingError, match=about):
        read(piece * (20_000_000 // len(piece)))


def test_layers_are_counted_before_they_are_built(monkeypatch) -> None:
    built: list[str] = []
    monkeypatch.setattr(stack_text, "_spec", built.append)
    with pytest.raises(SettingError, match="The stack has 401 layers"):
        stacks.parse_stack("relu;" * 401)
    assert built == []


@pytest.mark.parametrize(
    "address", ["www.a.example", "WWW.a.example", "a.b@c.example", "http://a.example", "https://a"]
)
def test_addresses_in_errors_are_no_links(address) -> None:
    shown = plain(f"see {address} now").replace("\\", "")
    assert address not in shown  # Markdown finds it in what it shows, however it is escaped
    assert shown.replace("\N{WORD JOINER}", "") == f"see {address} now"


def test_half_a_character_in_a_settings_file_gets_a_sentence(monkeypatch) -> None:
    session = settings._Session()
    monkeypatch.setattr(settings, "_session", lambda: session)
    for text in (r'{"kernel": "\ud800"}', r'{"\udfff": 1}'):
        settings.give_file(text.encode())
        assert session.file == ["The file is not a settings file: it must be JSON, as saved here."]
    assert session.given == {}


def test_a_session_keeps_no_more_of_a_text_than_can_be_mended(monkeypatch) -> None:
    session = settings._Session()
    monkeypatch.setattr(settings, "_session", lambda: session)
    settings.give({KERNEL.key: "1 " * 10_000_000})
    assert len(str(session.given[KERNEL.key])) <= LONGEST + 1
    settings.resolved([KERNEL])
    assert "too long" in session.refused[KERNEL.key][1]
    assert len(str(session.refused[KERNEL.key][0])) <= LONGEST


def test_streamlit_is_told_what_the_server_counts_on() -> None:
    told = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert told["runner"]["postScriptGC"] is False  # 196 answers a second beside a session that reruns, with it 3
    assert told["server"]["maxMessageSize"] == 20
