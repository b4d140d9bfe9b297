"""Check yourself: three questions a page, each made anew from a seed; a file for each page, named as the page's."""

from collections.abc import Callable
from importlib import import_module
from random import Random
from typing import TYPE_CHECKING

from instruments.questions.question import Question

if TYPE_CHECKING:
    from instruments.questions.any_network import Facts

Maker = Callable[[Random], Question]


def makers(page: str, about: "Facts | None" = None) -> tuple[Maker, ...]:
    """What makes the questions of the page of this name, in order: predict, recognise, explain.

    Args:
        page: its name.
        about: the network that they are about; None for what the page's own questions are about.
    """
    if about is not None:
        made: tuple[Maker, ...] = import_module(f"{__name__}.any_network").questions(about)
        return made
    found: tuple[Maker, ...] = import_module(f"{__name__}.{page}").QUESTIONS
    return found


def make(page: str, number: int, seed: int, about: "Facts | None" = None) -> Question:
    """One question of a page, the same for the same seed and network.

    >>> make("stride_padding", 0, 1).kind
    'predict'
    """
    return makers(page, about)[number](Random(f"{page} {number} {seed}"))
