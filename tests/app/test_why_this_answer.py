"""Why this answer?: maps against the attribution functions and by hand, answers as bars, what takes long, random weights."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from cnn_core import attribution, networks
from cnn_core.images import resize
from instruments import models, overlays, samples
from instruments import why_this_answer as why
from instruments.fields import SettingError, resolve
from tests.app.visits import component, sentences, visit
from ui import figures
from ui.programs import program


def seen(image: str, side: int) -> np.ndarray:
    """The middle square of a sample, apart from the page's own cutting."""
    photo = samples.load(image, 512)
    height, width = photo.shape[1:]
    cut = abs(height - width) // 2
    photo = photo[:, cut : cut + width] if height > width else photo[:, :, cut : cut + height]
    return resize(photo, side, side)


def titles(app, number: int) -> list[str]:
    return [stage["title"] for stage in component(app, "map_viewer", number)["panels"]]


def stage(app, number: int, name: str) -> dict:
    return next(one for one in component(app, "map_viewer", number)["panels"] if one["name"] == name)


@pytest.mark.parametrize(
    ("link", "maps"),
    [
        ({"answer_network": "resnet8"}, lambda n, x, t: attribution.class_activation(n, x, t)),
        (
            {"answer_network": "resnet8", "answer_method": "gradcam", "answer_layer": "block2.add"},
            lambda n, x, t: attribution.grad_cam(n, x, t, "block2.add"),
        ),
        (
            {"answer_network": "resnet8", "answer_method": "saliency"},
            lambda n, x, t: np.abs(attribution.saliency(n, x, t)).max(0),
        ),
    ],
)
def test_the_page_shows_what_the_methods_find_for_the_class_that_is_asked_about(link, maps) -> None:
    net, x = networks.load("resnet8"), seen("coffee", 32)
    order = np.argsort(-net.forward(x))
    app = visit("why_this_answer", image="coffee", answer_first="3", answer_second="1", **link)
    names = networks.classes("resnet8")
    assert titles(app, 1)[0] == f"For “{names[order[2]]}”"
    assert titles(app, 1)[2] == f"“{names[order[2]]}” less “{names[order[0]]}”"
    for name, target in (("map1", order[2]), ("map2", order[0])):
        expected, drawn = maps(net, x, int(target)), stage(app, 1, name)
        assert drawn["shape"] == [1, *expected.shape]
        assert drawn["low"] == pytest.approx(float(expected.min()), abs=1e-4)
        assert drawn["high"] == pytest.approx(float(expected.max()), abs=1e-4)


def test_squeezenet_says_cat_and_its_map_sums_to_the_score() -> None:
    app = visit("why_this_answer", image="cat")
    x = seen("cat", 227)
    net = networks.load("squeezenet")
    scores = attribution.scores(net, x)
    top = int(scores.argmax())
    assert titles(app, 0)[1] == f"Why “{networks.classes('squeezenet')[top]}”?"
    assert f"= {scores[top]:.3f}" in app.latex[0].value
    bars = ElementTree.fromstring(figures.bars(["a", "b"], [0.25, 0.9997], "p", False, high=1, texts=["x", "y"]))
    widths = [float(one.get("width")) for one in bars.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths == pytest.approx([82.5, 329.9], abs=0.1)  # of 330: the scale ends at 1, not at the largest


@pytest.mark.parametrize("name", ["resnet8", "digits"])
def test_walking_square_and_path_give_what_the_whole_methods_give(name) -> None:
    net = networks.load(name)
    x = models.shipped(name).square(samples.load("cat" if name == "resnet8" else "digit", 300))
    targets, whole = (4, 1), attribution.scores(net, x)
    *_, walked = why.occlusion(net, x, targets, 7, 3, 0.5)
    for number, target in enumerate(targets):
        np.testing.assert_allclose(walked[number], attribution.occlusion(net, x, target, 7, 3, 0.5), atol=1e-4)
    black = attribution.scores(net, np.zeros_like(x))
    *_, parts = why.integrated(net, x, targets, 9)
    sums = parts.sum((1, 2), dtype=np.float64)
    np.testing.assert_allclose(sums, [whole[t] - black[t] for t in targets], atol=1e-3)
    *_, fine = why.integrated(net, x, targets, 48)
    expected = attribution.integrated_gradients(net, x, 4, steps=128).sum(0)
    assert overlays.likeness(fine[0], expected) > 0.99


def test_a_walk_grows_while_one_watches_and_its_end_is_in_the_formula() -> None:
    link = {"answer_network": "digits", "answer_method": "occlusion", "answer_size": "5", "answer_stride": "11"}
    app = visit("why_this_answer", image="digit", **link)
    for _ in range(20):
        if app.latex:
            break
        app.run()
    x = models.shipped("digits").square(samples.load("digit", 512))
    net = networks.load("digits")
    target = int(net.forward(x).argmax())
    fallen = attribution.occlusion(net, x, target, 5, 11)
    assert stage(app, 2, "map1")["shape"] == [1, 3, 3]
    assert stage(app, 2, "map1")["high"] == pytest.approx(float(fallen.max()), abs=1e-4)
    assert app.latex[0].value.strip("$\n").endswith(f"= {fallen[0, 0]:.3f}")


def test_a_square_placed_by_hand_says_what_the_network_then_says() -> None:
    link = {"answer_network": "resnet8", "answer_method": "occlusion", "answer_y": "20", "answer_x": "3"}
    app = visit("why_this_answer", image="cat", **link)
    net, x = networks.load("resnet8"), seen("cat", 32)
    before = net.forward(x)
    x[:, 20:28, 3:11] = 0.5
    after, top = net.forward(x), int(before.argmax())
    assert f"{before[top]:.1%}" in sentences(app)
    assert f"**cat**: {before[top] * 100:.1f}%, covered {after[top] * 100:.1f}%" in sentences(app)
    assert f"The network now says **{networks.classes('resnet8')[int(after.argmax())]}**" in sentences(app)


def test_random_weights_change_the_map() -> None:
    x, name = seen("cat", 32), "resnet8"
    trained = models.shipped(name).graph
    before = {key: array.copy() for key, array in trained.stored().items()}
    changed = {}
    for weights in ("last", "all"):
        net = models.shipped_with(name, weights)
        changed[weights] = [key for key, array in net.stored().items() if not np.array_equal(array, before[key])]
        pair = [np.abs(attribution.saliency(one, x, 3)).max(0) for one in (trained, net)]
        assert abs(overlays.likeness(*pair)) < 0.9
    assert changed["last"] == ["fc.weight"]
    assert len(changed["all"]) == 10
    assert all(np.array_equal(array, before[key]) for key, array in trained.stored().items())
    app = visit("why_this_answer", image="cat", answer_network=name, answer_method="saliency", answer_weights="all")
    shown = float(re.search(r"correlation is \*\*(.+?)\*\*", sentences(app))[1].replace("\N{MINUS SIGN}", "-"))
    assert shown == pytest.approx(overlays.likeness(*pair), abs=0.006)


def test_digits_have_no_class_activation_map_and_the_page_says_what_stands_for_it() -> None:
    app = visit("why_this_answer", image="digit", answer_network="digits")
    assert "Grad-CAM stands in for the class activation map" in app.info[0].value
    assert stage(app, 1, "map1")["shape"] == [1, 12, 12]
    assert dict(app.query_params)["answer_network"] == "digits"
    app = visit("why_this_answer", answer_network="digits", answer_layer="fire9.concat")
    assert "layer must be one of conv1, relu1, pool1" in sentences(app)


def test_what_takes_too_long_is_refused_with_a_way_out() -> None:
    v = resolve(why.FIELDS, {"answer_method": "occlusion", "answer_stride": "2"})
    with pytest.raises(SettingError, match=r"billion multiply-adds, more than 120 billion: choose a larger stride"):
        why.cost(v)
    net = networks.load("squeezenet")
    v = resolve(why.FIELDS, {"answer_method": "occlusion", "answer_size": "57", "answer_stride": "50"})
    assert why.cost(v).macs == (4 * 4 + 1) * net.macs((3, 227, 227))
    app = visit("why_this_answer", answer_method="integrated", answer_steps="64")
    assert "choose fewer steps" in app.error[0].value


@pytest.mark.parametrize(("method", "single"), [("cam", False), ("saliency", True)])
def test_colours_end_at_the_largest_value_but_for_maps_of_single_pixels(method, single) -> None:
    app = visit("why_this_answer", image="cat", answer_method=method)
    over, maps = (component(app, "map_viewer", place)["panels"] for place in (0, 1))
    end = float(re.search(r"[\d.]+$", over[1]["legend"]["words"][-1])[0])
    assert (end < 0.9 * maps[0]["end"]) == single
    assert ("and more in both" in sentences(app)) == single
    assert sentences(app).count("and more") == 2 * single  # of the difference, too
    if not single:
        assert end == pytest.approx(maps[0]["end"], rel=0.01)


def test_an_overlay_is_orange_for_blue_against_and_grey_where_nothing_is_said() -> None:
    x = np.full((3, 1, 3), 0.25, np.float32)
    laid = overlays.overlay(x, np.array([[4.0, 0.0, -2.0]]), 4.0, 0.5)
    np.testing.assert_allclose(laid[:, 0, 0], 0.5 * 0.25 + 0.5 * np.array(overlays.ORANGE), atol=1e-6)
    np.testing.assert_allclose(laid[:, 0, 1], 0.25, atol=1e-6)
    np.testing.assert_allclose(laid[:, 0, 2], 0.75 * 0.25 + 0.25 * np.array(overlays.BLUE), atol=1e-6)


def test_the_program_finds_what_the_page_shows(tmp_path, monkeypatch) -> None:
    from cnn_core.images import encode_png

    (tmp_path / "photo.png").write_bytes(encode_png(samples.load("coffee", 512)))
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(program("why_this_answer_numpy", chosen="resnet8", side=32, rank=1), "program", "exec"), names)
    app = visit("why_this_answer", image="coffee", answer_network="resnet8", answer_first="2")
    assert names["activation"].shape == (8, 8)
    assert stage(app, 1, "map1")["high"] == pytest.approx(float(names["activation"].max()), abs=0.02)  # 8 bits


def test_an_overlay_has_the_scale_of_its_own_colours() -> None:
    app = visit("why_this_answer", image="cat", answer_network="resnet8")
    x = seen("cat", 32)
    net = networks.load("resnet8")
    first, second = (int(one) for one in np.argsort(-net.forward(x))[:2])
    maps = [attribution.class_activation(net, x, target) for target in (first, second)]
    both = min(float(one.min()) for one in maps) < 0
    legend = stage(app, 0, "first")["legend"]
    assert (len(legend["colours"]), len(legend["words"])) == ((3, 3) if both else (2, 2))
    assert legend["words"][-1].startswith("for it: ")
    assert stage(app, 0, "second")["legend"] == legend  # one scale
    assert stage(app, 0, "against")["legend"]["words"][0].startswith("the other: −")
    assert stage(app, 0, "seen")["legend"] is None
