"""Questions of the page Forward, in code."""

from random import Random

import numpy as np

from instruments import forward
from instruments.questions.question import Picture, Question, pictures, reasons
from instruments.questions.small_pictures import pattern

SHADES = (0.0, 0.35, 0.7, 1.0)


def columns(rng: Random) -> Question:
    k, s, out = rng.randint(2, 3), rng.randint(1, 2), rng.randint(2, 8)
    i = max(4, k + s * (out - 1))
    out = (i - k) // s + 1
    return Question(
        "predict",
        f"An input of **{i} × {i}**, a kernel of **{k} × {k}**, stride **{s}**. im2col writes every window as a column. How many "
        "columns has its matrix?",
        (
            "There is one column for each window, that is, for each number of the output.",
            f"Along one side the window has ({i} − {k}) / {s} + 1 places: {out}.",
        ),
        f"{out} · {out} = {out * out} columns, each with {k} · {k} numbers.",
        answer=out * out,
        settings={forward.SIDE.key: i, forward.KERNEL.key: k, forward.STRIDE.key: s},
    )


def matrix(rng: Random) -> Question:
    while True:
        image = pattern(rng, 4, SHADES)
        windows = np.lib.stride_tricks.sliding_window_view(image, (2, 2))  # (3, 3, 2, 2)
        rows = windows.reshape(9, 4)
        right = "every window as a column, from left to right"
        drawn = {
            right: Picture(rows.T),
            "the columns with their numbers from last to first": Picture(rows[:, ::-1].T),
            "the windows taken down the picture instead of along its rows": Picture(
                windows.swapaxes(0, 1).reshape(9, 4).T
            ),
            "the windows from the last to the first": Picture(rows[::-1].T),
        }
        options = pictures(rng, right, drawn)
        if len(options) == len(drawn):
            break
    return Question(
        "recognise",
        "A window of 2 × 2 walks over this picture of 4 × 4, along each row from left to right, then to the next row. Which "
        "matrix does im2col make? A column holds a window's upper two pixels first, then its lower two.",
        (
            "Find the first column: the window in the upper left corner.",
            "Then compare the second column: the window one step to the right.",
        ),
        "Nine windows make nine columns of four numbers; one product with the kernel as a row gives all nine outputs.",
        choices=options,
        shown=(Picture(image, words="Four rows of four pixels in four shades of grey"),),
    )


def slow_loops(rng: Random) -> Question:
    times = rng.choice([200, 500, 1000])
    return Question(
        "explain",
        f"Nested loops in Python and one matrix product do the same multiplications. Yet the loops take **{times} times** as long. "
        "Why?",
        ("What does Python do besides multiplying, for every single pair of numbers?",),
        "In Python each step is looked up and checked anew; a product hands all numbers to compiled code at once.",
        choices=reasons(
            rng,
            "Each step of a Python loop costs far more than the multiplication; the product is one call of compiled code.",
            {
                "The product leaves out most multiplications.": "It does even the same ones: the results are equal.",
                "The loops compute with more digits.": "Both use the same numbers; the largest difference is rounding.",
                "im2col makes the input smaller.": "It makes it larger: pixels are written once for each window that reads them.",
            },
        ),
    )


QUESTIONS = (columns, matrix, slow_loops)
