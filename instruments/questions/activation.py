"""Questions of the page Activation."""

from random import Random

import numpy as np

from instruments import activation
from instruments.questions.question import Picture, Question, added, number, numbers, pictures, reasons
from instruments.questions.small_pictures import PHOTOS, convolved


def sum_after(rng: Random) -> Question:
    leaky = rng.random() < 0.5
    values = [rng.choice([-4, -2, -2, 1, 2, 3, 4]) for _ in range(3)] + [rng.choice([-4, -2])]
    rng.shuffle(values)
    after = [value if value > 0 else value // 2 if leaky else 0 for value in values]
    name = "Leaky ReLU with the negative slope one half" if leaky else "ReLU"
    rule = "Negative numbers are halved" if leaky else "Negative numbers become 0"
    return Question(
        "predict",
        f"{name} is applied to **{numbers(values)}**. What is the sum of what comes out?",
        ("Apply it to each number first, then add.", f"{rule}, positive ones stay."),
        f"{added(after)} = {number(sum(after))}.",
        answer=sum(after),
        settings={activation.NAME.key: "leaky_relu", activation.PARAMETER.key: 0.5}
        if leaky
        else {activation.NAME.key: "relu"},
    )


def after_relu(rng: Random) -> Question:
    name, kernel = rng.choice(list(PHOTOS)), rng.choice(["sobel_x", "sobel_y"])
    before = convolved(name, kernel)
    end = float(np.abs(before).max())
    drawn = {
        "the map after ReLU": Picture(np.maximum(before, 0), False, end),
        "each number's size, without its sign": Picture(np.abs(before), False, end),
        "only the negative numbers": Picture(np.minimum(before, 0), False, end),
        "each number with the other sign": Picture(-before, False, end),
    }
    return Question(
        "recognise",
        "This map goes through ReLU. What comes out? Blue is below 0, orange above.",
        ("Which colour cannot be left after ReLU?", "What was blue is now 0; nothing else changes."),
        "ReLU makes all negative numbers 0 and leaves the others alone: the blue is gone, the orange is the same.",
        choices=pictures(rng, "the map after ReLU", drawn),
        shown=(Picture(before, False, end, "A map with negative and positive numbers"),),
    )


def deep_but_flat(rng: Random) -> Question:
    layers = rng.randint(5, 30)
    return Question(
        "explain",
        f"Somebody stacks **{layers}** convolutions with nothing between them. However long it is trained, the network is no "
        "better than one with a single convolution. Why?",
        ("Look at the page's second part: what do two convolutions in a row equal?",),
        "A convolution of a convolution is again a convolution, with a larger kernel. Only a bend between them adds something new.",
        choices=reasons(
            rng,
            "Convolutions in a row equal one convolution with a larger kernel.",
            {
                "More layers always make a network worse.": "With activations between them, depth is what makes networks strong.",
                "The kernels are too small to be trained.": "The size of the kernels is not what is missing.",
                "The later layers get no input.": "Each gets the map of the one before.",
            },
        ),
        settings={activation.BETWEEN.key: False},
    )


QUESTIONS = (sum_after, after_relu, deep_but_flat)
