"""Questions of the page Training."""

from random import Random

import numpy as np

from cnn_core.arguments import Array
from instruments import training
from instruments.questions.question import Picture, Question, pictures, reasons

CURVES = {  # a learning rate's size in words, and its share of the steepness that a valley allows
    "a good rate: the loss falls fast and stays low": 0.25,
    "a rate far too small: the loss hardly falls": 0.012,
    "a rate far too large: the loss grows": 2.05,
    "a rate of 0: nothing changes": 0.0,
}
ASKED = {
    "a good rate: the loss falls fast and stays low": "about right",
    "a rate far too small: the loss hardly falls": "far too small",
    "a rate far too large: the loss grows": "far too large",
    "a rate of 0: nothing changes": "0",
}
HEIGHT, STEPS = 40, 30


def steps(rng: Random) -> Question:
    batch, epochs = rng.choice([20, 25, 40, 50, 100]), rng.randint(2, 10)
    digits = 100 * rng.randint(1, 5)
    batches = -(-digits // batch)
    return Question(
        "predict",
        f"**{digits}** digits, batches of **{batch}**, **{epochs}** epochs. How many steps is that?",
        (
            "In one epoch each digit is seen once; each batch is one step. A last batch may be smaller.",
            f"{digits} digits make {batches} batches of at most {batch}.",
        ),
        f"{batches} · {epochs} = {batches * epochs}.",
        answer=batches * epochs,
        settings={training.DIGITS.key: digits, training.BATCH.key: batch, training.EPOCHS.key: epochs},
    )


def _curve(rate: float, start: float) -> Array:
    """The loss while a ball rolls down a valley: half the square of where it is; as a picture, white on black."""
    picture = np.zeros((HEIGHT, 2 * STEPS), np.float32)
    place = start
    for step in range(STEPS):
        loss = min(place * place / 2, 1.0)
        row = round((HEIGHT - 4) * (1 - loss)) + 1
        picture[row : row + 2, 2 * step : 2 * step + 2] = 1
        picture[row + 2 :, 2 * step : 2 * step + 2] = 0.25
        place -= rate * place
    return picture


def which_rate(rng: Random) -> Question:
    start = rng.choice([0.85, 0.9, 0.95, 1.0])
    drawn = {words: Picture(_curve(rate, start)) for words, rate in CURVES.items()}
    right = rng.choice(list(CURVES))
    return Question(
        "recognise",
        f"The loss over the first steps, for four learning rates. For which one was the rate **{ASKED[right]}**?",
        (
            "Each step goes downhill by the rate times the slope. What if the step is tiny? What if it jumps across the valley?",
            "Too small: a slow slope. Too large: each jump lands higher than before. 0: a level line.",
        ),
        "A good rate is as large as it can be without jumping across the valley.",
        choices=pictures(rng, right, drawn),
    )


def by_heart(rng: Random) -> Question:
    digits, unseen = rng.choice([100, 150, 200]), rng.randint(65, 80)
    return Question(
        "explain",
        f"A network is trained on **{digits}** digits for 20 epochs. Of those it gets 100% right, of unseen digits only "
        f"**{unseen}%**. What is the reason?",
        ("What does it take to be right on a few digits that are shown again and again?",),
        "This is overfitting. More digits help, or turning and shifting those one has.",
        choices=reasons(
            rng,
            "It learned these few digits by heart, instead of what all digits of a kind have in common.",
            {
                "It was trained for too short a time.": "More of the same makes it better on these digits only.",
                "Unseen digits are drawn less carefully.": "They come from the same collection.",
                "The learning rate was 0.": "Then it would not get the trained ones right either.",
            },
        ),
        settings={training.DIGITS.key: digits, training.EPOCHS.key: 20},
    )


QUESTIONS = (steps, which_rate, by_heart)
