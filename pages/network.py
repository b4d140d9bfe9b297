"""The whole network: every layer at once, on a digit or a photo, and what made each map."""

import streamlit as st

from instruments import network, own_model
from instruments.models import SHIPPED
from instruments.network import CHANNEL, COLUMN, KERNEL_SIDE, KERNELS, POOL, ROW
from instruments.overview_settings import MODEL, NARROW
from instruments.percent import percent
from ui import (
    digit_source,
    image_source,
    lesson,
    model_source,
    network_files,
    network_view,
    opened_map_view,
    overview_view,
    own_digits,
)
from ui.beside import beside
from ui.components.camera_answers.component import camera_answers
from ui.controls import menu, stepper
from ui.palette import label

UNIT = "one-unit"  # the heading that a link leads to

page = lesson.Page(
    "network",
    "A network turns a picture into an answer step by step: here you see every step, and the sum behind each number.",
    "tap or click a map. Choose **Photos (SqueezeNet)** and unfold **fire2**.",
)
v = model_source.resolved(network.FIELDS)
on_digits = v[MODEL] == "digits"
picture, controls = beside("network_wide" if v[NARROW] else "network", 3, 1)
with controls:
    menu(v, MODEL)
if on_digits:
    if v[network.DIGIT.source] != "image":
        image_source.tell("Choose **Photos (SqueezeNet)** to use it here.")
    with controls:
        digit, truth = digit_source.choose_digit(v, network.DIGIT)
        said = st.container()
        own = own_digits.choose(v, network.WEIGHTS)
        if own is not None:
            own_digits.fit_sizes(v, own)
        words = f"{v[KERNELS]} kernels of {v[KERNEL_SIDE]} × {v[KERNEL_SIDE]}, pooling {v[POOL]}"
        with st.expander(words, icon=":material/tune:"):
            stepper(v, KERNELS, "Kernels *K*", disabled=own is not None)
            stepper(v, KERNEL_SIDE, label("kernel", "Kernel side"), disabled=own is not None)
            stepper(v, POOL, disabled=own is not None)
    net = own.graph if own else network.network(v)
    trace = net.trace(digit)
    probabilities = trace["softmax"]
    best = int(probabilities.argmax())
    with said:
        answer = f"The network says **{best}** with {percent(probabilities[best])}."
        st.markdown(answer + ("" if truth is None else f" It is a **{truth}**."))
        digit_source.show(probabilities, narrow=True)
    look = overview_view.look(v, overview_view.digits(net, digit))
else:
    model = own_model.chosen(v, MODEL, any_answer=True)
    look = overview_view.look(v, overview_view.photo(model, image_source.in_colour()))
    with controls:
        st.markdown("It sees the middle of the photo chosen in the menu.")
        overview_view.said(look)
        model_source.own(v, MODEL, any_answer=True)
with picture:
    overview_view.draw(v, look)
if not on_digits and model.code in SHIPPED:
    camera_answers("network_camera", model.code)
if on_digits and own is None and not network.is_trained(v):
    network_view.untrained(v)
opened = opened_map_view.draw(v, look)

if on_digits:
    st.subheader("All maps")
    st.markdown(f"Tap or click a unit of the convolution to see [how it was computed ↓](#{UNIT}).")
    network_view.layers(v, trace)
if look.answer is not None:
    st.subheader("Softmax, written out")
    overview_view.written_out(look.answer)
if on_digits:
    st.subheader("Shapes and parameters")
    network_view.sizes(net)

    st.subheader("How one unit was computed", anchor=UNIT)
    for column, field in zip(st.columns(3), (CHANNEL, ROW, COLUMN), strict=True):
        with column:
            stepper(v, field)
    network_view.unit(v, net, digit, trace)
    network_view.votes(net, trace, best)

if on_digits:
    questions, code = None, network_files.digits_program(v, trace, own is not None)
    result = trace["conv1"], "convolution"
else:
    questions, code = overview_view.facts(look.subject, model.code), model_source.code("network_photo", model, v)
    result = look.subject.x, "input"
page.check_yourself(questions)
graph, shape = look.subject.graph, look.subject.shape
page.in_code(v, network.CODE, {"NumPy": code} | network_files.programs(graph, shape))
network_files.offer(graph)
page.share(*(result if opened is None else (opened, "map")))
page.around()
