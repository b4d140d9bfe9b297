"""Where a photo, a network or weights of one's own are chosen: what is offered and said, before, after, and when it went wrong."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnn_core import onnx
from instruments import own_model
from instruments.fields import SettingError, resolve
from instruments.own_model import UPLOADED, Uploaded
from tests.app.own_models import open_sized, tiny
from tests.app.visits import sentences
from ui import model_source, network_files
from ui.image_source import Photo


def picking(**held: object) -> AppTest:
    """The picker of photos alone, and the image that is chosen."""

    def page(held: dict[str, object]) -> None:
        import streamlit as st

        from ui import image_source, settings

        st.session_state.update(held)
        settings.begin("picking")
        with st.sidebar:
            image_source.choose()
        image_source.keep_place()
        image_source.chosen()
        image_source.say_unused()

    app = AppTest.from_function(page, kwargs={"held": held}, default_timeout=20).run()
    assert not app.exception
    return app


def test_a_photo_is_uploaded_or_taken_and_what_is_held_is_said() -> None:
    app = picking()
    [upload] = app.get("file_uploader")
    assert upload.proto.max_upload_size_mb == 20
    assert upload.proto.label.startswith("Upload (PNG, JPEG, WebP")
    assert [one.label for one in app.selectbox] == ["Image", "Long side"]
    assert [one.label for one in app.expander] == ["Your own photo"]
    assert not app.get("camera_input")
    assert "Photos stay in memory, never on disk" in sentences(app)
    assert "Held now" not in sentences(app)
    assert not app.error
    app.toggle(key="_use_camera").set_value(True).run()
    assert [one.proto.label for one in app.get("camera_input")] == ["Take a picture"]
    app = picking(_photo=Photo("a*b.png", np.full((3, 20, 31), 90, np.uint8)))
    assert "Held now: a*b.png, 31 × 20 pixels." in sentences(app)


def test_what_went_wrong_is_said_at_the_picker_and_in_place_and_no_longer_for_another_image() -> None:
    app = picking(_photo_wrong=("a.png: no image", "astronaut"))
    assert [one.value.replace("\\", "") for one in (*app.sidebar.error, *app.main.error)] == ["a.png: no image"] * 2
    app = picking(_photo_wrong=("a.png: no image", "coins"))
    assert not app.error


def test_a_photo_that_is_missing_is_asked_for_twice_and_stood_in_for() -> None:
    def page() -> None:
        import streamlit as st

        from ui import image_source, settings

        st.query_params["image"] = "own"
        settings.begin("missing")
        with st.sidebar:
            image_source.choose()
        image_source.chosen()

    app = AppTest.from_function(page, default_timeout=20).run()
    assert "Your photo is not here: photos are never stored. Choose it again below." in sentences(app)
    assert "the astronaut stands in" in app.main.warning[0].value
    assert [one.proto.max_upload_size_mb for one in app.get("file_uploader")] == [20, 20]
    assert app.main.get("file_uploader")[0].proto.label.startswith("Choose the photo (PNG, JPEG, WebP")
    assert not app.sidebar.warning


# Networks


def own(
    held: bool, file: bytes = b"", names: tuple[str, ...] = (), any_answer: bool = False, code: str = "own"
) -> AppTest:
    def page(held: bool, file: bytes, names: tuple[str, ...], any_answer: bool, code: str) -> None:
        import streamlit as st

        from cnn_core import onnx
        from instruments import why_this_answer as why
        from instruments.own_model import Uploaded
        from server import shares
        from ui import model_source, settings

        st.query_params["answer_network"] = code
        if held:
            graph = onnx.read(file)
            uploaded = Uploaded("m*y.onnx", "1234", graph, names)
            st.session_state["_own_model"] = model_source.Held(uploaded, shares.Lease(shares.MODELS, 0), 0, False)
        settings.begin("own")
        model_source.own(model_source.resolved(why.FIELDS), why.NETWORK, any_answer=any_answer)

    kwargs: dict[str, Any] = {"held": held, "file": file, "names": names, "any_answer": any_answer, "code": code}
    app = AppTest.from_function(page, kwargs=kwargs, default_timeout=20).run()
    assert not app.exception
    return app


def test_nothing_is_asked_of_a_network_that_is_ours() -> None:
    app = own(False, code="resnet8")
    assert not app.expander
    assert not app.info


def test_a_network_that_is_not_here_is_asked_for() -> None:
    app = own(False)
    assert [(one.label, one.proto.expanded) for one in app.expander] == [("Your own model", True)]
    [upload] = app.get("file_uploader")
    assert upload.proto.label.startswith("A model: its .onnx file")
    assert (upload.proto.max_upload_size_mb, upload.proto.multiple_files) == (48, True)
    assert app.info[0].value.startswith("Your own model is not here: models are never stored.")
    assert "Models stay in memory" in sentences(app)
    assert not app.button
    assert not app.selectbox


def test_a_network_that_is_here_is_described_and_can_be_replaced_or_removed() -> None:
    app = own(True, onnx.write(tiny()), ("a", "b", "c", "d"))
    assert "**m*y.onnx** takes 3 × 22 × 34 numbers, knows 4 classes and has 1,338 parameters. Guessed: " in sentences(
        app
    )
    assert "4 names came from a file, which is not in the link" in sentences(app)
    [expander] = app.expander
    assert (expander.label, expander.proto.expanded) == (
        "Your own model: what it is given, its classes, another file",
        False,
    )
    assert app.get("file_uploader")[0].proto.label.startswith("Another model: its .onnx file")
    assert [one.label for one in app.button] == ["Remove it"]
    assert [one.key for one in app.selectbox] == ["model_values"]
    assert [one.key for one in app.get("button_group")] == ["model_colours"]
    assert len(app.text_area) == 1
    assert not app.number_input
    assert not app.info


def test_sides_are_asked_for_where_the_file_leaves_them_open() -> None:
    app = own(True, onnx.write(open_sized()))
    assert [one.key for one in app.number_input] == ["model_height", "model_width"]
    assert "names came from a file" not in sentences(app)


def test_grey_pictures_have_no_order_of_colours() -> None:
    app = own(True, onnx.write(tiny((1, 28, 28), 10)))
    assert [one.key for one in app.get("button_group")] == ["model_photo"]


@pytest.mark.parametrize(("code", "expected"), [("squeezenet", {"chosen": "squeezenet", "side": 30, "rank": 2})])
def test_a_program_for_one_of_our_networks_is_told_its_side(monkeypatch, code, expected) -> None:
    told = []
    monkeypatch.setattr(model_source, "program", lambda name, **more: told.append((name, more)) or "text")
    model = SimpleNamespace(code=code, shape=(3, 30, 20))
    assert model_source.code("why", model, resolve(own_model.FIELDS, {}), rank=2) == "text"  # type: ignore[arg-type]
    assert told == [("why_numpy", expected)]


@pytest.mark.parametrize(("shape", "values", "colours", "bgr"), [
    ((3, 22, 34), "imagenet", "bgr", True), ((3, 22, 34), "unit", "rgb", False), ((1, 22, 34), "signed", "rgb", False)])  # fmt: skip
@pytest.mark.parametrize("second", [True, False])
def test_a_program_for_a_network_of_one_s_own_is_told_what_its_input_means(
    monkeypatch, shape, values, colours, bgr, second
) -> None:
    told = []
    monkeypatch.setattr(model_source, "program", lambda name, **more: told.append((name, more)) or "text")
    uploaded = Uploaded("m.onnx", "1", tiny(shape), ())
    monkeypatch.setattr(
        model_source.st, "session_state", {"_own_model": SimpleNamespace(uploaded=uploaded, second_file=second)}
    )
    v = resolve(own_model.FIELDS, {"model_values": values, "model_colours": colours}, facts={UPLOADED: uploaded})
    model_source.code("why", own_model.as_set(v, uploaded), v)
    [(name, given)] = told
    means = {
        "imagenet": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        "unit": ([0.0] * 3, [1.0] * 3),
        "signed": ([0.5], [0.5]),
    }
    assert name == "why_own_numpy"
    assert str(given["height, width"]) == "22, 34" or given["height, width"].text == "22, 34"
    assert (given["mean"], given["deviation"]) == means[values]
    assert (given["bgr"], given["second_file"], given["digit"]) == (bgr, second, False)


def test_a_network_is_offered_as_weights_and_as_a_whole(monkeypatch) -> None:
    offered = []

    class Column:
        def download_button(self, _: str, make: Any, name: str, **more: Any) -> None:
            offered.append((name, make(), more["on_click"]))

    monkeypatch.setattr(network_files.lesson, "waits", lambda _: False)
    monkeypatch.setattr(network_files.st, "columns", lambda count: [Column() for _ in range(count)])
    sizes = []
    monkeypatch.setattr(network_files.downloads, "in_turn", lambda make, size: sizes.append(size) or make)
    net = tiny()
    network_files.offer(net)
    assert [(name, click) for name, _, click in offered] == [("network.npz", "ignore"), ("network.onnx", "ignore")]
    assert onnx.read(offered[1][1]).parameter_count() == net.parameter_count()
    assert all(size >= max(len(offered[0][1]), len(offered[1][1])) for size in sizes)


@pytest.mark.parametrize("names_classes", [True, False])
@pytest.mark.parametrize("wrong", ["nothing", "finite", "computed", "long"])
def test_a_network_is_tried_out_on_a_grey_picture(monkeypatch, names_classes, wrong) -> None:
    """Its answer, and if it names classes the first of them is asked for its reasons."""
    uploaded = Uploaded("m.onnx", "1", tiny(), ())
    monkeypatch.setattr(Uploaded, "names_classes", names_classes)
    asked: list[Any] = []

    def answer(_: Any, x: np.ndarray) -> np.ndarray:
        assert (x.shape, x.min(), x.max()) == ((3, 22, 34), 0.5, 0.5)
        if wrong in ("computed", "long"):
            raise ValueError("no" if wrong == "computed" else "n" * 300)
        return np.array([0.0, np.inf if wrong == "finite" else 1.0])

    monkeypatch.setattr(model_source.attribution, "scores", answer)
    monkeypatch.setattr(model_source.attribution, "saliency", lambda _, x, target: asked.append((x.shape, target)))
    monkeypatch.setattr(type(uploaded.graph), "forward", answer)
    if wrong == "nothing":
        model_source._try_out(uploaded)
    else:
        words = {
            "finite": "not finite",
            "computed": r"cannot be computed: no\.$",
            "long": r"cannot be computed: n{200}\.$",
        }[wrong]
        with pytest.raises(SettingError, match=words):
            model_source._try_out(uploaded)
    assert asked == ([((3, 22, 34), 0)] if names_classes and wrong in ("nothing", "finite") else [])
