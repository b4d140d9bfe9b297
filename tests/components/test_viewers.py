"""What the viewers give to the browser: scales, pictures, and what each stage's pixels read."""

import base64
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cnn_core.shapes import window_axes
from instruments import kernel
from instruments.stages import compute, look
from tests.components.test_javascript import Cells, framed
from ui.components.feature_viewer.component import stage_reads
from ui.components.map_viewer.component import MapPanel, Reads, _message
from ui.palette import diverging


def shown(maps: np.ndarray, weight: str, relu: bool, as_picture: bool | None) -> dict[str, Any]:
    """The stages that `feature_viewer` gives to the browser for an image and a kernel, by name."""

    def page(maps, weight, relu, as_picture) -> None:  # type: ignore[no-untyped-def]
        import numpy as np

        from instruments.kernel import Settings
        from instruments.stages import compute
        from ui import cache
        from ui.components.feature_viewer.component import feature_viewer
        from ui.image_source import ChosenImage

        pixels = np.array(maps, np.float32)
        image = ChosenImage(pixels, cache.digest(pixels), "test")
        settings = Settings(weight, relu=relu, channels="each")
        titles = dict.fromkeys(("input", "convolution", "relu"), "title")
        stages = compute(pixels, settings)
        feature_viewer("viewer", image, settings, {}, stages, titles, None, "", lambda _: None, as_picture)

    app = AppTest.from_function(
        page, kwargs={"maps": maps.tolist(), "weight": weight, "relu": relu, "as_picture": as_picture}
    ).run()
    assert not app.exception
    [data] = json.loads(app.get("bidi_component")[0].proto.json)
    return {stage["name"]: stage for stage in [data["input"], *data["stages"]]}


def pixels(stage: dict[str, Any]) -> np.ndarray:
    """The picture as it travels, (H, W) or (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(stage["src"].split(",")[1]))))


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(3).random((3, 7, 9)).astype(np.float32)


def test_a_blurred_photo_looks_like_one_as_picture(noise) -> None:
    stages = shown(noise, "0.5 0.5", False, True)
    blurred = (noise[:, :, :-1] + noise[:, :, 1:]) / 2
    assert stages["convolution"]["scale"] == "colour"
    assert stages["convolution"]["encoded"] is None
    np.testing.assert_allclose(pixels(stages["convolution"]) / 255, blurred.transpose(1, 2, 0), atol=0.5 / 255 + 1e-6)
    grey = shown(noise[:1], "-2", False, True)["convolution"]
    assert (grey["scale"], pixels(grey).max()) == ("grey", 0)  # what is below 0 is black


def test_what_is_an_image_again_looks_like_one_unasked(noise) -> None:
    """Sums of positive weights are shown in grey up to the largest, edges as values."""
    box = shown(noise[:1], "1 1 1", True, None)
    sums = noise[0, :, :-2] + noise[0, :, 1:-1] + noise[0, :, 2:]
    assert [box[name]["scale"] for name in ("convolution", "relu")] == ["grey", "grey"]
    assert box["convolution"]["end"] == pytest.approx(sums.max())
    np.testing.assert_allclose(pixels(box["convolution"]) / 255, sums / sums.max(), atol=0.5 / 255 + 1e-6)
    edges = shown(noise[:1], "1 0 -1", True, None)
    assert [edges[name]["scale"] for name in ("convolution", "relu")] == ["diverging", "sequential"]
    assert edges["relu"]["kinds"] == {"picture": "grey", "values": "sequential"}


def test_values_after_relu_have_no_negative_half(noise) -> None:
    stages = shown(noise[:1], "1 -1.5", True, False)
    assert [stages[name]["scale"] for name in ("input", "convolution", "relu")] == ["grey", "diverging", "sequential"]
    end = stages["convolution"]["end"]
    assert stages["relu"]["encoded"] == [-end, end]
    values = noise[0, :, :-1] - 1.5 * noise[0, :, 1:]
    np.testing.assert_allclose(pixels(stages["relu"]) / 255 * 2 * end - end, values.clip(0), atol=end / 255 + 1e-6)


MAPS = np.arange(24.0).reshape(2, 3, 4)


def test_a_panel_is_what_its_maps_let_it_be() -> None:
    plain = MapPanel("a", "A", MAPS)
    assert (plain.image, plain.end, plain.scale, plain.names, list(plain.reads)) == (False, None, None, None, [])
    kinds = [
        MapPanel("a", "A", maps, image).kind
        for maps, image in ((MAPS, False), (MAPS[:1], True), (MAPS[[0, 1, 0]], True))
    ]
    assert kinds == ["diverging", "grey", "colour"]
    assert MapPanel("a", "A", MAPS[:1], True, scale="sequential").kind == "sequential"
    assert MapPanel("a", "A", MAPS[[0, 1, 0]], scale="colour").kind == "colour"
    with pytest.raises(ValueError, match='scale "colour" needs 3 maps, got 2'):
        MapPanel("a", "A", MAPS, scale="colour")
    for maps, right in ((MAPS, 2), (MAPS[:1], 12), (MAPS[:, :1, :1], 2), (MAPS[:1, :1, :1], 1)):
        named = MapPanel("a", "A", maps, names=["n"] * right)
        assert named.shown.shape == ((1, right, 1) if len(maps) == 1 else maps.shape)
        assert np.array_equal(named.shown.ravel(), maps.ravel())
        for wrong in (right - 1, right + 1):
            with pytest.raises(ValueError, match=f"names must be one for each of {right}, got {wrong}"):
                MapPanel("a", "A", maps, names=["n"] * wrong)
    assert MapPanel("a", "A", MAPS[:1]).shown.shape == (1, 3, 4)


def test_windows_have_axes_and_nothing_else_has() -> None:
    rows, columns = window_axes((9, 8), (3, 2), (2, 1), ((1, 0), (0, 2)), (1, 3))
    told = Reads("in", "window", rows, columns, "all", True).message()
    assert told == {
        "panel": "in", "how": "window", "channels": "all", "transposed": True,
        "rows": {"size": 9, "kernel": 3, "stride": 2, "before": 1, "dilation": 1, "outputs": 4},
        "columns": {"size": 8, "kernel": 2, "stride": 1, "before": 0, "dilation": 3, "outputs": 7},
    }  # fmt: skip
    same = Reads("in", "same").message()
    assert same == {"panel": "in", "how": "same", "channels": "own", "transposed": False, "rows": None, "columns": None}
    for how, axes in (
        ("window", (None, None)),
        ("window", (rows, None)),
        ("window", (None, columns)),
        ("same", (rows, columns)),
    ):
        with pytest.raises(ValueError, match="rows and columns must be given for"):
            Reads("in", how, *axes)


@pytest.mark.parametrize(
    ("panel", "end", "encoded"),
    [
        (MapPanel("a", "A", MAPS - 5), 18, [-18, 18]), (MapPanel("a", "A", MAPS - 20), 20, [-20, 20]),
        (MapPanel("a", "A", MAPS * 0), None, None), (MapPanel("a", "A", MAPS, end=50.0), 50, [-50, 50]),
        (MapPanel("a", "A", MAPS, scale="sequential"), 23, [-23, 23]), (MapPanel("a", "A", MAPS, scale="grey"), 23, [0, 23]),
        (MapPanel("a", "A", MAPS / 46, scale="grey"), 1, [0, 1]), (MapPanel("a", "A", MAPS / 46, scale="grey", end=0.5), 0.5, [0, 0.5]),
        (MapPanel("a", "A", MAPS[[0, 1, 0]] / 10, True), 2.3, None), (MapPanel("a", "A", MAPS[:1] / 22, True), 1, None),
    ],
)  # fmt: skip
def test_bytes_of_a_panel_stand_for_its_values(panel, end, encoded) -> None:
    told = _message(panel, "digest of its own" + repr(panel.maps.tolist()), "token")
    if end is None:
        assert told["end"] > 0
        return
    assert told["end"] == pytest.approx(end)
    assert (told["encoded"] is None) if encoded is None else (told["encoded"] == pytest.approx(encoded))
    low, high = (0, told["end"]) if encoded is None else encoded
    found = pixels(told).astype(float) / 255 * (high - low) + low
    laid = panel.maps.transpose(1, 2, 0) if panel.kind == "colour" else np.concatenate(list(panel.maps), axis=1)
    np.testing.assert_allclose(found, laid, atol=(high - low) / 255 * 0.51)
    assert (told["low"], told["high"]) == (panel.maps.min(), panel.maps.max())
    assert told["shape"] == list(panel.maps.shape)
    assert told["tiles"] == ([1, 1] if panel.kind == "colour" or len(panel.maps) == 1 else [1, len(panel.maps)])
    assert told["values"] is told["names"] is None


def test_only_named_cells_of_one_map_bring_their_values() -> None:
    def values(panel: MapPanel) -> list[float] | None:
        told = _message(panel, "named" + repr(panel.maps.tolist()), "token")
        return told["values"]

    assert values(MapPanel("a", "A", MAPS[:1], names=["n"] * 12)) == list(range(12))
    assert values(MapPanel("a", "A", MAPS, names=["n"] * 2)) is None
    assert values(MapPanel("a", "A", MAPS[:1])) is None


CASES = [
    {
        "kernel": "1 2; 3 4; 5 6",
        "kernel_stride": "2",
        "kernel_padding": "2",
        "kernel_relu": "true",
        "kernel_pool": "max",
    },
    {"kernel": "1 2 3 4; 5 6 7 8; 1 1 1 1", "kernel_padding": "1", "kernel_stride": "3", "kernel_pool": "average"},
]


@pytest.mark.parametrize("channels", ["each", "sum"])
@pytest.mark.parametrize("given", CASES)
def test_frames_agree_with_the_window_that_is_explained(noise, given, channels) -> None:
    image = np.tile(noise, (1, 3, 2))[:, :19, :16]
    chosen = kernel.parse_settings(given | {"kernel_channels": channels}, image.shape)
    stages = compute(image, chosen)
    reads = stage_reads(image.shape, chosen, stages)
    panels = {"input": (image.shape, []), **{stage.name: (stage.maps.shape, reads[stage.name]) for stage in stages}}
    for stage in stages:
        for place in (
            (0, 0, 0),
            (len(stage.maps) - 1, stage.maps.shape[1] - 1, stage.maps.shape[2] - 1),
            (len(stage.maps) // 2, stage.maps.shape[1] // 2, 1),
        ):
            [found] = framed(panels, (stage.name, place, False))
            read = [0, 1, 2] if channels == "sum" else place[:1]
            assert bounds(found.get("input", set())) == clipped(read, look(image, chosen, stage.name, *place).field)


def bounds(cells: Cells) -> list[int]:
    """Top, left, bottom and right behind the last cell, and the channels; nothing for none."""
    if not cells:
        return []
    at = np.array(sorted(cells))
    return [*at[:, 1:].min(0).tolist(), *(at[:, 1:].max(0) + 1).tolist(), *sorted(set(at[:, 0].tolist()))]


def clipped(channels: Sequence[int], field: tuple[int, int, int, int]) -> list[int]:
    """The same of a field seen on an image of 19 x 16, whose taps lie close."""
    top, left, height, width = field
    box = [max(top, 0), max(left, 0), min(top + height, 19), min(left + width, 16)]
    return [*box, *channels] if box[0] < box[2] and box[1] < box[3] else []


def luminance(table: np.ndarray) -> np.ndarray:
    return table.astype(float) @ [0.299, 0.587, 0.114]


def test_zero_is_nearest_to_the_page_in_both_themes() -> None:
    light, dark = luminance(diverging()), luminance(diverging(dark=True))
    assert light.argmax() in (127, 128)
    assert dark.argmin() in (127, 128)
    assert dark[128] < 30  # the dark page is about 18
    assert (np.diff(dark[:128]) <= 1).all()
    assert (np.diff(dark[128:]) >= -1).all()
