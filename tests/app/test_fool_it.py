"""Fool it, break it, ask it: numbers worked out apart from the page, switches, moves, and a map that is asked."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from cnn_core import attribution, networks
from cnn_core.digits import prepare
from cnn_core.graph import Graph
from cnn_core.images import encode_png, resize, to_grey
from instruments import fool_it, samples
from instruments.fields import SettingError, resolve
from instruments.percent import percent
from tests.app.visits import component, sentences, visit
from ui.programs import program


def seen(image: str, side: int) -> np.ndarray:
    """The middle square of a sample, apart from the page's own cutting."""
    photo = samples.load(image, 512)
    height, width = photo.shape[1:]
    cut = abs(height - width) // 2
    photo = photo[:, cut : cut + width] if height > width else photo[:, :, cut : cut + height]
    return resize(photo, side, side)


def said(before: np.ndarray, after: np.ndarray, names: list[str]) -> str:
    top = int(before.argmax())
    return f"**{names[top]}** had {before[top] * 100:.1f}% and has {after[top] * 100:.1f}%"


def test_the_page_says_what_the_fooled_network_says() -> None:
    net, x = networks.load("resnet8"), seen("cat", 32)
    names, before = networks.classes("resnet8"), net.forward(x)
    after = net.forward(attribution.fgsm(net, x, int(before.argmax()), 1.5 / 255))
    assert after.argmax() != before.argmax()
    app = visit("fool_it", image="cat", fool_network="resnet8", fool_epsilon="1.5")
    assert f"It now says **{names[int(after.argmax())]}**. {said(before, after, names)}" in sentences(app)
    assert r"\frac{1.5}{255}" in app.latex[0].value
    quiet = visit("fool_it", image="cat", fool_network="resnet8", fool_epsilon="0")
    assert f"Nothing is changed: it says **cat**, with {before.max() * 100:.1f}%." in sentences(quiet)


def picture(panel: dict) -> np.ndarray:
    """The bytes of a panel's picture, (C, H, W) in [0, 1]."""
    found = np.asarray(Image.open(io.BytesIO(base64.b64decode(panel["src"].split(",")[1]))), np.float32) / 255
    return np.atleast_3d(found).transpose(2, 0, 1)


def test_what_the_page_draws_is_what_it_computed() -> None:
    net, x = networks.load("resnet8"), seen("cat", 32)
    fooled = attribution.fgsm(net, x, int(net.forward(x).argmax()), 1.5 / 255)
    link = {
        "fool_network": "resnet8",
        "fool_layer": "block1.relu2",
        "fool_off": "2, 5",
        "fool_shift": "0.25",
        "fool_turn": "20",
        "fool_shrink": "0.1",
    }
    app = visit("fool_it", image="cat", fool_epsilon="1.5", **link)
    before, after, difference = component(app, "map_viewer", 0)["panels"]
    for panel, expected in (
        (before, x),
        (after, fooled),
        (difference, np.clip(0.5 + (fooled - x) * 0.5 / (1.5 / 255), 0, 1)),
    ):
        np.testing.assert_allclose(picture(panel), expected, atol=0.51 / 255 + 1e-5)
    assert difference["legend"]["words"] == ["−1.5/255", "0", "+1.5/255"]
    (maps,) = component(app, "map_viewer", 1)["panels"]
    values = net.trace(x)["block1.relu2"].copy()
    values[[2, 5]] = 0
    assert (maps["shape"], maps["low"], maps["high"]) == (
        list(values.shape),
        values.min(),
        pytest.approx(float(values.max()), rel=1e-5),
    )
    (moved,) = component(app, "map_viewer", 2)["panels"]
    np.testing.assert_allclose(picture(moved), fool_it.moved(x, 0.25, 20, 0.1, 0.5), atol=0.51 / 255 + 1e-5)


def test_sliders_say_what_their_numbers_are_of() -> None:
    app = visit("fool_it", image="digit", fool_network="digits")
    shown = [component(app, "live_slider", number)["label"] for number in range(4)]
    assert shown == [
        "Epsilon, in steps of 1/255",
        "Shift, share of the width",
        "Turn, degrees",
        "Shrink, share of the side",
    ]
    assert component(app, "map_viewer", 1)["panels"][0]["title"].endswith(": tap or click one")


def test_moves_mix_and_go_round_the_middle() -> None:
    """Each pixel on its own, from where it came."""
    x = np.random.default_rng(4).random((2, 7, 10), dtype=np.float64)
    for shift, turn, shrink in ((0.2, 0, 0), (0, 30, 0), (0, 0, 0.3), (-0.15, -50, 0.2)):
        found = fool_it.moved(x, shift, turn, shrink, 0.25)
        angle = np.deg2rad(turn)
        for row, column in np.ndindex(7, 10):
            y, across = row - 3, column - 4.5 - shift * 10
            at = np.array([np.cos(angle) * y + np.sin(angle) * across, -np.sin(angle) * y + np.cos(angle) * across]) / (
                1 - shrink
            ) + (3, 4.5)
            expected = [
                ndimage.map_coordinates(one, at[:, None], order=1, mode="grid-constant", cval=0.25)[0] for one in x
            ]
            np.testing.assert_allclose(found[:, row, column], expected, atol=1e-9)
    assert [len(fool_it.places(move)) for move in fool_it.MOVES] == [13] * 3
    assert fool_it.places("shift")[[0, 6, 12]].tolist() == [-0.5, 0, 0.5]
    assert [
        fool_it.is_even(0.5 + size * np.where(np.indices((4, 4)).sum(0) % 2, 1, -1)[None]) for size in (0.0299, 0.0301)
    ] == [True, False]


def by_hand(off: tuple[int, ...], x: np.ndarray) -> np.ndarray:
    """The digits network in plain NumPy, some of its first maps left out."""
    w = networks.load("digits").stored()
    windows = np.lib.stride_tricks.sliding_window_view(x[0], (5, 5))
    maps = np.maximum(np.einsum("yxij,kij->kyx", windows, w["conv1.weight"][:, 0]) + w["conv1.bias"][:, None, None], 0)
    maps[list(off)] = 0
    hidden = np.maximum(w["fc1.weight"] @ maps.reshape(16, 12, 2, 12, 2).max((2, 4)).reshape(-1) + w["fc1.bias"], 0)
    logits = w["fc2.weight"] @ hidden + w["fc2.bias"]
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def test_maps_that_are_off_are_off_in_the_picture_and_in_the_answer() -> None:
    x, off = prepare(to_grey(samples.load("digit", 512))[0]), (1, 4, 9)
    before, after, names = by_hand((), x), by_hand(off, x), networks.classes("digits")
    app = visit("fool_it", image="digit", fool_network="digits", fool_layer="relu1", fool_off="9,4, 1 4")
    top, share = int(before.argmax()), float(after[before.argmax()])
    assert names[int(after.argmax())] == names[top]
    shares = f"had {percent(float(before[top]))} and has {percent(share)}"
    assert f"It still says **{names[top]}**, which {shares}." in sentences(app)
    assert dict(app.query_params)["fool_off"] == "1, 4, 9"
    shown = component(app, "map_viewer", 1)["panels"][0]
    assert shown["title"] == "Maps of relu1, off: 1, 4, 9"
    assert [shown["shape"], shown["scale"], shown["low"]] == [
        [16, 24, 24],
        "sequential",
        0,
    ]  # after ReLU nothing is negative
    net = networks.load("digits")
    np.testing.assert_allclose(fool_it.switched(net, "relu1", off, 16).forward(x), after, atol=1e-5)
    np.testing.assert_array_equal(fool_it.switched(net, "relu1", (), 16).forward(x), net.forward(x))


def test_the_strongest_maps_are_those_whose_loss_costs_most() -> None:
    """Behind the last maps of this network everything is linear: what a map adds is what its absence costs."""
    net, x = networks.load("resnet8"), seen("cat", 32)
    whole, top = attribution.scores(net, x), int(net.forward(x).argmax())
    costs = []
    for number in range(64):
        one = Graph(fool_it.switched(net, "block3.relu2", (number,), 64).nodes, net.input_shape)
        costs.append(float(whole[top] - attribution.scores(one, x)[top]))
    expected = tuple(sorted(int(n) for n in np.argsort(-np.array(costs))[:5]))
    assert fool_it.strongest(networks.load("resnet8"), x, "block3.relu2") == expected
    app = visit("fool_it", image="cat", fool_network="resnet8", fool_layer="block3.relu2")
    assert (
        app.button(key="_fool_strongest").label
        == f"Switch off the 5 that speak most for {networks.classes('resnet8')[top]}"
    )
    app.button(key="_fool_strongest").click().run()
    assert dict(app.query_params)["fool_off"] == ", ".join(map(str, expected))
    app.button(key="_fool_all_on").click().run()
    assert "fool_off" not in app.query_params


@pytest.mark.parametrize(
    ("given", "words"),
    [("16", "0 to 15"), ("1,,-2", "0 to 15"), ("x", "0 to 15"), ("9" * 30, "0 to 15"), ("1 " * 99, "0 to 15")],
)
def test_maps_that_are_not_there_are_refused(given, words) -> None:
    v = resolve(fool_it.FIELDS, {"fool_network": "digits", "fool_layer": "pool1", "fool_off": given})
    assert words in v.problems["fool_off"]
    with pytest.raises(SettingError):
        fool_it.OFF.read(given, v)
    assert fool_it.OFF.read("", v) == ()


def test_a_move_is_the_same_move_as_by_slicing() -> None:
    x = np.random.default_rng(3).random((3, 6, 10), dtype=np.float32)
    shifted = fool_it.moved(x, 0.3, 0, 0, 0.5)
    np.testing.assert_allclose(shifted[:, :, 3:], x[:, :, :-3], atol=1e-6)
    np.testing.assert_allclose(shifted[:, :, :3], 0.5, atol=1e-6)
    square = x[:, :, 2:8]
    np.testing.assert_allclose(fool_it.moved(square, 0, 90, 0, 0.5), np.rot90(square, 1, (1, 2)), atol=1e-5)
    small = fool_it.moved(square, 0, 0, 0.5, 0.0)  # of six pixels, three: the frame is empty
    assert not small[:, 0].any()
    assert not small[:, :, -1].any()
    assert small[:, 2:4, 2:4].min() > 0
    np.testing.assert_allclose(fool_it.moved(x, 0, 0, 0, 0.5), x, atol=1e-6)


def test_the_curve_is_the_networks_answer_at_each_place() -> None:
    link = {"fool_network": "resnet8", "fool_move": "turn", "fool_shift": "0.25"}
    v, x, net = resolve(fool_it.FIELDS, link), seen("cat", 32), networks.load("resnet8")
    made = fool_it.curve(v, x, 3)
    made.advance(60)
    assert made.done
    assert made.maps is not None
    places = np.linspace(-90, 90, 13)
    expected = [net.forward(fool_it.moved(x, 0.25, place, 0, 0.5))[3] for place in places]
    np.testing.assert_allclose(made.maps, expected, atol=1e-5)
    app = visit("fool_it", image="cat", **link)
    for _ in range(10):
        if "on the way" in sentences(app):
            break
        app.run()
    assert f"From {min(expected) * 100:.1f}% to {max(expected) * 100:.1f}% on the way" in sentences(app)


def test_a_map_that_is_asked_answers_more_and_stops_when_told() -> None:
    link = {"fool_network": "digits", "fool_layer": "conv1", "fool_channel": "5", "fool_steps": "400"}
    v, net = resolve(fool_it.FIELDS, link), networks.load("digits")
    asked = fool_it.looked_for(v)
    asked.advance(0)
    first = asked.maps
    for _ in range(120):
        asked.advance(0)
    assert net.trace(asked.maps)["conv1"][5].mean() > net.trace(first)["conv1"][5].mean() + 0.05
    relu = fool_it.looked_for(resolve(fool_it.FIELDS, link | {"fool_layer": "relu1"}))
    relu.advance(0)
    np.testing.assert_array_equal(relu.maps, first)  # what the ReLU reads is asked
    app = visit("fool_it", image="digit", **link)
    assert "Press *Ask it*" in app.info[0].value
    app.button(key="_fool_ask").click().run()
    stages = [one["title"] for one in component(app, "map_viewer", 3)["panels"]]
    assert stages == ["What map 5 of conv1 looks for"]
    run = app.session_state["_asked"][1]
    if not run.done:
        app.button(key="_fool_stop").click().run()
    assert run.done
    assert not any("no form" in one.value for one in app.run().info)  # it has one
    made = run.made
    app.run()
    assert run.made == made
    app.number_input(key="fool_channel").set_value(6).run()
    assert "Press *Ask it*" in app.info[0].value


def test_the_program_is_fooled_as_the_page_is(tmp_path, monkeypatch) -> None:
    (tmp_path / "photo.png").write_bytes(encode_png(samples.load("cat", 512)))
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(program("fool_it_numpy", chosen="resnet8", side=32, epsilon=1.5), "program", "exec"), names)
    app = visit("fool_it", image="cat", fool_network="resnet8", fool_epsilon="1.5")
    assert f"It now says **{names['names'][int(names['after'].argmax())]}**" in sentences(app)
    assert np.abs(names["fooled"] - names["x"]).max() <= 1.5 / 255 + 1e-6


@pytest.mark.parametrize(("given", "taken"), [
    (",".join(map(str, range(16))), tuple(range(16))), (" ".join(["3"] * 16), (3,)), (" ".join(["3"] * 17), None),
    ("15", (15,)), ("16", None), ("00015", (15,)), ("000015", None), ("-1", None), ("3.0", None), ("٣", None), ("", ()),
])  # fmt: skip
def test_all_maps_can_be_off_and_no_more_than_there_are(given, taken) -> None:
    v = resolve(fool_it.FIELDS, {"fool_network": "digits", "fool_layer": "relu1", "fool_off": given})
    assert (v[fool_it.OFF] if not v.problems else None) == taken
