"""Draws fields as Streamlit's widgets. A widget shows the value that was resolved; what a person changes is given back to it."""

import re
from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from instruments.fields import Choice, Field, Real, Switch, Values, Whole
from ui import settings
from ui.components.live_slider.component import live_slider

_LINKED = re.compile(
    r"(?<=www)(?=\.)|(?<=:)(?=//)|(?<=@)", re.IGNORECASE
)  # where Markdown would begin a link by itself


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it stands, without making links of addresses: they are broken, unseen."""
    text = _LINKED.sub("\N{WORD JOINER}", text)
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&@/])", r"\\\1", text)


def say(sentence: str | None) -> None:
    """Show what is wrong and what to change, beside the control that was just drawn."""
    if sentence:
        st.markdown(f":red[:material/error: {plain(sentence)}]")


def _changed(field: Field[Any]) -> None:
    if (value := st.session_state[field.key]) is not None:
        settings.give({field.key: value})


def _show(field: Field[Any], shown: object) -> dict[str, Any]:
    """Have the widget show this; returns the arguments that all widgets share.

    In a session's first run it is only the widget's default: a page that was open when the server restarted brings what was
    clicked meanwhile, and `_finish` takes that.
    """
    if not settings.first_run():
        st.session_state[field.key] = shown
    return {"key": field.key, "on_change": _changed, "args": (field,)}


def _finish(field: Field[Any], shown: object, returned: object) -> None:
    if settings.first_run() and returned is not None and returned != shown:
        settings.give({field.key: returned})
        st.rerun()
    if refused := settings.taken_back(field.key):
        say(refused[1])


def stepper(
    v: Values,
    field: Whole,
    label: str | None = None,
    help: str | None = None,
    disabled: bool = False,
    high: int | None = None,
) -> int:
    """A stepper for a whole number; returns what it shows.

    Args:
        v: the values of this run.
        field: the setting.
        label: its words.
        help: shown beside it.
        disabled: whether it stands still.
        high: where it ends today, if only results know; a larger value is held, and shown as this.
    """
    words, high = label or field.name.capitalize(), field.high(v) if high is None else high
    shown = min(v[field], high)
    shared = _show(field, shown)
    _finish(field, shown, st.number_input(words, field.low, high, shown, 1, help=help, disabled=disabled, **shared))
    return shown


def buttons(v: Values, field: Choice, label: str | None = None, help: str | None = None) -> None:
    """One of a few: buttons side by side, one pressed."""
    shared = _show(field, v[field])
    codes, words = list(field.words), field.words.__getitem__
    returned = st.segmented_control(
        label or field.name, codes, default=v[field], format_func=words, required=True, help=help, **shared
    )
    _finish(field, v[field], returned)


def optional_buttons(v: Values, field: Choice, label: str, none: str) -> None:
    """Buttons side by side of which one or none is pressed.

    Args:
        v: the values of this run.
        field: the choice.
        label: its words.
        none: the code that stands for no button.
    """
    codes, words = [code for code in field.words if code != none], field.words.__getitem__
    shown = v[field] if v[field] != none else None
    if not settings.first_run():
        st.session_state[field.key] = shown

    def changed() -> None:
        settings.give({field.key: st.session_state[field.key] or none})

    st.segmented_control(label, codes, default=shown, format_func=words, key=field.key, on_change=changed)
    if refused := settings.taken_back(field.key):
        say(refused[1])


def menu(v: Values, field: Choice, label: str | None = None, help: str | None = None) -> None:
    """One of many, from a list."""
    shared = _show(field, v[field])
    codes, words = list(field.words), field.words.__getitem__
    returned = st.selectbox(
        label or field.name.capitalize(), codes, codes.index(v[field]), format_func=words, help=help, **shared
    )
    _finish(field, v[field], returned)


def toggle(v: Values, field: Switch, label: str | None = None, help: str | None = None) -> None:
    """On or off."""
    shared = _show(field, v[field])
    with st.container(key=f"_{field.key}_toggle"):  # by which its place is known before it is drawn
        _finish(field, v[field], st.toggle(label or field.name, v[field], help=help, **shared))


def slider(v: Values, field: Real, instrument: str = "", label: str | None = None) -> None:
    """A slider that reports while it moves, beside a line in which the number can be typed.

    Args:
        v: the values of this run.
        field: the setting; its key is its name in live messages.
        instrument: the viewer that follows the moving hand, "" if none does.
        label: its words.
    """
    _slider(v, field, instrument, label or field.name.capitalize(), None)


def marks(v: Values, field: Real, values: Sequence[float], label: str) -> None:
    """A slider over a few values, as a logarithmic scale has them, beside a line in which any other can be typed."""
    _slider(v, field, "", label, sorted({*values, v[field]}))


def _slider(v: Values, field: Real, instrument: str, words: str, stops: Sequence[float] | None) -> None:
    key, value = f"_{field.key}_slider", v[field]
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", key=f"_{field.key}_and_line"):
        live_slider(key, instrument, field, words, value, lambda sent: settings.give({field.key: sent}), stops)
        _typed(v, field, words, hidden=True)
    if refused := settings.taken_back(field.key):
        say(refused[1])


def line(
    v: Values, field: Field[Any], label: str | None = None, help: str | None = None, placeholder: str | None = None
) -> None:
    """A line of text; what could not be read stays to be mended."""
    _typed(v, field, label or field.name.capitalize(), help, placeholder)
    if refused := settings.taken_back(field.key):
        say(refused[1])


def lines(v: Values, field: Field[Any], label: str | None = None, help: str | None = None) -> None:
    """A field of several lines, into which rows can be pasted as they are; a field of one line makes spaces of line ends."""
    with st.container(key=f"_{field.key}_lines"):
        _typed(v, field, label or field.name.capitalize(), help, several=True)
    if refused := settings.taken_back(field.key):
        say(refused[1])


def _typed(
    v: Values,
    field: Field[Any],
    words: str,
    help: str | None = None,
    placeholder: str | None = None,
    hidden: bool = False,
    several: bool = False,
) -> None:
    refused = settings.taken_back(field.key)
    shown = str(refused[0])[:2000] if refused else field.write(v[field])
    shared = _show(field, shown)
    visibility: Literal["collapsed", "visible"] = "collapsed" if hidden else "visible"
    options = shared | {"help": help, "placeholder": placeholder, "label_visibility": visibility}
    returned = st.text_area(words, shown, 68, **options) if several else st.text_input(words, shown, **options)
    if settings.first_run() and returned != shown:
        settings.give({field.key: returned})
        st.rerun()
