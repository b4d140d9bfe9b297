"""Lets go early of what Streamlit 1.67 would keep until a session's end: files that were read, pages that were left."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import streamlit as st
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile


def take(key: str) -> UploadedFile | None:
    """The file given to an uploader or camera, whose bytes the server then drops; the control starts afresh.

    Args:
        key: the control's name; its key must be `fresh(key)`.
    """
    file: UploadedFile | None = st.session_state.get(fresh(key))
    if file is not None and (context := get_script_run_ctx()) and runtime.exists():
        manager = runtime.get_instance().uploaded_file_mgr
        assert isinstance(manager, MemoryUploadedFileManager)
        manager.remove_file(context.session_id, file.file_id)
    st.session_state[f"{key}_taken"] = st.session_state.get(f"{key}_taken", 0) + 1
    return file


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
