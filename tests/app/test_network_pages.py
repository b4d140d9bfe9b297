"""The network pages: numbers against plain NumPy, programs that run, a training that learns, pauses and diverges."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from cnn_core import networks, weights
from cnn_core.digits import prepare
from cnn_core.mnist import digits
from instruments import backward, own_digits, samples
from instruments import training as trainings
from instruments.fields import resolve
from instruments.percent import percent
from instruments.training import Plan, Training
from tests.app.visits import ROOT, component, sentences, table, visit
from ui.components.drawing_pad.component import MAX_POINTS, PIXELS, read_drawing
from ui.formulas import number as written
from ui.programs import digits as digit_programs
from ui.programs import training as training_programs
from ui.programs.backward import programs as backward_programs

IMAGES, LABELS = digits()


def by_hand(digit):
    """The shipped network in plain NumPy, apart from cnn_core."""
    w = np.load(ROOT / "assets" / "digits.npz")
    windows = np.lib.stride_tricks.sliding_window_view(digit[0], (5, 5))
    maps = np.maximum(np.einsum("yxij,kij->kyx", windows, w["conv1.weight"][:, 0]) + w["conv1.bias"][:, None, None], 0)
    pooled = maps.reshape(16, 12, 2, 12, 2).max((2, 4)).reshape(-1)
    hidden = np.maximum(w["fc1.weight"] @ pooled + w["fc1.bias"], 0)
    logits = w["fc2.weight"] @ hidden + w["fc2.bias"]
    powers = np.exp(logits - logits.max())
    return logits, powers / powers.sum()


@pytest.mark.parametrize("number", [8000, 8123, 8999])
def test_network_page_shows_what_the_weights_say(number) -> None:
    app = visit("network", network_number=str(number))
    logits, probabilities = by_hand(IMAGES[number])
    said = sentences(app)
    assert f"The network says **{probabilities.argmax()}** with {percent(probabilities.max())}" in said
    assert f"It is a **{LABELS[number]}**" in said
    assert f"= {written(logits.max())}" in app.latex[1].value
    assert f"= {written(probabilities.max(), 4)}" in app.latex[0].value


@pytest.mark.parametrize(("y", "x"), [(0, 0), (11, 6), (23, 23)])
def test_a_pooled_unit_is_walked_with_the_networks_own_numbers(y, x) -> None:
    app = visit("network", network_number="8003", network_channel="4", network_y=str(y), network_x=str(x))
    data = component(app, "window_explorer", 1)
    values, output = np.array(data["input"]), np.array(data["output"])
    assert values.shape == (6, 6)
    np.testing.assert_array_equal(values.reshape(3, 2, 3, 2).max((1, 3)), output)
    trace = networks.load("digits").trace(IMAGES[8003:8004])["pool1"][0, 4]
    top, left = (min(max(at // 2 - 1, 0), 9) for at in (y, x))
    np.testing.assert_array_equal(trace[top : top + 3, left : left + 3], output.astype(np.float32))


def test_other_sizes_are_untrained_and_say_so() -> None:
    app = visit("network", network_kernels="4", network_side="3", network_pool="3")
    assert "no trained weights" in app.warning[0].value
    assert table(app)["output shape"][:3] == ["4 × 26 × 26", "4 × 26 × 26", "4 × 8 × 8"]


def test_a_drawn_digit_is_centred_as_mnist_is() -> None:
    picture = np.zeros((28, 28), np.float32)
    picture[2:8, 20:23] = 1  # a small bar in a corner
    prepared = prepare(picture)
    rows, columns = np.nonzero(prepared[0] > 0.5)
    assert np.ptp(rows) + 1 == 20
    assert abs((rows.mean() + 0.5) - 14) <= 1
    assert abs((columns.mean() + 0.5) - 14) <= 1
    np.testing.assert_allclose(prepare(1 - picture), prepared, atol=1e-6)  # dark on light
    assert not prepare(np.full((9, 9), 0.3)).any()


def test_redrawn_digits_are_still_read() -> None:
    net, right = networks.load("digits"), 0
    for number in range(8000, 8200):
        large = IMAGES[number, 0].repeat(4, 0).repeat(4, 1)
        paper = 1 - 0.9 * np.pad(large, ((30, 70), (90, 10)))  # dark ink on light paper, off centre
        right += int(net.forward(prepare(paper)[np.newaxis]).argmax() == LABELS[number])
    assert right >= 194


@pytest.mark.parametrize("operation", ["Convolution", "ReLU", "Max pool", "Linear", "Softmax, cross-entropy"])
@pytest.mark.parametrize("image", ["Cat", "Coins"])
def test_backward_agrees_with_finite_differences(operation, image) -> None:
    said = sentences(visit("backward", backward_operation=operation, image=image))
    error = float(re.search(r"Largest difference from backward: \*\*(.+?)\*\*", said)[1])
    assert error < 1e-4 or "kink" in said


def test_backward_walk_gives_the_gradient_of_the_input() -> None:
    app = visit("backward", backward_conv="0 0 0 0 0; 0 2 0 0 0; 0 0 0 0 0; 0 0 0 0 0; 0 0 0 0 -1")
    output = np.array(component(app, "window_explorer")["output"])
    expected = np.zeros((6, 6))
    expected[1:3, 1:3] += 2 * np.array([[1, 0.5], [-0.5, -1]])
    expected[4:6, 4:6] -= np.array([[1, 0.5], [-0.5, -1]])
    np.testing.assert_allclose(output, expected, atol=1e-6)
    assert "must have 5 rows of 5 numbers" in sentences(visit("backward", backward_conv="1 2"))


def test_forward_ways_agree() -> None:
    app = visit("forward", forward_side="9", forward_kernels="3", forward_k="2", forward_stride="2")
    assert [float(value) < 1e-5 for value in table(app)["largest difference from cnn_core"]] == [True] * 3
    loops, *others = [float(value.removesuffix(" ms")) for value in table(app)["time, at best"]]
    first, *ratios = [float(value.replace(",", "")) for value in table(app)["times faster than loops"]]
    assert first == 1
    assert ratios == pytest.approx([loops / other for other in others], rel=0.06)


def test_what_is_said_of_good_rates_is_true_of_the_one_that_is_set() -> None:
    app = visit("training")
    low, high = map(float, re.search(r"([\d.]+) to ([\d.]+) is good for Adam", sentences(app)).groups())
    v = resolve(trainings.FIELDS, {})
    assert v[trainings.OPTIMISER] == "adam"
    assert f"less, as {v[trainings.RATE]:g}, learns more slowly" in sentences(app)
    assert v[trainings.RATE] < low < high
    moved = []
    for rate in (v[trainings.RATE], float(re.search(r"with a rate of ([\d.]+)", sentences(app))[1])):
        run = Training(replace(trainings.plan(v), rate=rate))
        run.advance(60)
        assert run.losses()[1][-1] < 0.5 < 2 < run.history[0].loss
        moved.append(np.linalg.norm(run.kernels() - run.first_kernels))
    assert moved[1] > 2 * moved[0]


@pytest.mark.soak
@pytest.mark.parametrize(("optimiser", "words"), [("adam", "is good for Adam"), ("sgd", "for SGD")])
def test_rates_that_are_called_good_learn_more_than_those_beyond(optimiser, words) -> None:
    low, high = map(float, re.search(rf"([\d.]+) to ([\d.]+) {words}", sentences(visit("training"))).groups())
    v, accuracy = resolve(trainings.FIELDS, {"training_optimiser": optimiser}), {}
    for rate in (low / 5, low, high, 4 * high):
        run = Training(replace(trainings.plan(v), rate=rate))
        run.advance(60)
        accuracy[rate] = run.checks[-1][1]
    assert min(accuracy[low], accuracy[high]) > max(accuracy[low / 5], accuracy[4 * high])


def test_training_learns_pauses_and_resumes() -> None:
    app = visit("training", training_digits="6000", training_epochs="4", training_batch="50")  # longer than one turn
    assert component(app, "map_viewer")["panels"][0]["shape"] == [8, 3, 3]  # the kernels it will start with
    app.button(key="_training_start").click().run()
    run = app.session_state["_training"]
    app.button(key="_training_pause").click().run()
    paused = len(run.history)
    app.run()
    assert len(run.history) == paused
    app.button(key="_training_pause").click().run()
    for _ in range(60):
        app.run()
        if run.done:
            break
    assert run.done
    assert not app.exception
    assert len(run.history) == 480
    assert run.checks[-1][1] > 0.75
    assert "Finished after" in str(app.get("progress")[0].proto)
    assert run.confusion().sum() == 500
    app.button(key="_training_reset").click().run()
    assert "_training" not in app.session_state


def test_too_large_a_rate_diverges_and_the_page_says_so() -> None:
    app = visit("training", training_rate="2", training_optimiser="SGD", training_digits="1000")
    app.button(key="_training_start").click().run()
    for _ in range(20):
        app.run()
        if app.session_state["_training"].done:
            break
    assert any("diverged" in error.value for error in app.error)
    assert not app.exception


def test_equal_choices_give_equal_networks() -> None:
    runs = [Training(Plan(digits=300, epochs=1)) for _ in range(2)]
    for run in runs:
        while not run.done:
            run.advance(1)
    assert np.array_equal(runs[0].kernels(), runs[1].kernels())
    assert not np.array_equal(runs[0].kernels(), runs[0].first_kernels)


def test_programs_and_notebook_give_the_same_numbers(tmp_path, monkeypatch) -> None:
    (tmp_path / "digits.npz").write_bytes((ROOT / "assets" / "digits.npz").read_bytes())
    monkeypatch.chdir(tmp_path)
    digit = IMAGES[8007]
    expected = by_hand(digit)[1]
    names: dict = {}
    programs = digit_programs.programs(digit)
    exec(compile(programs["NumPy"], "numpy", "exec"), names)
    np.testing.assert_allclose(names["probabilities"][0], expected, atol=1e-5)
    book = json.loads(digit_programs.notebook(digit))
    assert book["nbformat"] == 4
    cells: dict = {}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "cell", "exec"), cells)
    np.testing.assert_allclose(cells["probabilities"][0], expected, atol=1e-5)
    for library in ("PyTorch", "Keras"):
        compile(programs[library], "program", "exec")


def test_programs_and_notebook_take_the_network_of_one_s_own(tmp_path, monkeypatch) -> None:
    own = own_digits.of_weights(3, 4, 3, 20, networks.digits_network(3, 4, 3, 20).stored())
    weights.save(tmp_path / "training-weights.npz", own.graph)
    monkeypatch.chdir(tmp_path)
    app = visit("code", code_weights="yours", code_number="8007")
    assert "Your network is not here" in sentences(app)
    app.session_state["_own_digits"] = own
    app.run()
    expected = own.graph.forward(IMAGES[8007])
    assert f"the largest says **{expected.argmax()}**" in sentences(app)
    names: dict = {}
    exec(compile(app.code[0].value, "numpy", "exec"), names)
    np.testing.assert_allclose(names["probabilities"][0], expected, atol=2e-3)  # its digit has 8 bits a pixel
    assert "# N x 3 x 25 x 25" in app.code[0].value
    assert "# N x 3 x 8 x 8" in app.code[0].value
    cells: dict = {}
    for cell in json.loads(digit_programs.notebook(IMAGES[8007], own))["cells"]:
        exec(compile("".join(cell["source"]), "cell", "exec"), cells) if cell["cell_type"] == "code" else None
    np.testing.assert_array_equal(cells["probabilities"], names["probabilities"])


@pytest.mark.parametrize(
    ("image", "words"), [("Astronaut", "1 face found"), ("Photographer", "1 face found"), ("Cat", "No face passes")]
)
def test_faces_page(image, words) -> None:
    app = visit("faces", image=image)
    assert words in " ".join(element.value for kind in ("success", "info") for element in app.get(kind))


def test_work_that_is_too_much_is_refused_with_the_estimate_and_two_ways_out() -> None:
    app = visit("faces", image="Checkerboard", size="1024", faces_min="12")
    assert "5.5 billion multiply-adds, more than 2 billion: choose a smaller image or a larger" in app.error[0].value
    assert not visit("faces", image="Checkerboard", size="512", faces_min="12").error
    large = {"training_kernels": "32", "training_side": "9", "training_pool": "1", "training_digits": "8000"}
    app = visit("training", **large, training_epochs="20")
    assert "891 billion multiply-adds, more than 400 billion: choose fewer digits or epochs" in app.error[0].value
    assert app.button(key="_training_start").disabled
    app.number_input(key="training_epochs").set_value(8).run()
    assert not app.error
    assert not app.button(key="_training_start").disabled
    app = visit("channels", image="Checkerboard", size="1024", colour="Colour", channels_kernels="64")
    assert app.number_input(key="channels_kernels").value == 3
    assert "At these sizes 3 kernels at most" in sentences(app)


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("network", {"network_source": "image", "network_number": "17", "network_kernels": "3", "network_side": "9"}),
        ("network", {"network_side": "2", "network_channel": "5", "network_y": "26", "network_x": "0"}),
        ("code", {"code_source": "draw", "code_number": "8999", "code_code": "none"}),
        ("backward", {"backward_operation": "relu", "backward_pool": "0 0 0; 0 5 0; 0 0 -3", "backward_linear": "1 2 3"}),
        ("training", {"training_rate": "0.25", "training_optimiser": "sgd", "training_augment": "true"}),
        ("faces", {"faces_min": "31", "faces_p": "0.55", "faces_network": "rnet", "faces_candidate": "1999"}),
    ],
)  # fmt: skip
def test_settings_that_are_not_shown_stay_in_the_link(page, link) -> None:
    app = visit(page, **link)
    assert dict(app.query_params) == link
    app.run()
    assert dict(app.query_params) == link
    assert ":material/error:" not in sentences(app)


@pytest.mark.parametrize(
    ("page", "key", "value", "words"),
    [
        ("network", "network_y", "24", "row of the unit must be a whole number from 0 to 23"),
        ("network", "network_number", "9000", "number must be a whole number from 0 to 8999"),
        ("training", "training_digits", "8001", "digits must be a whole number from 100 to 8000"),
        ("training", "training_rate", "1e310", "learning rate must be a number from 0 to 2"),
        ("faces", "faces_r", "nan", "R-Net threshold must be a number from 0.3 to 1"),
        ("backward", "backward_operation", "tanh", "Operation must be one of conv, relu, pool, linear, loss"),
        ("code", "code_source", "9" * 100_000, "Digit must be one of choose, draw, image"),
    ],
)
def test_what_a_link_may_not_hold_is_refused_in_words(page, key, value, words) -> None:
    app = visit(page, **{key: value})
    assert f"In the link: {words}" in sentences(app)
    assert key not in app.query_params


def test_a_click_on_a_unit_is_explained_and_a_click_elsewhere_is_not() -> None:
    app = visit("network", network_channel="7", network_y="2", network_x="3")
    explored = component(app, "window_explorer")
    assert np.shape(explored["input"]) == (9, 9)
    at = explored["at"]
    assert (at // 5, at % 5) == (2, 3 - 1)
    weights = np.load(ROOT / "assets" / "digits.npz")
    np.testing.assert_allclose(explored["kernel"], weights["conv1.weight"][7, 0], atol=1e-6)
    seen = np.array(explored["input"])[at // 5 :, at % 5 :][:5, :5]
    expected = (seen * weights["conv1.weight"][7, 0]).sum() + weights["conv1.bias"][7]
    assert explored["output"][at // 5][at % 5] == pytest.approx(expected, abs=1e-5)


STROKES = [{"width": 22, "points": [[140, 40], [140, 240]]}, {"width": 10, "points": [[-280, 560]]}]
PICTURE = [0] * 400 + [255] * 4 + [0] * 380


def test_the_pad_gets_back_what_was_drawn_and_both_pages_answer_for_it() -> None:
    app = visit("network", network_source="draw")
    assert component(app, "drawing_pad")["ready"]  # nobody drew it, and so it is everyone's
    assert "_drawing" not in app.session_state
    app.session_state["_drawing"] = read_drawing({"pixels": PICTURE, "strokes": STROKES})
    app.run()
    assert component(app, "drawing_pad")["strokes"] == STROKES
    assert "until then the network sees an empty picture" not in sentences(app)
    said = re.search(r"The network says \*\*(\d)\*\*", sentences(app))[1]
    app.switch_page("../pages/code.py")
    app.query_params["code_source"] = "draw"
    app.run()
    assert component(app, "drawing_pad")["strokes"] == STROKES
    assert f"the largest says **{said}**" in sentences(app)
    app.switch_page("../pages/network.py").run()
    assert component(app, "drawing_pad")["strokes"] == STROKES


@pytest.mark.parametrize(
    "sent",
    [
        None,
        PICTURE,
        {"pixels": PICTURE},
        {"pixels": PICTURE[1:], "strokes": STROKES},
        {"pixels": [256, *PICTURE[1:]], "strokes": STROKES},
        {"pixels": [True, *PICTURE[1:]], "strokes": STROKES},
        {"pixels": PICTURE, "strokes": {}},
        {"pixels": PICTURE, "strokes": [{"width": 22}]},
        {"pixels": PICTURE, "strokes": [{"width": 22, "points": []}]},
        {"pixels": PICTURE, "strokes": [{"width": 0, "points": [[1, 2]]}]},
        {"pixels": PICTURE, "strokes": [{"width": 281, "points": [[1, 2]]}]},
        {"pixels": PICTURE, "strokes": [{"width": 22, "points": [[1, 2, 3]]}]},
        {"pixels": PICTURE, "strokes": [{"width": 22, "points": [[1, 2.5]]}]},
        {"pixels": PICTURE, "strokes": [{"width": 22, "points": [[1, 2 * PIXELS + 1]]}]},
        {"pixels": PICTURE, "strokes": [{"width": 22, "points": [[-PIXELS - 1, 2]]}]},
        {"pixels": PICTURE, "strokes": [{"width": 22, "points": [[1, 2]] * (MAX_POINTS + 1)}]},
        {"pixels": PICTURE, "strokes": [{"width": 22, "points": [[1, 2]] * (MAX_POINTS // 2 + 1)}] * 2},
    ],
)
def test_what_is_no_drawing_is_not_taken(sent) -> None:
    assert read_drawing(sent) is None


def test_a_drawing_is_taken_at_its_bounds_and_nothing_else_with_it() -> None:
    thin, thick = ({"width": width, "points": [[-PIXELS, 2 * PIXELS]]} for width in (1, PIXELS))
    assert read_drawing({"pixels": PICTURE, "strokes": [thin, thick]}).strokes == [thin, thick]
    full = {"width": 22, "points": [[1, 2]] * MAX_POINTS}
    drawing = read_drawing({"pixels": PICTURE, "strokes": [full | {"more": "x" * 99}], "more": 1})
    assert drawing.strokes == [full]
    assert drawing.pixels.shape == (28, 28)
    assert drawing.pixels[14, 8:12].tolist() == [1] * 4
    assert drawing.pixels.sum() == 4


def test_the_softmax_that_is_shown_is_the_one_computed() -> None:
    app = visit("network", network_number="8001")
    logits, probabilities = by_hand(IMAGES[8001])
    formula = app.latex[0].value
    assert f"= {probabilities.max():.4f}" in formula
    powers = [float(power) for power in re.findall(r"e\^\{(-?[\d.]+)\}", formula)]
    np.testing.assert_allclose(powers, logits - logits.max(), atol=0.06)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize(("augment", "schedule"), [(False, "cycle"), (True, "constant")])
def test_the_training_program_trains_as_the_page_does(optimiser, augment, schedule) -> None:
    plan = Plan(3, 4, 3, 150, 2, 40, 0.01, optimiser, augment, 5, schedule)
    training = Training(plan)
    while not training.done:
        training.advance(1)
    names: dict = {}
    exec(compile(training_programs.programs(plan)["NumPy"], "program", "exec"), names)
    for name, array in training.network.parameters().items():
        np.testing.assert_array_equal(names["net"].parameters()[name], array, err_msg=name)


@pytest.mark.parametrize("operation", backward.OPERATIONS)
def test_the_backward_program_gives_the_gradient_of_the_page(operation) -> None:
    given = {"backward_operation": operation, "backward_pool": "1 2 3; 0 -1 0.5; 4 0 0", "backward_linear": "1 -2 .25"}
    found = backward.compute(resolve(backward.FIELDS, given), samples.load("cat", 64))
    names: dict = {}
    exec(compile(backward_programs(operation, found)["NumPy"], "program", "exec"), names)
    np.testing.assert_allclose(names["grad_input"], next(iter(found.gradients.values())), atol=1e-6)


def test_a_network_that_is_shared_cannot_be_changed() -> None:
    net = networks.load("digits")
    before = {name: array.copy() for name, array in net.parameters().items()}
    visit("backward")
    visit("network")
    app = visit("training", training_kernels="16", training_side="5", training_digits="100", training_epochs="1")
    app.button(key="_training_start").click().run()
    assert app.session_state["_training"].history
    for name, array in networks.load("digits").parameters().items():
        np.testing.assert_array_equal(array, before[name])
        assert not array.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        trainings.first_layer(net)[0, 0, 0] = 1


def test_a_variant_without_weights_leads_to_its_training() -> None:
    app = visit("network", network_kernels="4", network_side="3", network_pool="5")
    [link] = [one.proto for one in app.get("page_link") if one.proto.label == "Train this variant"]
    assert link.query_string == "training_kernels=4&training_side=3&training_pool=5"
    assert not visit("network").warning


def test_a_candidate_that_the_photo_does_not_have_stays_set_and_the_last_is_shown() -> None:
    app = visit("faces", faces_candidate="900", image="astronaut")
    stepper = app.number_input(key="faces_candidate")
    assert stepper.value == stepper.max == 2
    assert app.query_params["faces_candidate"] == "900"
    stepper.decrement().run()
    assert app.number_input(key="faces_candidate").value == 1
    assert app.query_params["faces_candidate"] == "1"


def test_what_was_trained_is_used_on_other_pages() -> None:
    app = visit(
        "training",
        training_digits="300",
        training_epochs="2",
        training_kernels="3",
        training_pool="3",
        training_rate="0.02",
    )
    app.button(key="_training_start").click().run()
    while not app.session_state["_training"].done:
        app.run()
    app.run()
    net = app.session_state["_training"].network
    app.button(key="_use_trained").click().run()
    assert app.title[0].value == "The whole network"
    assert {name: app.query_params[name] for name in ("network_weights", "network_kernels", "network_pool")} == {
        "network_weights": "yours", "network_kernels": "3", "network_pool": "3"}  # fmt: skip
    logits = net.forward(IMAGES[8000]).astype(np.float64)
    powers = np.exp(logits - logits.max())
    assert f"The network says **{logits.argmax()}** with {percent(powers.max() / powers.sum())}" in sentences(app)
    assert not any("no trained weights" in one.value for one in app.warning)
    assert table(app)["output shape"][4] == "64"
    app.switch_page("../pages/network.py").run()
    assert app.number_input(key="network_kernels").disabled
    app.button_group(key="network_weights").set_value("shipped").run()
    assert not app.number_input(key="network_kernels").disabled
    app.button_group(key="network_weights").set_value("yours").run()
    assert app.number_input(key="network_kernels").value == 3  # its own, not a setting
    own = app.session_state["_own_digits"]
    app = visit("network")
    app.session_state["_own_digits"] = own
    app.button_group(key="network_weights").set_value("yours").run()
    assert [app.number_input(key=f"network_{size}").value for size in ("kernels", "side", "pool")] == [3, 3, 3]


@pytest.mark.parametrize(
    ("button", "title", "layers"),
    [("_use_trained", "The whole network", "2"), ("_ask_trained", "Why this answer?", "1")],
)
def test_what_was_trained_becomes_the_session_s_own_model(button, title, layers) -> None:
    app = visit("training", training_digits="200", training_epochs="1", training_kernels="3", training_layers=layers)
    app.button(key="_training_start").click().run()
    while not app.session_state["_training"].done:
        app.run()
    app.run()
    net = app.session_state["_training"].network
    app.button(key=button).click().run()
    assert app.title[0].value == title
    assert "the network trained here** takes 1 × 28 × 28 numbers, knows 10 classes" in sentences(app)
    held = app.session_state["_own_model"].uploaded.graph
    logits = net.forward(IMAGES[8001]).astype(np.float64)
    np.testing.assert_allclose(held.forward(IMAGES[8001]), np.exp(logits) / np.exp(logits).sum(), rtol=1e-4)
    for name, array in net.stored().items():
        assert not np.shares_memory(held.stored()[name], array)


@pytest.mark.parametrize("layers", ["1", "2"])
def test_what_was_trained_is_here_without_being_carried_over(layers) -> None:
    app = visit("training", training_digits="100", training_epochs="1", training_kernels="3", training_layers=layers)
    app.button(key="_training_start").click().run()
    while not app.session_state["_training"].done:
        app.run()
    logits = app.session_state["_training"].network.forward(IMAGES[8000])
    for page in ("backward", "code", "network"):
        app.query_params[f"{page}_weights"] = "yours"
        app.switch_page(f"../pages/{page}.py").run()
        assert ("press *Use this network* where you trained it" in sentences(app)) == (layers == "2")
        assert "Your network is not here" not in sentences(app)
    if layers == "1":
        assert app.number_input(key="network_kernels").value == 3
        app.number_input(key="network_number").set_value(8000).run()
        said = percent(float(np.exp(logits).max() / np.exp(logits).sum()))
        assert f"The network says **{logits.argmax()}** with {said}." in sentences(app)
        app.session_state["_training"] = Training(Plan(kernels=5, digits=100, epochs=1))  # another begins
        app.session_state["_training"].advance(60)
        app.run()
        assert app.number_input(key="network_kernels").value == 5


def test_a_network_that_is_not_here_is_said_to_be_missing() -> None:
    for page in ("network", "backward", "code"):
        app = visit(page, **{f"{page}_weights": "yours"})
        assert "Your network is not here" in sentences(app)
        assert app.query_params[f"{page}_weights"] == "yours"
    app = visit("network", network_weights="yours", network_number="8123")
    assert f"The network says **{by_hand(IMAGES[8123])[1].argmax()}**" in sentences(app)


def test_gradients_flow_through_the_sessions_own_network() -> None:
    ours = visit("backward")
    app = visit("backward", backward_weights="yours")
    app.session_state["_own_digits"] = own_digits.of_weights(3, 4, 2, 20, networks.digits_network(3, 4, 2, 20).stored())
    app.run()
    assert component(app, "map_viewer", 1)["panels"][2]["shape"] == [3, 4, 4]
    assert component(ours, "map_viewer", 1)["panels"][2]["shape"] == [16, 5, 5]


def test_a_digit_in_a_program_takes_a_few_lines() -> None:
    for number in (8000, 8123, 8684):
        text = digit_programs.programs(IMAGES[number])["NumPy"]
        lines = [line for line in text.splitlines() if line.startswith('    "')]
        assert 1 <= len(lines) <= 6
        assert max(map(len, text.splitlines())) <= 120


def test_the_loss_in_words_is_the_last_of_the_curve() -> None:
    app = visit("training")
    training = Training(Plan(digits=200, epochs=1, batch=20))
    training.advance(60)
    app.session_state["_training"] = training
    app.run()
    mean = np.mean([one.loss for one in training.history[-9:]])
    assert f"mean of the last 9 batches: **{written(mean)}**" in sentences(app)
