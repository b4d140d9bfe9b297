"""A pad for drawing a digit; reports its 28 x 28 grey values and its strokes while the hand moves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from cnn_core.digits import SIDE
from ui.components.files import component, mount

PIXELS = 280  # a side of the pad, on which strokes are measured
MAX_POINTS = 4000  # of all strokes; a digit has about 200
_mount = component("drawing_pad")


class Stroke(TypedDict):
    """One line of the hand."""

    width: int  # pixels of the pad
    points: list[list[int]]  # [x, y] in pixels of the pad


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a person drew: what a network is shown of it, and what the pad draws again."""

    pixels: Array  # (28, 28) in [0, 1], bright on dark
    strokes: list[Stroke]
    ready: bool = False  # nobody drew it: the first stroke takes its place


def read_drawing(sent: object) -> Drawing | None:
    """What the browser sent, or None if it is no drawing.

    >>> stroke = {"width": 22, "points": [[140, 90], [140, 200]]}
    >>> read_drawing({"pixels": [0] * 784, "strokes": [stroke]}).pixels.shape, read_drawing({"pixels": [1, 2]})
    ((28, 28), None)
    """
    if not isinstance(sent, dict):
        return None
    pixels, strokes = sent.get("pixels"), sent.get("strokes")
    if not isinstance(pixels, list) or len(pixels) != SIDE * SIDE or not all(_whole(one, 0, 255) for one in pixels):
        return None
    if not isinstance(strokes, list) or len(strokes) > MAX_POINTS or not all(map(_is_stroke, strokes)):
        return None
    if sum(len(stroke["points"]) for stroke in strokes) > MAX_POINTS:
        return None
    kept = [Stroke(width=stroke["width"], points=stroke["points"]) for stroke in strokes]
    return Drawing(np.array(pixels, np.float32).reshape(SIDE, SIDE) / np.float32(255), kept)


def _is_stroke(sent: object) -> bool:
    if not isinstance(sent, dict) or not _whole(sent.get("width"), 1, PIXELS):
        return False
    points = sent.get("points")
    return isinstance(points, list) and 0 < len(points) <= MAX_POINTS and all(map(_is_point, points))


def _is_point(sent: object) -> bool:
    """A hand that holds on may leave the pad by as much as its side."""
    return isinstance(sent, list) and len(sent) == 2 and all(_whole(one, -PIXELS, 2 * PIXELS) for one in sent)


def _whole(sent: object, low: int, high: int) -> bool:
    return isinstance(sent, int) and not isinstance(sent, bool) and low <= sent <= high


def drawing_pad(key: str, drawing: Drawing, on_draw: Callable[[Drawing], None]) -> None:
    """Draw the pad.

    Args:
        key: key of the component in the session.
        drawing: what the pad holds when it comes onto the page; later its own strokes are the newer ones.
        on_draw: called before the page runs, with each new drawing.
    """

    def drawn(sent: object) -> None:
        if (read := read_drawing(sent)) is not None:
            on_draw(read)

    # The count of answers changes at each run, so that the pad knows when to send its next picture.
    count = st.session_state[f"_{key}_count"] = st.session_state.get(f"_{key}_count", 0) + 1
    data = {"answer": count, "strokes": drawing.strokes, "ready": drawing.ready, "most": MAX_POINTS}
    mount(_mount, key, data, "draw", drawn)
