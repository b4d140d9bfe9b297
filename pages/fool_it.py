"""Fool a real network, break its maps, move its photo, and ask one of its maps what it looks for."""

import numpy as np
import streamlit as st

from instruments import fool_it
from instruments.fool_it import CHANNEL, EPSILON, LAYER, LEVELS, NETWORK, OFF, SEED, STEPS
from ui import fool_it_view as view
from ui import image_source, lesson, model_source
from ui import why_this_answer_view as why_view
from ui.beside import beside
from ui.controls import menu, plain, slider, stepper
from ui.programs import program

page = lesson.Page(
    "fool_it",
    "A network sees other things than we do: a change that nobody notices can turn its answer over.",
    "move epsilon down to 0, then up again, and watch the answer while the picture looks the same.",
)
v = model_source.resolved(fool_it.FIELDS)
model = fool_it.model(v)
x, digest = why_view.given(model, image_source.in_colour())
before = why_view.answer_to(model, x)
picture, controls = beside("fool")
with controls:
    slider(v, EPSILON, label=f"Epsilon, in steps of 1/{LEVELS}")
    menu(v, NETWORK)
other = view.fooled(v, x, digest)
after = why_view.answer_to(model, other)
with picture:
    view.compare(before, after)
    view.side_by_side(v, x, other)
with controls:
    view.both(before, after)
model_source.own(v, NETWORK, LAYER, OFF, CHANNEL)
largest = float(np.abs(other - x).max()) * LEVELS
lesson.formula(
    r"\begin{aligned} x' &= x + \varepsilon \,\text{sign} \frac{\partial L}{\partial x}, \quad \varepsilon = "
    rf"\frac{{{v[EPSILON]:g}}}{{{LEVELS}}} \\[4pt] \max |x' - x| &= \frac{{{largest:.3g}}}{{{LEVELS}}} \end{{aligned}}"
)

st.subheader("Break it: switch maps off")
maps = view.switches(v, x, digest, before)

st.subheader("Is it really invariant?")
view.move(v, x, digest, before)

st.subheader("Ask it: what does a map look for?")
st.markdown(f"A map of **{plain(v[LAYER])}**, the layer that is chosen above.")
for column, number in zip(st.columns(3), (CHANNEL, SEED, STEPS), strict=True):
    with column:
        stepper(v, number)
view.ask_a_map(v)

page.check_yourself()
programs = {
    "NumPy": model_source.code("fool_it", model, v, epsilon=v[EPSILON]),
    "PyTorch": program("fool_it_pytorch", epsilon=v[EPSILON]),
}
page.in_code(v, fool_it.CODE, programs)
page.share(other - x, "difference")
page.around()
