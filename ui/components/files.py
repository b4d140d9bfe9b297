"""Registers a component from the files in its folder, and passes on what the browser sends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

SHARED = Path(__file__).parent / "shared"


def component(folder: str, *shared: str) -> Any:
    """Register the component of this folder; shared scripts are put before its own, as one module."""
    own = Path(__file__).parent / folder
    scripts = [SHARED / f"{name}.js" for name in shared] + [own / f"{folder}.js"]
    return st.components.v2.component(
        f"cnn_{folder}",
        css=(own / f"{folder}.css").read_text("utf-8"),
        js="\n".join(script.read_text("utf-8") for script in scripts),
    )


def mount(renderer: Any, key: str, data: dict[str, Any], event: str, told: Callable[[Any], None]) -> None:
    """Draw a component; `told` gets what the browser sent, before the page runs.

    After a restart of the server the open page's first message meets a new session, in which Streamlit calls no callback:
    then `told` is called by the shell at the start of a second run.

    What `told` sets must be a control drawn before the component: Streamlit 1.67 takes a value into the link only if the
    control was there in the run before, and a run may be cut short by the hand.
    """
    flag = f"_{key}_told"

    def changed() -> None:
        st.session_state[flag] = True
        told(getattr(st.session_state[key], event, None))

    # In a list, Streamlit does not look for data frames in it, for which it would import pandas.
    result = renderer(key=key, data=[data], **{f"on_{event}_change": changed})
    was_told = st.session_state.pop(flag, False)
    value = getattr(result, event, None)
    if value is not None and not was_told:
        st.session_state["_late"] = told, value
        st.rerun()


def catch_up() -> None:
    """Deliver what came before this session's first run; the shell calls it before any widget is drawn."""
    if late := st.session_state.pop("_late", None):
        told, value = late
        told(value)
