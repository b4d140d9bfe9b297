"""A picture and its controls side by side: the picture stays in sight while the controls scroll (ui/shell.css)."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def beside(name: str, picture: float = 2, controls: float = 1) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Places for the picture, at the left or, on a phone, on top, and for the controls that move it.

    Args:
        name: of the instrument, once on a page.
        picture, controls: how they share the width.
    """
    with st.container(key=f"beside_{name}"):
        shown, set_here = st.columns([picture, controls], gap="medium")
    shown.empty()  # a column without content would not be there, and the controls would stand in its place for a moment
    return shown, set_here
