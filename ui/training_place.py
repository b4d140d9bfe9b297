"""A place to train: a few trainings go on at the same time, the others wait in a queue and see how long it is."""

from typing import Protocol

import streamlit as st

from server.shares import LONG, TRAININGS, Place, counted_elsewhere

HELD = "_training"  # where the session keeps its training
KEY = "_training_place"


class Training(Protocol):
    """What is trained a little at a time."""

    going: bool

    @property
    def done(self) -> bool: ...

    def advance(self, seconds: float) -> None: ...


def advance(training: Training, seconds: float) -> int:
    """Train for about this long if this session has a place, which it keeps while it goes on asking.

    Args:
        training: of this session.
        seconds: of arithmetic.

    Returns:
        0, or the session's number in the queue.
    """
    place: Place = st.session_state.setdefault(KEY, Place(TRAININGS))
    if not training.going or training.done:
        place.give_back()
        return 0
    if (ahead := place.ask()) == 0:
        with LONG.take(1, place), counted_elsewhere():
            training.advance(seconds)
        if training.done:
            place.give_back()
    else:
        st.info(f"Others are training now. This one is number {ahead} in the queue and begins by itself.")
    return ahead
