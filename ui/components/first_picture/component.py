"""A session's first run leaves places for what is slow to show, so that its first picture is soon there; later runs draw all."""

import streamlit as st

from ui.components.files import component

_mount = component("first_picture")


def drawn() -> bool:
    """Whether the first picture can be taken as drawn."""
    return "_first_picture" in st.session_state


def watch() -> None:
    """Have the browser ask for a second run when the picture stands; the shell calls it at the end of each run."""
    if not drawn():
        _mount(key="_first_picture_watch", on_drawn_change=lambda: None)
        st.session_state["_first_picture"] = True
