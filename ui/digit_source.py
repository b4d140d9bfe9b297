"""The digit that the network pages work on, drawn, chosen from MNIST or the shared image, and what a network says of it."""

import numpy as np
import streamlit as st

from cnn_core import digits, mnist
from cnn_core.arguments import Array
from cnn_core.graph import Graph
from cnn_core.images import to_grey
from cnn_core.mnist import Labels
from cnn_core.networks import digits_network, load
from ui import figures, image_source, lesson
from ui.components.drawing_pad.component import drawing_pad
from ui.controls import one_of, whole_number

SOURCES = {"choose": "Choose", "draw": "Draw", "image": "The chosen image"}


@st.cache_resource(max_entries=1, show_spinner=False)
def all_digits() -> tuple[Array, Labels]:
    """The 9,000 bundled digits (N, 1, 28, 28) in [0, 1] and their classes, read-only."""
    images, labels = mnist.digits()
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def trained() -> Graph:
    """The shipped network, shared and read-only."""
    return load("digits")


def _keep(picture: Array) -> None:
    st.session_state["_drawing"] = picture


def choose_digit(prefix: str) -> tuple[Array, int | None]:
    """Draw the choice; returns (1, 28, 28) and the right class if it is known."""
    source = one_of(f"{prefix}_source", "Digit", SOURCES, "choose")
    images, labels = all_digits()
    if source == "draw":
        drawing_pad(f"{prefix}_pad", _keep)
        drawn: Array | None = st.session_state.get("_drawing")
        if drawn is None or not drawn.any():
            st.markdown("Draw a digit; until then the network sees an empty picture.")
            return np.zeros((1, 28, 28), np.float32), None
        return digits.prepare(drawn), None
    if source == "image":
        st.markdown("The image of the sidebar, centred as MNIST's digits are. Upload a photo of a digit there.")
        return digits.prepare(to_grey(image_source.chosen().pixels)[0]), None
    first = mnist.TRAINED
    number = whole_number(
        f"{prefix}_number", f"Number, {first} and up were never trained on", first, 0, len(images) - 1, name="number"
    )
    return images[number], int(labels[number])


def show(probabilities: Array) -> None:
    """Bars of what a network says: ten probabilities."""
    rounded = probabilities.round(4).tolist()
    alt = f"Probabilities of the ten digits; the largest is {int(probabilities.argmax())}"
    st.image(figures.bars([str(n) for n in range(10)], rounded, "probability", lesson.dark()), alt=alt)


def untrained(kernels: int, kernel_size: int, pool_size: int) -> Graph:
    """The same network with other sizes and random weights."""
    return digits_network(kernels, kernel_size, pool_size)
