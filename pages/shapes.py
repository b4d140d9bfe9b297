"""Shape calculator: stack layers and see shapes, parameters, multiply-adds and receptive field."""

import numpy as np
import streamlit as st
from live.settings import SettingError

from ui import figures, formulas, lesson, stacks
from ui.controls import say, text_field

lesson.begin(
    "Shape calculator",
    "Each layer turns a shape into a shape. Stack them and see what a network costs, before training anything.",
    "choose VGG-16 and find where most of its parameters are.",
)
FIRST = next(iter(stacks.PRESETS.values()))


def use_preset() -> None:
    if chosen := st.session_state["_shapes_preset"]:
        shape, layers = stacks.PRESETS[chosen]
        st.session_state["shapes_input"], st.session_state["shapes_layers"] = formulas.shape_text(shape), layers


first, second = st.columns([1, 2])
first.selectbox(
    "Start from",
    list(stacks.PRESETS),
    index=None,
    placeholder="a known network",
    key="_shapes_preset",
    on_change=use_preset,
)
with second:
    shape_text = text_field(
        "shapes_input", "Input: channels × height × width", formulas.shape_text(FIRST[0]), stacks.parse_shape
    )
layers_text = text_field(
    "shapes_layers",
    "Layers",
    FIRST[1],
    stacks.parse_stack,
    help="conv KERNELS SIDE, max SIDE, avg SIDE, dense UNITS, flatten, relu, tanh, sigmoid, elu, softmax; options s2 (stride), p1 (padding), d2 (dilation), g2 (groups).",
)
try:
    shape, specs = stacks.parse_shape(shape_text), stacks.parse_stack(layers_text)
    st.session_state["_shapes_good"] = shape, specs
except SettingError as error:
    say(f"{error} The last stack that could be read is shown.")
    shape, specs = st.session_state.get("_shapes_good", (FIRST[0], stacks.parse_stack(FIRST[1])))


def write(new: list[stacks.Spec], extra: str | None = None, at: int = 0) -> None:
    texts = [spec.text for spec in new]
    if extra:
        texts.insert(at, extra)
    st.session_state["shapes_layers"] = "; ".join(texts)


place_column, kind_column, *buttons = st.columns([2, 2, 1, 1, 1, 1], vertical_alignment="bottom")
place = place_column.selectbox(
    "Layer", range(len(specs)), format_func=lambda n: f"{n + 1}: {specs[n].text}", key=f"_shapes_place_{len(specs)}"
)
place = min(place or 0, len(specs) - 1)
new = kind_column.selectbox(
    "New layer", ["conv 8 3 p1", "relu", "max 2", "avg 2", "flatten", "dense 10", "tanh", "softmax"], key="_shapes_new"
)
buttons[0].button("Add below", key="_shapes_add", on_click=write, args=(specs, new, place + 1), width="stretch")
buttons[1].button(
    "Remove",
    key="_shapes_remove",
    on_click=write,
    args=(specs[:place] + specs[place + 1 :],),
    disabled=len(specs) < 2,
    width="stretch",
)
for button, step, word in ((buttons[2], -1, "Move up"), (buttons[3], 1, "Move down")):
    swapped = list(specs)
    possible = 0 <= place + step < len(specs)
    if possible:
        swapped[place], swapped[place + step] = swapped[place + step], swapped[place]
    button.button(word, key=f"_shapes_{word}", on_click=write, args=(swapped,), disabled=not possible, width="stretch")

table = stacks.rows(specs, shape)
good = [row for row in table if row.problem is None]
if problem := next((row for row in table if row.problem), None):
    st.error(f"Layer {len(table)}, {problem.text}, does not fit: {problem.problem} The layers before it are shown.")
lesson.table(
    {
        "layer": ["input", *(row.text for row in good)],
        "output shape": [formulas.shape_text(shape), *(formulas.shape_text(row.shape or ()) for row in good)],
        "parameters": ["0", *(f"{row.parameters:,}" for row in good)],
        "multiply-adds": ["0", *(f"{row.macs:,}" for row in good)],
        "receptive field": ["1", *(row.field for row in good)],
    }
)
parameters, macs = sum(row.parameters for row in good), sum(row.macs for row in good)
st.markdown(
    f"**{parameters:,}** parameters ({parameters * 4 / 1e6:,.1f} MB as float32), **{macs:,}** multiply-adds an image."
)
sizes = [int(np.prod(shape)), *(int(np.prod(row.shape or ())) for row in good)]
names = [f"{n}: {name}" for n, name in enumerate(["input", *(row.text for row in good)])]
left, right = st.columns(2)
left.image(
    figures.bars(names, sizes, "numbers in the output", lesson.dark(), log=True),
    alt="Numbers in each layer's output",
)
counted = [(name, row.parameters) for name, row in zip(names[1:], good, strict=True) if row.parameters]
if counted:
    right.image(
        figures.bars([name for name, _ in counted], [count for _, count in counted], "parameters", lesson.dark()),
        alt="Parameters of each layer that has any",
    )
lesson.formula(
    r"o = \left\lfloor \frac{i + 2p - d(k - 1) - 1}{s} \right\rfloor + 1 \qquad r_n = r_{n-1} + d_n (k_n - 1) \prod_{m<n} s_m"
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    k1, k2 = int(rng.choice([3, 5, 7])), int(rng.choice([3, 5]))
    right = k1 + 1 + (k2 - 1) * 2
    return (
        f"A **{k1} × {k1}** convolution, then **2 × 2** max pooling with stride 2, then a **{k2} × {k2}** convolution. How wide is the receptive field?",
        right,
        f"{k1} + (2 − 1) + ({k2} − 1)·2 = {right}.",
    )


lesson.check_yourself("shapes", question)
fitting = specs[: len(good)]
lesson.in_code("shapes", {"PyTorch": stacks.torch_code(fitting, shape), "Keras": stacks.keras_code(fitting, shape)})
lesson.share("shapes", np.array([[sizes]], np.float32), "sizes")
lesson.around("shapes")
