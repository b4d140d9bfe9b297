"""Activation: what stands between two layers."""

import numpy as np
import streamlit as st

from cnn_core.images import to_grey
from instruments import activation
from instruments.percent import percent
from ui import figures, formulas, image_source, lesson, settings
from ui.beside import beside
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer, picture_scale, values_scale
from ui.controls import menu, slider, toggle
from ui.programs import activation as programs

page = lesson.Page(
    "activation",
    "After a convolution each number goes through a simple curve. The bend in that curve is what lets layers add up to "
    "more than one layer.",
    "the blue, negative answers vanished in ReLU: choose Tanh, then ReLU again, and watch them.",
)
pixels = to_grey(image_source.chosen().pixels)
v = settings.resolved(activation.FIELDS)
chosen = activation.activation(v)
maps = activation.convolved(pixels, v)
after = activation.activated(maps, v)
end = float(np.abs(maps).max()) or 1.0
before_scale = picture_scale(maps)
after_scale = before_scale if np.array_equal(maps, after) else values_scale(after)
picture, controls = beside("activation")
with controls:
    menu(v, activation.NAME)
    if chosen.parameter:
        slider(v, activation.PARAMETER, label=chosen.parameter)
    menu(v, activation.KERNEL, "Kernel before it")
with picture:
    map_viewer(
        "activation_maps",
        [
            MapPanel("before", "Before", maps, end=end, scale=before_scale),
            MapPanel(
                "after", f"After {chosen.name}", after, end=end, scale=after_scale, reads=[Reads("before", "same")]
            ),
        ],
    )
    negative, zeroed = (maps < 0).mean(), ((maps < 0) & (after == 0)).mean()
    st.markdown(
        f"**{percent(negative)}** of the values are negative before; **{percent(zeroed)}** of all values were "
        "negative and are exactly 0 after."
    )
lesson.formula(rf"f(x) = {activation.formula(v)}")

x = np.linspace(-4, 4, 321)
curves = {chosen.name: activation.activated(x, v), "derivative": activation.slope(x, v)}
spread = {"before": maps, "after": after}
lesson.charts(
    "_activation",
    {
        f"{chosen.name} and its derivative from −4 to 4": lambda: figures.lines(x, curves, "x", "f(x)", lesson.dark()),
        "How the values are spread before and after the activation": lambda: figures.histograms(
            spread, "value", lesson.dark()
        ),
    },
)

st.subheader("Without it, two layers are one")
st.markdown(
    "Two convolutions in a row equal one convolution with a larger kernel: the two kernels convolved with each other. "
    "With an activation between them, no single kernel can do it."
)
toggle(v, activation.BETWEEN, f"{chosen.name} between the two")
twice, once = activation.twice(maps, v), activation.once(pixels, v)
rows, columns = activation.joined_kernel(v).shape
difference = float(np.abs(twice - once).max())
both = np.concatenate([twice, once])
scale, end_of_both = picture_scale(both), float(np.abs(both).max()) or 1.0  # one: a difference of rounding is not seen
map_viewer(
    "activation_two",
    [
        MapPanel(
            "twice",
            f"Convolution, {'activation, ' if v[activation.BETWEEN] else ''}convolution",
            twice,
            scale=scale,
            end=end_of_both,
        ),
        MapPanel("once", f"One {rows} × {columns} convolution", once, scale=scale, end=end_of_both),
        MapPanel(
            "difference",
            "Difference, on the same scale",
            twice - once,
            end=end_of_both,
            reads=[Reads("twice", "same"), Reads("once", "same")],
        ),
    ],
)
if difference < 1e-3 * float(np.abs(once).max() or 1):
    st.success(f"The same picture: the largest difference is {difference:.2g}, rounding.")
else:
    st.info(
        f"Not the same: the largest difference is {formulas.number(difference)}. The bend between them did something new."
    )

page.check_yourself()
name, parameter = v[activation.NAME], v[activation.PARAMETER] if chosen.parameter else None
code = {"NumPy": programs.numpy(name, parameter), "PyTorch": programs.pytorch(name, parameter)}
page.in_code(v, activation.CODE, code)
page.share(after, name)
page.around()
