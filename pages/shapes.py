"""Shape calculator: stack layers and see shapes, parameters, multiply-adds and receptive field."""

import numpy as np
import streamlit as st

from instruments import stacks
from ui import figures, lesson, settings
from ui.controls import line
from ui.formulas import memory, shape_text
from ui.programs import stacks as programs

TABLE_ROWS, TABLE_HEIGHT = 24, 720  # more rows scroll, in so many pixels

page = lesson.Page(
    "shapes",
    "Each layer turns a shape into a shape. Stack them and see what a network costs, before training anything.",
    "choose VGG-16 and find where most of its parameters are.",
)
v = settings.resolved(stacks.FIELDS)
shape, specs = v[stacks.INPUT], v[stacks.LAYERS]


def use_preset() -> None:
    if (chosen := st.session_state["_shapes_preset"]) in stacks.PRESETS:
        shape, layers = stacks.PRESETS[chosen]
        settings.give({stacks.INPUT.key: stacks.write_shape(shape), stacks.LAYERS.key: layers})


first, second = st.columns([1, 2])
names, hint = list(stacks.PRESETS), "a known network"
first.selectbox("Start from", names, None, placeholder=hint, key="_shapes_preset", on_change=use_preset)
with second:
    line(v, stacks.INPUT, "Input: channels × height × width")
line(v, stacks.LAYERS, "Layers", help=stacks.HELP)

place_column, kind_column, *columns = st.columns([2, 2, 1, 1, 1, 1], vertical_alignment="bottom")
texts = [spec.text for spec in specs]
numbered = [f"{n}: {text if len(text) < 40 else text[:40] + '…'}" for n, text in enumerate(texts, 1)]
place = place_column.selectbox(
    "Layer", range(len(specs)), format_func=numbered.__getitem__, key=f"_shapes_place_{len(specs)}"
)
new = kind_column.selectbox("New layer", stacks.NEW, key="_shapes_new")


def swapped(one: int, other: int) -> list[str] | None:
    if not 0 <= other < len(texts):
        return None
    order = list(texts)
    order[one], order[other] = order[other], order[one]
    return order


changes = {
    "add": ("Add below", [*texts[: place + 1], new, *texts[place + 1 :]]),
    "remove": ("Remove", [*texts[:place], *texts[place + 1 :]] or None),
    "Move up": ("Move up", swapped(place, place - 1)),
    "Move down": ("Move down", swapped(place, place + 1)),
}
for column, (name, (words, changed)) in zip(columns, changes.items(), strict=True):
    given = ({stacks.LAYERS.key: "; ".join(changed or [])},)
    key, off = f"_shapes_{name}", changed is None
    column.button(words, key=key, on_click=settings.give, args=given, disabled=off, width="stretch")

rows = stacks.rows(specs, shape)
good = [row for row in rows if row.problem is None]
fitting = specs[: sum(row.depth == 0 for row in good)]
if problem := next((row for row in rows if row.problem), None):
    within = f" within “{specs[len(fitting)].text[:24]}…”" if problem.depth else ""
    place_words = f"Layer {len(fitting) + 1}, {problem.text}{within}, does not fit"
    st.error(f"{place_words}: {problem.problem} The layers before it are shown.")
layers, shapes = ["input", *(row.text for row in good)], [shape, *(row.shape for row in good)]
indented = ["input", *("│ " * row.depth + row.text for row in good)]
with st.container(height=TABLE_HEIGHT if len(good) > TABLE_ROWS else "content", border=False, key="_scrolls_table"):
    lesson.table(
        {
            "layer": indented,
            "output shape": list(map(shape_text, shapes)),
            "parameters": ["0", *(f"{row.parameters:,}" for row in good)],
            "multiply-adds": ["0", *(f"{row.macs:,}" for row in good)],
            "receptive field": ["1", *(row.field for row in good)],
        }
    )
parameters, macs = sum(row.parameters for row in good), sum(row.macs for row in good)
st.markdown(
    f"**{parameters:,}** parameters ({memory(4 * parameters)} as float32), **{macs:,}** multiply-adds an image."
)
sizes = [int(np.prod(one)) for one in shapes]
bars = [f"{n}: {name}" for n, name in enumerate(layers)]
with st.container(height=TABLE_HEIGHT if len(good) > 2 * TABLE_ROWS else "content", border=False, key="_scrolls_bars"):
    left, right = st.columns(2)
    dark, room, behind = lesson.dark(), 200, 80  # pixels, so that half a page need not shrink it
    drawn = figures.bars(bars, sizes, "numbers in the output", dark, log=True, low=1, room=room, behind=behind)
    left.image(drawn, alt="Numbers in each layer's output")
    if counted := {name: row.parameters for name, row in zip(bars[1:], good, strict=True) if row.parameters}:
        drawn = figures.bars(list(counted), list(counted.values()), "parameters", dark, room=room, behind=behind)
        right.image(drawn, alt="Parameters of each layer that has any")
lesson.formula(
    r"o = \left\lfloor \frac{i + 2p - d(k - 1) - 1}{s} \right\rfloor + 1 \qquad {r_n = r_{n-1} + d_n (k_n - 1) \prod_{m<n} s_m}"
)

page.check_yourself()
page.in_code(v, stacks.CODE, {"PyTorch": programs.pytorch(fitting, shape), "Keras": programs.keras(fitting, shape)})
page.share(np.array([[sizes]], np.float32), "sizes")
page.around()
