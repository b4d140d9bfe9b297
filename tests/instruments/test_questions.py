"""Check yourself: every instance of every question has exactly one right answer, found here again in another way."""

import json
import re
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pytest
from scipy import signal

import cnn_core
from cnn_core.graph import Graph, Node, chain
from cnn_core.kernels import PRESETS
from cnn_core.layers import Conv2d, Flatten, GlobalAvgPool2d, Linear, ReLU
from cnn_core.shapes import make_axis, receptive_field
from instruments import (
    activation,
    backward,
    channels,
    faces,
    features,
    forward,
    image,
    kernel,
    models,
    network,
    pooling,
    samples,
    stacks,
    stages,
    training,
    walk,
    why,
)
from instruments import images as images_page
from instruments.fields import resolve
from instruments.image import SHAPE
from instruments.questions import any_network, make, makers
from instruments.questions.question import Option, Picture, Question, added, alike, number, pictures, table
from instruments.questions.quiz import Quiz
from tests.instruments.record_questions import RECORD, digests
from ui.programs.forward_product_numpy import im2col
from ui.site import PAGES

FOLDER = Path(__file__).resolve().parents[2] / "instruments" / "questions"
WITH_QUESTIONS = sorted(file.stem for file in FOLDER.glob("*.py") if "QUESTIONS = (" in file.read_text("utf-8"))
SEEDS = range(1000)
INSTRUMENTS = {
    "stride_padding": walk,
    "shapes": stacks,
    "images": images_page,
    "kernel": kernel,
    "features": features,
    "activation": activation,
    "pooling": pooling,
    "channels": channels,
    "network": network,
    "forward": forward,
    "backward": backward,
    "training": training,
    "faces": faces,
    "why": why,
}


def ints(text: str) -> list[int]:
    """The whole numbers of a text in order; those in words such as im2col are none."""
    return [
        int(n.replace("\N{MINUS SIGN}", "-")) for n in re.findall(r"(?<![\w.])\N{MINUS SIGN}?\d+(?![\w.]*\w)", text)
    ]


sample = cache(samples.load)


def resolved(page: str, question: Question):
    """The page's values with the question's settings, and the image (C, H, W)."""
    where = resolve(image.FIELDS, question.settings)
    pixels = sample(where[image.IMAGE], int(where[image.SIZE]))
    if where[image.COLOUR] == "grey" and page not in ("channels", "faces"):
        pixels = cnn_core.images.to_grey(pixels)
    v = resolve(INSTRUMENTS[page].FIELDS, question.settings, facts={SHAPE: pixels.shape})
    known = {field.key for field in (*image.FIELDS, *INSTRUMENTS[page].FIELDS)}
    assert question.settings.keys() <= known
    assert not where.problems | v.problems
    return v, pixels


def test_every_page_of_the_lesson_has_three_questions_of_three_kinds() -> None:
    lessons = [page.file for section in PAGES.values() for page in section if not page.default]
    assert set(lessons) <= set(WITH_QUESTIONS)
    for page in WITH_QUESTIONS:
        assert [make(page, n, 1).kind for n in range(len(makers(page)))] == ["predict", "recognise", "explain"]


def expect_plain_question(question: Question) -> None:
    """One right answer, choices that differ, hints, and text without anything that Markdown would take for its own."""
    assert (question.answer is None) == bool(question.choices) == (question.kind != "predict")
    if question.choices:
        assert len(question.choices) == 4
        assert [one.right for one in question.choices].count(True) == 1
        assert len({one.words for one in question.choices}) == 4
    drawn = [one.picture for one in question.choices if one.picture]
    assert len(drawn) in (0, 4)
    for one, other in combinations(drawn, 2):
        same_kind = one.image == other.image and one.values.shape == other.values.shape
        assert not same_kind or np.abs(one.shades.astype(float) - other.shades).mean() > 3
    assert 1 <= len(question.hints) <= 2
    for markdown in (
        question.text,
        question.explanation,
        *question.hints,
        *(one.remark for one in question.choices),
    ):
        plain = re.sub(r"\*\*[^*\n]+\*\*", "", "\n".join(s for s in markdown.split("\n") if not s.startswith("|")))
        assert not re.search(r"[`_$\[\]<>~#\\*|{}]|:[a-z_]+[:\[]|(?<![\w])-\d|\bnan\b", plain), markdown


@pytest.mark.parametrize("page", WITH_QUESTIONS)
def test_what_a_picture_is_can_stand_behind_that_is(page) -> None:
    for seed in range(40):
        for choice in make(page, 1, seed).choices:
            if choice.remark == f"That is {choice.words}.":
                assert not re.search(r"\b(falls|rises|moved$)", choice.words.split(":")[0])


def test_the_case_of_a_network_that_learns_by_heart_is_the_one_that_is_told() -> None:
    for seed in range(20):
        question = make("training", 2, seed)
        assert (
            f"**{question.settings['training_digits']}** digits for {question.settings['training_epochs']} epochs"
            in question.text
        )


@pytest.mark.parametrize("page", WITH_QUESTIONS)
def test_right_choices_stand_anywhere(page) -> None:
    for n in (1, 2):
        assert {make(page, n, seed).right for seed in range(100)} == {0, 1, 2, 3}


@pytest.mark.parametrize("page", WITH_QUESTIONS)
def test_the_same_seed_asks_for_the_same_numbers(page) -> None:
    recorded = json.loads(RECORD.read_text("utf-8"))
    assert digests(page) == recorded.get(page), "meant? then: python -m tests.instruments.record_questions"


def test_sums_and_tables_as_text() -> None:
    assert added([0, -1, 2, -10]) == "0 + (−1) + 2 + (−10)"
    assert table([[1, "a"], [2, "b"]]) == "\n\n|  |  |\n| -: | -: |\n| 1 | a |\n| 2 | b |\n\n"
    assert table([[1]], ["n"]) == "\n\n| n |\n| -: |\n| 1 |\n\n"


def stride_padding_answer(text: str) -> int:
    i, _, k, _, s, p = ints(text)
    axis = make_axis(i, k, s, (p, p))
    if "how wide" in text:
        return axis.output_size
    read = {tap for place in range(axis.output_size) for tap in axis.window(place)}
    return len(set(range(max(read) + 1, i)))


def kernel_answer(text: str) -> int:
    rows = [ints(line) for line in text.split("\n") if line.startswith("| ") and any(c.isdigit() for c in line)]
    window, weight = np.array(rows, float)[:, :3], np.array(rows, float)[:, 3:]
    bias = ints(text)[-1]
    return int(cnn_core.conv2d(window[np.newaxis], weight[np.newaxis, np.newaxis], [bias])[0, 0, 0])


def activation_answer(text: str) -> int:
    values = np.array(ints(text), float)
    return int((cnn_core.leaky_relu(values, 0.5) if "Leaky" in text else cnn_core.relu(values)).sum())


def backward_answer(text: str) -> int:
    incoming = np.zeros((1, 1, 5, 5))
    incoming[..., 0, :2] = ints(text.split("come in are")[1])[:2]
    weight = np.array([[[[1, 0.5], [-0.5, -1]]]])
    assert "| 1 | 0.5 |\n| −0.5 | −1 |" in text
    return int(cnn_core.conv2d_backward(incoming, np.zeros((1, 1, 6, 6)), weight)[0][0, 0, 0, 1])


def network_answer(text: str) -> int:
    _, _, n, k, _, p, _ = ints(text)
    return cnn_core.max_pool2d(cnn_core.conv2d(np.zeros((1, 28, 28)), np.zeros((n, 1, k, k))), p).size


def unrolled(text: str) -> int:
    i, _, k, _, s = ints(text)
    return im2col(np.zeros((1, i, i), np.float32), k, s).shape[1]


def receptive(text: str) -> int:
    first, _, _, _, _, second, _ = ints(text)
    return receptive_field([Conv2d(1, 1, first), cnn_core.layers.MaxPool2d(2), Conv2d(1, 1, second)])


def tensorflow_same(text: str) -> int:
    i, s = ints(text)
    return len(range(0, i, s))


def places_answer(text: str) -> int:
    size, _, side, _, stride = ints(text)
    return cnn_core.max_pool2d(np.zeros((1, side, side)), size, stride).size


def place_in_memory(text: str) -> int:
    side, _, _, row, column, _ = ints(text)
    return int(np.arange(side * side).reshape(side, side)[row, column])


def pooled_count(text: str) -> int:
    i, _, k, _, s = ints(text)
    return cnn_core.max_pool2d(np.zeros((1, i, i)), k, s).size


def steps_of_a_run(text: str) -> int:
    digits, batch, epochs = ints(text)
    return sum(1 for _ in range(epochs) for _ in range(0, digits, batch))


def first_copy(text: str) -> int:
    _, _, side, _, smallest = ints(text)
    return round(faces.pyramid_sizes(side, smallest)[0])


def batch_normed(text: str) -> int:
    mean, variance, weight, bias, x = (np.array([n], np.float64) for n in ints(text))
    return round(float(cnn_core.batch_norm(x.reshape(1, 1, 1), mean, variance, weight, bias, 0.0)[0, 0, 0]))


ANSWERS: dict[str, Callable[[str], int]] = {
    "stride_padding": stride_padding_answer,
    "kernel": kernel_answer,
    "activation": activation_answer,
    "backward": backward_answer,
    "why": lambda text: Conv2d(1, ints(text)[2], ints(text)[3]).parameter_count(),
    "channels": lambda text: Conv2d(3, ints(text)[0], ints(text)[1]).parameter_count(),
    "network": network_answer,
    "forward": unrolled,
    "shapes": receptive,
    "code": tensorflow_same,
    "why_this_answer": places_answer,
    "fool_it": lambda text: int(np.prod([ints(text)[n] for n in (0, 1, 2, 4)])),
    "skips": batch_normed,
    "images": place_in_memory,
    "pooling": pooled_count,
    "training": steps_of_a_run,
    "faces": first_copy,
    "features": lambda text: cnn_core.matching.cross_correlation(
        np.zeros((ints(text)[2],) * 2), np.eye(ints(text)[0])
    ).shape[0],
}


SHOWN_BY: dict[str, Callable[..., int]] = {  # the answer as the instrument itself has it with the question's settings
    "kernel": lambda v, pixels: round(stages.compute(pixels, kernel.settings(v))[0].maps[0, v[kernel.PIXEL][2], v[kernel.PIXEL][3]]),
    "pooling": lambda v, pixels: pooling.pooled(pooling.small(pixels, v), v).size,
    "channels": lambda v, _: channels.filters(v).weight.size + v[channels.KERNELS],
    "why": lambda v, _: why.convolution_counts(v).parameters,
    "images": lambda v, _: images_page.places(v)[0],
    "features": lambda v, pixels: cnn_core.matching.cross_correlation(
        pixels[0], features.cut(pixels[0], v[features.CROPS["left_eye"]])
    ).shape[1],
    "network": lambda v, _: network.network(v).trace(np.zeros((1, 28, 28), np.float32))["flatten"].size,
    "forward": lambda v, pixels: im2col(forward.small(pixels, v), v[forward.KERNEL], v[forward.STRIDE]).shape[1],
    "backward": lambda v, pixels: round(backward.compute(v, pixels).gradients["Gradient of the input"][0, 0, 1]),
    "training": lambda v, _: training.plan(v).steps,
    "faces": lambda v, pixels: round(faces.pyramid_sizes(pixels.shape[1], v[faces.SMALLEST])[0]),
    "shapes": lambda v, _: int(stacks.rows(v[stacks.LAYERS], v[stacks.INPUT])[-1].field),
}  # fmt: skip


@pytest.mark.parametrize("page", SHOWN_BY)
def test_the_instrument_shows_what_was_predicted(page) -> None:
    for seed in range(40):
        question = make(page, 0, seed)
        v, pixels = resolved(page, question)
        assert SHOWN_BY[page](v, pixels) == question.answer, question.text


def test_the_walk_shows_what_was_predicted() -> None:
    for seed in range(100):
        question = make("stride_padding", 0, seed)
        v, _ = resolved("stride_padding", question)
        axis = walk.axes(v)[0]
        lost = max(0, axis.leftover - axis.after)
        assert question.answer == (axis.output_size if "how wide" in question.text else lost)


def test_the_curve_shows_what_was_predicted() -> None:
    for seed in range(100):
        question = make("activation", 0, seed)
        v, _ = resolved("activation", question)
        assert activation.activated(np.array(ints(question.text), float), v).sum() == question.answer


@pytest.mark.parametrize("page", INSTRUMENTS)
def test_settings_of_all_questions_can_be_taken(page) -> None:
    for n, seed in ((n, seed) for n in range(3) for seed in range(40)):
        question = make(page, n, seed)
        if question.settings:
            resolved(page, question)


def only(question: Question, fits: Callable[[Option], bool]) -> None:
    """The right choice fits, and no other."""
    assert [fits(one) for one in question.choices] == [one.right for one in question.choices], question.text


def same(picture: Picture, values) -> bool:
    return picture.values.shape == np.shape(values) and np.allclose(picture.values, values, atol=1e-5)


def check_why(q: Question) -> None:
    (mixed,) = [one.picture for one in q.choices if one.picture.image]
    assert np.allclose(np.sort(mixed.values, axis=None), np.sort(q.shown[0].values, axis=None))
    expected = signal.correlate2d(mixed.values, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "valid")
    only(q, lambda one: same(one.picture, expected))


def check_images(q: Question) -> None:
    asked = re.search(r"\*\*(\w+)\*\*", q.text)[1]
    only(q, lambda one: same(one.picture, q.shown[0].values[["red", "green", "blue"].index(asked)]))


def check_kernel(q: Question) -> None:
    presets = {"copies": "identity", "takes": "box_blur_5", "right": "sobel_x", "below": "sobel_y", "the": "outline"}

    def fits(one: Option) -> bool:
        values = PRESETS[presets[one.words.split()[0]]].values
        return same(q.shown[1], signal.correlate2d(q.shown[0].values, values, "valid"))

    only(q, fits)
    assert q.shown[1].image == (q.shown[1].values.min() >= 0)


def check_features(q: Question) -> None:
    y, x = np.unravel_index(q.shown[1].values.argmax(), q.shown[1].values.shape)
    only(q, lambda one: same(one.picture, np.pad(q.shown[0].values[y : y + 5, x : x + 5], 1)))
    assert (q.shown[1].values > 0.99).sum() == 1


def check_stride_padding(q: Question) -> None:
    k, _, size, _, s, p = ints(q.text)[:6]
    times = np.zeros((size + 2 * p,) * 2)
    for y in range(0, size + 2 * p - k + 1, s):
        for x in range(0, size + 2 * p - k + 1, s):
            times[y : y + k, x : x + k] += 1
    inside = times[p : p + size, p : p + size]
    only(q, lambda one: same(one.picture, inside / inside.max()))


def check_activation(q: Question) -> None:
    only(q, lambda one: same(one.picture, cnn_core.relu(q.shown[0].values)))


def check_pooling(q: Question) -> None:
    pool = cnn_core.max_pool2d if "**max" in q.text else cnn_core.avg_pool2d
    only(q, lambda one: same(one.picture, pool(q.shown[0].values[np.newaxis], ints(q.text)[0])[0]))


def check_channels(q: Question) -> None:
    signs = {"copies": 1, "ignores": 0, "subtracts": -1}
    weight = [signs[word] for word in re.findall(r"(copies|ignores|subtracts) \*\*", q.text)]
    expected = cnn_core.conv2d(q.shown[0].values, np.reshape(weight, (1, 3, 1, 1)))[0]
    only(q, lambda one: same(one.picture, expected))


def check_network(q: Question) -> None:
    expected = signal.correlate2d(q.shown[0].values, q.shown[1].values, "valid")
    only(q, lambda one: same(one.picture, expected))


def check_forward(q: Question) -> None:
    only(q, lambda one: same(one.picture, im2col(q.shown[0].values[np.newaxis], 2, 1)))


def check_backward(q: Question) -> None:
    expected = cnn_core.max_pool2d_backward(np.ones((1, 2, 2)), q.shown[0].values[np.newaxis], 2)[0]
    only(q, lambda one: same(one.picture, expected))


def check_training(q: Question) -> None:
    asked = re.findall(r"\*\*([\w ]+)\*\*", q.text)[0]

    def kind(one: Option) -> str:
        top = (one.picture.values == 1).argmax(axis=0)  # the row of the line: a low loss is far down
        if top[0] == top[-1]:
            return "0"
        if top[-1] < top[0]:
            return "far too large"
        return "about right" if top[20] > 30 else "far too small"

    only(q, lambda one: kind(one) == asked)


def check_code(q: Question) -> None:
    seen = np.ascontiguousarray(q.shown[0].values).reshape(-1)
    only(q, lambda one: same(one.picture, np.stack([seen[n::3].reshape(6, 6) for n in range(3)])))


def check_faces(q: Question) -> None:
    limit = float(re.findall(r"\*\*([\d.]+)\*\*", q.text)[0])
    only(q, lambda one: same(one.picture, q.shown[0].values >= limit))


def check_shapes(q: Question) -> None:
    sides = [int(k) for k in re.findall(r"\*\*(\d) × \d\*\*", q.text)]
    field = receptive_field([Conv2d(1, 1, k) for k in sides])
    only(q, lambda one: (one.picture.values > 0).sum() == field * field)


def check_why_this_answer(q: Question) -> None:
    ones = cnn_core.avg_pool2d(q.shown[0].values[np.newaxis], 3, 1)[0]
    y, x = np.unravel_index(ones.argmax(), ones.shape)  # the square is brightest
    expected = np.zeros((12, 12))
    expected[y - 1 : y + 4, x - 1 : x + 4] = 1
    only(q, lambda one: same(one.picture, expected))


def check_skips(q: Question) -> None:
    given, computed = (one.values for one in q.shown)
    only(q, lambda one: same(one.picture, given + computed))


def check_fool_it(q: Question) -> None:
    slope = q.shown[0].values
    only(q, lambda one: (one.picture.values * slope < 0).all())  # each pixel lowers the score


@pytest.mark.parametrize("page", WITH_QUESTIONS)
def test_every_instance_has_exactly_one_right_answer(page) -> None:
    check = globals()[f"check_{page}"]
    for seed in SEEDS:
        predict, recognise, explain = (make(page, n, seed) for n in range(3))
        for question in (predict, recognise, explain):
            expect_plain_question(question)
        assert predict.answer == ANSWERS[page](predict.text), predict.text
        check(recognise)
    assert make(page, 0, 5).text == make(page, 0, 5).text
    assert len({make(page, 0, seed).text for seed in range(50)}) > 5  # new numbers are new


def test_what_is_written_wrongly_is_refused() -> None:
    right, wrong = Option("yes", True), Option("no")
    with pytest.raises(ValueError, match="exactly one"):
        Question("explain", "?", (), "", choices=(right, Option("also", True)))
    with pytest.raises(ValueError, match="exactly one"):
        Question("explain", "?", (), "", choices=(wrong,))
    with pytest.raises(ValueError, match="differ"):
        Question("explain", "?", (), "", choices=(right, Option("yes")))
    with pytest.raises(ValueError, match="kind"):
        Question("guess", "?", (), "", answer=1)
    for answer, choices in ((None, ()), (1, (right, wrong))):
        with pytest.raises(ValueError, match="an answer or choices"):
            Question("predict", "?", (), "", answer=answer, choices=choices)
    black = Picture(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="differ"):
        Question("recognise", "?", (), "", choices=(Option("a", True, picture=black), Option("b", picture=black)))


def test_pictures_that_look_alike_are_left_out() -> None:
    black, nearly, white = (Picture(np.full((2, 3), shade)) for shade in (0, 0.01, 1))
    assert alike(black, nearly)
    assert not alike(black, Picture(np.zeros((2, 3)), image=False))
    assert not alike(black, Picture(np.zeros((3, 2))))
    options = pictures(Random(1), "black", {"nearly": nearly, "white": white, "black": black})
    assert {one.words: one.right for one in options} == {"black": True, "white": False}
    assert number(-12) == "−12"


def wrong_answer(quiz: Quiz) -> int:
    question = quiz.question
    return question.right + 1 if question.answer is not None else (question.right + 1) % len(question.choices)


def test_all_right_at_once() -> None:
    quiz = Quiz("kernel")
    for n in range(3):
        assert (quiz.number, len(quiz.right)) == (n, n)
        quiz.check(quiz.question.right)
        assert quiz.solved
        assert not quiz.again
        assert quiz.complete == (n == 2)
        quiz.go_on()
    assert (quiz.number, quiz.seed, quiz.right) == (0, 2, {0, 1, 2})


def test_a_wrong_answer_can_be_mended_and_comes_back_with_new_numbers() -> None:
    quiz = Quiz("stride_padding")
    before = quiz.question.text
    quiz.check(wrong_answer(quiz))
    assert not quiz.over
    assert quiz.right == set()
    quiz.check(None)
    assert quiz.nothing
    assert len(quiz.tries) == 1
    quiz.check(quiz.question.right)
    assert quiz.right == {0}
    assert quiz.again
    quiz.go_on()
    for expected in (1, 2):
        assert quiz.number == expected
        quiz.check(quiz.question.right)
        assert not quiz.complete
        quiz.go_on()
    assert (quiz.number, quiz.seed) == (0, 2)
    assert quiz.question.text != before
    quiz.check(quiz.question.right)
    assert quiz.complete


def test_hints_stand_before_the_solution_and_a_solution_is_no_right_answer() -> None:
    quiz = Quiz("kernel")
    for hints in range(1, len(quiz.question.hints) + 1):
        quiz.help()
        assert (quiz.hints, quiz.told) == (hints, False)
    quiz.help()
    assert quiz.told
    quiz.check(quiz.question.right)
    assert quiz.right == set()
    quiz.go_on()
    quiz.go_on()  # left unanswered
    quiz.check(quiz.question.right)
    quiz.go_on()
    assert (quiz.number, quiz.seed) == (0, 2)
    quiz.check(quiz.question.right)
    quiz.go_on()
    assert (quiz.number, quiz.seed) == (1, 1)  # unanswered: the same numbers


# About any network


def own_network(classes: int) -> Graph:
    layers = [
        Conv2d(3, 6, (3, 5), (2, 1), (1, 2), seed=3),
        ReLU(),
        Conv2d(6, 9, 3, bias=False, seed=4),
        Conv2d(9, 4, 1, seed=5),
    ]
    return chain([*layers, GlobalAvgPool2d(False)] if classes else layers, (3, 21, 30))


def subject(code: str) -> tuple[Graph, tuple[int, int, int], tuple[str, ...]]:
    if code in models.SHIPPED:
        model = models.shipped(code)
        return model.graph, model.shape, model.classes
    names = ("cat", "dog", "a_b", "fox") if code == "own classifier" else ()
    return own_network(len(names)), (3, 21, 30), names


@cache
def facts_of(code: str) -> any_network.Facts:
    graph, shape, names = subject(code)
    return any_network.facts(code, code.split()[0], graph, shape, names)


NETWORKS = ["squeezenet", "resnet8", "own classifier", "own segmenter"]


@pytest.mark.parametrize("code", NETWORKS)
def test_questions_about_a_network_have_its_numbers_and_one_right_answer(code) -> None:
    graph, shape, names = subject(code)
    net, shapes, arrays = facts_of(code), graph.output_shapes(shape), graph.parameters()
    texts = set()
    for seed in SEEDS:
        predict, recognise, explain = (make("network", n, seed, net) for n in range(3))
        assert (predict.kind, recognise.kind, explain.kind) == ("predict", "recognise", "explain")
        for question in (predict, recognise, explain):
            expect_plain_question(question)
            assert net.name in question.text
        layer = predict.settings["network_node"]
        texts.add(predict.text)
        if "How wide" in predict.text:
            width, padding, kernel, stride = map(int, re.findall(r"\*\*(\d+)\*\*", predict.text))
            assert predict.answer == shapes[layer][2] == len(range(0, width + 2 * padding - kernel + 1, stride))
        else:
            assert predict.answer == sum(array.size for key, array in arrays.items() if key.rsplit(".", 1)[0] == layer)
        asked = re.search(r"of \*\*(.+?)\*\* in", recognise.text)[1]
        known = arrays[f"{asked}.weight"].reshape(-1, *recognise.shown[1].values.shape)
        assert (np.abs(known - recognise.shown[1].values).max((1, 2)) < 1e-6).any()
        if seed % 5 == 0:  # a right one, and no other, in another way
            expected = signal.correlate2d(recognise.shown[0].values, recognise.shown[1].values, "valid")
            only(recognise, lambda one, expected=expected: same(one.picture, expected))
        if names:
            count, said = re.search(r"of its \*\*([\d,]+)\*\* classes\. It answers “(.+?)”", explain.text).groups()
            assert int(count.replace(",", "")) == len(names)
            assert said in names
        else:
            found = re.findall(r"\*\*(.+?)\*\*", explain.text)
            for place in (0, 2):
                field = graph.receptive_field(found[place])
                assert found[place + 1] == " × ".join(map(str, field))
    assert len(texts) > 4


def test_what_a_network_cannot_be_asked_is_asked_of_the_digits_network() -> None:
    bare = any_network.facts("bare", "own", chain([Flatten(), Linear(300, 3)], (3, 10, 10)), (3, 10, 10), ())
    for n in range(3):
        assert make("network", n, 7, bare).text == make("network", n, 7).text


def test_names_of_a_file_never_become_markdown_or_addresses() -> None:
    first, *rest = own_network(4).nodes
    names = ["[a](b)", "www.a.example", "$x$", "**b**"]
    graph = Graph(
        [Node(names[0], first.layer, ("input",)), *(
            Node(new, node.layer, (old,)) for new, old, node in zip([*names[1:], "e"], names, rest, strict=True)
        )], (3, 21, 30),
    )  # fmt: skip
    net = any_network.facts("mine", "own", graph, (3, 21, 30), ("<b>", "http://a.example", "`c`", "d"))
    assert net.classes == ("d",)
    assert [one.said for one in net.convolutions] == ["convolution 1", "convolution 2", "convolution 3"]
    for seed in range(60):
        for n in range(3):
            question = make("network", n, seed, net)
            expect_plain_question(question)
            assert not any(name in question.text for name in names)


def test_facts_hold_on_to_nothing_of_the_network() -> None:
    graph = own_network(4)
    weights = list(graph.parameters().values())
    net = any_network.facts("mine", "own", graph, (3, 21, 30), tuple("abcd"))
    assert not any(np.shares_memory(one.weights, array) for one in net.slices for array in weights)
    assert sum(one.weights.nbytes for one in facts_of("squeezenet").slices) < 10_000


def test_a_quiz_turns_to_another_network_and_keeps_what_was_right() -> None:
    quiz = Quiz("network", facts_of("squeezenet"))
    quiz.check(quiz.question.right)
    quiz.turn_to(facts_of("squeezenet"))
    assert quiz.solved
    quiz.turn_to(facts_of("resnet8"))
    assert not quiz.tries
    assert "ResNet-8" in quiz.question.text
    assert quiz.right == {0}
    quiz.turn_to(None)
    assert (quiz.key, quiz.question.text) == ("", make("network", 0, 1).text)


@pytest.mark.parametrize("code", ["squeezenet", "resnet8"])
def test_the_same_seed_asks_about_a_network_for_the_same_numbers(code) -> None:
    recorded = json.loads(RECORD.read_text("utf-8"))
    assert digests("network", facts_of(code)) == recorded.get(f"network, {code}"), "as above"


@pytest.mark.parametrize("page", WITH_QUESTIONS)
def test_pictures_to_choose_from_are_drawn_alike(page) -> None:
    """A picture in grey among such in blue and orange, or on a scale of its own, would be told by that."""
    for n in range(len(makers(page))):
        for seed in (1, 2):
            drawn = [one.picture for one in make(page, n, seed).choices if one.picture]
            for shape in {one.values.shape for one in drawn}:
                assert len({(one.image, one.end) for one in drawn if one.values.shape == shape}) == 1
