"""Questions of the page The whole network about any network that it shows, with that network's own numbers."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

import numpy as np

from cnn_core.arguments import Array, Pair
from cnn_core.graph import Graph
from cnn_core.layers import Conv2d
from cnn_core.layers.base import Shape
from cnn_core.padding import conv_axes
from instruments.overview_settings import MAP, MODEL, NODE
from instruments.questions import network as digits
from instruments.questions.question import Picture, Question, pictures, reasons
from instruments.questions.small_pictures import PHOTOS, correlated, photo
from instruments.receptive_fields import sizes_seen

FEW = 20_000  # learned numbers of a layer that can be counted by hand
LAYERS, OF_EACH = 16, 8  # layers of which slices are asked about, and slices of each
NARROW, WIDE = 2, 7  # cells a side of such a slice
TRIES = 12  # slices with which choosing four begins
APART = 0.75  # above this, two maps are too much alike to be told apart by eye
THINGS = {"dragon": "a dragon", "unicorn": "a unicorn", "writing": "a page of handwriting", "sky": "the night sky"}
# Names that are said as they are: no letter of them means anything in Markdown, and none makes an address.
_SAYABLE = re.compile(r"(?!.*www\.)[A-Za-z0-9](?:[A-Za-z0-9 .,'/-]{0,38}[A-Za-z0-9.])?", re.ASCII)


class Convolution(NamedTuple):
    """A convolution."""

    node: str
    said: str  # its name, or its number where that cannot be said
    kernels: int
    inputs: int  # maps that each kernel reads
    size: Pair
    bias: bool
    width: tuple[int, int, int, int] | None  # read, padding on each side, stride, made; None if unusual
    sees: Pair | None  # rows and columns of the picture that a cell of its maps sees

    @property
    def learned(self) -> int:
        """Numbers that it learned."""
        return self.kernels * self.inputs * self.size[0] * self.size[1] + self.bias * self.kernels


class Slice(NamedTuple):
    """One slice of a kernel."""

    said: str  # the name of its layer
    kernel: int
    map: int
    weights: Array


class Facts(NamedTuple):
    """What is asked about of a network; none of it holds on to the network."""

    key: str  # tells it from others
    code: str  # by which links choose it
    name: str
    convolutions: tuple[Convolution, ...]
    slices: tuple[Slice, ...]
    classes: tuple[str, ...]  # names that can be said
    answers: int  # how many classes it has; 0 if it names none


def facts(key: str, code: str, graph: Graph, shape: Shape, classes: Sequence[str]) -> Facts:
    """Look at a network.

    Args:
        key: tells it from others.
        code: by which links choose it.
        graph: the network.
        shape: of its picture.
        classes: their names, () if it names none.
    """
    shapes, sizes = graph.output_shapes(shape) | {"input": shape}, sizes_seen(graph)
    nodes = [node for node in graph.nodes if isinstance(node.layer, Conv2d)]
    convolutions, sliced = [], list[tuple[str, Conv2d]]()
    for number, node in enumerate(nodes, 1):
        layer, said = node.layer, node.name if _SAYABLE.fullmatch(node.name) else f"convolution {number}"
        assert isinstance(layer, Conv2d)
        inputs = layer.in_channels // layer.groups
        width = _width(layer, shapes[node.inputs[0]])
        bias, sees = layer.bias is not None, sizes[node.name]
        convolutions.append(
            Convolution(node.name, said, layer.out_channels, inputs, layer.kernel_size, bias, width, sees)
        )
        if min(layer.kernel_size) >= NARROW and max(layer.kernel_size) <= WIDE:
            sliced.append((said, layer))
    chosen = sliced[:: -(-len(sliced) // LAYERS) or 1]
    slices = tuple(one for said, layer in chosen for one in _slices(said, layer))
    name = {"squeezenet": "SqueezeNet", "resnet8": "ResNet-8"}.get(code, "your network")
    sayable = tuple(one for one in classes if _SAYABLE.fullmatch(one))
    return Facts(key, code, name, tuple(convolutions), slices, sayable, len(classes))


def _width(layer: Conv2d, shape: Shape) -> tuple[int, int, int, int] | None:
    axis = conv_axes((shape[1], shape[2]), layer.kernel_size, layer.stride, layer.padding, layer.dilation)[1]
    usual = axis.before == axis.after and axis.dilation == 1 and axis.kernel_size > 1
    return (axis.size, axis.before, axis.stride, axis.output_size) if usual else None


def _slices(said: str, layer: Conv2d) -> list[Slice]:
    """A few slices of a layer, from all over it; copies, so that the network can go."""
    count, inputs = layer.weight.shape[:2]
    places = [(number * count // OF_EACH, number * 7 % inputs) for number in range(min(OF_EACH, count))]
    found = [Slice(said, k, c, np.array(layer.weight[k, c], np.float32)) for k, c in places]
    return [one for one in found if np.isfinite(one.weights).all() and np.abs(one.weights).max() > 0]


def questions(net: Facts) -> tuple[Callable[[Random], Question], ...]:
    """What makes a network's three questions; where it has nothing to ask about, of the digits network."""
    makers = ((learned, digits.into_dense), (whose_map, digits.whose_map), (why_so, digits.house))
    return tuple(partial(_first, own, other, net) for own, other in makers)


def _first(
    own: Callable[[Random, Facts], Question | None], other: Callable[[Random], Question], net: Facts, rng: Random
) -> Question:
    return own(rng, net) or other(rng)


def learned(rng: Random, net: Facts) -> Question | None:
    """How many numbers a layer learned, or how wide its maps are."""
    few = [one for one in net.convolutions if one.learned <= FEW]
    if not few:
        return None
    one, wide = rng.choice(few), [conv for conv in few if conv.width is not None]
    if wide and rng.random() < 0.5:
        return _how_wide(net, rng.choice(wide))
    height, width = one.size
    weights = one.kernels * one.inputs * height * width
    sum_ = f"{one.kernels} · {one.inputs} · {height} · {width}"
    return Question(
        "predict",
        f"In {net.name} the layer **{one.said}** has **{one.kernels}** kernels of **{one.inputs} × {height} × {width}** weights and "
        f"{'one bias for each kernel' if one.bias else 'no biases'}. How many numbers did it learn there?",
        (
            f"One kernel has {one.inputs} · {height} · {width} = {one.inputs * height * width} weights.",
            f"All kernels have {sum_} = {weights} weights.",
        ),
        f"{sum_}{f' + {one.kernels}' if one.bias else ''} = {one.learned}.",
        answer=one.learned,
        settings=_watched(net, one),
    )


def _how_wide(net: Facts, one: Convolution) -> Question:
    assert one.width is not None
    (before, padding, stride, after), kernel = one.width, one.size[1]
    free = before + 2 * padding - kernel
    return Question(
        "predict",
        f"In {net.name} the layer **{one.said}** reads maps that are **{before}** numbers wide, with a padding of **{padding}** on each "
        f"side. Its kernels are **{kernel}** wide and move by **{stride}**. How wide are the maps that it makes?",
        (
            f"With its padding a row has {before} + 2 · {padding} = {before + 2 * padding} places.",
            f"A kernel can move along by {before + 2 * padding} − {kernel} = {free}, in steps of {stride}; the first place counts, too.",
        ),
        f"{free} : {stride} makes {free // stride} whole steps, and {free // stride} + 1 = {after}.",
        answer=after,
        settings=_watched(net, one),
    )


def _watched(net: Facts, one: Convolution) -> dict[str, object]:
    """Settings that open the layer's first map."""
    return {MODEL.key: net.code, NODE.key: one.node, MAP.key: 0}


def whose_map(rng: Random, net: Facts) -> Question | None:
    """Which map a slice makes of a photo."""
    name = rng.choice(list(PHOTOS))
    order = rng.sample(net.slices, len(net.slices))
    tries = (
        _apart(name, [one for one in order[start:] + order[:start] if one.weights.shape == order[start].weights.shape])
        for start in range(min(TRIES, len(order)))
    )
    chosen = next((found for found in tries if len(found) == 4), None)
    if chosen is None:
        return None
    first = next(iter(chosen))
    drawn = {words: Picture(made, False) for words, (_, made) in chosen.items()}
    asked = chosen[first][0]
    return Question(
        "recognise",
        f"A photo and one slice of a kernel of **{asked.said}** in {net.name}: orange weights are positive, blue ones negative. Which "
        "map does this slice make of the photo?",
        (
            "The answer is positive, orange, where the photo is bright under the orange weights and dark under the blue ones.",
            "Where the photo is even, the answer is the sum of all weights times that brightness: is this sum above or below 0?",
        ),
        "Each slice answers to edges of another direction, or to brightness: that is what it learned.",
        choices=pictures(rng, first, drawn),
        shown=(
            Picture(photo(name), words=f"A photo of {PHOTOS[name]}, in grey"),
            Picture(asked.weights, False, words="A slice of {} × {} weights".format(*asked.weights.shape)),
        ),
    )


def _apart(name: str, slices: Sequence[Slice]) -> dict[str, tuple[Slice, Array]]:
    """Up to four slices whose maps of a photo do not look alike, with these, by what is said of them."""
    kept: dict[str, tuple[Slice, Array]] = {}
    for one in slices:
        made = correlated(photo(name), one.weights)
        size = float(np.linalg.norm(made)) or 1.0
        near = [float((made * other).sum()) / size / float(np.linalg.norm(other)) for _, other in kept.values()]
        if made.any() and max(near, default=-1.0) < APART:
            kept[f"the map of slice {one.map} of kernel {one.kernel} of {one.said}"] = one, made
        if len(kept) == 4:
            break
    return kept


def why_so(rng: Random, net: Facts) -> Question | None:
    """Why it is sure of what it cannot know; of one that names no classes, why later cells see more."""
    return house(rng, net) if net.answers > 1 and net.classes else growth(rng, net)


def house(rng: Random, net: Facts) -> Question:
    """What a network says of a thing that it does not know."""
    names = " ".join(net.classes).lower()
    things = [words for word, words in THINGS.items() if word not in names] or ["a thing without a name"]
    thing, said, sure = rng.choice(things), rng.choice(net.classes), rng.randint(80, 99)
    return Question(
        "explain",
        f"Somebody shows {net.name} **{thing}**, which is none of its **{net.answers:,}** classes. It answers “{said}” and is {sure}% sure. "
        "Why?",
        ("Which answers can the last layer give?", "To what do all probabilities add up, whatever is shown?"),
        f"Softmax shares 100% among the {net.answers:,} classes. “None of them” is not among the answers, and being sure is not being "
        "right.",
        choices=reasons(
            rng,
            f"It can only answer with its {net.answers:,} classes, and their probabilities always add up to 100%.",
            {
                f"The picture really shows “{said}”, as the network sees better than people.": "It never learned such a thing: it has to choose among its classes.",
                "The network was not trained at all.": "It was, and of what it was trained on it knows most.",
                "Softmax adds the same amount to every answer.": "It makes the differences between answers larger, not the answers equal.",
            },
        ),
    )


def growth(rng: Random, net: Facts) -> Question | None:
    """Why a cell of a later layer sees more of the picture."""
    known = [one for one in net.convolutions if one.sees is not None]
    pairs = [
        (early, late)
        for place, early in enumerate(known)
        for late in known[place + 1 :]
        if early.sees and late.sees and min(np.subtract(late.sees, early.sees)) > 0
        if min(np.subtract(early.size, late.size)) >= 0
    ]
    if not pairs:
        return None
    early, late = rng.choice(pairs)
    sizes = ["{} × {}".format(*(one.sees or ())) for one in (early, late)]
    return Question(
        "explain",
        f"In {net.name} a cell of **{early.said}** sees **{sizes[0]}** pixels of the picture, a cell of the later layer **{late.said}** "
        f"sees **{sizes[1]}**. Why does it see more?",
        ("What do the cells that it reads see themselves?",),
        "What a cell sees grows from layer to layer: with each kernel by its width, and faster behind a stride.",
        choices=reasons(
            rng,
            "It reads several cells side by side, and each of them sees a part of the picture already.",
            {
                "Its kernels are larger.": "They are not, and a kernel's size counts cells of the layer before, not pixels.",
                "It has more kernels.": "Each kernel makes one map, and all of them see equally much.",
                "It was trained for longer.": "What a cell sees follows from the layers alone, before any training.",
            },
        ),
        settings=_watched(net, late),
    )
