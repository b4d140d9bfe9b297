"""One's own network on the pages: its answer, what is asked about its input, refusals that leave the last network, its memory."""

import gc
import weakref

import numpy as np
import pytest

from cnn_core import attribution, onnx
from cnn_core.graph import Graph
from cnn_core.images import encode_png, resize
from instruments import overlays, samples
from instruments.models import with_weights
from instruments.percent import percent
from server import shares
from server.shares import MODELS
from tests.app.own_models import NETWORK, drop, middle, open_sized, tiny, visit_own
from tests.app.visits import component, sentences, visit
from tests.core.onnx_files import file, model, node, tensor, value_info
from ui import model_source

PAGES = tuple(NETWORK)


@pytest.fixture(autouse=True)
def _nobody_else() -> None:
    """Sessions of tests before have given back what they held."""
    gc.collect()


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
    assert "tiny.onnx takes 3 × 22 × 34 numbers, knows 4 classes and has 1,338 parameters" in sentences(app).replace(
        "*", ""
    )
    assert component(app, "map_viewer")["panels"][0]["shape"] == [3, 22, 34]
    assert dict(app.query_params) == {"image": "cat", NETWORK[page]: "own"}


def test_memory_is_counted_while_a_session_holds_a_model_and_given_back() -> None:
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


@pytest.mark.parametrize(("page", "link"), [
    ("why_this_answer", {"answer_method": "occlusion", "answer_stride": "11", "answer_weights": "all"}),
    ("fool_it", {"fool_off": "1"}),
])  # fmt: skip
def test_a_replaced_model_is_let_go_with_all_that_was_computed_bit_by_bit(page, link) -> None:
    app = visit_own(page, onnx.write(tiny()), **link)
    if page == "fool_it":
        app.button(key="_fool_ask").click().run()
    old = weakref.ref(app.session_state["_own_model"].uploaded.graph.nodes[0].layer)
    assert old() is not None
    drop(app, ("other.onnx", onnx.write(tiny(seed=8))))
    gc.collect()
    assert old() is None


def test_a_link_to_a_model_that_is_not_here_says_so_and_its_settings_come_back_with_the_model() -> None:
    """As after a restart: the browser has the link and nothing else."""
    link = {"answer_network": "own", "answer_layer": "conv2", "answer_method": "gradcam", "model_values": "bytes"}
    app = visit("why_this_answer", image="cat", **link, model_names="a, b")
    assert "Your own model is not here: models are never stored." in sentences(app)
    assert "Egyptian cat" in bars(app)
    assert "layer must be one of" not in sentences(app)
    assert dict(app.query_params)["answer_network"] == "own"
    drop(app, ("tiny.onnx", onnx.write(tiny())))
    assert dict(app.query_params) == {"image": "cat"} | link | {"model_names": "a, b"}
    x = seen((3, 22, 34)) * np.float32(255)
    assert bars(app) == told(tiny().forward(x), ["a", "b", "class 2", "class 3"])
    found = attribution.grad_cam(tiny(), x, int(tiny().forward(x).argmax()), "conv2")
    drawn = next(one for one in component(app, "map_viewer", 1)["panels"] if one["name"] == "map1")
    assert drawn["shape"] == [1, *found.shape]
    assert drawn["high"] == pytest.approx(float(found.max()) * 1, rel=1e-3)


def with_two_inputs() -> bytes:
    made = model([node("Add", "x z", "y")])
    made.graph.input.append(value_info("z", ("n", 3, 6, 8)))
    return made.SerializeToString()


def small(*nodes, weights=None, shape=("n", 3, 16, 24)) -> bytes:
    return file(list(nodes), weights, shape)


OUTSIDE = tensor("w", np.ones((4, 3, 3, 3), np.float32), data_location=1)
REFUSED = {
    "no ONNX": (b"GIF89a" + b"\xff" * 400, "no ONNX file"),
    "empty": (b"", "no ONNX model with layers"),
    "cut": (onnx.write(tiny())[:3000], "ends too early or is damaged"),
    "control flow": (small(node("If", "x", "y")), "operator If is unknown here"),
    "two inputs": (with_two_inputs(), "takes 2 inputs"),
    "unknown operator": (small(node("NonMaxSuppression", "x", "y")), "operator NonMaxSuppression is unknown"),
    "missing weights": (small(node("Conv", "x w", "y"), weights={"w": OUTSIDE}), "weights lie in a second file: choose both files"),
    "too large": (b"\0" * (48 << 20) + b"\0", "more than 48 MB"),
    "no picture": (small(node("Relu", "x", "y"), shape=("n", 100)), "input is no picture"),
    "no classes": (small(node("Relu", "x", "y")), "3 x 16 x 24 numbers, not with one a class"),
    "one class": (small(node("Flatten", "x", "f"), node("MatMul", "f w", "y"), weights={"w": np.ones((1152, 1), "f4")}), "a single number"),
    "not finite": (small(node("Flatten", "x", "f"), node("MatMul", "f w", "y"), weights={"w": np.full((1152, 2), np.inf, "f4")}), "not finite"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refused_file_gets_a_sentence_and_the_last_network_stays(kind) -> None:
    data, words = REFUSED[kind]
    app = visit_own("why_this_answer", onnx.write(tiny()), image="cat")
    before, free = bars(app), MODELS.free
    drop(app, ("private.onnx", data))
    assert len(app.error) == 1
    said = app.error[0].value.replace("\\", "")
    assert said.startswith("private.onnx: ")
    assert words in said
    assert (bars(app), MODELS.free) == (before, free)
    drop(app, ("good.onnx", onnx.write(tiny(seed=7))))
    assert not app.error
    assert bars(app) != before


def test_a_file_that_is_refused_first_leaves_squeezenet() -> None:
    app = visit_own("fool_it", b"GIF89a", image="cat")
    assert "no ONNX file" in sentences(app)
    assert "Egyptian cat" in bars(app)


def test_weights_in_a_second_file_and_names_in_a_third() -> None:
    weights = np.random.default_rng(0).normal(size=(2, 1152)).astype(np.float32)
    outside = tensor("w", weights, data_location=1)
    for key, value in (("location", "/etc/passwd"), ("length", str(weights.nbytes))):
        outside.external_data.add(key=key.encode(), value=value.encode())
    data = small(node("Flatten", "x", "f"), node("Gemm", "f w", "y", transB=1), weights={"w": outside})
    files = (("a.onnx.data", weights.tobytes()), ("names.txt", b"yes\nno\n"), ("a.onnx", data))
    app = drop(visit("why_this_answer", answer_network="own", image="cat"), *files)
    scores = weights.astype(np.float64) @ seen((3, 16, 24)).ravel()
    powers = np.exp(scores - scores.max())
    assert bars(app) == told(powers / powers.sum(), ["yes", "no"])
    assert "model_names" not in app.query_params
    drop(app, ("others.txt", b"ja\n<b>nein</b>"))  # names alone, later
    assert bars(app) == told(powers / powers.sum(), ["ja", "<b>nein</b>"])
    drop(app, *files, ("b.onnx", data))
    assert "too many files" in app.error[0].value
    drop(app, ("others.txt", b"\xff"))
    assert "save it as UTF" in app.error[0].value


def test_what_was_set_about_one_model_is_not_set_about_the_next() -> None:
    app = visit_own("why_this_answer", onnx.write(tiny()))
    app.selectbox(key="model_values").set_value("bytes").run()
    assert dict(app.query_params)["model_values"] == "bytes"
    drop(app, ("same.onnx", onnx.write(tiny())))
    assert dict(app.query_params)["model_values"] == "bytes"
    drop(app, ("other.onnx", onnx.write(tiny(seed=4))))
    assert "model_values" not in app.query_params


def test_a_size_is_set_and_one_that_does_not_fit_gets_a_sentence() -> None:
    app = visit_own("why_this_answer", onnx.write(open_sized()), image="cat")
    app.number_input(key="model_width").set_value(19).run()
    assert component(app, "map_viewer")["panels"][0]["shape"] == [3, 32, 19]
    assert bars(app) == told(open_sized().forward(seen((3, 32, 19))), [f"class {n}" for n in range(3)])


@pytest.mark.parametrize("weights", ["last", "all"])
def test_random_weights_of_an_own_model_are_counted_too(weights) -> None:
    net = tiny((3, 60, 90))
    link = {"answer_method": "saliency", "image": "cat"}
    app = visit_own("why_this_answer", onnx.write(net), **link)
    free = MODELS.free
    app.button_group(key="answer_weights").set_value(weights).run()
    assert MODELS.free == free - 4 * net.parameter_count()
    x = seen((3, 60, 90))
    top = int(net.forward(x).argmax())
    pair = [np.abs(attribution.saliency(one, x, top)).max(0) for one in (net, with_weights(net, weights))]
    alike = f"correlation is **{overlays.likeness(*pair):.2f}**".replace("-", "\N{MINUS SIGN}")
    assert alike in sentences(app)
    app.button(key="_own_remove").click().run()
    assert MODELS.free >= free


def test_when_all_models_take_what_the_server_may_hold_one_is_told_so() -> None:
    others = shares.Lease(MODELS, MODELS.free - 8_000)
    try:
        app = visit_own("why_this_answer", onnx.write(tiny()), image="cat")
        before = bars(app)
        drop(app, ("larger.onnx", onnx.write(tiny((3, 60, 90)))))
        assert model_source.FULL in app.error[0].value.replace("\\", "")
        assert bars(app) == before
        app.button_group(key="answer_weights").set_value("all").run()
        assert app.error[-1].value.replace("\\", "") == model_source.FULL
    finally:
        others.give_back()
    app.button_group(key="answer_weights").set_value("none").run()
    larger = onnx.write(tiny((3, 60, 90)))
    others = shares.Lease(MODELS, MODELS.free - len(larger) + 1_000)  # it fits only in place of the one that is here
    try:
        drop(app, ("larger.onnx", larger))
        assert not app.error
    finally:
        others.give_back()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("kind", ["colours", "digits", "open"])
def test_the_program_of_an_own_model_finds_what_the_page_shows(page, kind, tmp_path, monkeypatch) -> None:
    net: Graph = {"colours": tiny(), "digits": tiny((1, 28, 28), 10, softmax=False), "open": open_sized()}[kind]
    query = {
        "colours": {"model_values": "imagenet", "model_colours": "bgr"},
        "digits": {},
        "open": {"model_width": "45"},
    }[kind]
    image = "digit" if kind == "digits" else "cat"
    prefix = NETWORK[page].split("_")[0]
    app = visit_own(page, onnx.write(net), image=image, **query, **{f"{prefix}_code": "numpy"})
    (tmp_path / "photo.png").write_bytes(encode_png(samples.load(image, 512)))
    (tmp_path / "model.onnx").write_bytes(onnx.write(net))
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(app.code[0].value, "program", "exec"), names)
    answer = names["probabilities"] if page == "why_this_answer" else names["before"]
    order = [int(n) for n in np.argsort(-answer, kind="stable")[:3]]
    shown = [part.removesuffix("%").rsplit(" ", 1) for part in bars(app).removeprefix("Probabilities: ").split(", ")]
    classes = [name.removeprefix("class ") for name, _ in shown]
    assert classes[:3] == [str(n) for n in order]
    np.testing.assert_allclose([float(share) for _, share in shown][:3], answer[order] * 100, atol=0.3)  # 8 bits
