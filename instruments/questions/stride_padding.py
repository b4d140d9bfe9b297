"""Questions of the page Stride and padding."""

from random import Random

import numpy as np

from cnn_core.arguments import Array
from cnn_core.shapes import Axis, make_axis
from instruments import walk
from instruments.questions.question import Picture, Question, pictures, reasons


def _read(axis: Axis) -> Array:
    """How many windows read each input pixel."""
    times = np.zeros(axis.size, np.float32)
    for position in range(axis.output_size):
        for tap in axis.window(position):
            if 0 <= tap < axis.size:
                times[tap] += 1
    return times


def _settings(size: int, kernel: int, stride: int, padding: int) -> dict[str, object]:
    given = {walk.SIZE: size, walk.KERNEL: kernel, walk.STRIDE: stride, walk.PADDING: padding}
    return {field.key: value for field, value in given.items()}


def output_or_lost(rng: Random) -> Question:
    i, k, s, p = rng.randint(6, 14), rng.randint(2, 5), rng.randint(1, 3), rng.randint(0, 2)
    s = min(s, k)  # no pixel is stepped over
    room = i + 2 * p - k
    steps, rest = divmod(room, s)
    setting = f"Input **{i} × {i}**, kernel **{k} × {k}**, stride **{s}**, padding **{p}**"
    padded = f"With padding the input is {i} + 2 · {p} = {i + 2 * p} pixels wide; the window itself takes {k}."
    if rng.random() < 0.6:
        return Question(
            "predict",
            f"{setting}: how wide is the output?",
            (padded, f"The window can move by {room} pixels, in steps of {s}. Its first place counts too."),
            f"⌊{room} / {s}⌋ + 1 = {steps} + 1 = {steps + 1}.",
            answer=steps + 1,
            settings=_settings(i, k, s, p),
        )
    lost = max(0, rest - p)
    told = f"{room} = {steps} · {s} + {rest}: {rest} of the padded pixels at the end are not reached. "
    if p:
        told += f"The last {p} of all are padding, which is not part of the input: {lost} of the input are lost."
    return Question(
        "predict",
        f"{setting}: how many columns of the input, at its right edge, does no window reach? Padding does not count.",
        (
            padded,
            f"The window can move by {room} pixels, in steps of {s}. What is left over at the end? And is that input, or padding?",
        ),
        told,
        answer=lost,
        settings=_settings(i, k, s, p),
    )


def read_how_often(rng: Random) -> Question:
    size = rng.choice([9, 11])
    cases = [(1, 0), (2, 0), (2, 1), (3, 0)]
    drawn = {}
    for s, p in cases:
        times = _read(make_axis(size, 3, s, (p, p)))
        both = np.outer(times, times)
        drawn[f"stride {s}, padding {p}"] = Picture(both / both.max())
    right = rng.choice(list(drawn))
    return Question(
        "recognise",
        f"A window of 3 × 3 walks over an input of {size} × {size} with **{right}**. The brighter a pixel here, the more "
        "windows read it. Which picture belongs to it?",
        (
            "Take one row: write down which three columns the first window reads, the second, the third.",
            "With stride 2 neighbouring windows share one column, with stride 3 none. Padding brings more windows to the edge.",
        ),
        "Where windows overlap, pixels are read more often; at an edge without padding they are read least.",
        choices=pictures(rng, right, drawn),
    )


def last_column(rng: Random) -> Question:
    k = rng.choice([2, 3, 4])
    s = rng.choice([one for one in (2, 3) if one <= k])
    rest = rng.randint(1, s - 1)
    i = k + s * rng.randint(2, 3) + rest
    return Question(
        "explain",
        f"Something small stands at the right edge of an input of **{i} × {i}**. A kernel of **{k} × {k}** with stride **{s}** and "
        "no padding does not answer to it at all. Why?",
        (f"The last window that fits begins at column {i - k - rest}, counted from 0. Where does the next one end?",),
        f"({i} − {k}) / {s} leaves a remainder of {rest}: so many columns at the end are never read. Padding would help.",
        choices=reasons(
            rng,
            "One more step would push the window over the edge, so the last columns are never read.",
            {
                "A kernel does not answer to small things.": "It answers to any pixel that it reads.",
                "The last column is averaged with the first.": "Windows do not wrap around unless circular padding is chosen.",
                "The stride makes the input smaller before the kernel sees it.": "The input stays as it is; the window jumps.",
            },
        ),
        settings=_settings(i, k, s, 0),
    )


QUESTIONS = (output_or_lost, read_how_often, last_column)
