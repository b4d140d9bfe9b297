"""Controls for the digit that the network pages work on, and bars of what a network says of it."""

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from cnn_core.digits import SIDE, prepare
from cnn_core.images import to_grey
from cnn_core.networks import classes
from instruments.digits import UNSEEN, DigitFields, all_digits
from instruments.fields import Values
from instruments.percent import percent
from ui import figures, image_source, lesson
from ui.components.drawing_pad.component import Drawing, drawing_pad
from ui.controls import buttons, stepper
from ui.ready_digit import READY


def _keep(drawing: Drawing) -> None:
    made_way = drawing.strokes == READY.strokes  # the first stroke was undone
    st.session_state["_drawing"] = READY if made_way else drawing  # the session's, whichever page shows the pad


def drawn(key: str) -> Array:
    """The pad with the session's drawing, at first a ready one; returns what a network sees of it, (1, 28, 28).

    Args:
        key: of the pad in the session.
    """
    drawing: Drawing = st.session_state.get("_drawing", READY)
    drawing_pad(key, drawing, _keep)
    if not drawing.pixels.any():
        st.markdown("Draw a digit; until then the network sees an empty picture.")
        return np.zeros((1, SIDE, SIDE), np.float32)
    return prepare(drawing.pixels)


def from_photo() -> Array:
    """What a network sees of the chosen image, (1, 28, 28)."""
    return prepare(to_grey(image_source.chosen().pixels)[0])


def choose_digit(v: Values, fields: DigitFields) -> tuple[Array, int | None]:
    """Draw the choice; returns (1, 28, 28) and the right class if it is known."""
    buttons(v, fields.source)
    if v[fields.source] == "draw":
        return drawn(f"_{fields.source.key}_pad"), None
    if v[fields.source] == "image":
        st.markdown("The image chosen in the menu, centred as MNIST's digits are. Upload a photo of a digit there.")
        return from_photo(), None
    images, labels = all_digits()
    number = stepper(v, fields.number, f"Number, {UNSEEN} and up were never trained on")
    return images[number], int(labels[number])


def show(probabilities: Array, narrow: bool = False) -> None:
    """Bars of what a network says: ten probabilities; narrow ones fit beside other pictures."""
    alt = f"Probabilities of the ten digits; the largest is {int(probabilities.argmax())}"
    shares, texts = probabilities.tolist(), [percent(share) for share in probabilities.tolist()]
    room, behind = (64, 74) if narrow else (330, 110)
    bars = figures.bars(
        classes("digits"), shares, "probability", lesson.dark(), high=1, texts=texts, room=room, behind=behind
    )
    with st.container(key="digit_bars"):
        st.image(bars, alt=alt)
