"""Questions of the page Find faces."""

from random import Random

import numpy as np

from cnn_core.faces import WINDOW
from instruments import faces
from instruments.questions.question import Picture, Question, pictures, reasons
from instruments.questions.small_pictures import pattern

SURE = (0.0, 0.3, 0.6, 0.9)  # probabilities of a face, as shades


def first_level(rng: Random) -> Question:
    times = rng.choice([2, 4, 8])
    side = rng.choice([side for side in (64, 128, 256, 512) if side // times > WINDOW])
    smallest = times * WINDOW
    return Question(
        "predict",
        f"P-Net sees only {WINDOW} × {WINDOW} pixels. A photo of **{side} × {side}** is searched for faces of **{smallest}** pixels and "
        "more. How wide is the first, largest copy of the photo that P-Net gets?",
        (
            f"The photo is shrunk until a face of {smallest} pixels is {WINDOW} pixels wide.",
            f"{smallest} / {WINDOW} = {times}: everything becomes {times} times smaller.",
        ),
        f"{side} / {times} = {side // times} pixels. Larger faces are found on still smaller copies.",
        answer=side // times,
        settings={faces.SMALLEST.key: smallest, "image": "astronaut", "size": str(side)},
    )


def passes(rng: Random) -> Question:
    limits = {0.1: "0.1", 0.5: "0.5", 0.8: "0.8"}
    while True:
        map_of = pattern(rng, 6, SURE)
        drawn = {
            f"all places of {words} and more": Picture((map_of > limit).astype(np.float32))
            for limit, words in limits.items()
        }
        drawn["all places below 0.5"] = Picture((map_of < 0.5).astype(np.float32))
        limit = rng.choice(list(limits.values()))
        options = pictures(rng, f"all places of {limit} and more", drawn)
        if len(options) == len(drawn):
            break
    return Question(
        "recognise",
        f"How sure P-Net is of a face at each place: black is 0, then 0.3, then 0.6, and the brightest is 0.9. Which places pass a "
        f"threshold of **{limit}**? They are white below.",
        (
            "Which of the four shades are at least as large as the threshold?",
            "Find one place of each shade and see whether it is white.",
        ),
        f"A place passes if its probability is {limit} or more. The lower the threshold, the more places pass.",
        choices=options,
        shown=(Picture(map_of, words="Six rows of six places in four shades of grey"),),
    )


def too_small(rng: Random) -> Question:
    face = rng.choice([20, 24, 30, 40])
    smallest = face * rng.choice([2, 3])
    return Question(
        "explain",
        f"A clear face, **{face}** pixels wide, is not found. The smallest face is set to **{smallest}** pixels. Why is it missed?",
        (
            f"P-Net looks through a window of {WINDOW} × {WINDOW} pixels. How large is this face on the largest copy that it gets?",
            f"A face of {smallest} pixels is {WINDOW} pixels wide there, so this one is only {WINDOW * face // smallest}.",
        ),
        f"Faces are sought from {smallest} pixels upwards. A smaller setting finds it, and takes longer.",
        choices=reasons(
            rng,
            "The photo is shrunk so much that this face is far smaller than P-Net's window.",
            {
                "The thresholds are too low.": "Low thresholds let more through, not less.",
                "O-Net was not trained on this person.": "It was trained on thousands of others, and finds people it never saw.",
                "The face is in colour.": "All three networks take red, green and blue.",
            },
        ),
    )


QUESTIONS = (first_level, passes, too_small)
