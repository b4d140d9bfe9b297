"""The overview of any network: its graph from left to right with live maps, folded into stages, and what it answers."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from cnn_core import networks
from cnn_core.arguments import Array, Pair
from cnn_core.dense import softmax
from cnn_core.graph import Graph
from cnn_core.layers.base import Shape
from instruments import why_this_answer as why
from instruments.classifier import no_classes
from instruments.fields import Values
from instruments.models import Model
from instruments.overview import Drawn, drawn
from instruments.overview_settings import MAP, MAP_COLUMN, MAP_ROW, NARROW, NODE, NONE, OPEN, PART
from instruments.questions import any_network
from instruments.questions.any_network import Facts
from ui import cache, formulas, lesson, model_source, overview_cards, settings, why_this_answer_view
from ui.components.graph_viewer.component import graph_viewer
from ui.controls import plain
from ui.image_source import ChosenImage
from ui.overview_cards import Shown, Structure

ANCHOR = "what-made-this"  # of the heading below which a map is open
HINT = (
    "Tap or point at a map to see what it reads and feeds, and what it sees of the picture. A tap or click opens the sum "
    "that made it."
)


class Subject(NamedTuple):
    """A network and what it reads."""

    key: str  # tells the network and its weights from all others
    graph: Graph
    shape: Shape  # of x
    classes: Sequence[str]
    x: Array  # (C, H, W) in [0, 1]
    digest: str  # of x


class Look(NamedTuple):
    """A subject as it is folded now, and what the network made of it."""

    subject: Subject
    structure: Structure
    drawn: tuple[Drawn, ...]
    shown: list[Shown]  # of each that is drawn
    answer: why.Answer | None  # None where what comes out is no finite number for each class


def photo(model: Model, image: ChosenImage) -> Subject:
    """A network, and what it is given of the photo."""
    x, digest = why_this_answer_view.given(model, image)
    return Subject(model.digest, model.graph, model.shape, model.classes, x, digest)


def digits(graph: Graph, digit: Array) -> Subject:
    """A digits network of any size and training, and a digit (1, 28, 28)."""
    weights = hashlib.blake2b(digest_size=16)
    for name, array in graph.stored().items():
        weights.update(f"{name} {array.shape}".encode() + array.tobytes())
    shape = (1, *digit.shape[1:])
    return Subject(
        f"digits {weights.hexdigest()}", graph, shape, networks.classes("digits"), digit, cache.digest(digit)
    )


def look(v: Values, subject: Subject) -> Look:
    """Fold the network as the link says, and let it read: one forward pass for all maps that are shown and the answer."""
    made = _structure(subject)
    opened: tuple[str, ...] = v[OPEN]
    seen = drawn(made.stages, opened)
    wanted = tuple(zip((one.shown for one in seen), overview_cards.room(seen, v[NARROW]), strict=True))
    shown, scores, probabilities = _read(subject.key, subject.digest, wanted, subject)
    if not subject.classes or len(probabilities) != len(subject.classes) or not np.isfinite(probabilities).all():
        return Look(subject, made, seen, shown, None)
    top = [int(i) for i in np.argsort(-probabilities, kind="stable")[: why.TOP]]
    answer = why.Answer(scores, probabilities, top, [subject.classes[i] for i in top])
    return Look(subject, made, seen, shown, answer)


def said(seen: Look) -> None:
    """The likeliest classes as bars, or that there are none."""
    if seen.answer is not None:
        why_this_answer_view.said(seen.answer)
        return
    graph, answer = seen.subject.graph, seen.structure.shapes[seen.subject.graph.output]
    reason = (
        no_classes(graph, answer).replace(" x ", " × ") or "answers this picture with what is infinite or not a number"
    )
    st.markdown(
        f"This network {reason}, so there are no bars of likely classes: what comes out stands at the right end of the graph."
    )


def written_out(answer: why.Answer) -> None:
    """How the likeliest class came to its probability."""
    best = answer.top[0]
    lesson.formula(formulas.softmax(answer.scores, best))
    st.markdown(
        f"That is the probability of **{plain(answer.names[0])}**, the class with the number {best} of {len(answer.scores):,}."
    )


def facts(subject: Subject, code: str) -> Facts:
    """What questions ask about of the network with this code of links."""
    return _facts(subject.key, code, tuple(subject.shape), subject)


@cache.remembered
def _facts(key: str, code: str, shape: Shape, _subject: Subject) -> Facts:
    return any_network.facts(key, code, _subject.graph, shape, _subject.classes)


def _structure(subject: Subject) -> Structure:
    return _structure_of(subject.key, subject.shape, subject.graph)


@cache.remembered
def _structure_of(key: str, shape: Shape, _graph: Graph) -> Structure:  # noqa: ARG001  (what tells one result from another)
    return overview_cards.structure(_graph, shape)


@cache.remembered
def _read(
    key: str,  # noqa: ARG001  (what tells one result from another)
    digest: str,  # noqa: ARG001
    wanted: tuple[tuple[str, int], ...],
    _subject: Subject,
) -> tuple[list[Shown], Array, Array]:
    """What the cards of these nodes show, with room for so many maps, and scores and probabilities of all classes."""
    graph, shapes = _subject.graph, _structure(_subject).shapes
    end = graph.node(graph.output)
    before = end.inputs[0] if end.layer.kind in ("softmax", "log softmax") else graph.output
    with model_source.computing(graph.macs(_subject.shape), memory(shapes)):
        names = (*(name for name, _ in wanted), before, graph.output)
        values = graph.values(_subject.x, dict.fromkeys(names))
        shown = [overview_cards.shown(values[name], _subject.classes, count) for name, count in wanted]
    if not _subject.classes:
        return shown, np.empty(0, np.float32), np.empty(0, np.float32)
    scores = values[before].ravel()
    return shown, scores, values[graph.output].ravel() if end.layer.kind == "softmax" else softmax(scores)


def memory(shapes: dict[str, Shape]) -> int:
    """Bytes of all values of a network."""
    return 4 * sum(math.prod(shape) for shape in shapes.values())


def draw(v: Values, seen: Look) -> None:
    """The graph; what is clicked opens below, and stages unfold and fold."""
    subject, made = seen.subject, seen.structure
    at = overview_cards.places(seen.drawn)
    cards = [overview_cards.input_card(subject.x, cache.input_picture(subject.digest, subject.x))]
    for one, value in zip(seen.drawn, seen.shown, strict=True):
        cards.append(overview_cards.card(subject.graph, made, one, value, at))
    chosen = (at[v[NODE]], v[MAP], _place(v, seen)) if v[NODE] in at else None
    opened = f"What made number {v[MAP]} of {v[NODE]}"
    size = subject.shape[1], subject.shape[2]
    graph_viewer("network_overview", cards, chosen, size, HINT, opened, ANCHOR, v[NARROW], _picked(v, seen))


def _place(v: Values, seen: Look) -> Pair | None:
    """The row and column that are looked at, of the map that its card shows."""
    one = next((one for one in seen.drawn if one.cards[-1].name == v[NODE]), None)
    shape = seen.structure.shapes[one.shown] if one else ()
    inside = len(shape) == 3 and 0 <= v[MAP_ROW] < shape[1] and 0 <= v[MAP_COLUMN] < shape[2]
    return (v[MAP_ROW], v[MAP_COLUMN]) if inside else None


def _picked(v: Values, seen: Look) -> Any:
    """What takes a click: to open a map or close it, to unfold a stage or fold it."""

    def picked(sent: object) -> None:
        if not isinstance(sent, dict):
            return
        known = [stage.name for stage in seen.structure.stages if stage.folds]
        opened = [name for name in v[OPEN] if name in known]
        if isinstance(sent.get("narrow"), bool):
            settings.give({NARROW.key: sent["narrow"]})
        elif sent.get("unfold") in known:
            settings.give({OPEN.key: ",".join([*opened, sent["unfold"]])})
        elif sent.get("fold") in known:
            settings.give({OPEN.key: ",".join(name for name in opened if name != sent["fold"])})
        else:
            for one in seen.drawn:
                if one.name == sent.get("card"):
                    _open(v, seen, one, sent.get("map"))

    return picked


def _open(v: Values, seen: Look, one: Drawn, number: object) -> None:
    name = one.cards[-1].name
    if number is None:
        answers = seen.shown[seen.drawn.index(one)].answers
        number = answers[0].map if answers else 0
        name = "" if v[NODE] == name else name  # once more closes it
    settings.give({NODE.key: name, MAP.key: number, MAP_ROW.key: NONE, MAP_COLUMN.key: NONE, PART.key: NONE})
