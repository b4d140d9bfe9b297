"""How questions are drawn: their pictures pixel by pixel, in words for who cannot see them, and what stands beside them."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from instruments.questions import make, makers
from instruments.questions.question import KINDS, Picture
from ui import check_yourself
from ui.palette import diverging
from ui.site import STEPS


def asking(page: str, number: int) -> AppTest:
    """The questions of a page alone, at the one of this number."""

    def questions(page: str) -> None:
        from ui import check_yourself, settings

        settings.begin(page)
        check_yourself.draw(page)

    app = AppTest.from_function(questions, kwargs={"page": page}, default_timeout=20).run()
    for _ in range(number):
        app.button(key=f"_{page}_next").click().run()
    assert not app.exception
    return app


def pictures(app: AppTest) -> list[tuple[str, str, np.ndarray]]:
    """Caption, description and pixels of all pictures."""
    protos = [one for element in app.get("image") for one in element.proto.imgs]
    return [
        (
            one.caption.replace("\\", ""),
            one.alt,
            np.asarray(Image.open(io.BytesIO(base64.b64decode(one.url.split(",")[1])))),
        )
        for one in protos
    ]


ALL = [(page.file, number) for page in STEPS for number in range(len(makers(page.file)))]
DRAWN = [(page, number) for page, number in ALL if make(page, number, 1).shown or (make(page, number, 1).choices[:1] and make(page, number, 1).choices[0].picture)]  # fmt: skip


@pytest.mark.parametrize(("page", "number"), DRAWN)
def test_pictures_of_what_is_asked_stand_before_those_to_choose_from(page, number) -> None:
    question, app = make(page, number, 1), asking(page, number)
    told = pictures(app)
    chosen = [one.picture for one in question.choices if one.picture]
    captions = [one.words for one in question.shown] + [f"Picture {letter}" for letter in "ABCDEF"[: len(chosen)]]
    assert [caption for caption, _, _ in told] == captions
    for (_, alt, pixels), caption, picture in zip(told, captions, [*question.shown, *chosen], strict=True):
        assert alt == f"{caption}. {check_yourself._told(picture)}".strip()
        assert (pixels[[0, -1]] == 128).all()
        assert (pixels[:, [0, -1]] == 128).all()
        height, width = picture.values.shape[-2:]
        times = (pixels.shape[1] - 2) // width
        assert 300 / 1.5 <= times * width <= 300 * 1.5 or times == 1
        assert pixels.shape[:2] == (2 + height * times, 2 + width * times)
        inside = pixels[1:-1, 1:-1][::times, ::times]
        shades = picture.shades if picture.image else diverging()[picture.shades]
        shades = np.asarray(shades)
        shades = shades.transpose(1, 2, 0) if picture.image and shades.ndim == 3 and shades.shape[0] == 3 else shades
        assert np.array_equal(inside, shades.squeeze())
    if chosen:
        app.button(key=f"_{page}_hint").click().run()
        for _ in question.hints:
            app.button(key=f"_{page}_hint").click().run()  # to the solution
        after = [caption for caption, _, _ in pictures(app)][len(question.shown) :]
        assert after == [f"{letter}: {one.words}" for letter, one in zip("ABCDEF", question.choices, strict=False)]


@pytest.mark.parametrize(("page", "number"), sorted({*ALL[::3], *ALL[1::7]}))
def test_what_is_asked_and_how_it_is_answered(page, number) -> None:
    question, app = make(page, number, 1), asking(page, number)
    texts = [one.value for one in app.markdown]
    kind = KINDS[question.kind].lower()
    assert texts[0] == f"**0 of {len(makers(page))} right** · question {number + 1}, *{kind}*"
    assert question.text in texts
    assert [one.value for one in app.subheader] == ["Check yourself"]
    assert app.subheader[0].proto.anchor == check_yourself.ANCHOR == "check-yourself"
    drawn = bool(question.choices) and question.choices[0].picture is not None
    assert (len(app.number_input), len(app.radio)) == ((1, 0) if question.answer is not None else (0, 1))
    answer = app.number_input[0] if question.answer is not None else app.radio[0]
    assert (answer.label, answer.value, answer.disabled) == ("Your answer", None, False)
    if question.answer is not None:
        assert answer.step == 1
    else:
        assert answer.proto.horizontal == drawn
        words = list("ABCDEF")[: len(question.choices)] if drawn else [one.words for one in question.choices]
        assert [option.replace("\\", "") for option in answer.options] == words
    assert [button.label for button in app.button] == ["Check", f"Hint 1 of {len(question.hints)}", "Later"]
    assert not app.button(key=f"_{page}_check").disabled


def test_a_solved_question_takes_no_more_answers_and_offers_no_hints() -> None:
    app, question = asking("kernel", 0), make("kernel", 0, 1)
    app.number_input[0].set_value(question.answer)
    app.button(key="_kernel_check").click().run()
    states = {button.key: (button.label, button.disabled) for button in app.button}
    assert states["_kernel_check"] == ("Check", True)
    assert states["_kernel_hint"][1]
    assert states["_kernel_next"] == ("Next question", False)
    assert states["_kernel_watch"] == ("Watch it above", False)
    assert app.number_input[0].disabled
    assert "comes back" not in app.success[0].value  # it was right at once


@pytest.mark.parametrize(("values", "told"), [
    (np.array([[1 / 3, -2.346], [10.0, 0]]), "0.33 -2.35; 10 0"), (np.array([0.125, 0.5, 1]), "0.12 0.5 1"),
    (np.zeros((1, 1, 2)), "0 0"), (np.zeros((8, 8)), "; ".join([" ".join("0" * 8)] * 8)), (np.zeros((5, 13)), ""), (np.zeros((3, 2, 2)), ""),
])  # fmt: skip
def test_small_pictures_are_told_in_numbers_of_two_places(values, told) -> None:
    assert check_yourself._told(Picture(values)) == told


@pytest.mark.parametrize(("width", "times"), [(4, 75), (28, 11), (150, 2), (299, 1), (700, 1)])
def test_pixels_are_squares_as_large_as_there_is_room_for(width, times) -> None:
    url = check_yourself._drawn(Picture(np.ones((3, width)) / 5))
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))
    assert pixels.shape == (2 + 3 * times, 2 + width * times)
    assert (pixels[1:-1, 1:-1] == 51).all()


def test_what_was_asked_is_counted_by_page_and_forgotten_networks_are_asked_about_no_more(monkeypatch) -> None:
    state: dict[str, object] = {}
    monkeypatch.setattr(check_yourself.st, "session_state", state)
    assert (check_yourself.asked("kernel"), check_yourself.progress("kernel")) == (0, 0)
    quiz = check_yourself._quiz("kernel", None)
    assert check_yourself._quiz("kernel", None) is quiz
    quiz.right |= {0, 2}
    assert (check_yourself.asked("kernel"), check_yourself.progress("kernel")) == (3, 2)
    assert (check_yourself.asked("pooling"), check_yourself.progress("pooling")) == (0, 0)
    turned = []
    monkeypatch.setattr(quiz, "turn_to", turned.append)
    check_yourself.forget_networks()
    check_yourself._quiz("kernel", "about")
    assert turned == [None, "about"]


def test_names_of_answers_are_words_letters_or_numbers_with_a_true_minus() -> None:
    class Asked:
        question = make("kernel", 2, 1)

    words = Asked.question.choices[1].words
    named = check_yourself._named(Asked, 1)
    assert re.sub(r"\\", "", named) == f"“{words.rstrip('.')}”"
    Asked.question = make("pooling", 1, 1)
    assert check_yourself._named(Asked, 2) == "picture C"
    Asked.question = make("kernel", 0, 1)
    assert check_yourself._named(Asked, -7) == "\N{MINUS SIGN}7"
