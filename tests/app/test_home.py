"""Home: the network on the ready digit and on a drawing, the sum behind a click, the doors; how far one is in the lesson."""

import numpy as np
import pytest

from cnn_core.digits import prepare
from instruments.percent import percent
from tests.app.test_network_pages import by_hand
from tests.app.visits import ROOT, component, components, sentences, visit
from ui import progress
from ui.components.drawing_pad.component import read_drawing
from ui.ready_digit import READY
from ui.site import PAGES, STEPS, TEACHING, info, named

WEIGHTS = np.load(ROOT / "assets" / "digits.npz")
BAR = {"pixels": [255 if 13 <= n % 28 <= 15 and 112 <= n < 672 else 0 for n in range(784)],
       "strokes": [{"width": 22, "points": [[140, 50], [140, 230]]}]}  # fmt: skip


def test_the_first_screen_has_a_digit_that_the_network_reads() -> None:
    app = visit("home")
    pad = component(app, "drawing_pad")
    assert pad["ready"]
    assert pad["strokes"] == READY.strokes
    panels = {panel["name"]: panel for panel in component(app, "map_viewer")["panels"]}
    assert {name: panel["shape"] for name, panel in panels.items()} == {
        "input": [1, 28, 28],
        "conv": [16, 24, 24],
        "relu": [16, 24, 24],
        "pool": [16, 12, 12],
        "fc1": [1, 8, 16],
        "fc2": [1, 10, 1],
    }
    assert all(panels[name]["reads"] for name in panels if name != "input")
    logits, probabilities = by_hand(prepare(READY.pixels))
    assert probabilities.argmax() == 3
    np.testing.assert_allclose(panels["fc2"]["values"], logits, rtol=1e-4)
    assert f"It says **3**, with {percent(probabilities[3])}" in sentences(app)


def test_a_drawing_belongs_to_the_session_and_replaces_the_ready_digit() -> None:
    app = visit("home")
    app.session_state["_drawing"] = read_drawing(BAR)
    app.run()
    pad = component(app, "drawing_pad")
    assert (pad["ready"], pad["strokes"]) == (False, BAR["strokes"])
    probabilities = by_hand(prepare(np.array(BAR["pixels"]).reshape(28, 28) / 255))[1]
    said = f"**{probabilities.argmax()}**"
    assert f"It says {said}" in sentences(app)
    app.switch_page("../pages/network.py")
    app.query_params["network_source"] = "draw"
    app.run()
    assert f"The network says {said}" in sentences(app)
    assert component(app, "drawing_pad")["strokes"] == BAR["strokes"]


def test_home_shows_the_trained_network_whatever_another_page_is_set_to() -> None:
    app = visit("network", network_kernels="4", network_side="3", network_pool="3")
    app.switch_page("../pages/home.py").run()
    shapes = {panel["name"]: panel["shape"] for panel in component(app, "map_viewer")["panels"]}
    assert shapes["pool"] == [16, 12, 12]


@pytest.mark.parametrize(("stage", "y", "x"), [("conv", 3, 17), ("relu", 10, 8)])
def test_a_click_on_a_map_shows_the_sum_behind_it(stage, y, x) -> None:
    app = visit("home")
    app.session_state["_home_clicked"] = {"stage": stage, "channel": 5, "y": y, "x": x}
    app.run()
    walk = component(app, "window_explorer")
    kernel, output = WEIGHTS["conv1.weight"][5, 0], np.array(walk["output"])
    np.testing.assert_allclose(walk["kernel"], kernel, rtol=1e-6)
    row, column = divmod(walk["at"], output.shape[1])
    window = prepare(READY.pixels)[0, y : y + 5, x : x + 5]
    assert output[row, column] == pytest.approx((window * kernel).sum() + WEIGHTS["conv1.bias"][5], abs=1e-5)
    assert ("ReLU then keeps what is above 0" in sentences(app)) == (stage == "relu")
    panels = {panel["name"]: panel["end"] for panel in component(app, "map_viewer")["panels"]}
    assert walk["end"] == pytest.approx(panels["conv"], rel=1e-3)
    app.run()
    assert not components(app, "window_explorer")  # closed: no later run opens it again


def test_a_click_behind_the_pooling_shows_its_windows() -> None:
    app = visit("home")
    app.session_state["_home_clicked"] = {"stage": "pool", "channel": 2, "y": 6, "x": 4}
    app.run()
    walk = component(app, "window_explorer")
    values = np.array(walk["input"])
    assert walk["kernel"] is None
    np.testing.assert_array_equal(values.reshape(3, 2, 3, 2).max((1, 3)), walk["output"])
    assert walk["at"] == 4  # the one that was clicked, among its neighbours


@pytest.mark.parametrize(
    "place",
    [
        None,
        "conv",
        {"stage": "fc1", "channel": 0, "y": 1, "x": 1},
        {"stage": "conv", "channel": 16, "y": 1, "x": 1},
        {"stage": "conv", "channel": 0, "y": "1", "x": 1e400},
        {"stage": "pool", "channel": 0, "y": 12, "x": 1},
        {"stage": "pool", "channel": 0, "y": True, "x": 1},
        {"stage": "conv"},
    ],
)
def test_what_is_no_unit_opens_nothing(place) -> None:
    app = visit("home")
    app.session_state["_home_clicked"] = place
    app.run()
    assert not app.exception
    assert not components(app, "window_explorer")


def test_the_photo_takes_the_place_of_the_drawing() -> None:
    app = visit("home", home_source="image", image="digit", size="32")
    assert any(
        one.proto.imgs[0].url.startswith("data:image/") for one in app.get("image")
    )  # it is seen, beside the bars
    assert len(app.get("image")) == 2
    assert not components(app, "drawing_pad")
    assert "It says **" in sentences(app)


def test_a_photo_given_on_home_is_shown_there_and_one_given_elsewhere_waits() -> None:
    app = visit("home")
    app.session_state["_photo_given"] = True
    app.run()
    assert not components(app, "drawing_pad")
    assert app.query_params["home_source"] == "image"
    app = visit("kernel")
    app.session_state["_photo_given"] = True
    app.run()
    app.switch_page("../pages/home.py").run()
    assert components(app, "drawing_pad")


def test_the_lesson_goes_on_where_nobody_was_yet() -> None:
    app = visit("home")
    assert f"0 of {len(STEPS)} steps visited" in app.get("progress")[0].proto.text
    start = next(button for button in app.button if button.label == "Start")
    start.click().run()
    assert app.title[0].value == "Why convolution"
    app.switch_page("../pages/pooling.py").run()
    app.switch_page("../pages/shapes.py").run()  # a tool is no step
    app.switch_page("../pages/home.py").run()
    assert f"2 of {len(STEPS)} steps visited" in app.get("progress")[0].proto.text
    assert [button.label for button in app.button if button.label.startswith("Go on")] == ["Go on: Images are numbers"]


def test_the_lesson_s_end_is_told() -> None:
    app = visit("home")
    app.session_state["_visited"] = {page.file for page in STEPS}
    app.run()
    assert "You have been everywhere" in sentences(app)


def test_steps_are_numbered_in_the_order_of_the_lesson() -> None:
    names = [named(page) for pages in PAGES.values() for page in pages]
    assert names[:3] == ["Home", "1 Why convolution", "2 Images are numbers"]
    assert names[-1] == "Shape calculator"
    assert named(TEACHING) == "For teachers"
    order = [page.file for page in STEPS]
    for before, after in (("channels", "pooling"), ("network", "training"), ("training", "backward"), ("backward", "forward")):  # fmt: skip
        assert order.index(before) < order.index(after)
    assert order.index("training") == order.index("network") + 1


def test_ticks_and_their_words(monkeypatch) -> None:
    state: dict[str, object] = {}
    monkeypatch.setattr(progress.st, "session_state", state)
    kernel = info("kernel")
    assert (progress.icon(kernel), progress.told(kernel)) == (kernel.icon, kernel.idea)
    assert progress.visit("kernel")
    assert not progress.visit("kernel")
    assert progress.icon(kernel) == progress.VISITED
    assert progress.told(kernel).endswith(" Visited.")
    quiz = type("Quiz", (), {"right": {0, 2}, "count": 3})()
    state["_quizzes"] = {"kernel": quiz}
    assert progress.icon(kernel) == progress.VISITED
    assert progress.told(kernel).endswith(" Visited. 2 of 3 questions right.")
    quiz.right = {0, 1, 2}
    assert progress.icon(kernel) == progress.ALL_RIGHT
    progress.visit("shapes")
    assert progress.icon(info("shapes")) == info("shapes").icon


def test_each_door_says_what_is_behind_it_and_leads_there() -> None:
    app = visit("home")
    assert [one.value for one in app.subheader if one.value in ("The lesson, in order", "My photo", "For teachers")] == [
        "The lesson, in order", "My photo", "For teachers"]  # fmt: skip
    said = sentences(app)
    for words in ("each step is a page to play with, and asks three questions", "it stays in memory, and goes with this page",
                  "send the class its link", "Large type for a projector"):  # fmt: skip
        assert words in said
    links = {one.proto.label: one.proto.page for one in app.get("page_link")}
    for file in ("kernel", "features", "why-this-answer", "faces"):
        assert file in links.values()
    assert links["How a 45-minute lesson goes"] == "teaching"
    [bar] = app.get("progress")
    assert bar.proto.value == 0
    app.session_state["_visited"] = {page.file for page in STEPS[:4]}
    app.run()
    [bar] = app.get("progress")
    assert bar.proto.value == int(100 * 4 / len(STEPS))
    assert f"Go on: {STEPS[4].title}" in [button.label for button in app.button]
