"""Questions of the page Why this answer."""

from random import Random

import numpy as np

from instruments.questions.question import Picture, Question, pictures, reasons

SIDE = 12  # pixels of the pictures


def places(rng: Random) -> Question:
    size, stride, out = rng.randint(2, 8), rng.randint(2, 4), rng.randint(3, 9)
    side = size + stride * (out - 1)
    return Question(
        "predict",
        f"A grey square of **{size} × {size}** covers one place of a picture of **{side} × {side}** after the other, always wholly "
        f"inside it, and moves by **{stride}** pixels. How often must the network be asked?",
        (
            f"Along one side the square can move by {side} − {size} = {side - size} pixels, in steps of {stride}.",
            f"That makes {out} places along one side, since the first counts too. The picture has two sides.",
        ),
        f"{out} · {out} = {out * out} times: occlusion is simple and slow.",
        answer=out * out,
    )


def covered(rng: Random) -> Question:
    corners = {"upper left": (2, 2), "upper right": (2, 8), "lower left": (8, 2), "lower right": (8, 8)}
    one, other = rng.sample(list(corners), 2)
    image = np.full((SIDE, SIDE), 0.15, np.float32)
    y, x = corners[one]
    image[y - 1 : y + 2, x - 1 : x + 2] = 1
    y, x = corners[other]
    image[y, x - 1 : x + 2] = image[y - 1 : y + 2, x] = 1

    def falls(place: str, sign: float) -> Picture:
        values = np.zeros((SIDE, SIDE), np.float32)
        row, column = corners[place]
        values[row - 2 : row + 3, column - 2 : column + 3] = sign
        return Picture(values, False, 1.0)

    right = "a fall where the square is covered"
    drawn = {
        right: falls(one, 1),
        "a fall where the cross is covered": falls(other, 1),
        "a rise where the square is covered": falls(one, -1),
        "a fall wherever something is covered": Picture(np.ones((SIDE, SIDE), np.float32), False, 1.0),
    }
    return Question(
        "recognise",
        "A network knows a picture by its white **square**; the cross does not matter to it. A grey patch covers one place after the "
        "other. Which map says how much the score for “square” falls? Orange is a fall, blue a rise.",
        (
            "What happens to the score while the patch covers the cross?",
            "Where must the patch be for the score to fall?",
        ),
        "The score falls only where the patch hides what the network looks at: the square.",
        choices=pictures(rng, right, drawn),
        shown=(Picture(image, words=f"A white square in the {one} quarter and a white cross in the {other} quarter"),),
    )


def snow(rng: Random) -> Question:
    animal, other, ground = rng.choice(
        [("dogs", "wolves", "snow"), ("horses", "camels", "sand"), ("ducks", "seals", "ice")]
    )
    return Question(
        "explain",
        f"A network that tells **{animal}** from **{other}** is right on nearly all photos. Its saliency map is strong on the "
        f"**{ground}**, hardly on the animal. On a photo of {animal} on {ground} it is wrong. What is the reason?",
        (f"What did nearly all photos of {other} in its training have in common?",),
        f"It learned the {ground}, which was enough for the photos it was trained on. A map of what counts brings this to light.",
        choices=reasons(
            rng,
            f"In its training {other} stood on {ground}, so it learned the ground instead of the animal.",
            {
                "Saliency maps always show the background.": "They show what the score depends on, wherever it is.",
                f"A network cannot see {animal}.": "It could, had the ground not been the easier sign.",
                "The photo has too many pixels.": "It is shrunk to the network's size, as all others are.",
            },
        ),
    )


QUESTIONS = (places, covered, snow)
