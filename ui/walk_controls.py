"""Controls of the walk: input, kernel, stride, padding and dilation, for height and width apart if wanted."""

import streamlit as st

from instruments import walk
from instruments.fields import Values
from ui.controls import menu, toggle
from ui.kernel_controls import pair
from ui.palette import label

PAIRS = {
    "stride": (walk.STRIDE, walk.STRIDE_ACROSS),
    "padding": (walk.PADDING, walk.PADDING_ACROSS),
    "input": (walk.SIZE, walk.SIZE_ACROSS),
    "kernel": (walk.KERNEL, walk.KERNEL_ACROSS),
    "dilation": (walk.DILATION, walk.DILATION_ACROSS),
}


def walk_controls(v: Values) -> None:
    """Draw all of them, two in a row; what the page is about comes first."""
    columns = [*st.columns(2), *st.columns(2), *st.columns(2)]
    for column, (quantity, fields) in zip(columns, PAIRS.items(), strict=False):
        with column:
            pair(v, quantity, *fields, v[walk.APART])
            if quantity == "padding" and any(walk.padding(v)):
                menu(v, walk.MODE, label("padding", "Mode"))
    toggle(v, walk.APART, help="Height and width separately.")
    toggle(v, walk.FLIP, help="Turn the kernel by 180°.")
    toggle(v, walk.TRANSPOSED, help="Each input pixel stamps the kernel on the output.")
