"""Charts that let the page's pictures go first: Plotly's script alone holds a browser for half a second."""

import plotly.graph_objects as go
import streamlit as st

from ui.components.files import component

_mount = component("late_charts")


@st.fragment
def late_charts(key: str, charts: dict[str, go.Figure]) -> None:
    """Draw figures side by side; in a session's first seconds their place stays free until the browser says that a picture is
    drawn. One call a page: Streamlit 1.67 hears only one of two fragments that speak at once.

    Args:
        key: start of the charts' keys in the session.
        charts: figures of one height by their description in words.
    """
    if "_first_picture" in st.session_state:
        for number, (column, (alt, figure)) in enumerate(zip(st.columns(len(charts)), charts.items(), strict=True)):
            column.plotly_chart(figure, key=f"{key}_{number}", alt=alt)
    else:
        height = max(figure.layout.height for figure in charts.values())
        _mount(key=f"{key}_place", height=height, on_drawn_change=_picture_drawn)


def _picture_drawn() -> None:
    st.session_state["_first_picture"] = True
