"""The whole network: every layer at once, on a digit or a photo, and what made each map."""

import streamlit as st

from instruments import network, own_model
from instruments.models import SHIPPED
from instruments.network import CHANNEL, COLUMN, KERNEL_SIDE, KERNELS, POOL, ROW
from instruments.overview_settings import MODEL, NARROW
from ui import (
    digit_source,
    formulas,
    image_source,
    lesson,
    model_source,
    network_files,
    network_view,
    opened_map_view,
    overview_view,
    own_digits,
    settings,
)
from ui.beside import beside
from ui.components.camera_answers.component import camera_answers
from ui.controls import menu, plain, stepper
from ui.palette import label
from ui.programs import Code, program

page = lesson.Page(
    "network",
    "A network turns a picture into an answer step by step: here you see every step, and the sum behind each number.",
    "point at a map, then click it. Choose **Photos (SqueezeNet)** and unfold **fire2**.",
)
v = model_source.resolved(network.FIELDS)
on_digits = v[MODEL] == "digits"
picture, controls = beside("network_wide" if v[NARROW] else "network", 3, 1)
with controls:
    menu(v, MODEL)
if on_digits:
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
        answer = f"The network says **{best}** with {formulas.percent(probabilities[best])}."
        st.markdown(answer + ("" if truth is None else f" It is a **{truth}**."))
        digit_source.show(probabilities, narrow=True)
    look = overview_view.look(v, overview_view.digits(net, digit))
else:
    model = own_model.chosen(v, MODEL)
    look = overview_view.look(v, overview_view.photo(model, image_source.in_colour()))
    with controls:
        st.markdown("It sees the middle of the photo chosen above the pages.")
        overview_view.said(look)
        model_source.own(v, MODEL)
with picture:
    overview_view.draw(v, look)
if not on_digits and model.code in SHIPPED:
    camera_answers("network_camera", model.code)
if on_digits and own is None and not network.is_trained(v):
    network_view.untrained(v)
opened = opened_map_view.draw(v, look)


def chosen_unit(place: object) -> None:
    """A click on a unit of the convolution or its ReLU chooses it below."""
    if isinstance(place, dict) and place.get("stage") in ("conv", "relu"):
        settings.give({CHANNEL.key: place.get("channel"), ROW.key: place.get("y"), COLUMN.key: place.get("x")})


if on_digits:
    st.subheader("All maps")
    st.markdown("Click a unit of the convolution to see below how it was computed.")
    network_view.layers(v, trace, chosen_unit)

    st.subheader("Softmax, written out")
    lesson.formula(formulas.softmax(trace["fc2"], best))

    st.subheader("Shapes and parameters")
    network_view.sizes(net)

    st.subheader("How one unit was computed")
    for column, field in zip(st.columns(3), (CHANNEL, ROW, COLUMN), strict=True):
        with column:
            stepper(v, field)
    network_view.unit(v, net, digit, trace)
    st.markdown(
        f"Dense layers: each hidden unit times its weight, for the answer **{best}**. Orange speaks for it, blue against it."
    )
    network_view.votes(net, trace, best)

if not on_digits and look.answer is not None:
    st.subheader("Softmax, written out")
    lesson.formula(formulas.softmax(look.answer.scores, look.answer.top[0]))
    st.markdown(
        f"Number {look.answer.top[0]} of {len(look.answer.scores):,} classes is **{plain(look.answer.names[0])}**."
    )

page.check_yourself()
if on_digits:
    sizes = {"kernels": v[KERNELS], "side": v[KERNEL_SIDE], "pool": v[POOL]}
    hidden = len(trace["fc1"])
    made = f"networks.digits_network({', '.join(map(str, (*sizes.values(), hidden)))})"
    if own is None and network.is_trained(v):
        made = 'networks.load("digits")'
    written = {"NumPy": program("network_numpy", net=Code(made), own=own is not None)}
else:
    written = {"NumPy": model_source.code("network_photo", model, v)}
graph, shape = look.subject.graph, look.subject.shape
page.in_code(v, network.CODE, written | network_files.programs(graph, shape))
network_files.offer(graph)
if opened is not None:
    page.share(opened, "map")
else:
    page.share(*(trace["conv1"], "convolution") if on_digits else (look.subject.x, "input"))
page.around()
