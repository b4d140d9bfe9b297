"""Controls of a kernel and of the convolution, activation and pooling around it.

The kernel is one text; presets, size and the editor are views of it.
"""

import streamlit as st

from cnn_core.kernels import PRESETS
from instruments import kernel
from instruments.fields import SettingError, Text, Values, Whole
from instruments.kernel_operations import edited, resized
from instruments.kernel_text import MAX_KERNEL, format_kernel, parse_kernel
from ui import settings
from ui.components.kernel_editor.component import kernel_editor
from ui.controls import buttons, lines, menu, slider, stepper, toggle
from ui.palette import label

CUSTOM = "custom"
HELP = (
    "Numbers with spaces between them, rows ended by semicolons or line ends. Paste from a spreadsheet, Python, NumPy, PyTorch, "
    "MATLAB, C, LaTeX or ImageMagick, with a factor such as 1/16 before brackets."
)


def editor(v: Values, field: Text[str], instrument: str) -> None:
    """Draw the grid of numbers for a kernel's field.

    Args:
        v: the values of this run.
        field: the kernel's text.
        instrument: name of the viewer that follows the moving hand.
    """
    note = f"_{field.key}_note"

    def take(change: object) -> None:
        try:
            if (text := edited(change, v[field])) is not None:
                settings.give({field.key: text})
        except SettingError as error:
            st.session_state[note] = str(error)

    kernel_editor(f"_{field.key}_editor", instrument, field.key, v[field], st.session_state.pop(note, ""), take)


def kernel_controls(v: Values, instrument: str) -> None:
    """Draw preset, size, editor and text."""

    def preset_chosen() -> None:
        if st.session_state["_preset"] in PRESETS:
            settings.give({kernel.KERNEL.key: format_kernel(PRESETS[st.session_state["_preset"]].values)})

    def size_chosen() -> None:
        other = resized(values, st.session_state["_rows"], st.session_state["_columns"])
        settings.give({kernel.KERNEL.key: format_kernel(other)})

    values = parse_kernel(v[kernel.KERNEL])
    st.session_state["_preset"] = preset = kernel.PRESET_OF.get(v[kernel.KERNEL], CUSTOM)
    names = {CUSTOM: "Your own"} | {name: one.label for name, one in PRESETS.items()}
    st.selectbox("Preset", list(names), format_func=names.__getitem__, key="_preset", on_change=preset_chosen)
    meaning = st.empty()  # keeps its place without words: the editor, moved, would be on the page twice for a moment
    if preset in PRESETS:
        meaning.markdown(PRESETS[preset].meaning)
    editor(v, kernel.KERNEL, instrument)
    st.session_state["_rows"], st.session_state["_columns"] = values.shape
    rows, columns = st.columns(2)
    rows.number_input(label("kernel", "Rows"), 1, MAX_KERNEL, step=1, key="_rows", on_change=size_chosen)
    columns.number_input(label("kernel", "Columns"), 1, MAX_KERNEL, step=1, key="_columns", on_change=size_chosen)
    lines(v, kernel.KERNEL, label("kernel", "Kernel as text"), HELP)


def pair(v: Values, quantity: str, down: Whole, across: Whole, apart: bool) -> None:
    """One stepper for a quantity, or one each for height and width."""
    word = quantity.capitalize()
    stepper(v, down, label(quantity, f"{word} down" if apart else word))
    if apart:
        stepper(v, across, label(quantity, f"{word} across"))


def convolution_controls(v: Values, instrument: str) -> None:
    """Draw stride, padding, dilation, mode, scale and bias."""
    first, second, third, fourth = st.columns(4)
    with fourth:
        toggle(v, kernel.SIDES)
        turned = "Turns the kernel by 180° first. Layers do not: they compute cross-correlation."
        toggle(v, kernel.FLIP, help=turned)
    with first:
        pair(v, "stride", kernel.STRIDE, kernel.STRIDE_ACROSS, v[kernel.SIDES])
    with second:
        pair(v, "padding", kernel.PADDING, kernel.PADDING_ACROSS, v[kernel.SIDES])
        if any(kernel.padding(v)):
            menu(v, kernel.MODE, label("padding", "Padding mode"))
    with third:
        pair(v, "dilation", kernel.DILATION, kernel.DILATION_ACROSS, v[kernel.SIDES])
    left, right = st.columns(2)
    with left:
        slider(v, kernel.SCALE, instrument, "Kernel times")
    with right:
        slider(v, kernel.BIAS, instrument, "Bias")


def pooling_controls(v: Values) -> None:
    """Draw ReLU and pooling."""
    first, second, third, fourth = st.columns([5, 4, 4, 3], vertical_alignment="bottom")
    with fourth:
        toggle(v, kernel.RELU, help="Negative values become 0.")
    with first:
        buttons(v, kernel.POOL)
    if v[kernel.POOL] != "none":
        with second:
            stepper(v, kernel.POOL_SIZE)
        with third:
            stepper(v, kernel.POOL_STRIDE)
