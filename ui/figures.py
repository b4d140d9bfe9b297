"""How curves and bars look: Plotly figures and SVG in the app's colours. Imports no Streamlit, and Plotly once it is needed."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ui import formulas
from ui.palette import QUANTITIES, colour

if TYPE_CHECKING:
    import plotly.graph_objects as go

GREY = "#8a93a0"  # of what is no longer so; it can be read on both themes
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
GROUPS = ("stride", "output")  # of a histogram: neither blue nor orange, which are below and above 0 on maps
DASHES = ("solid", "dash", "dot", "dashdot")  # lines differ by more than colour


def _empty() -> "go.Figure":
    from plotly.graph_objects import Figure  # its own parts alone take longer to load than a page to open

    return Figure()


def _layout(figure: "go.Figure", x: str, y: str) -> "go.Figure":
    figure.update_layout(
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        xaxis_title=x,
        yaxis_title=y,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    return figure


def lines(
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    x_title: str,
    y_title: str,
    dark: bool,
    before: tuple[Sequence[float], Sequence[float]] | None = None,
    faded: bool = False,
) -> "go.Figure":
    """Curves over one axis, told apart by colour and dash.

    Args:
        x: places on the axis.
        curves: their values there, by name.
        x_title, y_title: of the axes.
        dark: whether the theme is dark.
        before: places and values of an older curve, in grey behind the others.
        faded: whether all curves are old ones.
    """
    names = list(QUANTITIES)
    order = [names.index(name) for name in ("input", "kernel", "output", "gradient", "stride")]
    figure = _empty()
    if before is not None:
        style = {"color": GREY, "width": 2.5}
        figure.add_scatter(x=before[0], y=before[1], name="the run before", mode="lines", line=style, cliponaxis=False)
    for number, (name, y) in enumerate(curves.items()):
        shade = GREY if faded else colour(names[order[number % len(order)]], dark)
        style = {"color": shade, "dash": DASHES[number % len(DASHES)], "width": 2.5}
        figure.add_scatter(
            x=np.asarray(x), y=np.asarray(y), name=escape(name), mode="lines", line=style, cliponaxis=False
        )
    return _layout(figure, x_title, escape(y_title))  # Plotly takes tags for tags, and names may come from a file


def _power(of_ten: int) -> str:
    """A power of ten as a scale writes it.

    >>> _power(0), _power(3), _power(12)
    ('1', '1,000', '10¹²')
    """
    return f"{10**of_ten:,}" if of_ten <= 3 else "10" + str(of_ten).translate(_RAISED)


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    title: str,
    dark: bool,
    log: bool = False,
    high: float | None = None,
    texts: Sequence[str] | None = None,
    room: float = 330,
    behind: float = 110,
    above: bool = False,
    low: float | None = None,
) -> str:
    """A bar a line with its value written behind it, as SVG: shown at once, while Plotly's script takes half a second.

    Args:
        labels: of the bars.
        values: their lengths, above 0 if log.
        title: what they count.
        dark: whether the theme is dark.
        log: whether each grid line stands for ten times the one before.
        high: where the scale ends, or None for the largest value.
        texts: what is written behind each bar, or None for its value.
        room, behind: pixels of the longest bar, and of what is written behind it.
        above: whether each label stands above its bar instead of before it: long ones can be read on a phone then.
        low: where a logarithmic scale begins, a power of ten; its powers are written below it then. None for one power below the
            smallest value, and no words.
    """
    scale = math.log10 if log else float
    ticks, start = low is not None, 0
    if log:
        start = math.floor(math.log10(min(values))) - 1 if low is None else round(math.log10(low))
    end_of_scale = scale(max(values) if high is None else high) or 1.0
    left, line, lift = (2, 44, 20) if above else (16 + 7 * max(map(len, labels)), 24, 0)  # pixels

    def place(value: float) -> float:
        return left + room * (scale(value) - start) / (end_of_scale - start)

    width, height, foot = left + room + behind, 36 + line * len(labels), 18 if ticks else 0
    ink, shade = ("#e9edf3", "#3d4654") if dark else ("#1a1d23", "#d5dae1")
    title += ", on a logarithmic scale" if log else ""
    head = max(2, min(left, width - 7.5 * len(title)))  # above the bars, further left if it is long
    parts = [f'<text x="{head:.0f}" y="16" font-weight="600">{escape(title)}</text>']
    powers = range(start if ticks else start + 1, math.floor(end_of_scale) + 1) if log else ()
    parts += [f'<path d="M{place(10.0**power):.1f} 24 V{height:.0f}" stroke="{shade}"/>' for power in powers]
    if ticks:
        parts += [
            f'<text x="{place(10.0**power):.1f}" y="{height + 12:.0f}" font-size="12" '
            f'text-anchor="{"start" if power == start else "middle"}">{_power(power)}</text>'
            for power in powers
            if power % 3 == 0
        ]
    for number, (label, value) in enumerate(zip(labels, values, strict=True)):
        y, end = 30 + lift + line * number, place(value)
        at, anchor = (f'x="{left}" y="{y - 5}"', "start") if above else (f'x="{left - 8:.0f}" y="{y + 13}"', "end")
        text = texts[number] if texts else f"{value:,.0f}" if value == int(value) else formulas.number(value, 4)
        parts.append(
            f'<text {at} text-anchor="{anchor}">{escape(label)}</text>'
            f'<rect x="{left:.0f}" y="{y:.0f}" width="{end - left:.1f}" height="17" rx="2" fill="{colour("input", dark)}"/>'
            f'<text x="{end + 6:.1f}" y="{y + 13:.0f}">{escape(text)}</text>'
        )
    size = f'viewBox="0 0 {width:.0f} {height + foot:.0f}" width="{width:.0f}" height="{height + foot:.0f}"'
    style = f'font-family="sans-serif" font-size="14" fill="{ink}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>'


def histograms(groups: Mapping[str, NDArray[np.floating]], x_title: str, dark: bool) -> "go.Figure":
    """How values are spread, several arrays on one scale; only the counts are sent to the browser."""
    low = min(float(values.min()) for values in groups.values())
    high = max(float(values.max()) for values in groups.values())
    high = high if high > low else low + 1
    width = (high - low) / 60
    # One edge lies at 0: ReLU leaves nothing left of it.
    edges = width * np.arange(math.floor(low / width), math.floor(high / width) + 2)
    centres = (edges[1:] + edges[:-1]) / 2
    figure = _empty()
    for (name, values), quantity in zip(groups.items(), GROUPS, strict=False):
        counts = np.histogram(values, edges)[0] / values.size
        figure.add_bar(x=centres, y=counts, name=name, marker_color=colour(quantity, dark), opacity=0.65)
    figure.update_layout(barmode="overlay", bargap=0)
    return _layout(figure, x_title, "share of values")
