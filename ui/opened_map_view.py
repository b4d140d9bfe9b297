"""One map of a network, opened: the sum that made it as pictures and in numbers, and a window that walks around one of its places."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st

from cnn_core.arguments import Array, Pair
from cnn_core.layers import AvgPool2d, Conv2d, ConvTranspose2d, Linear, MaxPool2d
from cnn_core.padding import conv_axes
from cnn_core.pooling import pool_axes
from cnn_core.shapes import Axis
from instruments.fields import Values
from instruments.opened_map import Read, Step, kernel_walk, needed, pool_walk, steps, strongest_place
from instruments.overview import Card
from instruments.overview_settings import MAP, MAP_COLUMN, MAP_ROW, NODE, NONE, PART
from instruments.partial_sums import Part, PartialSums, grid
from instruments.window_walk import Walk
from live.pictures import drawable
from ui import cache, lesson, model_source, settings
from ui.components.map_viewer.component import MapPanel, Reads, map_viewer, values_scale
from ui.components.window_explorer.component import explorer_data, window_explorer
from ui.controls import plain, stepper
from ui.formulas import number
from ui.layer_sums import in_words
from ui.overview_view import ANCHOR, Look, Subject, memory


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
    with model_source.computing(2 * graph.macs(_look.subject.shape), 2 * memory(shapes)):
        values = graph.values(_look.subject.x, needed(graph, card))
        return steps(graph, shapes, values, card, channel)


def draw(v: Values, look: Look) -> Array | None:
    """What is open, if anything is; returns its map, (1, h, w)."""
    known = [card for stage in look.structure.stages for card in stage.cards]
    card = next((card for card in known if v[NODE] in (card.name, *card.nodes)), None)  # a link may name any node
    if card is None:
        return None
    subject: Subject = look.subject
    shape = look.structure.shapes[card.nodes[-1]]
    count = shape[0] if len(shape) == 3 else int(np.prod(shape))
    st.subheader("What made this map" if len(shape) == 3 else "What made this number", anchor=ANCHOR)
    left, right = st.columns([1, 3], vertical_alignment="center")
    with left:
        channel = stepper(v, MAP, f"{'Map' if len(shape) == 3 else 'Unit'} of {plain(card.name)}", high=count - 1)
    made = _steps(subject.key, subject.digest, card, channel, look)
    with right:
        if count == len(subject.classes) and len(shape) == 1:
            st.markdown(f"It stands for the class **{plain(subject.classes[channel])}**.")
        if made[0].sums is not None:
            lesson.formula(_formula(made[0], channel))
    opened = Opened(card, channel, made)
    if not all(step.finite for step in made):
        st.info(
            "Some of the numbers here are infinite or not a number: too large a number was made on the way, or 0 divided by 0. "
            "Pictures show 0 in their place."
        )
    _pictures(opened)
    _at_a_place(v, opened)
    return made[-1].made[np.newaxis]


def _formula(step: Step, channel: int) -> str:
    """The sum that a layer with weights takes, over the maps or numbers as they are numbered, and its bias."""
    sums, layer = step.sums, step.layer
    assert sums is not None
    bias = f" + ({number(sums.bias)})" if sums.bias else ""
    if isinstance(layer, Linear):
        return rf"z_{{{channel}}} = \sum_{{j=0}}^{{{layer.in_features - 1}}} w_{{{channel},j}} \, x_j{bias}"
    assert isinstance(layer, Conv2d | ConvTranspose2d)
    count, star = len(sums.parts) + sums.others, r"\star" if isinstance(layer, Conv2d) else r"\star^{\top}"
    first = channel // (layer.out_channels // layer.groups) * count  # the map that its group begins with
    return rf"y_{{{channel}}} = \sum_{{i={first}}}^{{{first + count - 1}}} w_{{{channel},i}} {star} x_i{bias}"


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
    name: str,
    title: str,
    maps: Sequence[Array],
    names: Sequence[str],
    reads: Sequence[Reads] = (),
    row: int = 0,
    picture: bool = False,
) -> MapPanel:
    """Maps in a mosaic, or in a row with so many places; one alone needs no name. Channels of a picture keep their greys."""
    stack = drawable(np.stack(maps))
    row, scale = row if row > 1 else 0, "grey" if picture else values_scale(stack)
    return MapPanel(name, title, stack, scale=scale, names=names if len(names) > 1 else None, reads=reads, row=row)


def _sum_panels(step: Step, channel: int) -> list[MapPanel]:
    """What was read, the slices of the kernel, and the partial maps, below each other."""
    sums = step.sums
    assert sums is not None
    numbers, parts, alone = [str(part.number) for part in sums.parts], sums.parts, len(sums.parts) == 1
    order = "" if alone else ", largest first"
    extra = sums.rest is not None and not isinstance(step.layer, Linear)
    row = len(parts) + extra  # places in each row, so that what belongs together stands in one column
    read = _stacked(
        "sum_read",
        "Read" if alone else "Maps that are read",
        [part.read for part in parts],
        numbers,
        row=row,
        picture=step.picture,
    )
    weights, made = [part.weights for part in parts], [part.made for part in parts]
    if isinstance(step.layer, Linear):
        reads = [Reads("sum_read", "same"), Reads("sum_slices", "same")]
        products = _stacked("sum_parts", f"= products{order}", made, numbers, reads, row)
        return [read, _stacked("sum_slices", "× weights", weights, numbers, row=row), products]
    title = f"× kernel {channel}" if alone else f"× slices of kernel {channel}"
    slices = _stacked("sum_slices", title, weights, numbers, row=row)
    if sums.rest is not None:
        made, numbers = [*made, sums.rest], [*numbers, f"{sums.others} others"]
    reads = _window_reads(step, parts[0])
    return [read, slices, _stacked("sum_parts", f"= partial maps{order}", made, numbers, reads, row)]


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
        panels.append(_stacked(f"sum_read{i}", _read_title(read), list(_laid(read)), numbers, picture=step.picture))
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
    elif before:
        reads = [Reads(before, "same")]
    elif all(panel.maps.shape[1:] == step.made.shape for panel in panels):
        reads = [Reads(panel.name, "same") for panel in panels]
    maps = drawable(step.made[np.newaxis])
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
    st.markdown(where + " ".join(in_words(step, place) for step in opened.steps))
    if last.size > 1:
        st.caption("Tap or click a place of the map, or of a partial map, to see its numbers.")
    _explorer(v, opened, place)


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
    if not all(np.isfinite(one).all() for one in (walk.input, walk.output, walk.weights) if one is not None):
        st.caption("The window that would walk here meets what is no finite number.")
        return
    data = explorer_data(walk.input, walk.output, walk.rows, walk.columns, walk.weights, mode, picture=False)
    window_explorer("network_sum_explorer", data, titles, walk.at, lesson.dark(), lambda _: None)


def _part(v: Values, sums: PartialSums, place: Pair) -> Part:
    chosen = next((part for part in sums.parts if part.number == v[PART]), None)
    return chosen or max(sums.parts, key=lambda part: abs(float(part.made[place])))
