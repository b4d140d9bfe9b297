"""Lets go early of what Streamlit 1.67 would keep: files that were read, pages that were left, sessions that have ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import streamlit as st
from streamlit import runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.caching.ttl_cache import TTLCache
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

LEAST_FILE = 64_000  # bytes that a file counts at least
UNTAKEN_SECONDS = 20.0  # after which a file that no page took goes, if there are many


def take(key: str) -> UploadedFile | None:
    """The file given to an uploader or camera, whose bytes the server then drops; the control starts afresh.

    Args:
        key: the control's name; its key must be `fresh(key)`.
    """
    return next(iter(take_all(key)), None)


def take_all(key: str) -> list[UploadedFile]:
    """As `take`, for an uploader of several files."""
    given: UploadedFile | list[UploadedFile] | None = st.session_state.get(fresh(key))
    files = given if isinstance(given, list) else [] if given is None else [given]
    context, manager = get_script_run_ctx(), runtime.get_instance().uploaded_file_mgr if runtime.exists() else None
    if context and isinstance(manager, MemoryUploadedFileManager):
        for file in files:
            manager.remove_file(context.session_id, file.file_id)
    st.session_state[f"{key}_taken"] = st.session_state.get(f"{key}_taken", 0) + 1
    return files


def fresh(key: str) -> str:
    """Key of an uploader or camera: another one after each file, since Streamlit keeps a copy with the control."""
    return f"{key}_{st.session_state.get(f'{key}_taken', 0)}"


@contextmanager
def forgetting_left_pages() -> Iterator[None]:
    """Around a run: at its end, drop the callbacks of controls that it did not draw, since each holds all variables of its
    page, arrays too. Streamlit has no public way; it makes what it knows of a control anew each time the control is drawn."""
    context = get_script_run_ctx()
    known = context.session_state._state._new_widget_state.widget_metadata if context else {}
    before = dict(known)
    yield
    for name, control in before.items():
        if known.get(name) is control and (control.callback or control.callbacks):
            known[name] = replace(control, callback=None, callbacks=None, callback_args=None, callback_kwargs=None)


_seen: dict[tuple[str, str], float] = {}  # uploaded files that no page has taken, and when they were seen first


def uploaded(session: str | None) -> int:
    """Bytes of a session's uploaded files that no page has taken yet, of all sessions for None; an empty file is one too."""
    storage = _files().file_storage
    sessions = list(storage.values()) if session is None else [storage.get(session, {})]
    return sum(max(len(file.data), LEAST_FILE) for files in sessions for file in list(files.values()))


def forget(crowded: int) -> None:
    """Let go now of what Streamlit would keep until somebody comes: sessions that have ended, files that nobody fetches.

    To be called again and again, in the server's event loop.

    Args:
        crowded: bytes of uploaded files, from where on those go that no page took in time.
    """
    for session in _expired():
        session.shutdown()
        session.session_state.clear()  # the last one is held by Streamlit's loop until somebody comes
        session.session_state._new_widget_state.widget_metadata.clear()
        session._fragment_storage.clear()
    runtime.get_instance().media_file_mgr.remove_orphaned_files()
    files, now = _files(), time.monotonic()
    present = {(session, file) for session, held in list(files.file_storage.items()) for file in list(held)}
    for key in _seen.keys() - present:
        del _seen[key]
    for key in sorted(present, key=lambda key: _seen.setdefault(key, now)):
        if uploaded(None) > crowded and now - _seen[key] > UNTAKEN_SECONDS:
            files.remove_file(*key)


def _expired() -> list[AppSession]:
    manager = runtime.get_instance()._session_mgr
    storage = manager._session_storage if isinstance(manager, WebsocketSessionManager) else None
    if not isinstance(storage, MemorySessionStorage) or not isinstance(storage._cache, TTLCache):
        return []
    return [info.session for _, info in storage._cache.expire()]


def _files() -> MemoryUploadedFileManager:
    manager = runtime.get_instance().uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)
    return manager
