"""Questions of the page Shape calculator."""

from random import Random

import numpy as np

from instruments import stacks
from instruments.questions.question import Picture, Question, pictures, reasons

SIDE = 13  # pixels of a picture of a receptive field
COUNTS = {2: "Two", 3: "Three"}
STACKS = {
    (3,): 3,
    (3, 3): 5,
    (5,): 5,
    (3, 3, 3): 7,
    (5, 3): 7,
    (5, 5): 9,
    (3, 3, 5): 9,
}  # kernel sides -> receptive field


def receptive_field(rng: Random) -> Question:
    first, second = rng.choice([3, 5, 7]), rng.choice([1, 3, 5])
    answer = first + 1 + 2 * (second - 1)
    return Question(
        "predict",
        f"A **{first} × {first}** convolution, then **2 × 2** max pooling with stride 2, then a **{second} × {second}** convolution. How many "
        "pixels of the input, along one side, stand behind one number of the last output?",
        (
            f"One number after the first convolution sees {first} pixels, and one after pooling one pixel more.",
            "After pooling, two neighbours are 2 pixels of the input apart: each further tap of the last kernel adds 2.",
        ),
        f"{first} + 1 + 2 · ({second} − 1) = {answer}. That is the receptive field.",
        answer=answer,
        settings={stacks.INPUT.key: "1 × 28 × 28", stacks.LAYERS.key: f"conv 4 {first}; max 2; conv 4 {second}"},
    )


def seen_by_one(rng: Random) -> Question:
    chosen = rng.choice(list(STACKS))
    drawn = {}
    for side in sorted(set(STACKS.values())):
        edge = (SIDE - side) // 2
        picture = np.zeros((SIDE, SIDE), np.float32)
        picture[edge : SIDE - edge, edge : SIDE - edge] = 0.6
        picture[SIDE // 2, SIDE // 2] = 1
        drawn[f"a receptive field of {side} × {side}"] = Picture(picture)
    field = STACKS[chosen]
    layers = " then ".join(f"**{k} × {k}**" for k in chosen)
    words = "One convolution" if len(chosen) == 1 else f"{COUNTS[len(chosen)]} convolutions in a row"
    return Question(
        "recognise",
        f"{words}, {layers}, all with stride 1. Which pixels of the input does the output in the middle depend on? They are grey, the "
        f"middle one white; each picture is {SIDE} pixels wide.",
        (
            "A kernel of side k reaches (k − 1) / 2 pixels to each side of the middle.",
            "What it reads was itself read from further out: the reaches add up.",
        ),
        f"From the middle it reaches {(field - 1) // 2} pixels to each side: {field} × {field}.",
        choices=pictures(rng, f"a receptive field of {field} × {field}", drawn),
    )


def does_not_fit(rng: Random) -> Question:
    k = rng.choice([5, 7])
    side = rng.randint(k + 1, 2 * k - 2)
    left = side - k + 1
    return Question(
        "explain",
        f"The input is **1 × {side} × {side}**, the layers are two convolutions of **{k} × {k}** without padding. The second one is refused. "
        "Why?",
        ("How large are the maps after the first convolution?", f"{side} − {k} + 1 = {left} pixels a side are left."),
        f"A window of {k} × {k} does not fit into maps of {left} × {left}. Padding would keep the maps as large as the input.",
        choices=reasons(
            rng,
            "After the first convolution the maps are smaller than the second kernel.",
            {
                "Two convolutions may not follow each other.": "They may, and often do.",
                "The second convolution has no parameters left.": "Each layer has its own parameters.",
                "The input needs three channels.": "It may have any number of channels.",
            },
        ),
        settings={stacks.INPUT.key: f"1 × {side} × {side}", stacks.LAYERS.key: f"conv 4 {k}; conv 4 {k}"},
    )


QUESTIONS = (receptive_field, seen_by_one, does_not_fit)
