"""One question: what is asked, the one right answer, hints, and why it is so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from random import Random

import numpy as np

from cnn_core.arguments import Array
from cnn_core.images import Bytes, to_bytes

KINDS = {"predict": "Predict", "recognise": "Recognise", "explain": "Explain"}
LEAST = 4.0  # by how many of 255 shades two pictures must differ on average to be told apart


@dataclass(frozen=True, eq=False)
class Picture:
    """A small picture.

    Args:
        values: (H, W) or, for a picture in colour, (3, H, W).
        image: whether 0 is black and 1 is white; otherwise blue is below and orange above 0.
        end: of the blue and orange scale; its own largest size if 0.
        words: its caption, of a picture that is shown and not chosen; must not give the answer away.
    """

    values: Array
    image: bool = True
    end: float = 0.0
    words: str = ""

    @cached_property
    def shades(self) -> Bytes:
        """As bytes: from black to white, or from -end to end."""
        if self.image:
            return to_bytes(self.values)
        end = self.end or float(np.abs(self.values).max()) or 1.0
        return to_bytes(self.values, -end, end)


def alike(one: Picture, other: Picture) -> bool:
    """Whether two pictures can hardly be told apart."""
    if one.image != other.image or one.shades.shape != other.shades.shape:
        return False
    return float(np.abs(one.shades.astype(np.int16) - other.shades).mean()) < LEAST


@dataclass(frozen=True, eq=False)
class Option:
    """One choice.

    Args:
        words: plain text; with a picture, what is said of it once the answer is known, behind "That is".
        right: whether it is the right one.
        remark: Markdown, told to those who chose it and were wrong.
        picture: what is chosen, if it is a picture.
    """

    words: str
    right: bool = False
    remark: str = ""
    picture: Picture | None = None


@dataclass(frozen=True, eq=False)
class Question:
    """A question with one right answer: a whole number, or one of the choices.

    Args:
        kind: "predict", "recognise" or "explain".
        text: what is asked, Markdown.
        hints: Markdown, from the gentlest to nearly all.
        explanation: Markdown, told once it is solved.
        answer: the number, where there are no choices.
        choices: where exactly one is right.
        shown: pictures that belong to what is asked.
        settings: values by key with which the page shows this case.
    """

    kind: str
    text: str
    hints: tuple[str, ...]
    explanation: str
    answer: int | None = None
    choices: tuple[Option, ...] = ()
    shown: tuple[Picture, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind}")
        if (self.answer is None) == (not self.choices):
            raise ValueError(f"a question has an answer or choices, got {self.answer} and {len(self.choices)} choices")
        if self.choices and [one.right for one in self.choices].count(True) != 1:
            raise ValueError(f"exactly one choice must be right: {self.text}")
        for one, other in combinations(self.choices, 2):
            same = one.words == other.words
            if same or (one.picture and other.picture and alike(one.picture, other.picture)):
                raise ValueError(f"choices must differ, got {one.words} and {other.words}")

    @property
    def right(self) -> int:
        """The number, or the place of the right choice."""
        if self.answer is not None:
            return self.answer
        return [one.right for one in self.choices].index(True)


def reasons(rng: Random, right: str, wrong: Mapping[str, str]) -> tuple[Option, ...]:
    """A right sentence and wrong ones with a remark on each, in random order."""
    options = [Option(right, True), *(Option(words, remark=remark) for words, remark in wrong.items())]
    rng.shuffle(options)
    return tuple(options)


def pictures(rng: Random, right: str, drawn: Mapping[str, Picture]) -> tuple[Option, ...]:
    """Pictures by what is said of them afterwards, in random order; those that look like the right one or like one before
    are left out, so that exactly one is right."""
    kept = {right: drawn[right]}
    for words, picture in drawn.items():
        if not any(alike(picture, other) for other in kept.values()):
            kept[words] = picture
    options = [Option(words, words == right, f"That is {words}.", picture) for words, picture in kept.items()]
    rng.shuffle(options)
    return tuple(options)


def number(value: int) -> str:
    """A whole number with a true minus sign, which Markdown cannot take for a list.

    >>> number(-3)
    '−3'
    """
    return str(value).replace("-", "\N{MINUS SIGN}")


def numbers(values: Iterable[int]) -> str:
    """
    >>> numbers([1, -2])
    '1, −2'
    """
    return ", ".join(map(number, values))


def added(values: Iterable[int]) -> str:
    """A sum, negative numbers in brackets.

    >>> added([1, -2])
    '1 + (−2)'
    """
    return " + ".join(number(value) if value >= 0 else f"({number(value)})" for value in values)


def table(rows: Iterable[Iterable[object]], headings: Iterable[str] = ()) -> str:
    """Cells as a Markdown table on its own lines.

    Cells stand to the right: ":-:", which would stand them in the middle, reads like an emoji's name, for which Streamlit lets
    the browser load 260 kB.
    """
    lines = [list(map(str, row)) for row in rows]
    top = list(headings) or [""] * len(lines[0])
    cells = [top, ["-:"] * len(lines[0]), *lines]
    return "\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in cells) + "\n\n"
