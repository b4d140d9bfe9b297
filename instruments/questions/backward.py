"""Questions of the page Backward."""

from random import Random

import numpy as np

from instruments import backward
from instruments.kernel_text import format_kernel
from instruments.questions.question import Picture, Question, added, number, pictures, reasons, table


def shared_pixel(rng: Random) -> Question:
    first, second = rng.choice([-4, -2, 2, 4, 6]), rng.choice([-3, -2, -1, 1, 2, 3])
    rows, columns = backward.OPERATIONS["conv"].grid
    incoming = np.zeros((rows, columns))
    incoming[0, :2] = first, second
    kernel = [[f"{value:g}".replace("-", "\N{MINUS SIGN}") for value in row] for row in backward.WEIGHT[0, 0]]
    half = first // 2
    return Question(
        "predict",
        "A convolution with this kernel:"
        + table(kernel)
        + f"In the first row of the output, the gradients that come in are **{number(first)}** and **{number(second)}**, then zeros; "
        "all other rows are 0. What is the gradient of the **second pixel of the input's first row**?",
        (
            "Two windows read this pixel: the first with its upper right weight, the second with its upper left one.",
            f"Each sends back its own gradient times that weight: {number(first)} · 0.5 and {number(second)} · 1.",
        ),
        f"{added([half, second])} = {number(half + second)}: what went out on two ways comes back as a sum.",
        answer=half + second,
        settings={backward.OPERATION.key: "conv", backward.INCOMING["conv"].key: format_kernel(incoming)},
    )


def winners(rng: Random) -> Question:
    order = rng.sample(range(16), 16)
    image = np.array(order, np.float32).reshape(4, 4) / 15
    windows = image.reshape(2, 2, 2, 2)
    largest = (windows == windows.max(axis=(1, 3), keepdims=True)).reshape(4, 4).astype(np.float32)
    smallest = (windows == windows.min(axis=(1, 3), keepdims=True)).reshape(4, 4).astype(np.float32)
    right = "the gradient at the winner of each window"
    drawn = {
        right: Picture(largest, False, 1.0),
        "the gradient shared by all four, as of average pooling": Picture(
            np.full((4, 4), 0.25, np.float32), False, 1.0
        ),
        "the gradient at the smallest of each window": Picture(smallest, False, 1.0),
        "the gradient everywhere but at the winner": Picture(1 - largest, False, 1.0),
    }
    return Question(
        "recognise",
        "This picture of 4 × 4 went through max pooling with a window of 2 × 2. The gradient **1** comes back to each of the four "
        "outputs. Which picture is the gradient of the input? Orange is positive, the lightest shade is 0.",
        (
            "Divide the picture into four quarters of 2 × 2.",
            "Only the brightest pixel of each quarter went into the output. Which pixels can change it?",
        ),
        "A small change of any other pixel changes nothing, so the winner gets the whole gradient and the others 0.",
        choices=pictures(rng, right, drawn),
        shown=(Picture(image, words="Four rows of four pixels in sixteen shades of grey"),),
    )


def dead_unit(rng: Random) -> Question:
    value = number(-rng.randint(2, 9))
    return Question(
        "explain",
        f"A hidden unit's ReLU gets **{value}** or less for every digit that is trained on. The unit's weights do not change any more. "
        "Why?",
        ("What comes out of ReLU for such a number? And if the number changes a little?",),
        "Below 0 ReLU is flat: its slope is 0, and the incoming gradient times 0 is 0. Such a unit is called dead.",
        choices=reasons(
            rng,
            "The slope of ReLU is 0 below 0, so no gradient reaches the weights.",
            {
                "The loss of these digits is already 0.": "The loss can be large: this unit just does not hear of it.",
                "Gradients are rounded to whole numbers.": "They are not; small gradients still move weights.",
                "ReLU cannot be used backward, as it is not smooth.": "It has a slope everywhere but at 0 itself, and that is enough.",
            },
        ),
        settings={backward.OPERATION.key: "relu"},
    )


QUESTIONS = (shared_pixel, winners, dead_unit)
