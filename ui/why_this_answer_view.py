"""What a network answers of the photo, and the maps that say why, some of which grow while one watches."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import streamlit as st

from cnn_core import attribution
from cnn_core.arguments import Array
from cnn_core.graph import Graph
from cnn_core.images import to_bytes
from instruments import overlays
from instruments import why_this_answer as why
from instruments.cost import Cost
from instruments.fields import Choice, SettingError, Values
from instruments.growing import Growing
from instruments.models import Model
from instruments.percent import percent
from instruments.why_this_answer import COLUMN, FIRST, ROW, SECOND, SIZE, STRIDE, Answer
from ui import cache, figures, lesson, model_source, settings
from ui.beside import beside
from ui.components.feature_viewer.component import Legend, MapPanel, map_viewer
from ui.components.first_picture import component as first_picture
from ui.controls import menu, plain, stepper
from ui.image_source import ChosenImage
from ui.model_source import computing

GREY = "#808080"  # what no colour lies over, about
BLUE, ORANGE = (f"#{to_bytes(np.array(shade)).tobytes().hex()}" for shade in (overlays.BLUE, overlays.ORANGE))
TURN, PAUSE = 0.25, 0.4  # seconds: of arithmetic at a time, and from one turn to the next
MOST_HELD = 6  # maps that take their time that a session keeps

SAYS = {
    "Class activation map": (
        "exactly how much each place of the last maps adds to the score",
        "more finely than those maps, and only where the network ends in the mean of maps",
    ),
    "Grad-CAM": (
        "where the maps of any layer speak for the class",
        "what speaks against it, or that the places sum to the score",
    ),
    "Saliency": (
        "which pixels would move the score most if they changed a very little",
        "what the network would do without them: a strong pixel may not matter to the answer",
    ),
    "Integrated gradients": (
        "what each pixel adds, so that all together are the score's difference from black",
        "anything that does not depend on black having been chosen to compare with",
    ),
    "Occlusion": (
        "by how much the score really falls when a part is covered",
        "what two parts do together, or how much was only the edge of the square itself",
    ),
}


class Asked(NamedTuple):
    """A picture, what the network says of it, and the two classes that are asked about."""

    x: Array
    digest: str
    answer: Answer
    targets: tuple[int, int]
    names: tuple[str, str]


@cache.remembered
def _square(digest: str, network: str, _model: Model, _photo: Array) -> tuple[Array, str]:
    x = _model.square(_photo)
    return x, cache.digest(x)


@cache.remembered
def _answer(network: str, digest: str, _model: Model, _x: Array) -> Answer:
    with computing(_model.macs, _model.memory):
        return why.answer(_model, _x)


def given(model: Model, photo: ChosenImage) -> tuple[Array, str]:
    """What this network is given of the photo, and its digest."""
    return _square(photo.digest, model.digest, model, photo.pixels)


def answer_to(model: Model, x: Array) -> Answer:
    """What this network says of a picture, once."""
    return _answer(model.digest, cache.digest(x), model, x)


def ask(v: Values, photo: ChosenImage) -> Asked:
    """The network's answer to the photo, and the two classes that are asked about."""
    model = why.model(v)
    x, digest = given(model, photo)
    answer = _answer(model.digest, digest, model, x)
    first, second = (int(v[field]) - 1 for field in (FIRST, SECOND))
    return Asked(
        x, digest, answer, (answer.top[first], answer.top[second]), (answer.names[first], answer.names[second])
    )


def class_menu(v: Values, field: Choice, label: str, answer: Answer) -> None:
    """Which of the likeliest classes is asked about, by their names."""
    words = {str(number): f"{number}: {name}" for number, name in enumerate(answer.names, 1)}
    menu(v, Choice(field.key, field.name, field.default(v), words), label)


def layer_menu(v: Values, field: why.LayerName = why.LAYER) -> None:
    """Which layer's maps are looked at."""
    names = {name: name for name in field.known(v)}
    menu(v, Choice(field.key, field.name, field.default(v), names), "Layer")


def said(answer: Answer) -> None:
    """The likeliest classes as bars from 0 to 1."""
    bars(answer.names, [float(answer.probabilities[number]) for number in answer.top])


def bars(names: Sequence[str], shares: Sequence[float], room: float = 64) -> None:
    """Classes with their probabilities as bars from 0 to 1, so many pixels, with the same words for who cannot see them."""
    texts, behind = [percent(share) for share in shares], 60  # pixels: they stand beside pictures
    title, dark = "probability", lesson.dark()
    picture = figures.bars(names, shares, title, dark, high=1, texts=texts, room=room, behind=behind)
    alt = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    st.image(picture, alt=f"Probabilities: {alt}")


@cache.remembered
def _quick(
    network: str, weights: str, digest: str, target: int, method: str, layer: str, _net: Graph, _x: Array, _cost: Cost
) -> Array:
    with computing(_cost.macs, _cost.bytes):
        return why.quick(_net, _x, target, method, layer)


def explain(v: Values, asked: Asked, weights: str = "none") -> Growing | None:
    """The maps of the chosen method for both classes, or with random weights for the first; a sentence where that is too much."""
    model = why.model(v)
    try:
        cost = why.cost(v)
        net = model_source.with_weights(model, weights)
    except SettingError as error:
        st.error(plain(str(error)))
        return None
    method, targets = why.method(v), asked.targets if weights == "none" else asked.targets[:1]
    if method in why.QUICK:
        layer = v[why.LAYER] if method == "gradcam" else ""
        maps = [
            _quick(model.digest, weights, asked.digest, target, method, layer, net, asked.x, cost) for target in targets
        ]
        made = Growing(iter([np.stack(maps)]), 1)
        made.advance(0)
        return made
    sizes = (v[why.STEPS],) if method == "integrated" else (v[SIZE], v[STRIDE])
    key = (model.digest, weights, asked.digest, targets, method, sizes)
    return held(key, lambda: why.growing(v, net, asked.x, targets))


def held(key: object, begin: Callable[[], Growing]) -> Growing:
    """What grows under this key in this session; the oldest are let go."""
    all_held: dict[object, Growing] = st.session_state.setdefault(model_source.GROWING, {})
    made = all_held.pop(key) if key in all_held else begin()
    all_held[key] = made  # the last is the newest
    for old in list(all_held)[:-MOST_HELD]:
        del all_held[old]
    return made


def watched(model: Model, made: Growing, draw: Callable[[Array], None]) -> None:
    """Draw maps, again and again while they grow."""
    waiting = not made.done
    going = waiting and first_picture.drawn()  # the first picture's own second run would be lost between turns

    @st.fragment(run_every=PAUSE if going else None)
    def watch() -> None:
        if not made.done:
            with computing(model.macs, model.memory):
                made.advance(TURN)
        if waiting:
            st.progress(made.made / made.count, f"{made.made} of {made.count}")
        if made.maps is not None:
            draw(made.maps)
        if waiting and made.done:
            st.rerun()

    watch()


def _legend(end: float, words: tuple[str, str], both: bool) -> Legend:
    """The colours of an overlay: from grey to orange at this end, from blue where there is what speaks against the class."""
    low, high = (f"{words[0]}: −{end:.3g}", f"{words[1]}: {end:.3g}")
    if not both:
        return Legend((GREY, ORANGE), ("0", high))
    return Legend((BLUE, GREY, ORANGE), (low, "0", high))


def _over(x: Array, strength: float, name: str, title: str, found: Array, end: float, legend: Legend) -> MapPanel:
    """A map (H, W) over the picture, whose own values are read under the hand."""
    laid = overlays.overlay(x, found, end, strength)
    return MapPanel(name, title, laid, image=True, legend=legend, meant=found[np.newaxis])


def over_the_photo(v: Values, asked: Asked, maps: Array) -> None:
    """The picture, and over it both classes' maps on one scale, and their difference on its own."""
    shown, (first, second) = overlays.on_pixels(v, maps), asked.names
    ends = overlays.largest(maps), overlays.largest(maps[0] - maps[1])
    both = float(shown.min()) < 0
    one, other = (_legend(ends[0], ("against it", "for it"), both), _legend(ends[1], ("the other", "this"), True))
    over = partial(_over, asked.x, v[why.STRENGTH])
    panels = [
        MapPanel("seen", "What the network sees", asked.x, image=True),
        over("first", f"Why “{first}”?", shown[0], ends[0], one),
        over("second", f"Why “{second}”?", shown[1], ends[0], one),
        over("against", f"“{first}”, not “{second}”", shown[0] - shown[1], ends[1], other),
    ]
    map_viewer("answer_over", panels)
    each = "orange speaks for the class, blue against it" if both else "the more orange, the more it counts"
    full = [
        f"{end:.3g}{' and more' if float(np.abs(found).max()) > end else ''}"
        for end, found in zip(ends, (maps, maps[0] - maps[1]), strict=True)
    ]
    st.markdown(
        f"One class: {each}; full colour stands for {full[0]} in both. The last picture is the first map less the second: "
        f"orange for **{plain(first)}**, blue for **{plain(second)}**, full colour stands for {full[1]}."
    )


def in_numbers(asked: Asked, maps: Array) -> None:
    """Both maps as they are, and their difference."""
    first, second = asked.names
    end = float(np.abs(maps).max()) or 1.0
    panels = [
        MapPanel("map1", f"For “{first}”", maps[:1], end=end),
        MapPanel("map2", f"For “{second}”", maps[1:2], end=end),
        MapPanel("difference", f"“{first}” less “{second}”", maps[:1] - maps[1:2]),
    ]
    map_viewer("answer_maps", panels)


def formula(v: Values, asked: Asked, maps: Array) -> str:
    """The chosen method's formula with the first class's numbers."""
    score, found, method = float(asked.answer.scores[asked.targets[0]]), maps[0], why.method(v)
    if method == "cam":
        mean, bias = float(found.mean()), score - float(found.mean())
        rest = "" if abs(bias) < 1e-3 else rf"+ b = {mean:.3f} + ({bias:.3f}) "
        return rf"S = \frac{{1}}{{{found.shape[0]} \cdot {found.shape[1]}}} \sum_{{y,x}} M_{{yx}} {rest}= {score:.3f}"
    if method == "gradcam":
        cells = rf"{found.shape[0]} \cdot {found.shape[1]}"
        return (
            rf"M = \max\Big(0, \sum_k \alpha_k A_k\Big), \quad \alpha_k = \frac{{1}}{{{cells}}} \sum_{{y,x}} "
            rf"\frac{{\partial S}}{{\partial A_{{kyx}}}}, \quad \max M = {found.max():.3g}"
        )
    if method == "saliency":
        return rf"M_{{yx}} = \max_c \left| \frac{{\partial S}}{{\partial x_{{cyx}}}} \right| \le {found.max():.3g}"
    if method == "integrated":
        black = float(attribution.scores(why.model(v).graph, np.zeros_like(asked.x))[asked.targets[0]])
        total = float(found.sum(dtype=np.float64))
        return rf"\sum_{{y,x}} M_{{yx}} = {total:.3f}, \quad S(x) - S(0) = {score:.3f} - ({black:.3f}) = {score - black:.3f}"
    fallen, size = float(found[0, 0]), v[SIZE]
    left = rf"S(\text{{covered from }} 0, 0 \text{{ to }} {size - 1}, {size - 1})"
    return rf"M_{{0,0}} = S(x) - {left} = {score:.3f} - ({score - fallen:.3f}) = {fallen:.3f}"


def place_the_square(v: Values, asked: Asked) -> None:
    """One covered picture, the square placed by hand, and what the network says of it."""
    st.subheader("Place the square yourself")
    size, model = v[SIZE], why.model(v)

    def clicked(place: object) -> None:
        if isinstance(place, dict) and isinstance(y := place.get("y"), int) and isinstance(x := place.get("x"), int):
            sides = asked.x.shape[1:]
            inside = (min(max(at - size // 2, 0), side - size) for at, side in zip((y, x), sides, strict=True))
            settings.give(dict(zip((ROW.key, COLUMN.key), inside, strict=True)))

    left, right = beside("answer_square")
    with right:
        st.markdown("Tap or click where it shall lie, or step.")
        stepper(v, ROW)
        stepper(v, COLUMN)
        picture = why.covered(asked.x, v[ROW], v[COLUMN], size, model.cover)
        now = answer_to(model, picture)
        for target, name in zip(asked.targets, asked.names, strict=True):
            before, after = (percent(float(one.probabilities[target])) for one in (asked.answer, now))
            fall = float(asked.answer.scores[target] - now.scores[target])
            way = "falls" if fall >= 0 else "rises"
            st.markdown(f"**{plain(name)}**: {before}, covered {after}; its score {way} by {abs(fall):.3f}.")
        st.markdown(f"The network now says **{plain(now.names[0])}**.")
    with left:
        map_viewer("answer_square", [MapPanel("covered", "Covered", picture, image=True)], on_click=clicked)


def honesty(v: Values, asked: Asked, trained: Growing, random: Growing) -> None:
    """The first class's map with trained and with random weights, and how alike they are."""

    def draw(maps: Array) -> None:
        if trained.maps is None:
            return
        pair = {"trained": trained.maps[:1], "random": maps}
        panels = []
        for (name, found), title in zip(pair.items(), ("Trained weights", "Random weights"), strict=True):
            shown, end = overlays.on_pixels(v, found), overlays.largest(found)
            legend = _legend(end, ("against it", "for it"), float(shown.min()) < 0)
            panels.append(_over(asked.x, v[why.STRENGTH], f"{name}_weights", title, shown[0], end, legend))
        map_viewer("answer_honest", panels)
        if trained.done and random.done:
            alike = f"{overlays.likeness(trained.maps[0], maps[0]):.2f}".replace("-", "\N{MINUS SIGN}")
            st.markdown(
                f"The two maps' correlation is **{alike}**: 1 would mean that the weights do not matter to this method, "
                "and that it shows the photo, not the network."
            )

    watched(why.model(v), random, draw)


def what_they_say() -> None:
    """What each method can and cannot say."""
    can, cannot = zip(*SAYS.values(), strict=True)
    lesson.table({"method": SAYS, "it says": can, "it cannot say": cannot})
