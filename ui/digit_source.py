"""Controls for the digit that the network pages work on, and bars of what a network says of it."""

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from cnn_core.digits import SIDE, prepare
from cnn_core.images import to_grey
from cnn_core.networks import classes
from instruments.digits import UNSEEN, DigitFields, all_digits
from instruments.fields import Values
from ui import figures, image_source, lesson
from ui.components.drawing_pad.component import Drawing, drawing_pad
from ui.controls import buttons, stepper


def _keep(drawing: Drawing) -> None:
    st.session_state["_drawing"] = drawing  # the session's, whichever page shows the pad


def choose_digit(v: Values, fields: DigitFields) -> tuple[Array, int | None]:
    """Draw the choice; returns (1, 28, 28) and the right class if it is known."""
    buttons(v, fields.source)
    if v[fields.source] == "draw":
        drawing: Drawing | None = st.session_state.get("_drawing")
        drawing_pad(f"_{fields.source.key}_pad", drawing, _keep)
        if drawing is None or not drawing.pixels.any():
            st.markdown("Draw a digit; until then the network sees an empty picture.")
            return np.zeros((1, SIDE, SIDE), np.float32), None
        return prepare(drawing.pixels), None
    if v[fields.source] == "image":
        st.markdown("The image of the sidebar, centred as MNIST's digits are. Upload a photo of a digit there.")
        return prepare(to_grey(image_source.chosen().pixels)[0]), None
    images, labels = all_digits()
    number = stepper(v, fields.number, f"Number, {UNSEEN} and up were never trained on")
    return images[number], int(labels[number])


def show(probabilities: Array) -> None:
    """Bars of what a network says: ten probabilities."""
    alt = f"Probabilities of the ten digits; the largest is {int(probabilities.argmax())}"
    shares = [float(share) if share > 5e-5 else 0.0 for share in probabilities]
    with st.container(key="digit_bars"):
        st.image(figures.bars(classes("digits"), shares, "probability", lesson.dark(), high=1), alt=alt)
