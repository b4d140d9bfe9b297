"""Asks the user: Streamlit's widgets bound to the URL, each with one validator and one sentence for a wrong link."""

import math
import re
from collections.abc import Callable
from typing import Literal

import streamlit as st

from live.settings import SettingError, choice, format_number, real, whole
from ui.components.live_slider.component import live_slider


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it stands."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", text)


def say(sentence: str | None) -> None:
    """Show what is wrong and what to change, beside the control that was just drawn."""
    if sentence:
        st.markdown(f":red[:material/error: {plain(sentence)}]")


def checked(key: str, read: Callable[[str], object]) -> str | None:
    """Keep a control's validator for settings files, and say what is wrong with its value in the link.

    Args:
        key: the control's key, which is its name in the link.
        read: from text to the widget's value; raises SettingError with a sentence.

    Returns:
        A sentence, or None; only a page's first run looks at the link.
    """
    st.session_state.setdefault("_readers", {})[key] = read
    if key in st.session_state or key not in st.query_params:
        return None
    try:
        read(st.query_params[key])
    except SettingError as error:
        return f"In the link: {error}"
    return None


def load_settings(values: object) -> list[str]:
    """Set the controls on the page from {key: value}; returns a sentence for each value that was not taken."""
    if not isinstance(values, dict):
        return ["The file must hold an object with names and values."]
    readers, wrong = st.session_state.get("_readers", {}), []
    for key, value in list(values.items())[:100]:
        if key not in readers:
            wrong.append(f"This page has no setting named {str(key)[:40]}.")
            continue
        try:
            st.session_state[key] = readers[key](str(value))
        except SettingError as error:
            wrong.append(str(error))
    return wrong


def settings_of_page() -> dict[str, object]:
    """Every control's value by key, as `load_settings` reads it back."""
    state = st.session_state
    return {key: state[key] for key in state.get("_readers", {}) if state.get(key) is not None}


def whole_number(
    key: str,
    label: str,
    default: int,
    low: int,
    high: int,
    *,
    name: str,
    help: str | None = None,
    disabled: bool = False,
) -> int:
    """A stepper for whole numbers from low to high; a value that has become impossible moves to the nearest bound."""
    high = max(low, high)
    wrong = checked(key, lambda text: whole(name, text, (low, high)))
    held = st.session_state.get(key)
    if isinstance(held, int) and not low <= held <= high:
        st.session_state[key] = min(max(held, low), high)
    start = min(max(default, low), high)
    value = st.number_input(label, low, high, start, 1, key=key, bind=_bind(key), help=help, disabled=disabled)
    say(wrong)
    return int(value if value is not None else default)


def _bind(key: str) -> Literal["query-params"] | None:
    """Streamlit 1.67 raises OverflowError on a link with 1e310 for a whole number: such a control stays unbound."""
    flag = f"_{key}_unbound"
    if flag not in st.session_state:
        try:
            st.session_state[flag] = not math.isfinite(float(st.query_params.get(key, 0)))
        except ValueError:
            st.session_state[flag] = False
    return None if st.session_state[flag] else "query-params"


def one_of(
    key: str, label: str, names: dict[str, str], default: str, help: str | None = None, name: str | None = None
) -> str:
    """Buttons side by side, one pressed. Names are value -> what is shown; the URL holds what is shown."""
    wrong = checked(key, lambda text: choice(name or label, text, tuple(names.values())))
    shown = st.segmented_control(
        label, list(names.values()), default=names[default], required=True, key=key, bind="query-params", help=help
    )
    say(wrong)
    return _value_of(shown, names, default)


def selected(
    key: str, label: str, names: dict[str, str], default: str, help: str | None = None, name: str | None = None
) -> str:
    """One of many, from a list. Names are value -> what is shown; the URL holds what is shown."""
    wrong = checked(key, lambda text: choice(name or label, text, tuple(names.values())))
    options = list(names.values())
    shown = st.selectbox(label, options, options.index(names[default]), key=key, bind="query-params", help=help)
    say(wrong)
    return _value_of(shown, names, default)


def _value_of(shown: str | None, names: dict[str, str], default: str) -> str:
    return next((value for value, name in names.items() if name == shown), default)


def switched(key: str, label: str, default: bool = False, help: str | None = None) -> bool:
    """On or off."""

    def read(text: str) -> bool:
        if text.lower() not in ("true", "false"):
            raise SettingError(f"{key} must be true or false.")
        return text.lower() == "true"

    wrong = checked(key, read)
    value = st.toggle(label, default, key=key, bind="query-params", help=help)
    say(wrong)
    return bool(value)


def number(
    key: str,
    label: str,
    default: float,
    bounds: tuple[float, float],
    instrument: str,
    live_name: str,
    step: float = 0.01,
) -> float:
    """A slider that reports while it moves; its value is a bound text, which can be typed too."""
    low, high = bounds

    def read(text: str) -> str:
        value = real(live_name, text, max(abs(low), abs(high)))
        if not low <= value <= high:
            raise SettingError(f"{live_name} must be a number from {low:g} to {high:g}.")
        return format_number(value)

    wrong = checked(key, read)
    held = st.session_state.get(key, st.query_params.get(key, format_number(default)))
    try:
        value = float(read(held))
    except SettingError as error:
        value, wrong = default, str(error)

    def edited(given: object) -> None:
        if isinstance(given, int | float) and low <= given <= high:
            st.session_state[key] = format_number(given)

    slider, typed = st.columns([3, 1], vertical_alignment="bottom")
    typed.text_input(label, format_number(default), key=key, bind="query-params", label_visibility="collapsed")
    with slider:
        live_slider(f"_{key}_slider", instrument, live_name, label, value, bounds, step, edited)
    say(wrong)
    return value


def text_field(
    key: str,
    label: str,
    default: str,
    read: Callable[[str], object],
    help: str | None = None,
    placeholder: str | None = None,
) -> str:
    """A bound line of text, as it stands; what is wrong with it is said by whoever reads it."""

    def keep(text: str) -> str:
        read(text)
        return text

    checked(key, keep)
    return st.text_input(label, default, key=key, bind="query-params", help=help, placeholder=placeholder) or ""
