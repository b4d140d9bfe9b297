"""Questions of the page Channels and filters."""

from itertools import product
from random import Random

import numpy as np

from instruments import channels
from instruments.questions.question import Picture, Question, pictures, reasons
from instruments.questions.small_pictures import colour_names, patterns

DOES = {1: "copies **{}**", 0: "ignores **{}**", -1: "subtracts **{}**"}


def parameters(rng: Random) -> Question:
    n, k = rng.randint(2, 10), rng.randint(1, 3)
    weights = 3 * k * k
    return Question(
        "predict",
        f"A layer has **{n}** kernels of **{k} × {k}** for a picture in red, green and blue, each kernel with a bias. How many "
        "parameters is that?",
        (
            "One kernel has a slice for each of the three channels, but a single bias.",
            f"One kernel: 3 · {k} · {k} = {weights} weights and 1 bias.",
        ),
        f"{n} · ({weights} + 1) = {n * (weights + 1)}.",
        answer=n * (weights + 1),
        settings={channels.KERNELS.key: n, channels.SIDE.key: k, "size": "128"},
    )


def which_sum(rng: Random) -> Question:
    colours = patterns(rng, 4, 3)
    signs = [one for one in product((-1, 0, 1), repeat=3) if sum(map(abs, one)) >= 2]
    chosen = rng.sample(signs, 6)

    def words(one: tuple[int, ...]) -> str:
        terms = [f"{'+' if sign > 0 else '−'} {name}" for sign, name in zip(one, channels.COLOURS, strict=True) if sign]
        return " ".join(terms).removeprefix("+ ")

    drawn = {words(one): Picture(np.tensordot(np.array(one, np.float32), colours, 1), False, 3.0) for one in chosen}
    right = words(chosen[0])
    options = pictures(rng, right, dict(list(drawn.items())[:4]))
    slices = ", ".join(DOES[sign].format(name) for sign, name in zip(chosen[0], channels.COLOURS, strict=True))
    return Question(
        "recognise",
        f"One kernel of 1 × 1 looks at this picture: its slices say that it {slices}. Which feature map comes out? Orange is "
        "above 0, blue below, the lightest shade is 0.",
        (
            "Take one field of the picture and say which colours it holds: white holds all three, black none.",
            "Add 1 for each of its colours that is copied, take 1 away for each that is subtracted.",
        ),
        f"In each place the three answers are added into one number: {right}.",
        choices=options,
        shown=(Picture(colours, words=f"Row by row: {colour_names(colours)}"),),
    )


def wrong_depth(rng: Random) -> Question:
    kernels, k = rng.choice([8, 16, 32]), rng.choice([3, 5])
    return Question(
        "explain",
        f"A network for grey digits begins with a weight of **{kernels} × 1 × {k} × {k}**. Given a photo in colour, it stops with an "
        "error. What is the reason?",
        (
            "Read the weight as kernels × channels × height × width.",
            "How many slices has each kernel, and how many channels the photo?",
        ),
        f"For three channels the weight must be {kernels} × 3 × {k} × {k}. Or the photo is made grey first.",
        choices=reasons(
            rng,
            "Each kernel has one slice, but the photo has three channels.",
            {
                "A photo is larger than a digit.": "A convolution takes any height and width: the kernel slides further.",
                "There are too many kernels: only 3 fit a photo in colour.": "As many kernels as one likes: each makes one map.",
                "Colours are negative numbers.": "They are from 0 to 1, and negative numbers would do no harm.",
            },
        ),
    )


QUESTIONS = (parameters, which_sum, wrong_depth)
