"""Draws a page's questions, one at a time: what is asked, the answer, hints, the verdict, and the case on the page itself."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cnn_core.images import encode_png
from instruments.image import IMAGE
from instruments.kernel_text import format_kernel
from instruments.questions.question import KINDS, Picture, number
from instruments.questions.quiz import Quiz
from ui import image_source, settings
from ui.cache import data_url
from ui.controls import plain
from ui.palette import colourise

if TYPE_CHECKING:
    from instruments.questions.any_network import Facts

ANCHOR = "check-yourself"  # of their heading
LETTERS = "ABCDEF"  # of choices that are pictures
WIDTH = 150  # pixels of a picture on the screen
MOST_NUMBERS = 64  # of a picture that is told in numbers
FRAME = 128  # shade of the line around it
HELD = "_quizzes"  # where the session keeps them, by page


def _quiz(page: str, about: "Facts | None") -> Quiz:
    quizzes: dict[str, Quiz] = st.session_state.setdefault(HELD, {})
    if page not in quizzes:
        quizzes[page] = Quiz(page, about)
    quizzes[page].turn_to(about)
    return quizzes[page]


def forget_networks() -> None:
    """Let go of all that is asked about a network of the session's own."""
    for quiz in st.session_state.get(HELD, {}).values():
        quiz.turn_to(None)


def progress(page: str) -> int:
    """How many of the page's questions were answered rightly in this session."""
    quizzes: dict[str, Quiz] = st.session_state.get(HELD, {})
    return len(quizzes[page].right) if page in quizzes else 0


def so_far(right: int, count: int) -> str:
    """How far somebody is with so many questions, in few words.

    >>> so_far(0, 3), so_far(2, 3)
    ('3 questions', '2 of 3 right')
    """
    return f"{right} of {count} right" if right else f"{count} questions"


def asked(page: str) -> int:
    """How many questions the page has, once it was open in this session; 0 before."""
    quizzes: dict[str, Quiz] = st.session_state.get(HELD, {})
    return quizzes[page].count if page in quizzes else 0


def draw(page: str, about: "Facts | None" = None) -> None:
    """The questions of the page of this name, about a network if it shows one."""
    quiz = _quiz(page, about)
    question = quiz.question
    st.subheader("Check yourself", anchor=ANCHOR)
    st.markdown(
        f"**{len(quiz.right)} of {quiz.count} right** · question {quiz.number + 1}, *{KINDS[question.kind].lower()}*"
    )
    st.markdown(question.text)
    if question.shown:
        _pictures(question.shown, [one.words for one in question.shown])
    _answer(quiz)
    _verdict(quiz)
    for n, hint in enumerate(question.hints[: quiz.hints], 1):
        st.markdown(f":material/lightbulb: **Hint {n}:** {hint}")
    _buttons(quiz)


def _answer(quiz: Quiz) -> None:
    """Where the answer is given; Enter checks it."""
    question, key = quiz.question, f"_{quiz.page}_answer_{quiz.number + 1}_{quiz.seed}{quiz.key and f'_{quiz.key}'}"
    if quiz.over:
        st.session_state[key] = question.right  # a field that is switched off would show the answer before
    with st.form(f"_{quiz.page}_form", border=False):
        if question.answer is not None:
            first, second = st.columns([2, 1], vertical_alignment="bottom")
            first.number_input("Your answer", value=None, step=1, key=key, disabled=quiz.over)
        else:
            drawn = [one.picture for one in question.choices if one.picture]
            if drawn:
                letters = LETTERS[: len(drawn)]
                told = [f"{letter}: {one.words}" for letter, one in zip(letters, question.choices, strict=True)]
                _pictures(drawn, told if quiz.over else [f"Picture {letter}" for letter in letters])
            first, second = st.columns([2, 1], vertical_alignment="bottom")
            places = range(len(question.choices))
            words = LETTERS.__getitem__ if drawn else lambda place: plain(question.choices[place].words)
            first.radio("Your answer", places, None, words, key, horizontal=bool(drawn), disabled=quiz.over)

        def check() -> None:
            quiz.check(st.session_state.get(key))

        second.form_submit_button(
            "Check", key=f"_{quiz.page}_check", on_click=check, disabled=quiz.over, type="primary", width="stretch"
        )


def _verdict(quiz: Quiz) -> None:
    question = quiz.question
    chosen = question.choices[quiz.tries[-1]] if quiz.tries and question.choices else None
    again = " It comes back later with new numbers, for practice." if quiz.again else ""
    if quiz.solved:
        st.success(f"Right: {_named(quiz, question.right)}. {question.explanation}{again}")
    elif quiz.told:
        st.info(f"The answer is: {_named(quiz, question.right)}. {question.explanation}{again}")
    elif quiz.nothing:
        st.info("Give your answer first, then check it.")
    elif quiz.tries:
        remark = f" {chosen.remark}" if chosen else ""
        st.error(f"Not {_named(quiz, quiz.tries[-1])}.{remark} Try again, or take a hint.")


def _named(quiz: Quiz, answer: int) -> str:
    """An answer in Markdown: the number, the picture's letter, or the choice's words."""
    choices = quiz.question.choices
    if not choices:
        return number(answer)
    if choices[answer].picture:
        return f"picture {LETTERS[answer]}"
    return f"“{plain(choices[answer].words.rstrip('.'))}”"


def _buttons(quiz: Quiz) -> None:
    """Help, the next question, and the case on the page itself."""
    question, row = quiz.question, st.container(horizontal=True)
    count = len(question.hints)
    words = f"Hint {quiz.hints + 1} of {count}" if quiz.hints < count else "Show the solution"
    row.button(words, key=f"_{quiz.page}_hint", on_click=quiz.help, disabled=quiz.over, width="stretch")
    following = "Next question" if quiz.over else "Later"
    if quiz.complete:
        following = "Once more, with new numbers"
    row.button(following, key=f"_{quiz.page}_next", on_click=quiz.go_on, width="stretch")

    def watch() -> None:
        image = str(question.settings.get(IMAGE.key, ""))
        if image and not image_source.shows(image):
            st.toast(f"The picture is now “{plain(IMAGE.words[image])}”. Back, in the browser, brings yours again.")
        settings.only(question.settings)

    if question.settings and (quiz.tries or quiz.told):
        row.button(
            "Watch it above",
            key=f"_{quiz.page}_watch",  # by which sight.js knows that the page is to be seen from its top
            on_click=watch,
            icon=":material/visibility:",
            help="Sets the controls of this page, and where needed the picture, to this case.",
            width="stretch",
        )


def _pictures(pictures: "tuple[Picture, ...] | list[Picture]", captions: list[str]) -> None:
    """Side by side, each with its caption."""
    with st.container(horizontal=True):
        for picture, caption in zip(pictures, captions, strict=True):
            st.image(_drawn(picture), plain(caption), width=WIDTH, alt=f"{caption}. {_told(picture)}")


def _told(picture: Picture) -> str:
    """For those who do not see it: its numbers, row by row, where there are few."""
    rows = np.atleast_2d(picture.values.squeeze())
    if rows.ndim > 2 or rows.size > MOST_NUMBERS:
        return ""
    return format_kernel(rows.round(2))


@lru_cache(128)
def _drawn(picture: Picture) -> str:
    """A picture as a data URL, framed, its pixels as squares, so that a browser does not blur them."""
    shades = picture.shades
    times = max(1, round(2 * WIDTH / shades.shape[-1]))
    large = np.ascontiguousarray(shades.repeat(times, -2).repeat(times, -1))
    coloured = large if picture.image else colourise(large)
    sides = [(0, 0)] * (coloured.ndim - 2) + [(1, 1)] * 2
    return data_url(encode_png(np.pad(coloured, sides, constant_values=FRAME)), "png")
