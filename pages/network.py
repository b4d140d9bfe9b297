"""The whole network on a digit: every intermediate visible."""

import numpy as np
import streamlit as st

from cnn_core.shapes import window_axes
from ui import digit_source, formulas, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.components.window_explorer.component import explorer_data, window_explorer
from ui.controls import whole_number
from ui.palette import label
from ui.site import ROOT

lesson.begin(
    "The whole network",
    "Input, convolution, ReLU, max pooling, two dense layers and softmax: from 784 pixels to ten probabilities.",
    "choose Draw and write a digit, or step through the numbers.",
)
left, middle, right = st.columns([2, 2, 3])
with left:
    digit, truth = digit_source.choose_digit("network")
with middle:
    kernels = whole_number("network_kernels", "Kernels *K*", 16, 1, 64, name="kernels")
    side = whole_number("network_side", label("kernel", "Kernel side"), 5, 1, 9, name="kernel side")
    pool = whole_number("network_pool", "Pooling window", 2, 1, 6, name="pooling window")
shipped = (kernels, side, pool) == (16, 5, 2)
net = digit_source.trained() if shipped else digit_source.untrained(kernels, side, pool)
trace = {name: array[0] for name, array in net.trace(digit[np.newaxis]).items()}
probabilities = trace["softmax"]
best = int(probabilities.argmax())
with right:
    said = f"The network says **{best}** with {probabilities[best]:.1%}."
    st.markdown(said + ("" if truth is None else f" It is a **{truth}**."))
    digit_source.show(probabilities)
if not shipped:
    st.warning(
        "These sizes have no trained weights: the network guesses with random ones. Train this variant on the training page."
    )
    query = {"training_kernels": str(kernels), "training_side": str(side), "training_pool": str(pool)}
    st.page_link(
        ROOT / "pages" / "training.py", label="Train this variant", icon=":material/model_training:", query_params=query
    )


def chosen_unit(place: object) -> None:
    """A click on a unit of the convolution or its ReLU chooses it below."""
    if isinstance(place, dict) and place.get("stage") in ("conv", "relu"):
        for name in ("channel", "y", "x"):
            if isinstance(place.get(name), int) and 0 <= place[name] < 64:
                st.session_state[f"network_{name}"] = place[name]


st.markdown("Click a unit of the convolution to see below how it was computed.")
map_viewer(
    "network_maps",
    [
        MapPanel("input", "Input", trace["input"], image=True),
        MapPanel("conv", "Convolution", trace["conv1"]),
        MapPanel("relu", "ReLU", trace["relu1"]),
        MapPanel("pool", "Max pooling", trace["pool1"]),
    ],
    on_click=chosen_unit,
)
hidden = trace["relu2"].reshape(1, 8, -1)
map_viewer(
    "network_dense",
    [
        MapPanel("fc1", "128 hidden units after ReLU", hidden),
        MapPanel("fc2", "10 logits", trace["fc2"].reshape(1, 2, 5)),
    ],
)

st.subheader("Softmax, written out")
logits = trace["fc2"]
total = float(np.exp(logits - logits.max()).sum())
lesson.formula(
    rf"p_{{{best}}} = \frac{{e^{{z_{best}}}}}{{\sum_j e^{{z_j}}}} = \frac{{e^{{{logits[best]:.2f} - {logits.max():.2f}}}}}"
    rf"{{{' + '.join(f'e^{{{z - logits.max():.1f}}}' for z in logits)}}} = \frac{{1}}{{{total:.4f}}} = {probabilities[best]:.4f}"
)

st.subheader("Shapes and parameters")
shapes = net.output_shapes()
lesson.table(
    {
        "layer": [node.name for node in net.nodes],
        "output shape": [formulas.shape_text(shapes[node.name]) for node in net.nodes],
        "parameters": [f"{node.layer.parameter_count():,}" for node in net.nodes],
    }
)
st.markdown(f"**{net.parameter_count():,}** parameters, **{net.macs():,}** multiply-adds a digit.")

st.subheader("How one unit was computed")
stored = net.parameters()
columns = st.columns(3)
with columns[0]:
    channel = whole_number("network_channel", "Kernel number", 0, 0, kernels - 1, name="kernel number")
size = shapes["conv1"][1]
with columns[1]:
    y = whole_number("network_y", "Row of the unit", min(10, size - 1), 0, size - 1, name="row of the unit")
with columns[2]:
    x = whole_number("network_x", "Column of the unit", min(10, size - 1), 0, size - 1, name="column of the unit")
reach = 2  # outputs around the unit
top, across = min(max(y - reach, 0), max(size - 5, 0)), min(max(x - reach, 0), max(size - 5, 0))
count = min(5, size)
crop = trace["input"][0, top : top + count + side - 1, across : across + count + side - 1].round(2)
rows, cols = window_axes((crop.shape[0], crop.shape[1]), (side, side), 1, 0, 1)
weights = stored["conv1.weight"][channel, 0].round(2)
bias = round(float(stored["conv1.bias"][channel]), 2)
windows = np.lib.stride_tricks.sliding_window_view(crop, (side, side))
output = np.einsum("yxij,ij->yx", windows, weights) + bias
window_explorer(
    "network_explorer",
    explorer_data(crop, output, rows, cols, weights, "zeros", bias),
    ("Input around the unit", f"Kernel {channel}", "Convolution (numbers rounded to 2 digits)"),
    min((y - top) * cols.output_size + (x - across), output.size - 1),
    lesson.dark(),
    lambda _: None,
)
pooled_side = shapes["pool1"][1]
corner = [min(max(at // pool - 1, 0), max(pooled_side - 3, 0)) for at in (y, x)]  # of the 3 x 3 pooled outputs shown
shown = min(3, pooled_side)
relu_part, pool_part = (
    trace[name][channel, corner[0] * step : (corner[0] + shown) * step, corner[1] * step : (corner[1] + shown) * step]
    for name, step in (("relu1", pool), ("pool1", 1))
)
pool_rows, pool_columns = window_axes((relu_part.shape[0], relu_part.shape[1]), (pool, pool), pool, 0, 1)
window_explorer(
    "network_pool_explorer",
    explorer_data(relu_part, pool_part, pool_rows, pool_columns, None, "max", picture=False),
    ("ReLU around the unit", "", "Max pooling"),
    0,
    lesson.dark(),
    lambda _: None,
)
st.markdown(
    f"Dense layers: each hidden unit times its weight, for the answer **{best}**. Orange speaks for it, blue against it."
)
contribution = (stored["fc2.weight"][best] * trace["relu2"]).reshape(1, 8, -1)
pooled = trace["pool1"].shape
unit = int(np.abs(contribution).argmax())
into = (stored["fc1.weight"][unit] * trace["flatten"]).reshape(pooled)
map_viewer(
    "network_why",
    [
        MapPanel("votes", f"Hidden units × weights of “{best}”", contribution),
        MapPanel("unit", f"Pooled maps × weights of hidden unit {unit}", into),
    ],
)
offset = float(stored["fc2.bias"][best])
lesson.formula(rf"z_{{{best}}} = \sum_j w_j h_j + b = {contribution.sum():.3f} + ({offset:.3f}) = {logits[best]:.3f}")


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    n, k, p = int(rng.integers(4, 33)), int(rng.choice([3, 5, 7])), 2
    o = (28 - k + 1) // p
    return (
        f"28 × 28 input, **{n}** kernels of **{k} × {k}**, then 2 × 2 max pooling. How many numbers go into the first dense layer?",
        n * o * o,
        f"28 − {k} + 1 = {29 - k}, pooled to {o}; {n}·{o}·{o} = {n * o * o}.",
    )


lesson.check_yourself("network", question)
lesson.in_code(
    "network",
    {
        "NumPy": "import numpy as np\nfrom cnn_core import networks\n\nnet = networks.load('digits')\ndigit = np.zeros((1, 1, 28, 28))\nfor name, array in net.trace(digit).items():\n    print(name, array.shape)",
        "PyTorch": f"from torch import nn\n\nnet = nn.Sequential(\n    nn.Conv2d(1, {kernels}, {side}), nn.ReLU(), nn.MaxPool2d({pool}),\n    nn.Flatten(), nn.Linear({shapes['flatten'][0]}, 128), nn.ReLU(), nn.Linear(128, 10), nn.Softmax(1),\n)",
    },
)
lesson.share("network", trace["conv1"], "convolution")
lesson.around("network")
