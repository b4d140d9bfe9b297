"""Controls of a kernel and of the convolution, activation and pooling around it.

The kernel is one text; presets, size and the editor are views of it.
"""

from collections.abc import Sequence

import numpy as np
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
LATER = (
    kernel.SIDES,
    kernel.FLIP,
    kernel.STRIDE,
    kernel.STRIDE_ACROSS,
    kernel.PADDING,
    kernel.PADDING_ACROSS,
    kernel.DILATION,
    kernel.DILATION_ACROSS,
    kernel.SCALE,
    kernel.RELU,
    kernel.POOL,
)
HELP = (
    "Numbers with spaces between them, rows ended by semicolons or line ends. Paste from a spreadsheet, Python, NumPy, PyTorch, "
    "MATLAB, C, LaTeX or ImageMagick, with a factor such as 1/16 before brackets."
)


def editor(v: Values, field: Text[str], instrument: str, beside: Sequence[Text[str]] = ()) -> None:
    """Draw the grid of numbers for a kernel's field.

    Args:
        v: the values of this run.
        field: the kernel's text.
        instrument: name of the viewer that follows the moving hand.
        beside: kernels that share its colour scale.
    """
    note = f"_{field.key}_note"

    def take(change: object) -> None:
        try:
            if (text := edited(change, v[field])) is not None:
                settings.give({field.key: text})
        except SettingError as error:
            st.session_state[note] = str(error)

    end = max((float(np.abs(parse_kernel(v[one])).max()) for one in beside), default=0.0)
    kernel_editor(f"_{field.key}_editor", instrument, field.key, v[field], st.session_state.pop(note, ""), take, end)


def kernel_controls(v: Values, instrument: str) -> None:
    """Draw editor, preset and bias: what is dragged comes first, so that a phone shows it with the picture."""

    def preset_chosen() -> None:
        if st.session_state["_preset"] in PRESETS:
            settings.give({kernel.KERNEL.key: format_kernel(PRESETS[st.session_state["_preset"]].values)})

    editor(v, kernel.KERNEL, instrument)
    st.session_state["_preset"] = preset = kernel.PRESET_OF.get(v[kernel.KERNEL], CUSTOM)
    names = {CUSTOM: "Your own"} | {name: one.label for name, one in PRESETS.items()}
    st.selectbox("Preset", list(names), format_func=names.__getitem__, key="_preset", on_change=preset_chosen)
    meaning = PRESETS[preset].meaning if preset in PRESETS else "Your own numbers."
    st.container(key="kernel_meaning").markdown(meaning)  # of two lines always: nothing moves
    slider(v, kernel.BIAS, instrument, "Bias")


def text_controls(v: Values) -> None:
    """Draw the kernel's size and its text."""

    def size_chosen() -> None:
        other = resized(values, st.session_state["_rows"], st.session_state["_columns"])
        settings.give({kernel.KERNEL.key: format_kernel(other)})

    values = parse_kernel(v[kernel.KERNEL])
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


def later_controls(v: Values, instrument: str) -> None:
    """Draw what is taught on later pages; it waits behind "And then" until some of it is set."""
    opened = "_kernel_later"  # once open it stays so: it would close under the hand that sets the last one back
    st.session_state[opened] = st.session_state.get(opened, False) or any(
        not settings.at_default(field, v) or settings.taken_back(field.key) for field in LATER
    )
    with st.expander("And then: stride, padding, ReLU, pooling", expanded=st.session_state[opened]):
        _window_controls(v, instrument)
        toggle(v, kernel.RELU, help="Negative values become 0.")
        buttons(v, kernel.POOL)
        if v[kernel.POOL] != "none":
            first, second = st.columns(2)
            with first:
                stepper(v, kernel.POOL_SIZE)
            with second:
                stepper(v, kernel.POOL_STRIDE)


def _window_controls(v: Values, instrument: str) -> None:
    """Stride, padding, dilation, mode and scale."""
    first, second = st.columns(2)
    with first:
        pair(v, "stride", kernel.STRIDE, kernel.STRIDE_ACROSS, v[kernel.SIDES])
    with second:
        pair(v, "padding", kernel.PADDING, kernel.PADDING_ACROSS, v[kernel.SIDES])
    if any(kernel.padding(v)):
        menu(v, kernel.MODE, label("padding", "Padding mode"))
    pair(v, "dilation", kernel.DILATION, kernel.DILATION_ACROSS, v[kernel.SIDES])
    toggle(v, kernel.SIDES)
    turned = "Turns the kernel by 180° first. Layers do not: they compute cross-correlation."
    toggle(v, kernel.FLIP, help=turned)
    slider(v, kernel.SCALE, instrument, "Kernel times")
