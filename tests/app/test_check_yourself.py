"""Check yourself on the pages: tries, hints, the verdict, progress, and the case on the instrument itself."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cnn_core import onnx
from cnn_core.graph import Graph
from instruments import models
from instruments.questions import make, makers
from instruments.questions.any_network import facts
from tests.app.own_models import drop, tiny
from tests.app.visits import component, visit
from ui.check_yourself import progress
from ui.site import PAGES, QUESTIONS

LESSONS = [page.file for section in PAGES.values() for page in section if not page.default]


def right_number(app: AppTest) -> int:
    """Of the kernel page's first question, from what the page says."""
    text = next(m.value for m in app.markdown if "Which number comes out?" in m.value)
    said = text.replace("\N{MINUS SIGN}", "-")
    rows = [re.findall(r"-?\d+", line) for line in said.split("\n") if re.match(r"\| -?\d", line)]
    numbers = np.array(rows, int)
    return int((numbers[:, :3] * numbers[:, 3:]).sum()) + int(re.search(r"bias is \*\*(-?\d+)", said)[1])


def answer(app: AppTest, key: str, value: int) -> None:
    app.number_input(key=key).set_value(value)
    app.button(key="_kernel_check").click().run()


def right_so_far(app: AppTest) -> str:
    return next(m.value for m in app.markdown if " right** · question" in m.value)


def test_several_tries_then_right_and_the_verdict_stays() -> None:
    app = visit("kernel", size="32")
    right = right_number(app)
    assert right_so_far(app).startswith("**0 of 3 right** · question 1, *predict*")
    app.button(key="_kernel_check").click().run()
    assert "Give your answer first" in app.info[0].value
    answer(app, "_kernel_answer_1_1", right + 1)
    assert f"Not {right + 1}".replace("-", "\N{MINUS SIGN}") in app.error[0].value
    answer(app, "_kernel_answer_1_1", right)
    for _ in range(2):
        assert f"Right: {right}.".replace("-", "\N{MINUS SIGN}") in app.success[0].value
        assert "comes back later" in app.success[0].value
        assert right_so_far(app).startswith("**1 of 3 right**")
        app.toggle(key="kernel_flip").set_value(True).run()  # anything else on the page
    app.switch_page("../pages/pooling.py").run()
    app.switch_page("../pages/kernel.py").run()
    assert "Right" in app.success[0].value
    app.button(key="_kernel_next").click().run()
    assert "question 2, *recognise*" in right_so_far(app)
    assert not app.success


def test_hints_come_before_the_solution() -> None:
    app = visit("kernel", size="32")
    right, question = right_number(app), make("kernel", 0, 1)
    for n, hint in enumerate(question.hints, 1):
        assert app.button(key="_kernel_hint").label == f"Hint {n} of {len(question.hints)}"
        assert not any(hint in m.value for m in app.markdown)
        app.button(key="_kernel_hint").click().run()
        assert any(hint in m.value for m in app.markdown)
    answer(app, "_kernel_answer_1_1", right + 1)
    assert app.button(key="_kernel_hint").label == "Show the solution"
    app.button(key="_kernel_hint").click().run()
    assert app.number_input(key="_kernel_answer_1_1").value == right  # no longer the last try
    assert f"The answer is: {right}.".replace("-", "\N{MINUS SIGN}") in app.info[0].value
    assert app.button(key="_kernel_check").disabled
    assert right_so_far(app).startswith("**0 of 3 right**")


def test_what_was_predicted_can_be_watched() -> None:
    app = visit("kernel", image="cat", size="64", kernel_stride="3", kernel_padding="2")
    right = right_number(app)
    assert "_kernel_watch" not in [button.key for button in app.button]
    answer(app, "_kernel_answer_1_1", right)
    app.button(key="_kernel_watch").click().run()
    assert not app.exception
    assert "“Checkerboard”" in app.toast[0].value
    data = component(app, "feature_viewer")
    assert data["input"]["shape"] == [1, 32, 32]
    assert data["window"]["total"] == pytest.approx(right)
    assert app.number_input(key="kernel_stride").value == 1  # what the case does not need is at its default
    assert "Right" in app.success[0].value
    app.button(key="_kernel_watch").click().run()
    assert not app.toast  # the picture is that one already


def test_a_choice_of_reasons_and_of_pictures() -> None:
    app = visit("kernel", size="32")
    for _ in range(2):
        app.button(key="_kernel_next").click().run()
    question = make("kernel", 2, 1)
    wrong = (question.right + 1) % 4
    radio = app.radio(key="_kernel_answer_3_1")
    assert len(set(radio.options)) == 4
    radio.set_value(wrong)
    app.button(key="_kernel_check").click().run()
    assert question.choices[wrong].remark in app.error[0].value
    app.radio(key="_kernel_answer_3_1").set_value(question.right)
    app.button(key="_kernel_check").click().run()
    assert app.success[0].value.startswith("Right: “")

    app = visit("pooling", size="32")
    app.button(key="_pooling_next").click().run()
    question = make("pooling", 1, 1)
    assert app.radio(key="_pooling_answer_2_1").options == ["A", "B", "C", "D"]
    drawn = [proto for element in app.get("image") for proto in element.proto.imgs]
    pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(p.url.split(",")[1])))) for p in drawn if "Picture" in p.caption]  # fmt: skip
    assert len(pictures) == 4
    shades = question.choices[question.right].picture.shades
    times = (len(pictures[0]) - 2) // len(shades)
    assert np.array_equal(pictures[question.right][1:-1:times, 1:-1:times], shades)
    app.radio(key="_pooling_answer_2_1").set_value(question.right)
    app.button(key="_pooling_check").click().run()
    assert f"Right: picture {'ABCD'[question.right]}" in app.success[0].value


@pytest.mark.parametrize("page", LESSONS)
def test_every_page_asks_all_three_and_counts_them(page) -> None:
    app = visit(page, size="32")
    for n in range(3):
        key, right = f"_{page}_answer_{n + 1}_1", make(page, n, 1).right
        (app.number_input if n == 0 else app.radio)(key=key).set_value(right)
        app.button(key=f"_{page}_check").click().run()
        assert "Right" in [one.value[:5] for one in app.success]
        assert right_so_far(app).startswith(f"**{n + 1} of 3 right**")
        following = app.button(key=f"_{page}_next")
        assert following.label == ("Next question" if n < 2 else "Once more, with new numbers")
        following.click().run()
        assert not app.exception
    assert "question 1" in right_so_far(app)
    assert right_so_far(app).startswith("**3 of 3 right**")
    assert len(app.session_state["_quizzes"][page].right) == 3


def test_nothing_is_right_before_a_page_was_open() -> None:
    assert progress("kernel") == 0


def test_small_pictures_are_told_in_numbers_and_what_was_chosen_by_its_name() -> None:
    app = visit("backward", size="32")
    app.button(key="_backward_next").click().run()
    question = make("backward", 1, 1)
    wrong = (question.right + 1) % 4
    app.radio(key="_backward_answer_2_1").set_value(wrong)
    app.button(key="_backward_check").click().run()
    assert f"Not picture {'ABCD'[wrong]}. That is {question.choices[wrong].words}." in app.error[0].value


def described(code: str) -> tuple[Graph, tuple[int, int, int], tuple[str, ...]]:
    model = models.shipped(code)
    return model.graph, model.shape, model.classes


def asked_about(app: AppTest) -> str:
    """What the network page asks."""
    return next(m.value for m in app.markdown if re.match("In .* the layer|A digit of 28", m.value))


def test_questions_are_about_the_network_that_is_shown() -> None:
    app = visit("network", network_model="squeezenet", image="cat")
    text = asked_about(app)
    assert text.startswith("In SqueezeNet the layer")
    node = make("network", 0, 1, facts("squeezenet", "squeezenet", *described("squeezenet"))).settings["network_node"]
    assert f"**{node}**" in text
    shape = described("squeezenet")[0].parameters()[f"{node}.weight"].shape
    right = shape[0] * (shape[1] * shape[2] * shape[3] + 1)
    if "How wide" in text:
        right = int(described("squeezenet")[0].output_shapes((3, 227, 227))[node][2])
    app.number_input(key="_network_answer_1_1_squeezenet").set_value(right)
    app.button(key="_network_check").click().run()
    assert app.success[0].value.startswith(f"Right: {right}.")
    app.button(key="_network_watch").click().run()
    assert not app.exception
    assert dict(app.query_params)["network_node"] == node
    assert component(app, "graph_viewer")["chosen"]["map"] == 0
    app.selectbox(key="network_model").set_value("resnet8").run()
    assert asked_about(app).startswith("In ResNet-8 the layer")
    assert right_so_far(app).startswith("**1 of 3 right**")
    app.selectbox(key="network_model").set_value("digits").run()
    assert asked_about(app) == make("network", 0, 1).text


def test_nothing_of_an_own_network_is_asked_once_it_is_gone() -> None:
    net = tiny()
    app = drop(visit("network", network_model="own", image="cat"), ("tiny.onnx", onnx.write(net)))
    assert asked_about(app).startswith("In your network the layer **conv")
    assert app.session_state["_quizzes"]["network"].key
    app.button(key="_own_remove").click().run()
    assert asked_about(app).startswith("In SqueezeNet")
    assert app.session_state["_quizzes"]["network"].key == "squeezenet"


def test_the_way_to_the_questions_tells_how_far_one_is() -> None:
    app = visit("kernel", size="32")
    assert "[3 questions ↓](#check-yourself)" in [m.value for m in app.markdown]
    answer(app, "_kernel_answer_1_1", right_number(app))
    assert "[1 of 3 right ↓](#check-yourself)" in [m.value for m in app.markdown]
    assert next(one.proto.anchor for one in app.subheader if one.value == "Check yourself") == "check-yourself"
    app.switch_page("../pages/home.py").run()
    link = next(one.proto for one in app.get("page_link") if one.proto.label.startswith("Check yourself"))
    assert link.label == "Check yourself: **1 of 51 right**"
    assert (link.page, link.query_string) == ("why", "to=check-yourself")  # the first step that has questions left


@pytest.mark.parametrize("page", LESSONS)
def test_every_page_has_as_many_questions_as_the_site_says(page) -> None:
    assert len(makers(page)) == QUESTIONS
