"""Registers a component from the files in its folder, and passes on what the browser sends."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import [^;]* from "(.+)";\n', re.MULTILINE)
# Comments on lines of their own, among them all types: a script travels with every run of a page.
_COMMENT = re.compile(r"^ *(/\*\*.*?\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)


def script(folder: str) -> str:
    """A component's script as one module: the files that it imports, each once, before those that need them."""
    parts: dict[Path, str] = {}

    def take(path: Path) -> None:
        text = path.read_text("utf-8")
        parts.setdefault(path, "")  # known from here on; its place in the order comes when what it needs has been taken
        for name in _IMPORT.findall(text):
            if (path.parent / name).resolve() not in parts:
                take((path.parent / name).resolve())
        parts.pop(path)
        plain = _COMMENT.sub("", _IMPORT.sub("", text))
        parts[path] = re.sub(r"^export (?!default)", "", plain, flags=re.MULTILINE)

    take((FOLDER / folder / f"{folder}.js").resolve())
    return "\n".join(parts.values())


def component(folder: str, *styles: str) -> Any:
    """Register the component of this folder; shared styles are put before its own, if it has any."""
    sheets = [FOLDER / "shared" / f"{name}.css" for name in styles] + [FOLDER / folder / f"{folder}.css"]
    css = "\n".join(sheet.read_text("utf-8") for sheet in sheets if sheet.exists())
    return st.components.v2.component(f"cnn_{folder}", css=css, js=script(folder))


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
