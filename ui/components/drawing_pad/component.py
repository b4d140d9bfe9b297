"""A pad for drawing a digit; reports 28 x 28 grey values while the hand moves."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from ui.components.files import component, mount

SIDE = 28
_mount = component("drawing_pad")


def read_drawing(values: object) -> Array | None:
    """What the browser sent as (28, 28) in [0, 1], or None if it is no drawing.

    >>> read_drawing([0] * 784).shape, read_drawing([1, 2]), read_drawing("x")
    ((28, 28), None, None)
    """
    if not isinstance(values, list) or len(values) != SIDE * SIDE:
        return None
    if not all(isinstance(value, int) and 0 <= value <= 255 for value in values):
        return None
    return np.array(values, np.float32).reshape(SIDE, SIDE) / np.float32(255)


def drawing_pad(key: str, on_draw: Callable[[Array], None]) -> None:
    """Draw the pad; on_draw gets each new picture, (28, 28) in [0, 1], bright on dark."""

    def drawn(values: object) -> None:
        if (picture := read_drawing(values)) is not None:
            on_draw(picture)

    # The count of answers changes at each run, so that the pad knows when to send its next picture.
    count = st.session_state[f"_{key}_count"] = st.session_state.get(f"_{key}_count", 0) + 1
    mount(_mount, key, {"answer": count}, "draw", drawn)
