"""Backward: gradients flowing back through each operation, with a numerical check beside each."""

import numpy as np
import streamlit as st

from instruments import backward
from instruments.backward import as_maps
from instruments.percent import percent
from ui import backward_view, image_source, lesson, own_digits, settings
from ui.beside import beside
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import buttons, lines
from ui.programs.backward import programs
from ui.walks import walk_explorer

EQUATIONS = {
    "conv": r"\frac{\partial L}{\partial x} = \text{full correlation of } \frac{\partial L}{\partial y} \allowbreak \text{ with the flipped } w, \qquad \frac{\partial L}{\partial w_{ij}} = \sum_{r,c} \frac{\partial L}{\partial y_{rc}}\, x_{r+i,\,c+j}",
    "relu": r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \text{ where } x > 0, \text{ else } 0",
    "pool": r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \text{ at the winner of each window, } 0 \text{ elsewhere}",
    "linear": r"\frac{\partial L}{\partial x} = W^\top \frac{\partial L}{\partial y}, \qquad \frac{\partial L}{\partial W} = \frac{\partial L}{\partial y}\, x^\top",
    "loss": r"\frac{\partial L}{\partial z} = p - t, \qquad p = \text{softmax}(z),\ t = \text{one-hot target}",
}
page = lesson.Page(
    "backward",
    "Training asks each number: how would the loss change if you changed a little? Backward answers, one operation at a time.",
    "change the incoming gradient and follow where it goes.",
)
v = settings.resolved(backward.FIELDS)
name = v[backward.OPERATION]
found = backward.compute(v, image_source.chosen().pixels)
picture, controls = beside("backward")
with controls:
    buttons(v, backward.OPERATION)
    if name in backward.INCOMING:
        rows, columns = backward.OPERATIONS[name].grid
        lines(v, backward.INCOMING[name], f"Incoming gradient, {rows} rows of {columns} numbers")
with picture:
    map_viewer("backward_maps", backward_view.panels(name, found))
lesson.formula(EQUATIONS[name])
st.markdown(
    f"Finite differences: each input moved by ±{backward.STEP:.5f}, the loss compared. Largest difference from backward: "
    f"**{found.error:.2g}**."
)
if found.error > 1e-4:
    st.info("They differ where the operation has a kink: at a tie, or at 0, there is no single slope.")

if name in ("conv", "pool"):
    st.subheader("Walk through it")
if name == "conv":
    st.markdown(
        "The gradient of the input: the kernel, flipped, slides over the incoming gradient with padding *k* − 1."
    )
    titles = ("Incoming gradient", "Kernel, flipped", "Gradient of the input")
    walk_explorer("backward_explorer", backward.input_walk(found), titles)
    st.markdown("The gradient of the kernel: the incoming gradient slides over the input; each position is one weight.")
    titles = ("Input", "Incoming gradient", "Gradient of the kernel")
    walk_explorer("backward_kernel_explorer", backward.kernel_walk(found), titles)
if name == "pool":
    st.markdown("Forward: the framed pixel wins its window. Backward: the window's whole gradient goes back to it.")
    walk_explorer("backward_explorer", backward.pool_walk(found), ("Input", "", "Output"))

st.subheader("The whole network, layer by layer")
own = own_digits.choose(v, backward.WEIGHTS)
flow = backward.network_gradients(own.graph) if own else backward.shipped_gradients()
sizes = {
    "gradient that leaves": list(flow.leaving),
    "mean size": [f"{np.abs(grad).mean():.2e}" for grad in flow.leaving.values()],
    "exactly 0": [percent((grad == 0).mean()) for grad in flow.leaving.values()],
}
lesson.table(sizes)
panels = [
    MapPanel("digit", "Digit", flow.digit, image=True),
    MapPanel("pixels", "Gradient of its pixels", flow.pixels),
    MapPanel("kernels", f"Gradient of the {len(flow.kernels)} kernels", flow.kernels),
]
map_viewer("backward_network", panels)

page.check_yourself()
page.in_code(v, backward.CODE, programs(name, found))
page.share(as_maps(next(iter(found.gradients.values()))), "gradient")
page.around()
