"""Registers a component from the files in its folder."""

from pathlib import Path
from typing import Any

import streamlit as st

SHARED = Path(__file__).parent / "shared"


def component(folder: str, *shared: str) -> Any:
    """Register the component of this folder; shared scripts are put before its own, as one module."""
    own = Path(__file__).parent / folder
    scripts = [SHARED / f"{name}.js" for name in shared] + [own / f"{folder}.js"]
    return st.components.v2.component(
        f"cnn_{folder}",
        css=(own / f"{folder}.css").read_text("utf-8"),
        js="\n".join(script.read_text("utf-8") for script in scripts),
    )
