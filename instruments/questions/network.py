"""Questions of the page The whole network."""

from functools import cache
from random import Random

import numpy as np

from cnn_core import networks
from cnn_core.arguments import Array
from instruments import network
from instruments.digits import UNSEEN, all_digits
from instruments.questions.question import Picture, Question, pictures, reasons
from instruments.questions.small_pictures import correlated

DIGITS = 20  # digits that are asked about
APART = 0.75  # above this, two maps are too much alike to be told apart by eye


def into_dense(rng: Random) -> Question:
    n, k, p = rng.choice([2, 3, 4, 5, 10]), rng.choice([1, 3, 5, 7, 9]), rng.randint(4, 6)
    side = 28 - k + 1
    out = side // p
    return Question(
        "predict",
        f"A digit of 28 × 28 goes through **{n}** kernels of **{k} × {k}** (no padding), then max pooling with a window of "
        f"**{p} × {p}** that moves by its own width. How many numbers go into the first dense layer?",
        (
            f"After the convolution each map is 28 − {k} + 1 = {side} pixels wide.",
            f"{out} whole windows of {p} fit into {side} pixels. The map has two sides, and there are {n} maps.",
        ),
        f"{n} · {out} · {out} = {n * out * out}.",
        answer=n * out * out,
        settings={network.KERNELS.key: n, network.KERNEL_SIDE.key: k, network.POOL.key: p},
    )


@cache
def _kernels() -> Array:
    """Those of the trained network, (K, k, k)."""
    weights: Array = networks.load("digits").parameters()["conv1.weight"][:, 0]
    return weights


@cache
def _maps(n: int) -> Array:
    """A digit after each kernel, without bias, (K, h, w)."""
    image = all_digits()[0][UNSEEN + n, 0]
    return np.stack([correlated(image, kernel) for kernel in _kernels()])


@cache
def _likeness(n: int) -> Array:
    """How much each map of this digit is like each other, 1 for the same, (K, K)."""
    rows = _maps(n).reshape(len(_kernels()), -1)
    size = np.linalg.norm(rows, axis=1)
    likeness: Array = rows @ rows.T / np.outer(size, size)
    return likeness


def whose_map(rng: Random) -> Question:
    n = rng.randrange(DIGITS)
    chosen: list[int] = []
    for one in rng.sample(range(len(_kernels())), len(_kernels())):
        if all(_likeness(n)[one, other] < APART for other in chosen):
            chosen.append(one)
    chosen = chosen[:4]
    drawn = {f"the map of kernel {one}": Picture(_maps(n)[one], False) for one in chosen}
    return Question(
        "recognise",
        "A digit and one kernel of the trained digits network: orange weights are positive, blue ones negative. Which map does this "
        "kernel make?",
        (
            "The answer is positive, orange, where the bright stroke lies under the orange weights.",
            "Take an edge of the stroke that has its bright side where the kernel is orange, and its dark side where it is blue.",
        ),
        "Each kernel answers to another direction of edges and strokes: that is what it learned.",
        choices=pictures(rng, f"the map of kernel {chosen[0]}", drawn),
        shown=(
            Picture(all_digits()[0][UNSEEN + n, 0], words="A handwritten digit, white on black"),
            Picture(_kernels()[chosen[0]], False, words="A kernel of 5 × 5 weights"),
        ),
    )


def house(rng: Random) -> Question:
    thing, said, sure = (
        rng.choice(["a house", "a letter A", "a star", "a smile"]),
        rng.randrange(10),
        rng.randint(80, 99),
    )
    return Question(
        "explain",
        f"Somebody draws **{thing}**. The network says it is a **{said}** and is {sure}% sure. Why?",
        ("Which answers can the last layer give?", "To what do the ten probabilities add up, whatever is drawn?"),
        "Softmax shares 100% among the ten digits. “None of them” is not among the answers, and being sure is not being right.",
        choices=reasons(
            rng,
            "It can only answer with the ten digits, and their probabilities always add up to 100%.",
            {
                f"The drawing really is a {said}, as the network sees better than people.": "It never saw such a thing: it has to choose among ten answers.",
                "The network was not trained at all.": "It was, and on digits it is nearly always right.",
                "Softmax adds the same amount to every answer.": "It makes the differences between answers larger, not the answers equal.",
            },
        ),
    )


QUESTIONS = (into_dense, whose_map, house)
