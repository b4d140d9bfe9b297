"""What the cards of an overview say and show: layers in words, sizes, and the first maps as small pictures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from cnn_core.arguments import Array, Pair
from cnn_core.graph import INPUT, Graph
from cnn_core.images import encode_png, to_bytes
from cnn_core.layers import Concat, Conv2d, ConvTranspose2d, Linear
from cnn_core.layers.base import Shape
from cnn_core.pooling import avg_pool2d
from instruments.layer_words import short, words
from instruments.overview import Drawn, Stage, stages
from instruments.partial_sums import grid
from instruments.percent import percent
from instruments.receptive_fields import Ranges, receptive_fields, sizes_seen
from live.pictures import drawable, mosaic
from ui import cache
from ui.formulas import number, shape_text

ROOM = (6, 4, 2)  # maps of a card that are shown: alone in its column, one of two, one of more
NARROW_ROOM = (4, 2, 1)
FINEST = 48  # pixels of a map's picture, about
ANSWERS = 5  # named values that are shown
BRIGHT = 0.995  # the part of the values that is told apart; larger ones have the full colour
SAMPLE = 20_000  # values by which that part is judged


class Structure(NamedTuple):
    """What there is to say of a network before it has seen anything."""

    shapes: dict[str, Shape]
    stages: tuple[Stage, ...]
    fields: dict[str, tuple[Ranges, Ranges]]
    details: dict[str, dict[str, str]]  # by node


class Picture(NamedTuple):
    """The first maps of a card side by side, as shared/types.js declares them."""

    src: str
    tiles: Pair
    shown: int
    size: Pair
    scale: str
    end: float
    encoded: tuple[float, float] | None
    units: bool = False


class Answer(NamedTuple):
    """One of the largest of named values."""

    label: str
    text: str
    share: float
    map: int


class Shown(NamedTuple):
    """The value of a node as a card shows it."""

    maps: Picture | None
    answers: list[Answer]
    more: str


def structure(graph: Graph, shape: Shape) -> Structure:
    """Work it out, which takes a moment for a large network."""
    shapes, macs, sizes = graph.output_shapes(shape), graph.node_macs(shape), sizes_seen(graph)
    fields, details = receptive_fields(graph, shapes), {}
    for node in graph.nodes:
        facts = [shape_text(shapes[node.name])]
        count = node.layer.parameter_count()
        facts += [f"{count:,} parameters"] if count else []
        facts += [f"{macs[node.name]:,} multiply-adds"] if macs[node.name] else []
        facts += [_sees(sizes[node.name], shape, fields[node.name])]
        details[node.name] = {"name": node.name, "words": words(node.layer), "facts": ", ".join(facts)}
    return Structure(shapes, stages(graph, shapes), fields, details)


def _sees(size: Pair | None, shape: Shape, fields: tuple[Ranges, Ranges]) -> str:
    """How much of the picture a cell sees."""
    seen = size or [int(np.ptp(ranges, axis=1).max()) for ranges in fields]
    if all(one >= side for one, side in zip(seen, shape[1:], strict=True)):
        return "a cell sees the whole picture"
    return f"a cell sees {'' if size else 'up to '}{seen[0]} × {seen[1]} pixels"


def room(drawn: Sequence[Drawn], narrow: bool) -> list[int]:
    """How many maps each card has room for: branches stand below each other, and shall all be in sight."""
    lanes, maps = Counter(one.column for one in drawn), NARROW_ROOM if narrow else ROOM
    return [maps[min(lanes[one.column], 3) - 1] for one in drawn]


def shown(value: Array, classes: Sequence[str], count: int = ROOM[0]) -> Shown:
    """The first maps of a value (C, H, W), or its units (n,), the largest by name where they are the network's classes.

    Args:
        value: of a node.
        classes: names of the network's answers.
        count: of the maps.
    """
    named = value.ndim == 1 and len(value) == len(classes) and bool(np.isfinite(value).all())
    value = drawable(value)
    if named:
        top = np.argsort(-value, kind="stable")[:ANSWERS]
        likely = value.min() >= 0 and abs(float(value.sum()) - 1) < 1e-3
        end = 1.0 if likely else float(np.abs(value).max()) or 1.0
        written = percent if likely else number
        answers = [Answer(classes[i], written(float(value[i])), max(float(value[i]), 0.0) / end, int(i)) for i in top]
        return Shown(None, answers, _more(len(value) - len(top)))
    if value.ndim != 3:
        rows, columns = grid(value.size)
        laid = np.zeros(rows * columns, np.float32)
        laid[: value.size] = value.ravel()
        return Shown(_picture(laid.reshape(1, rows, columns), value, True), [], f"{value.size:,} units")
    return Shown(_picture(value[:count], value, False), [], _more(len(value) - count))


def _more(count: int) -> str:
    return f"+ {count:,} more" if count > 0 else ""


def _picture(maps: Array, whole: Array, units: bool) -> Picture:
    """Maps (C, H, W) side by side, shrunk to what a card has room for, on one scale for all of a node's, on which the few largest
    values have the full colour: one bright cell among thousands would leave the rest pale."""
    sizes = np.abs(
        whole.ravel()[:: max(1, whole.size // SAMPLE) | 1]
    )  # an odd step, which no row's length divides often
    end = float(np.quantile(sizes, BRIGHT)) or float(np.abs(whole).max()) or 1.0
    shrink = min(maps.shape[1:]) // FINEST
    small = avg_pool2d(maps, shrink) if shrink > 1 else maps
    grey, tiles = mosaic(to_bytes(small, -end, end), 128)
    source, scale = cache.data_url(encode_png(grey), "png"), "sequential" if whole.min() >= 0 else "diverging"
    return Picture(source, tiles, len(maps), (maps.shape[1], maps.shape[2]), scale, end, (-end, end), units)


def input_card(x: Array, source: str) -> dict[str, Any]:
    """The card of what the network sees.

    Args:
        x: (C, H, W) in [0, 1].
        source: its picture as a data URL.
    """
    maps = Picture(source, (1, 1), 1, (x.shape[1], x.shape[2]), "grey", 1.0, None)
    words = "a colour picture" if len(x) == 3 else "a grey picture"
    return {
        "name": INPUT,
        "title": "Input",
        "words": words,
        "shape": shape_text(x.shape),
        "more": "",
        "kind": "input",
        "stage": "",
        "column": 0,
        "lane": 0,
        "reads": [],
        "details": [{"name": "input", "words": words, "facts": shape_text(x.shape)}],
        "maps": maps._asdict(),
        "answers": [],
        "fields": None,
    }


def card(graph: Graph, made: Structure, one: Drawn, value: Shown, all_drawn: Mapping[str, str]) -> dict[str, Any]:
    """A card, or a folded stage, as the browser reads it.

    Args:
        graph: the network.
        made: its structure.
        one: what is drawn.
        value: what it shows.
        all_drawn: names of what is drawn by the names of nodes, as `places` says.
    """
    nodes = [name for inside in one.cards for name in inside.nodes]
    last = one.cards[-1]
    weighs = last.nodes.index(last.name)  # that and what follows first: a card has room for few words
    in_short = " · ".join(short(graph.layer(name)) for name in (*last.nodes[weighs:], *last.nodes[:weighs]))
    maps, shape = value.maps, made.shapes[one.shown]
    has_fields = maps is not None and not maps.units
    return {
        "name": one.name,
        "title": one.name if one.folded else one.name.removeprefix(f"{one.stage}."),
        "words": f"{len(one.cards)} steps" if one.folded else in_short,
        "shape": shape_text(shape),
        "more": value.more,
        "kind": "stage" if one.folded else "card",
        "stage": one.stage,
        "column": one.column,
        "lane": one.lane,
        "reads": _links(graph, made, one, all_drawn),
        "details": [made.details[name] for name in nodes],
        "maps": maps and maps._asdict(),
        "answers": [answer._asdict() for answer in value.answers],
        "fields": [ranges.tolist() for ranges in made.fields[one.shown]] if has_fields else None,
    }


def places(drawn: Sequence[Drawn]) -> dict[str, str]:
    """Name of what is drawn by the name of each node in it."""
    return {INPUT: INPUT} | {name: one.name for one in drawn for inside in one.cards for name in inside.nodes}


def _links(graph: Graph, made: Structure, one: Drawn, all_drawn: Mapping[str, str]) -> list[dict[str, Any]]:
    """What it reads, and which maps are made of which, once for each card that is read."""
    found: dict[str, dict[str, Any]] = {}
    for inside in one.cards:
        node = graph.node(inside.nodes[0])
        start = 0
        for source in node.inputs:
            count = made.shapes[source][0]
            of, offset, span = _mixed(graph, inside.nodes), 0, made.shapes[one.shown][0]
            if isinstance(node.layer, Concat) and node.layer.axis in (1, -3) and not one.folded:
                offset, span, start = start, count, start + count
            if one.folded or of is None:
                of = made.shapes[one.shown][0], count  # every map is made of every map
            if all_drawn[source] != one.name and all_drawn[source] not in found:
                link = {"offset": offset, "span": span, "made": of[0], "read": of[1]}
                found[all_drawn[source]] = {"card": all_drawn[source], **link}
    return list(found.values())


def _mixed(graph: Graph, nodes: Sequence[str]) -> Pair | None:
    """How many maps of a card are made of how many that it reads; None where all are of all."""
    layers = [graph.layer(name) for name in nodes]
    if any(isinstance(layer, Linear) or layer.kind in ("softmax", "log softmax") for layer in layers):
        return None
    for layer in layers:
        if isinstance(layer, Conv2d | ConvTranspose2d):
            return layer.out_channels // layer.groups, layer.in_channels // layer.groups
    return 1, 1
