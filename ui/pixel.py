"""The pixel that a person chose on a viewer, as a bound text: stage, channel, row, column."""

from collections.abc import Callable, Sequence

import streamlit as st

from live.settings import SettingError, choice, whole
from ui.controls import say

Place = tuple[str, int, int, int]


def parse_place(text: str, stages: Sequence[str]) -> Place | None:
    """Read "convolution 0 12 30"; empty text means no pixel.

    >>> parse_place("relu 0 12 30", ["relu"]), parse_place(" ", [])
    (('relu', 0, 12, 30), None)
    """
    words = text.replace(",", " ").split()
    if not words:
        return None
    if len(words) != 4:
        raise SettingError("A pixel is written as stage, channel, row, column, such as convolution 0 12 30.")
    stage = choice("stage", words[0], ("input", *stages))
    channel, y, x = (whole(n, w, (0, 1 << 20)) for n, w in zip(("channel", "row", "column"), words[1:], strict=True))
    return stage, channel, y, x


def chosen_pixel(key: str, stages: Sequence[str]) -> Place | None:
    """Draw the field and return the place, or None."""
    text = st.text_input(
        "Chosen pixel (stage channel row column)",
        "",
        key=key,
        bind="query-params",
        placeholder="click a picture, or write: convolution 0 12 30",
    )
    try:
        return parse_place(text or "", stages)
    except SettingError as error:
        say(str(error))
        return None


def picked(key: str) -> Callable[[object], None]:
    """Callback for a viewer: stores the place that the browser sent, if it is one."""

    def store(place: object) -> None:
        if not isinstance(place, dict):
            return
        words = [str(place.get(name, ""))[:20] for name in ("stage", "channel", "y", "x")]
        try:
            parse_place(" ".join(words), ("convolution", "relu", "pooling"))
        except SettingError:
            return
        st.session_state[key] = " ".join(words)

    return store
