"""One map of a network, opened: the sum that made it as pictures and in numbers, and a window that walks around one of its places."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st

from cnn_core.arguments import Array, Pair
from cnn_core.layers import AvgPool2d, BatchNorm2d, Conv2d, ConvTranspose2d, Linear, MaxPool2d
from cnn_core.padding import conv_axes
from cnn_core.pooling import pool_axes
from cnn_core.shapes import Axis
from instruments.fields import Values
from instruments.opened_map import Read, Step, kernel_walk, needed, pool_walk, steps, strongest_place
from instruments.overview import Card
from instruments.overview_settings import MAP, MAP_COLUMN, MAP_ROW, NODE, NONE, PART
from instruments.partial_sums import Part, PartialSums, grid
from instruments.window_walk import Walk
from server.shares import COMPUTING
from ui import cache, lesson, settings
from ui.components.map_viewer.component import MapPanel, Reads, map_viewer, values_scale
from ui.components.window_explorer.component import explorer_data, window_explorer
from ui.controls import plain, stepper
from ui.formulas import number
from ui.overview_view import Look, Subject, memory

TERMS = 4  # of a sum that are written out one by one


class Opened(NamedTuple):
    """A map of a card, and what made it."""

    card: Card
    channel: int
    steps: list[Step]


@cache.remembered
def _steps(
    key: str,  # noqa: ARG001  (what tells one result from another)
    digest: str,  # noqa: ARG001
    card: Card,
    channel: int,
    _look: Look,
) -> list[Step]:
    graph, shapes = _look.subject.graph, _look.structure.shapes
    with COMPUTING.take(2 * memory(shapes)):
        values = graph.values(_look.subject.x, needed(graph, card))
        return steps(graph, shapes, values, card, channel)


def draw(v: Values, look: Look) -> Array | None:
    """What is open, if anything is; returns its map, (1, h, w)."""
    known = [card for stage in look.structure.stages for card in stage.cards]
    card = next((card for card in known if card.name == v[NODE]), None)
    if card is None:
        return None
    subject: Subject = look.subject
    shape = look.structure.shapes[card.nodes[-1]]
    count = shape[0] if len(shape) == 3 else int(np.prod(shape))
    st.subheader("What made this map" if len(shape) == 3 else "What made this number")
    channel = stepper(v, MAP, f"Map of {card.name}" if len(shape) == 3 else f"Unit of {card.name}", high=count - 1)
    if count == len(subject.classes) and len(shape) == 1:
        st.markdown(f"It stands for the class **{plain(subject.classes[channel])}**.")
    made = _steps(subject.key, subject.digest, card, channel, look)
    for name in card.nodes:
        told = look.structure.details[name]
        st.markdown(f"**{plain(told['name'])}**: {plain(told['words'])}. {plain(told['facts'])}.")
    opened = Opened(card, channel, made)
    _pictures(opened)
    _at_a_place(v, opened)
    return made[-1].made[np.newaxis]


# As pictures


def _pictures(opened: Opened) -> None:
    """What each layer read and gave, the whole sum beside one another."""
    panels: list[MapPanel] = []
    for step in opened.steps:
        before = panels[-1].name if panels else ""
        panels += _sum_panels(step, opened.channel) if step.sums else _read_panels(step, before)
        if step.made.size > 1:
            panels.append(_made_panel(step, opened.channel, panels, before))
    map_viewer("network_sum", panels, on_click=lambda place: _clicked(place, opened))


def _stacked(
    name: str, title: str, maps: Sequence[Array], names: Sequence[str], reads: Sequence[Reads] = ()
) -> MapPanel:
    stack = np.stack(maps)
    return MapPanel(name, title, stack, scale=values_scale(stack), names=names if len(names) > 1 else None, reads=reads)


def _sum_panels(step: Step, channel: int) -> list[MapPanel]:
    """What was read, the slices of the kernel, and the partial maps."""
    sums = step.sums
    assert sums is not None
    numbers = [str(part.number) for part in sums.parts]
    alone = len(sums.parts) == 1
    read = _stacked("sum_read", "Read" if alone else "Maps that are read", [part.read for part in sums.parts], numbers)
    weights = _stacked(
        "sum_slices",
        f"× kernel {channel}" if alone else f"× slices of kernel {channel}",
        [part.weights for part in sums.parts],
        numbers,
    )
    made = [part.made for part in sums.parts]
    if isinstance(step.layer, Linear):
        reads = [Reads("sum_read", "same"), Reads("sum_slices", "same")]
        return [read, MapPanel(weights.name, "× weights", weights.maps, names=weights.names),
                _stacked("sum_parts", "= products", made, numbers, reads)]  # fmt: skip
    if sums.rest is not None:
        made, numbers = [*made, sums.rest], [*numbers, f"{sums.others} others"]
    return [read, weights, _stacked("sum_parts", "= partial maps", made, numbers, _window_reads(step, sums.parts[0]))]


def _window_reads(step: Step, part: Part) -> list[Reads]:
    """Where a partial map's cells read their map."""
    layer = step.layer
    if isinstance(layer, Conv2d) and layer.padding_mode == "zeros":
        size = (part.read.shape[0], part.read.shape[1])
        axes = conv_axes(size, layer.kernel_size, layer.stride, layer.padding, layer.dilation)
        return [Reads("sum_read", "window", *axes)]
    if isinstance(layer, ConvTranspose2d):
        sides = zip(
            part.made.shape,
            layer.kernel_size,
            layer.stride,
            layer.padding,
            layer.dilation,
            part.read.shape,
            strict=True,
        )
        rows, columns = (Axis(out, k, s, p, p, d, into) for out, k, s, p, d, into in sides)
        return [Reads("sum_read", "window", rows, columns, transposed=True)]
    return []


def _read_panels(step: Step, before: str) -> list[MapPanel]:
    """What a layer without weights read, unless it stands there already."""
    if before:
        return []
    panels = []
    for i, read in enumerate(step.reads):
        numbers = [str(one) for one in read.numbers]
        panels.append(_stacked(f"sum_read{i}", _read_title(read), list(_laid(read)), numbers))
    return panels


def _laid(read: Read) -> Array:
    """Maps as they are; a row of numbers in several lines, with zeros behind the last."""
    if read.maps.shape[1] > 1 or read.maps.shape[2] < 20:
        return read.maps
    rows, columns = grid(read.maps.size)
    laid = np.zeros(rows * columns, np.float32)
    laid[: read.maps.size] = read.maps.ravel()
    return laid.reshape(1, rows, columns)


def _read_title(read: Read) -> str:
    if len(read.numbers) > 1:
        return f"{read.node}, the first maps" if read.others else f"Maps of {read.node}"
    return f"{read.node}, map {read.numbers[0]}" if read.maps.shape[1:] != (1, 1) else read.node


def _made_panel(step: Step, channel: int, panels: Sequence[MapPanel], before: str) -> MapPanel:
    title, reads = f"After {step.node}", list[Reads]()
    if step.sums:
        bias = f" + bias {number(step.sums.bias)}" if step.sums.bias else ""
        sign = "their sum" if len(panels[-1].maps) > 1 else "all"
        title, reads = f"{sign}{bias} = map {channel}", [Reads("sum_parts", "same", channels="all")]
    elif isinstance(step.layer, MaxPool2d | AvgPool2d):
        window = step.layer
        size = (panels[-1].maps.shape[1], panels[-1].maps.shape[2])
        axes = pool_axes(size, window.kernel_size, window.stride, window.padding, window.dilation, window.ceil_mode)
        reads = [Reads(panels[-1].name, "window", *axes)]
    elif all(panel.maps.shape[1:] == step.made.shape for panel in panels):
        reads = [Reads(before, "same")] if before else [Reads(panel.name, "same") for panel in panels]
    maps = step.made[np.newaxis]
    return MapPanel(f"sum_{step.node}", title, maps, scale=values_scale(maps), reads=reads)


def _clicked(place: object, opened: Opened) -> None:
    """A click on what came out chooses the place, on a partial map the slice, too."""
    if not isinstance(place, dict):
        return
    made = {f"sum_{step.node}" for step in opened.steps} | {"sum_parts"}
    if place.get("stage") not in made:
        return
    chosen = {MAP_ROW.key: place.get("y"), MAP_COLUMN.key: place.get("x"), PART.key: NONE}
    sums, at = opened.steps[0].sums, place.get("channel")
    if place["stage"] == "sum_parts" and sums and isinstance(at, int) and 0 <= at < len(sums.parts):
        chosen[PART.key] = sums.parts[at].number
    settings.give(chosen)


# In numbers


def _at_a_place(v: Values, opened: Opened) -> None:
    """The sum at one place, written out, and the window that walks around it."""
    first, last = opened.steps[0], opened.steps[-1].made
    place = strongest_place(last if last.any() else first.made)
    if v[MAP_ROW] != NONE and v[MAP_COLUMN] != NONE:
        place = min(v[MAP_ROW], last.shape[0] - 1), min(v[MAP_COLUMN], last.shape[1] - 1)
    where = f"At row {place[0]}, column {place[1]}: " if last.size > 1 else ""
    lines = [_sum_line(first, place) if first.sums else _line(first, place)]
    lines += [_line(step, place) for step in opened.steps[1:]]
    st.markdown(where + " ".join(line for line in lines if line))
    if last.size > 1:
        st.caption("Click a place of the map, or of a partial map, to see its numbers.")
    _explorer(v, opened, place)


def _sum_line(step: Step, place: Pair) -> str:
    """The largest terms of the sum at a place, the others together, the bias, and what they make."""
    sums = step.sums
    assert sums is not None
    terms = [(term(part.made, place, step), f"map {part.number}") for part in sums.parts]
    terms.sort(key=lambda one: -abs(one[0]))
    others = sum(value for value, _ in terms[TERMS:]) + (term(sums.rest, place, step) if sums.rest is not None else 0.0)
    count = max(0, len(terms) - TERMS) + sums.others
    written = [f"{number(value)} ({name})" if len(sums.parts) > 1 else number(value) for value, name in terms[:TERMS]]
    written += [f"{number(others)} (the {count} others)"] if count else []
    written += [f"{number(sums.bias)} (bias)"] if sums.bias else []
    total = float(step.made[place] if step.made.size > 1 else step.made[0, 0])
    return f"{plain(step.node)} sums {_joined(written)} = **{number(total)}**."


def _joined(terms: Sequence[str]) -> str:
    """Terms of a sum with one sign between two of them.

    >>> _joined(["\N{MINUS SIGN}1 (map 2)", "3 (map 0)", "\N{MINUS SIGN}0.5"])
    '\u22121 (map 2) + 3 (map 0) \u2212 0.5'
    """
    return " + ".join(terms).replace("+ \N{MINUS SIGN}", "\N{MINUS SIGN} ")


def term(made: Array, place: Pair, step: Step) -> float:
    """What a partial map, or the products of a dense layer, add at a place."""
    return float(made.sum()) if isinstance(step.layer, Linear) else float(made[place])


def _line(step: Step, place: Pair) -> str:
    """What a layer without weights made of what it read, at a place."""
    value = float(step.made[place] if step.made.size > 1 else step.made[0, 0])
    result = f"gives **{number(value)}**"
    if isinstance(step.layer, BatchNorm2d):
        stored, trained, c = step.layer.buffers, step.layer.parameters, step.reads[0].numbers[0]
        mean, deviation = stored["running_mean"][c], np.sqrt(stored["running_var"][c] + step.layer.eps)
        scale, shift = trained["weight"][c], trained["bias"][c]
        centred = _joined([number(float(step.reads[0].maps[0][place])), number(-mean)])
        what = _joined([f"({centred}) / {number(deviation)} × {number(scale)}", number(shift)])
        return f"{plain(step.node)}: {plain(what)} = **{number(value)}**."
    same = [read.maps[0] for read in step.reads if len(read.maps) == 1 and read.maps.shape[1:] == step.made.shape]
    if step.layer.kind == "add" and len(same) == len(step.reads):
        return f"{plain(step.node)} sums {_joined([number(float(one[place])) for one in same])} = **{number(value)}**."
    return f"{plain(step.node)} {result}."


def _explorer(v: Values, opened: Opened, place: Pair) -> None:
    """The window around the place, over the map that adds most there, or the one that was chosen."""
    step = opened.steps[0]
    walk: Walk | None = None
    titles, mode = ("Read", "", "Made"), "max"
    if isinstance(step.layer, Conv2d) and step.sums:
        part = _part(v, step.sums, place)
        walk = kernel_walk(step.layer, part.read, part.weights, part.made, place)
        titles, mode = (f"Map {part.number} that is read", f"Slice of kernel {opened.channel}", "Partial map"), "zeros"
    elif isinstance(step.layer, MaxPool2d | AvgPool2d):
        walk = pool_walk(step.layer, step.reads[0].maps[0], step.made, place)
        mode = "max" if isinstance(step.layer, MaxPool2d) else "average"
    if walk is None:
        return
    data = explorer_data(walk.input, walk.output, walk.rows, walk.columns, walk.weights, mode, picture=False)
    window_explorer("network_sum_explorer", data, titles, walk.at, lesson.dark(), lambda _: None)


def _part(v: Values, sums: PartialSums, place: Pair) -> Part:
    chosen = next((part for part in sums.parts if part.number == v[PART]), None)
    return chosen or max(sums.parts, key=lambda part: abs(float(part.made[place])))
