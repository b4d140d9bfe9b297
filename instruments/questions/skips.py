"""Questions of the page Skips and norms."""

from random import Random

import numpy as np

from instruments import skips
from instruments.questions.question import Picture, Question, number, pictures, reasons
from instruments.questions.small_pictures import PHOTOS, convolved


def normed(rng: Random) -> Question:
    mean, deviation, weight, bias = (
        rng.randint(-4, 5),
        rng.randint(2, 6),
        rng.choice([-3, -2, 2, 3]),
        rng.randint(-5, 5),
    )
    steps = rng.choice([-2, -1, 1, 2])
    x = mean + steps * deviation
    answer = weight * steps + bias
    return Question(
        "predict",
        f"A batch norm has for a map the mean μ = **{number(mean)}**, the variance σ² = **{deviation**2}**, γ = **{number(weight)}** "
        f"and β = **{number(bias)}**; ε is so small that it does not matter. What becomes of the number **{number(x)}**?",
        (
            "First take the mean away, then divide by the deviation, the root of the variance.",
            f"({number(x)} − ({number(mean)})) / {deviation} = {number(steps)}. Then comes γ, and last β.",
        ),
        f"{number(weight)} · {number(steps)} + ({number(bias)}) = {number(answer)}.",
        answer=answer,
    )


def summed(rng: Random) -> Question:
    name = rng.choice(list(PHOTOS))
    given, computed = convolved(name, "sobel_x"), convolved(name, "sobel_y")
    end = float(max(np.abs(given + computed).max(), np.abs(given).max(), np.abs(computed).max()))
    drawn = {
        "the sum of what is given and what is computed": Picture(given + computed, False, end),
        "the product of the two": Picture(given * computed / end * 2, False, end),
        "what is given less what is computed": Picture(given - computed, False, end),
        "the larger of the two numbers at each place": Picture(np.maximum(given, computed), False, end),
    }
    return Question(
        "recognise",
        "A residual block is given the first map and computes the second one from it. Which map does it hand on to its last ReLU?",
        (
            "What does the skip do with the two maps?",
            "An edge that only one of the two maps has is still there afterwards.",
        ),
        "The skip adds the two maps, number by number.",
        choices=pictures(rng, "the sum of what is given and what is computed", drawn),
        shown=(Picture(given, False, end, words="Given"), Picture(computed, False, end, words="Computed")),
    )


def why_skips(rng: Random) -> Question:
    layers = rng.choice([56, 110, 152])
    return Question(
        "explain",
        f"A plain network of **{layers}** layers learns worse than one of 20, even the digits that it is trained on. With skips it learns "
        "better. What is the reason?",
        (
            "What does a block with a skip hand on if its kernels are all 0?",
            "And which way can the gradient take back to the first layers?",
        ),
        "With a skip a block that has learnt nothing does no harm: it hands on what it was given, and the gradient passes it by.",
        choices=reasons(
            rng,
            "A skip hands on what a block was given, and the gradient back past it: a block only has to learn what to change.",
            {
                "Skips make the network smaller, so that it has fewer weights to learn.": "A skip has no weights to save: all kernels are still there.",
                "Skips prevent overfitting.": "It was worse on what it is trained on: that is no overfitting.",
                "Skips leave out blocks that are not needed, which saves time.": "Every block is still computed.",
            },
        ),
        settings={skips.CUT[2].key: True},
    )


QUESTIONS = (normed, summed, why_skips)
