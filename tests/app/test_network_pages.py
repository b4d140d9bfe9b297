"""The network pages: numbers against plain NumPy, programs that run, a training that learns, pauses and diverges."""

import json
import re

import numpy as np
import pytest

from cnn_core import networks
from cnn_core.digits import prepare
from cnn_core.mnist import digits
from tests.app.visits import ROOT, component, sentences, table, visit
from ui import network_code
from ui.training_run import Choice, Run

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
    assert f"The network says **{probabilities.argmax()}** with {probabilities.max():.1%}" in said
    assert f"It is a **{LABELS[number]}**" in said
    assert f"{logits.max():.3f}" in app.latex[1].value
    assert f"= {probabilities.max():.4f}" in app.latex[0].value


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


def test_training_learns_pauses_and_resumes() -> None:
    app = visit("training", training_digits="6000", training_epochs="4", training_batch="50")  # longer than one turn
    assert component(app, "feature_viewer")["stages"][0]["shape"] == [8, 3, 3]  # the kernels it will start with
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
    runs = [Run(Choice(digits=300, epochs=1), IMAGES, LABELS, 8000) for _ in range(2)]
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
    exec(compile(network_code.numpy_code(digit), "numpy", "exec"), names)
    np.testing.assert_allclose(names["probabilities"][0], expected, atol=1e-5)
    book = json.loads(network_code.notebook(digit))
    assert book["nbformat"] == 4
    cells: dict = {}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "cell", "exec"), cells)
    np.testing.assert_allclose(cells["probabilities"][0], expected, atol=1e-5)
    for code in (network_code.torch_code(digit), network_code.keras_code(digit)):
        compile(code, "program", "exec")


@pytest.mark.parametrize(
    ("image", "words"), [("Astronaut", "1 face found"), ("Photographer", "1 face found"), ("Cat", "No face passes")]
)
def test_faces_page(image, words) -> None:
    app = visit("faces", image=image)
    assert words in " ".join(element.value for kind in ("success", "info") for element in app.get(kind))


def test_work_that_is_too_much_is_refused_with_the_estimate_and_two_ways_out() -> None:
    app = visit("faces", image="Checkerboard", size="1024", faces_min="12")
    assert "3.7 billion multiply-adds, more than 2 billion: choose a smaller image or a larger" in app.error[0].value
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
    assert any("At these sizes 3 kernels at most" in caption.value for caption in app.caption)
