"""How curves and bars look: Plotly figures in the app's colours. Imports no Streamlit."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from ui.palette import QUANTITIES, colour

DASHES = ("solid", "dash", "dot", "dashdot")  # lines differ by more than colour


def _layout(figure: go.Figure, x: str, y: str, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        xaxis_title=x,
        yaxis_title=y,
        legend={"orientation": "h", "y": 1.12, "x": 0},
    )
    return figure


def lines(
    x: ArrayLike, curves: Mapping[str, ArrayLike], x_title: str, y_title: str, dark: bool, height: int = 320
) -> go.Figure:
    """Curves over one axis, told apart by colour and dash."""
    names = list(QUANTITIES)
    order = [names.index(name) for name in ("input", "kernel", "output", "gradient", "stride")]
    figure = go.Figure()
    for number, (name, y) in enumerate(curves.items()):
        shade = colour(names[order[number % len(order)]], dark)
        style = {"color": shade, "dash": DASHES[number % len(DASHES)], "width": 2.5}
        figure.add_scatter(x=np.asarray(x), y=np.asarray(y), name=name, mode="lines", line=style)
    return _layout(figure, x_title, y_title, height)


def bars(
    labels: Sequence[str],
    groups: Mapping[str, Sequence[float]],
    y_title: str,
    dark: bool,
    log: bool = False,
    height: int = 320,
) -> go.Figure:
    """Bars side by side with their values written on them."""
    figure = go.Figure()
    for (name, values), quantity in zip(groups.items(), ("input", "kernel", "output"), strict=False):
        text = [f"{value:,.0f}" if value == int(value) else f"{value:.4g}" for value in values]
        figure.add_bar(
            x=list(labels),
            y=list(values),
            name=name,
            text=text,
            textposition="auto",
            marker_color=colour(quantity, dark),
        )
    figure.update_yaxes(type="log" if log else "linear")
    return _layout(figure, "", y_title, height)


def histograms(groups: Mapping[str, NDArray[np.floating]], x_title: str, dark: bool, height: int = 260) -> go.Figure:
    """How values are spread, several arrays on one scale; only the counts are sent to the browser."""
    low = min(float(values.min()) for values in groups.values())
    high = max(float(values.max()) for values in groups.values())
    edges = np.linspace(low, high if high > low else low + 1, 61)
    centres = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    for (name, values), quantity in zip(groups.items(), ("input", "kernel", "output"), strict=False):
        counts = np.histogram(values, edges)[0] / values.size
        figure.add_bar(x=centres, y=counts, name=name, marker_color=colour(quantity, dark), opacity=0.65)
    figure.update_layout(barmode="overlay", bargap=0)
    return _layout(figure, x_title, "share of values", height)
