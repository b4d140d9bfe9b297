"""A window walks over a small grid of real numbers; every product and sum is worked out here, before it is drawn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from cnn_core.arguments import Array, Pair
from cnn_core.padding import pad
from cnn_core.shapes import Axis
from ui.components.files import component, mount
from ui.formulas import number
from ui.palette import colour, diverging_tables

_mount = component("window_explorer", "scrolling")


def _step(inputs: Array, weights: Array | None, bias: float, total: float, mode: str) -> tuple[str, str]:
    """One output written out in numbers and in letters."""
    result, flat = number(total), inputs.ravel()
    count = flat.size
    letters = [f"x{n}" for n in range(1, count + 1)]
    if weights is None:
        name = "max" if mode == "max" else "mean"
        return f"{name}({', '.join(map(number, flat))}) = {result}", f"{name}({', '.join(letters)}) = y"
    taps = weights.ravel()
    products = " + ".join(f"{number(x)}×{number(w)}" for x, w in zip(flat, taps, strict=True))
    algebra = " + ".join(f"x{n}·w{n}" for n in range(1, count + 1))
    return (
        f"{products}{f' + {number(bias)}' if bias else ''} = {result}",
        f"{algebra}{' + b' if bias else ''} = y",
    )


def unreached(axis: Axis) -> list[int]:
    """Positions of the padded input that no window reads: the rest at the end, and what long steps leave between.

    >>> from cnn_core.shapes import make_axis
    >>> unreached(make_axis(8, kernel_size=2, stride=3))
    [2, 5]
    >>> unreached(make_axis(6, kernel_size=3, stride=2, padding=(1, 2)))
    []
    >>> unreached(make_axis(6, kernel_size=2, stride=4, padding=(1, 1)))
    [2, 3, 6, 7]
    """
    reached = {place + axis.before for at in range(axis.output_size) for place in axis.window(at)}
    return sorted(set(range(axis.size + axis.before + axis.after)) - reached)


def explorer_data(
    image: Array,
    output: Array,
    rows: Axis,
    columns: Axis,
    weights: Array | None,
    mode: str,
    bias: float = 0.0,
    picture: bool = True,
    end: float = 0.0,
) -> dict[str, Any]:
    """What the component draws.

    Args:
        image: (H, W), the input.
        output: (Ho, Wo) as cnn_core computed it.
        rows, columns: the walk.
        weights: (kH, kW) for a convolution, None for pooling.
        mode: padding mode of a convolution; "max" or "average" for pooling.
        bias: added to each sum.
        picture: whether the input is an image, and keeps its greys.
        end: of the output's colour scale, at least: that of the map which it is a part of.
    """
    pads = (rows.before, rows.after), (columns.before, columns.after)
    padded = pad(image, *pads, "zeros" if weights is None else mode)
    steps = []
    for y, x in np.ndindex(output.shape):
        down = [i + rows.before for i in rows.window(y)]
        across = [j + columns.before for j in columns.window(x)]
        seen = padded[np.ix_(down, across)]
        text, letters = _step(seen, weights, bias, float(output[y, x]), mode)
        step: dict[str, Any] = {"taps": [(i, j) for i in down for j in across], "text": text, "letters": letters}
        if weights is None and mode == "max":
            i, j = np.unravel_index(seen.argmax(), seen.shape)
            step["winner"] = (down[int(i)], across[int(j)])
        step["names"] = [f"x{n}" for n in range(1, seen.size + 1)]
        steps.append(step)
    return {
        "input": padded.tolist(),
        "pads": [*pads[0], *pads[1]],
        "kernel": None if weights is None else weights.tolist(),
        "weights": [] if weights is None else [f"w{n}" for n in range(1, weights.size + 1)],
        "output": output.tolist(),
        "end": end,
        "steps": steps,
        "lost": [unreached(rows), unreached(columns)],
        "scale": "grey" if picture else "diverging",
        "tables": diverging_tables(),
    }


def transposed_data(
    image: Array, output: Array, weights: Array, stride: Pair, padding: Pair, dilation: Pair
) -> dict[str, Any]:
    """The same for a transposed convolution: which input pixels stamped on each output, and with which weight.

    Args:
        image: (H, W), the input.
        output: (Ho, Wo) as `conv_transpose2d` computed it.
        weights: (kH, kW).
        stride, padding, dilation: as (h, w).
    """
    steps: list[dict[str, Any]] = []
    for y, x in np.ndindex(output.shape):
        taps, terms, letters = [], [], []
        for i, j in np.ndindex(image.shape):
            reach = y + padding[0] - i * stride[0], x + padding[1] - j * stride[1]
            tap, rest = zip(*(divmod(r, d) for r, d in zip(reach, dilation, strict=True)), strict=True)
            if any(rest) or not (0 <= tap[0] < weights.shape[0] and 0 <= tap[1] < weights.shape[1]):
                continue
            taps.append((i, j))
            terms.append(f"{number(float(image[i, j]))}×{number(float(weights[tap]))}")
            letters.append(f"x{i},{j}·w{tap[0]},{tap[1]}")
        total = number(float(output[y, x]))
        steps.append(
            {
                "taps": taps,
                "text": f"{' + '.join(terms) or '0'} = {total}",
                "letters": f"{' + '.join(letters) or '0'} = y",
                "names": [f"x{i},{j}" for i, j in taps],
            }
        )
    return {
        "input": image.tolist(),
        "pads": [0, 0, 0, 0],
        "kernel": weights.tolist(),
        "weights": [f"w{i},{j}" for i, j in np.ndindex(weights.shape)],
        "output": output.tolist(),
        "end": 0.0,
        "steps": steps,
        "lost": [[], []],
        "tables": diverging_tables(),
        "scale": "grey",
    }


def window_explorer(
    key: str, data: dict[str, Any], titles: tuple[str, str, str], at: int, dark: bool, on_pin: Callable[[Any], None]
) -> None:
    """Draw the walk; on_pin gets the number of the output that was chosen, counted in row order.

    Args:
        key: key of the component in the session.
        data: from `explorer_data`.
        titles: of input, kernel and output.
        at: the output shown first.
        dark: whether the theme is dark.
        on_pin: called before the page runs, with whatever the browser sent.
    """

    colours = [colour(name, dark) for name in ("input", "kernel", "output")]
    with st.container(key=f"pictures_{key}"):
        mount(_mount, key, data | {"titles": titles, "at": at, "colours": colours}, "pin", on_pin)
