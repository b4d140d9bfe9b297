"""Asks the user: Streamlit's widgets bound to the URL, each with one validator and one sentence for a wrong link."""

import math
import re
from collections.abc import Callable
from typing import Literal

import streamlit as st

from live.settings import SettingError, choice, whole


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it stands."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", text)


def say(sentence: str | None) -> None:
    """Show what is wrong and what to change, beside the control that was just drawn."""
    if sentence:
        st.markdown(f":red[:material/error: {plain(sentence)}]")


def wrong_in_link(key: str, read: Callable[[str], object]) -> str | None:
    """Sentence for a value in the link that its control cannot take; only a page's first run looks at the link."""
    if key in st.session_state or key not in st.query_params:
        return None
    try:
        read(st.query_params[key])
    except SettingError as error:
        return f"In the link: {error}"
    return None


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
    wrong = wrong_in_link(key, lambda text: whole(name, text, (low, high)))
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


def one_of(key: str, label: str, names: dict[str, str], default: str, help: str | None = None) -> str:
    """Buttons side by side, one pressed. Names are value -> what is shown; the URL holds what is shown."""
    wrong = wrong_in_link(key, lambda text: choice(label, text, tuple(names.values())))
    shown = st.segmented_control(
        label, list(names.values()), default=names[default], required=True, key=key, bind="query-params", help=help
    )
    say(wrong)
    return _value_of(shown, names, default)


def selected(key: str, label: str, names: dict[str, str], default: str, help: str | None = None) -> str:
    """One of many, from a list. Names are value -> what is shown; the URL holds what is shown."""
    wrong = wrong_in_link(key, lambda text: choice(label, text, tuple(names.values())))
    options = list(names.values())
    shown = st.selectbox(label, options, options.index(names[default]), key=key, bind="query-params", help=help)
    say(wrong)
    return _value_of(shown, names, default)


def _value_of(shown: str | None, names: dict[str, str], default: str) -> str:
    return next((value for value, name in names.items() if name == shown), default)


def switched(key: str, label: str, default: bool = False, help: str | None = None) -> bool:
    """On or off."""

    def read(text: str) -> None:
        if text.lower() not in ("true", "false", "1", "0"):
            raise SettingError(f"{key} must be true or false.")

    wrong = wrong_in_link(key, read)
    value = st.toggle(label, default, key=key, bind="query-params", help=help)
    say(wrong)
    return bool(value)
