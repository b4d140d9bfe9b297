"""A picture and its controls side by side: what is set stays in sight of what it changes (ui/shell.css)."""

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


def ruling(name: str) -> tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]:
    """As `beside`, and a place below the picture for what the same controls rule: on a wide screen they stay beside it, too.

    Args:
        name: of the instrument, once on a page.
    """
    with st.container(key=f"ruling_{name}"):
        shown, set_here = beside(name)
        below = st.container()
    return shown, set_here, below
