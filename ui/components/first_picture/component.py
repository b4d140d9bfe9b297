"""A session's first run leaves places for what is slow to show, so that its first picture is soon there; later runs draw all."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.components.files import component

_mount = component("first_picture")
_DRAWN = "_first_picture"  # of the session state


def begin() -> None:
    """Start a session; the shell calls it in the first run, before any control is drawn.

    A browser that sends the state of controls had the page open before, as after a restart of the server: its pictures are on the
    screen, and what was clicked meanwhile may be a control of any part. Streamlit 1.67 has no public way to tell.
    """
    context = get_script_run_ctx()
    if context and context.session_state._state._new_widget_state.states:
        st.session_state[_DRAWN] = True


def drawn() -> bool:
    """Whether the first picture can be taken as drawn."""
    return _DRAWN in st.session_state


def watch() -> None:
    """Have the browser ask for a second run when the picture stands; the shell calls it at the end of each run."""
    if not drawn():
        _mount(key="_first_picture_watch", on_drawn_change=lambda: None)
        st.session_state[_DRAWN] = True
