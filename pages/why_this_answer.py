"""Why a real network answered so: which parts of the photo its score stands on, by five methods."""

import streamlit as st

from instruments import why_this_answer as why
from instruments.why_this_answer import FIRST, METHOD, NETWORK, SECOND, SIZE, STEPS, STRENGTH, STRIDE, WEIGHTS
from ui import image_source, lesson, model_source
from ui import why_this_answer_view as view
from ui.beside import beside
from ui.controls import buttons, menu, slider, stepper
from ui.programs import program

page = lesson.Page(
    "why_this_answer",
    "A network's answer stands on some parts of the photo more than on others: these methods ask which.",
    "choose the image *Cat* in the menu: why Egyptian cat and not tabby? Then try another method.",
)
v = model_source.resolved(why.FIELDS)
model = why.model(v)
asked = view.ask(v, image_source.in_colour())
picture, controls = beside("answer")
with controls:
    menu(v, METHOD)
    for field, label in ((FIRST, "Why …"), (SECOND, "… and not")):
        view.class_menu(v, field, label, asked.answer)
    slider(v, STRENGTH, label="Strength of the colours")
    method = why.method(v)
    if method == "gradcam":
        view.layer_menu(v)
    elif method == "integrated":
        stepper(v, STEPS, "Steps from black to the photo")
    elif method == "occlusion":
        for column, size in zip(st.columns(2), (SIZE, STRIDE), strict=True):
            with column:
                stepper(v, size)
    menu(v, NETWORK)
    view.said(asked.answer)
with picture:
    if method != v[METHOD]:
        st.info("This network does not end in the mean of maps, so Grad-CAM stands in for the class activation map.")
    made = view.explain(v, asked)
    if made is not None:
        view.watched(model, made, lambda maps: view.over_the_photo(v, asked, maps))
model_source.own(v, NETWORK, why.LAYER)
if method == "occlusion":
    view.place_the_square(v, asked)
if made is not None and made.maps is not None and made.done:
    st.subheader("The maps in numbers")
    view.in_numbers(asked, made.maps)
    lesson.formula(view.formula(v, asked, made.maps))

st.subheader("Is the method honest?")
st.markdown(
    "Give the network random weights, and it knows nothing. A map that stays the same then never showed what the network knows."
)
buttons(v, WEIGHTS)
if made is not None and v[WEIGHTS] != "none" and (random := view.explain(v, asked, v[WEIGHTS])) is not None:
    view.honesty(v, asked, made, random)
st.subheader("What each method says")
view.what_they_say()

page.check_yourself()
programs = {
    "NumPy": model_source.code("why_this_answer", model, v, rank=int(v[FIRST]) - 1),
    "PyTorch": program("why_this_answer_pytorch"),
}
page.in_code(v, why.CODE, programs)
if made is not None and made.maps is not None:
    page.share(made.maps, "map")
page.around()
