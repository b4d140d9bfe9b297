"""The same network in NumPy, PyTorch and Keras, and as a notebook."""

import numpy as np
import streamlit as st

from ui import digit_source, lesson, network_code
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.site import ROOT

lesson.begin(
    "Same in PyTorch and Keras",
    "What you built here is what the libraries build. The programs below give the same numbers for your digit.",
    "choose a digit, copy a program, and run it beside digits.npz.",
)
left, middle, right = st.columns([2, 2, 3])
with left:
    digit, _ = digit_source.choose_digit("code")
probabilities = digit_source.trained().forward(digit)
with middle:
    map_viewer("code_digit", [MapPanel("digit", "Digit", digit, image=True)])
with right:
    st.markdown(f"All three programs print these probabilities; the largest says **{int(probabilities.argmax())}**.")
    digit_source.show(probabilities)
    buttons = st.columns(2)
    buttons[0].download_button(
        "Notebook (.ipynb)",
        lambda: network_code.notebook(digit),
        "cnn.ipynb",
        "application/x-ipynb+json",
        on_click="ignore",
        width="stretch",
    )
    buttons[1].download_button(
        "Weights (digits.npz)",
        (ROOT / "assets" / "digits.npz").read_bytes,
        "digits.npz",
        on_click="ignore",
        width="stretch",
    )

st.subheader("What trips people")
lesson.table(
    {
        "": ["channel order", "kernel layout", 'padding="same"', "flatten order", "dense weights"],
        "here and PyTorch": [
            "N × C × H × W",
            "K × C × kH × kW",
            "stride 1 only; the odd pixel after",
            "C, H, W",
            "out × in",
        ],
        "Keras and TensorFlow": [
            "N × H × W × C",
            "kH × kW × C × K",
            "any stride: ⌈i / s⌉; the odd pixel after",
            "H, W, C",
            "in × out",
        ],
    }
)
lesson.formula(
    r"y_{n,r,c} = b_n + \sum_{m,i,j} x_{m,\,r+i,\,c+j}\, w_{n,m,i,j} \quad \text{in every one of them: cross-correlation}"
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    i, s = int(rng.integers(10, 60)), int(rng.integers(2, 5))
    return (
        f'TensorFlow\'s padding="same" on an input of **{i}** with stride **{s}**: how large is the output?',
        -(-i // s),
        f"⌈{i} / {s}⌉ = {-(-i // s)}.",
    )


lesson.check_yourself("code", question)
lesson.in_code(
    "code",
    {
        "NumPy": network_code.numpy_code(digit),
        "PyTorch": network_code.torch_code(digit),
        "Keras": network_code.keras_code(digit),
    },
    shown="NumPy",
)
lesson.share("code", digit, "digit")
lesson.around("code")
