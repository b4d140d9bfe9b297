"""Check yourself: three questions a page, each made anew from a seed; a file for each page, named as the page's."""

from collections.abc import Callable
from importlib import import_module
from random import Random

from instruments.questions.question import Question

Maker = Callable[[Random], Question]


def makers(page: str) -> tuple[Maker, ...]:
    """What makes the questions of the page of this name, in order: predict, recognise, explain."""
    found: tuple[Maker, ...] = import_module(f"{__name__}.{page}").QUESTIONS
    return found


def make(page: str, number: int, seed: int) -> Question:
    """One question of a page, the same for the same seed.

    >>> make("stride_padding", 0, 1).kind
    'predict'
    """
    return makers(page)[number](Random(f"{page} {number} {seed}"))
