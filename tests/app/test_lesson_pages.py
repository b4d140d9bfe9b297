"""Every lesson page: its numbers against an oracle, every control with bad links, settings saved and loaded."""

import json
import re

import numpy as np
import pytest
from scipy import signal
from streamlit.testing.v1 import AppTest

from instruments import samples
from tests.app.visits import ROOT, component, components, sentences, table, visit
from ui.formulas import number
from ui.image_source import Photo
from ui.site import PAGES

LESSONS = [page.file for pages in PAGES.values() for page in pages if page.file != "home"]
GREY = samples.load("bricks", 64)


def bound_keys(app) -> set[str]:
    return {field.key for field, _ in app.session_state["_settings"].resolved}


@pytest.mark.parametrize("page", LESSONS)
@pytest.mark.parametrize("bad", ["", "-1", "1e999", "nan", "<b>", "99999999999", "a b c", "1 2 3 4"])
def test_bad_links_never_break_a_page(page, bad) -> None:
    keys = bound_keys(visit(page, size="64"))
    assert len(keys) >= 5
    visit(page, **dict.fromkeys(keys - {"size"}, bad), size="64")


@pytest.mark.parametrize("page", LESSONS)
@pytest.mark.parametrize("size", ["32", "1024"])
@pytest.mark.parametrize("image", ["Cat", "Rocket", "Dot"])
def test_pages_take_every_shape_of_image(page, size, image) -> None:
    visit(page, image=image, size=size, colour="Colour")


@pytest.mark.parametrize("page", LESSONS)
@pytest.mark.parametrize("shape", [(16, 16), (16, 900), (700, 17)])
def test_pages_take_the_smallest_and_the_thinnest_photo(page, shape) -> None:
    app = visit(page, size="32", colour="Colour")
    pixels = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    app.session_state["_photo"] = Photo("thin", pixels)
    app.selectbox(key="image").select("Your photo").run()
    assert [error.value for error in app.exception] == []
    assert "Something went wrong" not in sentences(app)


@pytest.mark.parametrize("page", LESSONS)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_good_settings_never_break_a_page(page, seed) -> None:
    rng = np.random.default_rng(seed)
    app = visit(page, size="64")
    for _ in range(8):
        tried = {}
        for field in app.number_input:
            if field.key and not field.key.startswith("_"):
                tried[field.key] = int(rng.integers(field.min, min(field.max, field.min + 300) + 1))
                field.set_value(tried[field.key])
        for one in [*app.toggle, *app.selectbox, *app.button_group]:
            if one.key and not one.key.startswith("_") and one.key not in ("size", "large"):
                options = [True, False] if one in app.toggle else list(one.options)
                options = [getattr(option, "content", option) for option in options]
                tried[one.key] = options[int(rng.integers(len(options)))]
                one.set_value(tried[one.key])
        app.run()
        assert [error.value for error in app.exception] == [], tried


@pytest.mark.parametrize(("size", "kernel", "padding"), [("3", "1", "2"), ("3", "3", "2"), ("16", "7", "5")])
@pytest.mark.parametrize("stride", ["1", "5"])
def test_transposed_settings_that_leave_nothing_say_so(size, kernel, padding, stride) -> None:
    app = visit(
        "stride_padding",
        walk_size=size,
        walk_kernel=kernel,
        walk_padding=padding,
        walk_stride=stride,
        walk_transposed="true",
    )
    full = (int(size) - 1) * int(stride) + int(kernel) - 2 * int(padding)
    assert ("cuts away the whole" in sentences(app)) == (full < 1)
    if full >= 1:
        assert np.array(component(app, "window_explorer")["output"]).shape == (full, full)


@pytest.mark.parametrize("page", LESSONS)
def test_every_page_has_the_anatomy(page) -> None:
    app = visit(page, size="64")
    said = sentences(app)
    assert "Try first:" in said
    assert {"Check yourself", "In code", "Share and download"} <= {element.value for element in app.subheader}
    assert len(app.latex) >= 1
    assert len(app.get("download_button")) >= 4
    assert len(app.code) == (page == "code")  # drawn when asked for
    libraries = next(group for group in app.button_group if group.label == "Show the code")
    assert len(libraries.options) >= 2
    for library in libraries.options:
        libraries.set_value(library)
        app.run()
        compile(app.code[0].value, page, "exec")


@pytest.mark.parametrize("page", LESSONS)
def test_numpy_code_on_pages_runs(page, tmp_path, monkeypatch) -> None:
    from cnn_core.images import encode_png

    (tmp_path / "photo.png").write_bytes(encode_png(samples.load("astronaut", 512)))
    (tmp_path / "digits.npz").write_bytes((ROOT / "assets" / "digits.npz").read_bytes())
    monkeypatch.chdir(tmp_path)
    app = visit(page)
    libraries = next(group for group in app.button_group if group.label == "Show the code")
    libraries.set_value(libraries.options[0])
    code = app.run().code[0].value
    if "torch" not in code:
        exec(compile(code, page, "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", LESSONS)
def test_settings_survive_a_link(page) -> None:
    app = visit(page, size="64")
    saved = {field.key: field.write(v[field]) for field, v in app.session_state["_settings"].resolved}
    assert json.loads(json.dumps(saved)) == saved
    again = visit(page, **saved)
    assert {field.key: field.write(v[field]) for field, v in again.session_state["_settings"].resolved} == saved
    assert "In the link" not in sentences(again)


def test_why_counts() -> None:
    app = visit("why", image="Cat", size="64", colour="Colour", why_units="10", why_kernels="7", why_k="5")
    h, w = samples.load("cat", 64).shape[1:]
    assert f"{3 * h * w * 10 + 10:,}" in app.latex[0].value
    assert f"{7 * 3 * 25 + 7:,}" in app.latex[0].value
    units = table(app)
    on_image, on_shuffled = (
        np.array([one.replace("−", "-") for one in units[f"on the {name}"]], float)
        for name in ("image", "shuffled image")
    )
    np.testing.assert_allclose(on_image, on_shuffled, atol=1e-3)


def test_images_flat_index_and_walk() -> None:
    app = visit(
        "images",
        image="Cat",
        size="64",
        colour="Colour",
        images_c="2",
        images_y="5",
        images_x="7",
        images_way="One at a time",
        images_share="25",
    )
    pixels = samples.load("cat", 64)
    h, w = pixels.shape[1:]
    said = sentences(app)
    assert f"{pixels[2, 5, 7]:.4f}" in said
    flat = np.flatnonzero(np.arange(pixels.size) == np.ravel_multi_index((2, 5, 7), pixels.shape))[0]
    assert f"**{flat:,}** as C × H × W" in said
    assert f"**{np.ravel_multi_index((5, 7, 2), (h, w, 3)):,}** as H × W × C" in said
    assert f"{round(pixels.size / 4):,} of {pixels.size:,} values" in said


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "flip"), [(1, 0, 1, False), (2, 1, 1, True), (3, 2, 2, False)]
)
def test_walk_against_scipy(stride, padding, dilation, flip) -> None:
    app = visit("stride_padding", image="Bricks", size="64", walk_size="9", walk_stride=str(stride), walk_padding=str(padding),
                walk_dilation=str(dilation), walk_flip=str(flip).lower())  # fmt: skip
    data = component(app, "window_explorer")
    spread = np.zeros((1 + 2 * dilation, 1 + 2 * dilation))
    spread[::dilation, ::dilation] = data["kernel"]
    expected = signal.correlate2d(np.array(data["input"]), spread, "valid")[::stride, ::stride]
    np.testing.assert_allclose(data["output"], expected, atol=1e-5)
    assert np.array(data["input"]).shape == (9 + 2 * padding,) * 2
    assert (data["kernel"][1][0] > 0) == flip
    assert f"{expected.shape[0]}" in app.latex[0].value
    for step, total in zip(data["steps"], expected.ravel(), strict=True):
        numbers = [float(n.replace("−", "-")) for n in re.findall(r"[−\d.e]+", step["text"])]
        products = np.array(numbers[:-1]).reshape(-1, 2).prod(axis=1).sum()
        assert products == pytest.approx(numbers[-1], abs=0.02)
        assert numbers[-1] == pytest.approx(total, rel=5e-3, abs=1e-3)


def test_a_click_makes_the_division_exact() -> None:
    app = visit("stride_padding", walk_size="8", walk_stride="2", walk_padding="1")
    assert "leaves a remainder" in sentences(app)
    app.button(key="_walk_fit_stride_1").click().run()
    assert app.number_input(key="walk_stride").value == 1
    assert "leaves a remainder" not in sentences(app)


def test_two_convolutions_are_one_unless_something_bends() -> None:
    assert "The same picture" in visit("activation", size="128", activation_between="false").success[0].value
    assert not visit("activation", size="128").success
    said = sentences(visit("activation", image="Checkerboard", size="64"))
    board = samples.load("checkerboard", 64)[0]
    share = (signal.correlate2d(board, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "valid") < 0).mean()
    assert f"{share:.1%}" in said


@pytest.mark.parametrize(("kind", "reduce"), [("Max", np.max), ("Average", np.mean)])
def test_pooling_walk(kind, reduce) -> None:
    app = visit("pooling", pooling_kind=kind, pooling_side="9", pooling_size="3", pooling_stride="2")
    data = component(app, "window_explorer")
    values = np.array(data["input"])
    expected = [[reduce(values[y : y + 3, x : x + 3]) for x in range(0, 7, 2)] for y in range(0, 7, 2)]
    np.testing.assert_allclose(data["output"], expected, atol=1e-5)
    if kind == "Max":
        for step, total in zip(data["steps"], np.ravel(expected), strict=True):
            assert values[tuple(step["winner"])] == pytest.approx(total)


def test_channels_add_up() -> None:
    app = visit("channels", image="Cat", size="64", channels_y="3", channels_x="4", channels_bias="0.5")
    pixels = samples.load("cat", 64)[:, 3:6, 4:7]
    slices = np.array(
        [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[0, 0, 0], [0, 1, 0], [0, 0, 0]], [[1, 1, 1], [1, -8, 1], [1, 1, 1]]]
    )
    partial = (pixels * slices).sum((1, 2))
    assert " + ".join(f"({number(value)})" for value in partial) in app.latex[0].value
    assert f"= {number(partial.sum() + 0.5)}" in app.latex[0].value
    assert [component(app, "kernel_editor", place)["end"] for place in range(3)] == [
        8,
        8,
        8,
    ]  # the same number, the same colour


def test_a_crop_finds_itself_and_a_face_is_voted_for() -> None:
    app = visit("features", features_left_eye="91 190 21 29", features_where="same")
    assert "normalised at (91, 190) with 1.000" in sentences(app)
    assert "4 of 4" in sentences(app)
    assert "3 of 4" in visit("features", features_where="scaled").success[0].value
    assert not visit("features").success
    assert not visit("features", features_where="Turned by 90°").success
    assert not visit("features", features_where="Cat").success


@pytest.mark.parametrize(
    ("preset", "parameters", "last"),
    [
        ("LeNet-5", 61_706, "10"),
        ("AlexNet", 62_378_344, "1000"),
        ("VGG-16", 138_357_544, "1000"),
        ("ResNet-18", 11_689_512, "1000"),
        ("ResNet-50", 25_557_032, "1000"),
        ("SqueezeNet 1.1", 1_235_496, "1000"),
        ("MobileNetV2", 3_504_872, "1000"),
        ("A small U-Net", 116_770, "2 × 128 × 128"),
        ("This app", 416 + 2304 * 128 + 128 + 1290, "10"),
    ],
)
def test_known_networks_have_their_known_sizes(preset, parameters, last) -> None:
    app = visit("shapes")
    name = next(option for option in app.selectbox(key="_shapes_preset").options if option.startswith(preset))
    app.selectbox(key="_shapes_preset").select(name).run()
    assert not app.exception
    assert f"**{parameters:,}** parameters" in sentences(app)
    assert table(app)["output shape"][-1] == last


def test_little_memory_is_written_in_a_small_unit() -> None:
    app = visit("shapes", shapes_input="1 x 8 x 8", shapes_layers="conv 4 3; conv 40 3")  # 40 and 1,480
    assert "**1,520** parameters (6.08 kB as float32)" in sentences(app)
    assert "**40** parameters (160 bytes as float32)" in sentences(visit("shapes", shapes_layers="conv 4 3"))


def test_a_wrong_stack_marks_the_layer_and_says_why() -> None:
    app = visit("shapes", shapes_input="1 x 8 x 8", shapes_layers="conv 4 3; conv 4 9; relu")
    assert "Layer 2, conv 4 9, does not fit: Kernel_size 9 does not fit: padded input is 6 x 6" in app.error[0].value
    assert "“foo” is no layer" in sentences(visit("shapes", shapes_layers="foo 3"))
    app = visit("shapes", shapes_layers="conv 4 3; relu; flatten")
    app.button(key="_shapes_Move down").click().run()
    assert app.text_input(key="shapes_layers").value == "relu; conv 4 3; flatten"
    app.button(key="_shapes_remove").click().run()
    assert app.text_input(key="shapes_layers").value == "conv 4 3; flatten"


@pytest.mark.parametrize(("page", "charts"), [("why", 1), ("images", 1), ("activation", 2)])
def test_formulas_and_charts_wait_for_the_first_picture(page, charts) -> None:
    app = visit(page)
    assert len(app.get("plotly_chart")) == charts
    assert len(app.latex) == 1
    assert not components(app, "first_picture")
    del app.session_state["_first_picture"]
    app.run()
    assert not app.get("plotly_chart")
    assert not app.latex
    assert len(components(app, "first_picture")) == 1


def test_what_stands_below_the_pictures_waits_for_the_first_of_them() -> None:
    app = visit("network", network_model="squeezenet", image="cat")
    parts = ["Check yourself", "In code", "Share and download"]
    assert [one.value for one in app.subheader][-3:] == parts
    count = len(app.get("download_button"))
    del app.session_state["_first_picture"]
    app.run()
    assert not {*parts} & {one.value for one in app.subheader}
    assert not app.get("download_button")
    assert component(app, "graph_viewer")["cards"]
    app.run()
    assert [one.value for one in app.subheader][-3:] == parts
    assert len(app.get("download_button")) == count == 6


def test_a_page_that_was_open_before_its_session_is_drawn_whole() -> None:
    """After a restart of the server, what was clicked last may be a control of any part."""
    first, again = (AppTest.from_file(ROOT / "ui" / "shell.py", default_timeout=30) for _ in range(2))
    first.run()
    assert len(components(first, "first_picture")) == 1
    again._run(first._tree.get_widget_states())  # as a browser tells a new session what stands on its screen
    assert not again.exception
    assert not components(again, "first_picture")


@pytest.mark.parametrize("between", ["true", "false"])
def test_two_layers_and_one_stand_on_one_scale(between) -> None:
    panels = component(visit("activation", size="64", activation_between=between), "map_viewer", 1)["panels"]
    assert [panel["name"] for panel in panels] == ["twice", "once", "difference"]
    assert len({panel["end"] for panel in panels}) == 1
    assert panels[0]["scale"] == panels[1]["scale"]
    assert panels[0]["end"] == pytest.approx(max(max(abs(one["low"]), abs(one["high"])) for one in panels[:2]))
