"""The whole network on a digit: every intermediate visible."""

import numpy as np
import streamlit as st

from cnn_core.digits import SIDE
from instruments import network, training
from instruments.network import CHANNEL, COLUMN, HIDDEN, KERNEL_SIDE, KERNELS, LOGITS, POOL, ROW, laid_out
from ui import digit_source, formulas, lesson, settings
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import stepper
from ui.palette import label
from ui.programs import Code, program
from ui.site import ROOT
from ui.walks import walk_explorer

page = lesson.Page(
    "network",
    "Input, convolution, ReLU, max pooling, two dense layers and softmax: from 784 pixels to ten probabilities.",
    "choose Draw and write a digit, or step through the numbers.",
)
v = settings.resolved(network.FIELDS)
kernels, side, pool = v[KERNELS], v[KERNEL_SIDE], v[POOL]
left, middle, right = st.columns([2, 2, 3])
with left:
    digit, truth = digit_source.choose_digit(v, network.DIGIT)
with middle:
    stepper(v, KERNELS, "Kernels *K*")
    stepper(v, KERNEL_SIDE, label("kernel", "Kernel side"))
    stepper(v, POOL)
net = network.network(v)
trace = net.trace(digit)
probabilities, logits = trace["softmax"], trace["fc2"]
best = int(probabilities.argmax())
with right:
    said = f"The network says **{best}** with {probabilities[best]:.1%}."
    st.markdown(said + ("" if truth is None else f" It is a **{truth}**."))
    digit_source.show(probabilities)
if not network.is_trained(v):
    st.warning(
        "These sizes have no trained weights: the network guesses with random ones. Train this variant on the training page."
    )
    sizes = {training.KERNELS: kernels, training.KERNEL_SIDE: side, training.POOL: pool}
    query = {field.key: field.write(size) for field, size in sizes.items()}
    path, icon = ROOT / "pages" / "training.py", ":material/model_training:"
    st.page_link(path, label="Train this variant", icon=icon, query_params=query)


def chosen_unit(place: object) -> None:
    """A click on a unit of the convolution or its ReLU chooses it below."""
    if isinstance(place, dict) and place.get("stage") in ("conv", "relu"):
        settings.give({CHANNEL.key: place.get("channel"), ROW.key: place.get("y"), COLUMN.key: place.get("x")})


st.markdown("Click a unit of the convolution to see below how it was computed.")
maps = [
    MapPanel("input", "Input", trace["input"], image=True),
    MapPanel("conv", "Convolution", trace["conv1"]),
    MapPanel("relu", "ReLU", trace["relu1"]),
    MapPanel("pool", "Max pooling", trace["pool1"]),
]
map_viewer("network_maps", maps, on_click=chosen_unit)
hidden = trace["relu2"]
dense = [
    MapPanel("fc1", f"{len(hidden)} hidden units after ReLU", laid_out(hidden, HIDDEN)),
    MapPanel("fc2", f"{len(logits)} logits", laid_out(logits, LOGITS)),
]
map_viewer("network_dense", dense)

st.subheader("Softmax, written out")
lesson.formula(formulas.softmax(logits, best))

st.subheader("Shapes and parameters")
shapes = net.output_shapes()
rows = {
    "layer": [node.name for node in net.nodes],
    "output shape": [formulas.shape_text(shapes[node.name]) for node in net.nodes],
    "parameters": [f"{node.layer.parameter_count():,}" for node in net.nodes],
}
lesson.table(rows)
st.markdown(f"**{net.parameter_count():,}** parameters, **{net.macs():,}** multiply-adds a digit.")

st.subheader("How one unit was computed")
for column, field in zip(st.columns(3), (CHANNEL, ROW, COLUMN), strict=True):
    with column:
        stepper(v, field)
titles = ("Input around the unit", f"Kernel {v[CHANNEL]}", "Convolution (numbers rounded to 2 digits)")
walk_explorer("network_explorer", network.convolution_around(v, net, digit), titles, picture=True)
titles = ("ReLU around the unit", "", "Max pooling")
walk_explorer("network_pool_explorer", network.pooling_around(v, trace), titles)
st.markdown(
    f"Dense layers: each hidden unit times its weight, for the answer **{best}**. Orange speaks for it, blue against it."
)
votes = network.votes(net, trace, best)
why = [
    MapPanel("votes", f"Hidden units × weights of “{best}”", laid_out(votes.hidden, HIDDEN)),
    MapPanel("unit", f"Pooled maps × weights of hidden unit {votes.unit}", votes.pooled),
]
map_viewer("network_why", why)
total = votes.hidden.sum()
lesson.formula(rf"z_{{{best}}} = \sum_j w_j h_j + b = {total:.3f} + ({votes.bias:.3f}) = {logits[best]:.3f}")


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    n, k, p = int(rng.integers(4, 33)), int(rng.choice([3, 5, 7])), 2
    o = (SIDE - k + 1) // p
    return (
        f"{SIDE} × {SIDE} input, **{n}** kernels of **{k} × {k}**, then {p} × {p} max pooling. How many numbers go into the "
        "first dense layer?",
        n * o * o,
        f"{SIDE} − {k} + 1 = {SIDE + 1 - k}, pooled to {o}; {n}·{o}·{o} = {n * o * o}.",
    )


page.check_yourself(question)
made = 'networks.load("digits")' if network.is_trained(v) else f"networks.digits_network({kernels}, {side}, {pool})"
programs = {
    "NumPy": program("network_numpy", net=Code(made)),
    "PyTorch": program("network_pytorch", kernels=kernels, side=side, pool=pool),
}
page.in_code(v, network.CODE, programs)
page.share(trace["conv1"], "convolution")
page.around()
