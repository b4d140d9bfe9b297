"""The order of a lesson page: idea, instrument, formula, Check yourself, In code, share and download."""

import io
import json
from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from cnn_core.images import encode_png
from live.messages import picture
from live.stages import Stage, scale_limits
from ui.components.copy_link.component import copy_link
from ui.palette import colourise


def dark() -> bool:
    """Whether the browser shows the dark theme."""
    return st.context.theme.type == "dark"


def begin(title: str, idea: str, first: str) -> None:
    """Title, one sentence that says the idea, one line that says what to try first."""
    st.title(title)
    st.markdown(f"{idea} :material/touch_app: **Try first:** {first}")


def check_yourself(key: str, draw: Callable[[np.random.Generator], tuple[str, int, str]]) -> None:
    """A question with fresh numbers, answered before the reveal.

    Args:
        key: prefix of the question's keys in the session.
        draw: from a seeded generator to (question, right answer, explanation), all Markdown.
    """
    st.subheader("Check yourself")
    seed = st.session_state.setdefault(f"_{key}_seed", 1)
    question, right, why = draw(np.random.default_rng(seed))
    st.markdown(question)
    answer_column, check_column, next_column = st.columns([2, 1, 1], vertical_alignment="bottom")
    answer = answer_column.number_input("Your answer", value=None, step=1, key=f"_{key}_answer_{seed}")
    asked = check_column.button("Check", key=f"_{key}_check", type="primary", width="stretch")

    def renew() -> None:
        st.session_state[f"_{key}_seed"] = seed + 1

    next_column.button("New numbers", key=f"_{key}_next", on_click=renew, width="stretch")
    if asked and answer is None:
        st.info("Write your answer first, then check it.")
    elif asked and answer == right:
        st.success(f"Right: {right}. {why}")
    elif asked:
        st.error(f"Not {answer}. {why}")


def in_code(versions: dict[str, str]) -> None:
    """The current settings as code, one tab a library."""
    st.subheader("In code")
    for tab, code in zip(st.tabs(list(versions)), versions.values(), strict=True):
        tab.code(code, language="python")


def share(key: str, stages: Sequence[Stage], settings: dict[str, object]) -> None:
    """Link to this screen; the last stage as picture and numbers, and the settings."""
    st.subheader("Share and download")
    st.caption("The link holds every setting, but not your own photo.")
    copy_link(f"_{key}_link")
    last = stages[-1]
    name = f"{key}-{last.name}"
    end = scale_limits(stages[0].low, stages[0].high)[1]
    buttons: tuple[tuple[str, Callable[[], bytes], str, str], ...] = (
        ("Picture (PNG)", lambda: encode_png(colourise(picture(last, end)[0])), f"{name}.png", "image/png"),
        ("Numbers (CSV)", lambda: _csv(last.maps), f"{name}.csv", "text/csv"),
        ("Numbers (NPY)", lambda: _npy(last.maps), f"{name}.npy", "application/octet-stream"),
        (
            "Settings (JSON)",
            lambda: json.dumps(settings, indent=2).encode(),
            f"{key}-settings.json",
            "application/json",
        ),
    )
    for column, (text, make, file, kind) in zip(st.columns(len(buttons)), buttons, strict=True):
        column.download_button(text, make, file, kind, on_click="ignore", width="stretch")


def _csv(maps: Array) -> bytes:
    """One row of numbers a line; maps one below the other, each after a line with its number."""
    buffer = io.StringIO()
    for number, one in enumerate(maps):
        buffer.write(f"# map {number}: {one.shape[0]} x {one.shape[1]}\n")
        np.savetxt(buffer, one, fmt="%.7g", delimiter=",")
    return buffer.getvalue().encode()


def _npy(maps: Array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, maps, allow_pickle=False)
    return buffer.getvalue()
