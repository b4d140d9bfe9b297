"""The whole network on a digit: every intermediate visible."""

import streamlit as st

from instruments import network
from instruments.network import CHANNEL, COLUMN, KERNEL_SIDE, KERNELS, POOL, ROW
from ui import digit_source, formulas, lesson, network_view, own_digits, settings
from ui.controls import stepper
from ui.palette import label
from ui.programs import Code, program

page = lesson.Page(
    "network",
    "Input, convolution, ReLU, max pooling, two dense layers and softmax: from 784 pixels to ten probabilities.",
    "choose Draw and write a digit, or step through the numbers.",
)
v = settings.resolved(network.FIELDS)
left, middle, right = st.columns([2, 2, 3])
with left:
    digit, truth = digit_source.choose_digit(v, network.DIGIT)
with middle:
    own = own_digits.choose(v, network.WEIGHTS)
    if own is not None:
        own_digits.fit_sizes(v, own)
    with st.expander(
        f"{v[KERNELS]} kernels of {v[KERNEL_SIDE]} × {v[KERNEL_SIDE]}, pooling {v[POOL]}", icon=":material/tune:"
    ):
        stepper(v, KERNELS, "Kernels *K*", disabled=own is not None)
        stepper(v, KERNEL_SIDE, label("kernel", "Kernel side"), disabled=own is not None)
        stepper(v, POOL, disabled=own is not None)
net = own.graph if own else network.network(v)
trace = net.trace(digit)
probabilities = trace["softmax"]
best = int(probabilities.argmax())
with right:
    said = f"The network says **{best}** with {formulas.percent(probabilities[best])}."
    st.markdown(said + ("" if truth is None else f" It is a **{truth}**."))
    digit_source.show(probabilities)
if own is None and not network.is_trained(v):
    network_view.untrained(v)


def chosen_unit(place: object) -> None:
    """A click on a unit of the convolution or its ReLU chooses it below."""
    if isinstance(place, dict) and place.get("stage") in ("conv", "relu"):
        settings.give({CHANNEL.key: place.get("channel"), ROW.key: place.get("y"), COLUMN.key: place.get("x")})


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

page.check_yourself()
sizes = {"kernels": v[KERNELS], "side": v[KERNEL_SIDE], "pool": v[POOL]}
hidden = len(trace["fc1"])
made = f"networks.digits_network({', '.join(map(str, (*sizes.values(), hidden)))})"
if own is None and network.is_trained(v):
    made = 'networks.load("digits")'
loaded = own is not None
programs = {
    "NumPy": program("network_numpy", net=Code(made), own=loaded),
    "PyTorch": program("network_pytorch", **sizes, hidden=hidden, own=loaded),
}
page.in_code(v, network.CODE, programs)
page.share(trace["conv1"], "convolution")
page.around()
