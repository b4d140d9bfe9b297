"""One's own network on the pages: its answer, what is asked about its input, refusals that leave the last network, its memory."""

import gc

import numpy as np
import pytest

from cnn_core import onnx
from cnn_core.images import resize
from instruments import samples
from instruments.why_this_answer import percent
from server.shares import MODELS
from tests.app.own_models import NETWORK, drop, middle, tiny, visit_own
from tests.app.visits import component, sentences, visit

PAGES = tuple(NETWORK)


def bars(app, number: int = 0) -> str:
    """What the bars say to those who cannot see them."""
    found = [one.alt for image in app.get("image") for one in image.proto.imgs if "Probabilities" in one.alt]
    return found[number]


def seen(shape: tuple[int, int, int], image: str = "cat") -> np.ndarray:
    """A sample as the network is given it."""
    _, height, width = shape
    return resize(middle(samples.load(image, 512), width / height), height, width)


def told(probabilities: np.ndarray, names: list[str]) -> str:
    order = np.argsort(-probabilities, kind="stable")[:5]
    return "Probabilities: " + ", ".join(f"{names[n]} {percent(float(probabilities[n]))}" for n in order)


@pytest.mark.parametrize("softmax", [True, False])
@pytest.mark.parametrize("page", PAGES)
def test_a_dropped_model_answers_as_it_does_by_itself(page, softmax) -> None:
    net = tiny(softmax=softmax)
    app = visit_own(page, onnx.write(net), image="cat")
    scores = net.values(seen((3, 22, 34)), ("fc1",))["fc1"].astype(np.float64)
    expected = np.exp(scores) / np.exp(scores).sum()
    assert bars(app) == told(expected, [f"class {n}" for n in range(4)])
    assert "tiny.onnx takes 3 × 22 × 34 numbers, knows 4 classes" in sentences(app).replace("*", "")
    assert component(app, "map_viewer")["panels"][0]["shape"] == [3, 22, 34]
    assert dict(app.query_params) == {"image": "cat", NETWORK[page]: "own"}


def test_memory_is_counted_while_a_session_holds_a_model_and_given_back() -> None:
    gc.collect()
    free, net = MODELS.free, tiny()
    app = visit_own("why_this_answer", onnx.write(net))
    held = free - MODELS.free
    assert held >= 4 * net.parameter_count()
    drop(app, ("larger.onnx", onnx.write(tiny((3, 60, 90)))))
    assert MODELS.free == free - max(len(onnx.write(tiny((3, 60, 90)))), 4 * tiny((3, 60, 90)).parameter_count())
    app.button(key="_own_remove").click().run()
    assert MODELS.free == free
    app = visit_own("why_this_answer", onnx.write(net))
    assert MODELS.free == free - held
    del app
    gc.collect()
    assert MODELS.free == free


def test_a_link_to_a_model_that_is_not_here_says_so_and_shows_another() -> None:
    app = visit("why_this_answer", answer_network="own", image="cat")
    assert "Your own model is not here: models are never stored." in sentences(app)
    assert "Egyptian cat" in bars(app)
    assert app.query_params["answer_network"] == ["own"] or app.query_params["answer_network"] == "own"
