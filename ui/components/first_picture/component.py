"""Knows whether the browser has drawn a session's first picture: what is slow to show waits for it."""

import streamlit as st

from ui.components.files import component

_mount = component("first_picture")


def drawn() -> bool:
    """Whether it has been drawn; if not, the page runs once more when it is."""
    return "_first_picture" in st.session_state


def watch() -> None:
    """Have the browser tell; the shell calls it at the end of each run."""
    if not drawn():
        _mount(key="_first_picture_watch", on_drawn_change=_picture_drawn)


def _picture_drawn() -> None:
    st.session_state["_first_picture"] = True
