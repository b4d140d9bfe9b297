"""The same network in NumPy, PyTorch and Keras, and as a notebook."""

import streamlit as st

from cnn_core import weights
from cnn_core.networks import ASSETS
from instruments import code_page
from instruments.digits import classify
from ui import digit_source, lesson, own_digits, settings
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.programs import digits

page = lesson.Page(
    "code",
    "What you built here is what the libraries build. The programs below give the same numbers for your digit.",
    "choose a digit, copy a program, and run it beside the file of weights.",
)
v = settings.resolved(code_page.FIELDS)
left, middle, right = st.columns([2, 2, 3])
with left:
    digit, _ = digit_source.choose_digit(v, code_page.DIGIT)
    own = own_digits.choose(v, code_page.WEIGHTS)
probabilities = own.graph.forward(digit) if own else classify(digit)


def weights_file() -> bytes:
    """The weights that the programs read, by name."""
    return weights.encode(own.graph) if own else (ASSETS / "digits.npz").read_bytes()


with middle:
    map_viewer("code_digit", [MapPanel("digit", "Digit", digit, image=True)])
with right:
    st.markdown(f"All three programs print these probabilities; the largest says **{int(probabilities.argmax())}**.")
    digit_source.show(probabilities)
    book, numbers = st.columns(2)
    kind = "application/x-ipynb+json"
    book.download_button(
        "Notebook (.ipynb)", lambda: digits.notebook(digit, own), "cnn.ipynb", kind, on_click="ignore", width="stretch"
    )
    name = digits.OWN if own else "digits.npz"
    numbers.download_button(f"Weights ({name})", weights_file, name, on_click="ignore", width="stretch")

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

page.check_yourself()
page.in_code(v, code_page.CODE, digits.programs(digit, own))
page.share(digit, "digit")
page.around()
