"""How a network's answer changes when its picture or its maps do, and what one of its maps looks for."""

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from instruments import fool_it
from instruments import why_this_answer as why
from instruments.fields import Values
from instruments.fool_it import CHANNEL, EPSILON, LAYER, LEVELS, MOVE, OFF, SEED, STEPS
from instruments.growing import Growing
from instruments.models import Model
from instruments.percent import percent
from instruments.why_this_answer import Answer
from ui import cache, figures, lesson, settings
from ui.beside import beside
from ui.components.feature_viewer.component import Legend, MapPanel, map_viewer, values_scale
from ui.controls import buttons, line, plain, slider
from ui.model_source import ASKED, computing
from ui.why_this_answer_view import answer_to, held, layer_menu, said, watched

UNITS = {"shift": "share of the width", "turn": "degrees", "shrink": "share of the side"}  # of the moves
NAMED = 5  # maps that are off, in a title


@cache.remembered
def _fooled(network: str, digest: str, epsilon: float, _model: Model, _x: Array) -> Array:
    with computing(3 * _model.macs, _model.memory):
        return fool_it.fooled(_model, _x, epsilon)


def fooled(v: Values, x: Array, digest: str) -> Array:
    """The picture moved against its answer, once."""
    model = fool_it.model(v)
    return _fooled(model.digest, digest, v[EPSILON], model, x)


def compare(before: Answer, after: Answer) -> None:
    """In words, whether the answer is still the same."""
    old, new = plain(before.names[0]), plain(after.names[0])
    had, has = (percent(float(one.probabilities[before.top[0]])) for one in (before, after))
    if np.array_equal(before.scores, after.scores):
        st.markdown(f"Nothing is changed: it says **{old}**, with {had}.")
        return
    now = f"It still says **{old}**, which" if new == old else f"It now says **{new}**. **{old}**"
    st.markdown(f"{now} had {had} and has {has}.")


def side_by_side(v: Values, x: Array, other: Array) -> None:
    """The picture, the fooling one, and their difference made visible."""
    epsilon = v[EPSILON] / LEVELS
    times = 0.5 / epsilon if epsilon else 0.0
    difference = np.asarray(0.5 + (other - x) * times, np.float32).clip(0, 1)
    steps = f"{v[EPSILON]:g}/{LEVELS}"
    words = (f"−{steps}", "0", f"+{steps}") if epsilon else ("", "0: no change", "")
    legend = Legend(("#000000", "#808080", "#ffffff"), words)
    panels = [
        MapPanel("before", "The picture", x, image=True),
        MapPanel("after", "The picture, changed", other, image=True),
        MapPanel(
            "difference", "Their difference, made visible", difference, image=True, legend=legend, meant=other - x
        ),
    ]
    map_viewer("fool_pictures", panels)


def both(before: Answer, after: Answer) -> None:
    """Both answers as bars."""
    st.markdown("**The picture**")
    said(before)
    st.markdown("**The picture, changed**")
    said(after)


@cache.remembered
def _maps(network: str, digest: str, layer: str, _model: Model, _x: Array) -> Array:
    with computing(_model.macs, _model.memory):
        return _model.graph.values(_x, (layer,))[layer]


@cache.remembered
def _switched(
    network: str, digest: str, layer: str, off: tuple[int, ...], _model: Model, _x: Array, _count: int
) -> Answer:
    with computing(_model.macs, _model.memory):
        return why.answer(_model, _x, fool_it.switched(_model.graph, layer, off, _count))


def off_in_words(off: tuple[int, ...]) -> str:
    """The maps that are switched off, of many only the first.

    >>> off_in_words((3, 17)), off_in_words(tuple(range(2, 30)))
    ('3, 17', '2, 3, 4, 5, 6 and 23 more')
    """
    more = len(off) - NAMED
    return ", ".join(map(str, off[:NAMED])) + (f" and {more} more" if more > 0 else "")


def switches(v: Values, x: Array, digest: str, before: Answer) -> Array:
    """Maps of a layer, of which a click switches one off or on, and what the network then says; returns the maps."""
    model, off = fool_it.model(v), v[OFF]
    maps = _maps(model.digest, digest, v[LAYER], model, x)

    def clicked(place: object) -> None:
        if isinstance(place, dict) and isinstance(number := place.get("channel"), int):
            settings.give({OFF.key: OFF.write(tuple(sorted(set(off) ^ {number})))})

    def strongest() -> None:
        with computing(3 * model.macs, model.memory):
            settings.give({OFF.key: OFF.write(fool_it.strongest(model.graph, x, v[LAYER]))})

    def all_on() -> None:
        settings.give({OFF.key: ""})

    left, right = beside("fool_maps")
    with left:
        shown = maps.copy()
        shown[list(off)] = 0
        title = f"Maps of {v[LAYER]}{f', off: {off_in_words(off)}' if off else ': tap or click one'}"
        map_viewer("fool_maps", [MapPanel("maps", title, shown, scale=values_scale(maps))], on_click=clicked)
    with right:
        layer_menu(v, LAYER)
        line(v, OFF, "Maps that are off", placeholder="none; such as 3, 17")
        words = f"Switch off the {fool_it.STRONGEST} that speak most for {plain(before.names[0])}"
        st.button(words, key="_fool_strongest", on_click=strongest)
        st.button("Switch all on", key="_fool_all_on", on_click=all_on, disabled=not off)
        after = _switched(model.digest, digest, v[LAYER], off, model, x, len(maps))
        compare(before, after)
        said(after)
    return maps


def move(v: Values, x: Array, digest: str, before: Answer) -> None:
    """The moved picture beside what moves it, and the probability over the whole range of one move."""
    left, right = beside("fool_moved")
    with right:
        for code, field in fool_it.MOVES.items():
            slider(v, field, label=f"{field.name.capitalize()}, {UNITS[code]}")
    picture = fool_it.moved_as_set(v, x)
    with left:
        compare(before, answer_to(fool_it.model(v), picture))
        map_viewer("fool_moved", [MapPanel("moved", "Moved", picture, image=True)])
    buttons(v, MOVE)
    others = tuple(v[field] for code, field in fool_it.MOVES.items() if code != v[MOVE])
    key = ("curve", fool_it.model(v).digest, digest, v[MOVE], others)
    made = held(key, lambda: fool_it.curve(v, x, before.top[0]))
    name, dark = before.names[0], lesson.dark()

    def draw(found: Array) -> None:
        reached = fool_it.places(v[MOVE])[: len(found)]
        alt, axis = f"Probability of {name} over the {v[MOVE]}", f"{v[MOVE]}, {UNITS[v[MOVE]]}"
        title = f"probability of {name}"
        lesson.charts("_fool_curve", {alt: lambda: figures.lines(reached, {name: found}, axis, title, dark)}, 340)
        if made.done:
            low, high = percent(float(found.min())), percent(float(found.max()))
            st.markdown(f"From {low} to {high} on the way: an invariant network would show a level line.")

    watched(fool_it.model(v), made, draw)


def ask_a_map(v: Values) -> None:
    """A picture that one map answers to more and more, from grey noise; it can be stopped at any step."""
    key = (fool_it.model(v).digest, v[LAYER], v[CHANNEL], v[SEED], v[STEPS])
    asked: tuple[object, Growing] | None = st.session_state.get(ASKED)
    if asked is not None and asked[0] != key:
        asked = None  # another map is meant now

    def start() -> None:
        st.session_state[ASKED] = key, fool_it.looked_for(v)

    def stop() -> None:
        held_now: tuple[object, Growing] = st.session_state[ASKED]
        held_now[1].stop()

    left, right = st.columns(2)
    left.button("Ask it", key="_fool_ask", on_click=start, width="stretch")
    idle = asked is None or asked[1].done
    right.button("Stop", key="_fool_stop", on_click=stop, disabled=idle, width="stretch")
    if asked is None:
        st.info("Press *Ask it*: grey noise is changed, a little a step, so that this map answers more.")
        return

    made = asked[1]

    def draw(picture: Array) -> None:
        title = f"What map {v[CHANNEL]} of {v[LAYER]} looks for"
        map_viewer("fool_asked", [MapPanel("asked", title, picture, image=True)])
        if made.done and fool_it.is_even(picture):
            st.info(
                "The picture has no form: this map asks for one brightness everywhere, or it answers nothing to the noise. Ask another."
            )

    watched(fool_it.model(v), made, draw)
