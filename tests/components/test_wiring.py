"""What components are given and whom they tell: each sends its data under its event, and what the browser sends reaches the page."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st

from cnn_core.shapes import window_axes
from instruments.fields import Real
from ui import image_source
from ui.components import files
from ui.components.camera_answers import component as camera
from ui.components.drawing_pad import component as pad
from ui.components.first_picture import component as first_picture
from ui.components.graph_viewer import component as graph
from ui.components.kernel_editor import component as editor
from ui.components.live_slider import component as slider
from ui.components.map_viewer import component as maps
from ui.components.window_explorer import component as explorer
from ui.palette import QUANTITIES, diverging_tables

MODULES = (camera, pad, graph, editor, slider, maps, explorer)


@pytest.fixture
def mounted(monkeypatch) -> list[Any]:
    """(key, data, event, callback) of each component that is drawn."""
    seen: list[Any] = []
    for module in MODULES:
        monkeypatch.setattr(module, "mount", lambda _, *given: seen.append(given))
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(st, "container", lambda **_: nullcontext())
    return seen


def test_a_pad_tells_of_drawings_only_and_counts_its_runs(mounted) -> None:
    told: list[Any] = []
    for _ in range(2):
        pad.drawing_pad("pad", pad.Drawing(np.zeros((28, 28)), [{"width": 3, "points": [[1, 2]]}], True), told.append)
    (key, data, event, send), (_, second, _, _) = mounted
    assert (key, event, data) == (
        "pad",
        "draw",
        {"answer": 1, "strokes": [{"width": 3, "points": [[1, 2]]}], "ready": True, "most": 4000},
    )
    assert second["answer"] == 2
    for wrong in (None, {}, {"pixels": [0] * 783, "strokes": []}):
        send(wrong)
    assert told == []
    send({"pixels": [255] + [0] * 783, "strokes": []})
    assert told[0].pixels[0, 0] == 1


@pytest.mark.parametrize("value", [0, 255, -1, 256, True, 1.0, "1", None])
def test_pixels_of_a_drawing_are_bytes(value) -> None:
    read = pad.read_drawing({"pixels": [value] * 784, "strokes": []})
    assert (read is not None) == (value in (0, 255) and not isinstance(value, bool))


@pytest.mark.parametrize(("stroke", "right"), [
    ({"width": 1, "points": [[0, 0]]}, True), ({"width": 280, "points": [[-280, 560]]}, True), ({"width": 0, "points": [[0, 0]]}, False),
    ({"width": 281, "points": [[0, 0]]}, False), ({"width": 1, "points": []}, False), ({"width": 1, "points": [[-281, 0]]}, False),
    ({"width": 1, "points": [[0, 561]]}, False), ({"width": 1, "points": [[0]]}, False), ({"width": 1, "points": [[0, 0, 0]]}, False),
    ({"width": 1}, False), ({"points": [[0, 0]]}, False), ({"width": 1, "points": "ab"}, False), ([], False), (None, False),
    ({"width": 1, "points": [[0, 0]] * 4000}, True), ({"width": 1, "points": [[0, 0]] * 4001}, False),
])  # fmt: skip
def test_strokes_lie_on_the_pad_or_a_side_beside_it(stroke, right) -> None:
    assert (pad.read_drawing({"pixels": [0] * 784, "strokes": [stroke]}) is not None) == right


def test_an_overview_is_given_its_cards_and_what_is_chosen(mounted) -> None:
    told: list[Any] = []
    for chosen in (("a", 2, (3, 4)), None):
        graph.graph_viewer("over", [{"name": "a"}], chosen, (5, 6), "hint", "open", "id", True, told.append)
    (key, data, event, send), (_, without, _, _) = mounted
    assert (key, event) == ("over", "pick")
    assert data == {
        "cards": [{"name": "a"}], "chosen": {"card": "a", "map": 2, "place": (3, 4)}, "input": [5, 6], "narrow": True,
        "hint": {"first": "hint", "opened": "open", "heading": "id"}, "tables": diverging_tables()}  # fmt: skip
    assert without["chosen"] is None
    send({"card": "a"})
    assert told == [{"card": "a"}]


def test_a_kernel_s_editor_and_a_slider_are_given_what_they_show(mounted) -> None:
    told: list[Any] = []
    editor.kernel_editor("edit", "viewer", "kernel", "1 2; 3 -4", "note", told.append, 5.0)
    slider.live_slider("slide", "viewer", Real("t_x", "x", 1, -2, 3, 0.5), "X", 1.5, told.append)
    slider.live_slider("slide", "", Real("t_x", "x", 1, -2, 3, 0.5), "X", 1.5, told.append, (1.0, 1.5))
    (key, edit, event, send), (_, slide, _, sent), (_, marked, _, _) = mounted
    assert (key, event, edit.pop("tables")) == ("edit", "edit", diverging_tables())
    assert edit.pop("limit") >= 1000
    assert edit == {
        "instrument": "viewer",
        "name": "kernel",
        "text": "1 2; 3 -4",
        "values": [[1, 2], [3, -4]],
        "note": "note",
        "end": 5.0,
    }
    assert slide == {
        "instrument": "viewer",
        "name": "t_x",
        "label": "X",
        "value": 1.5,
        "low": -2,
        "high": 3,
        "step": 0.5,
        "marks": None,
    }
    assert marked["marks"] == [1.0, 1.5]
    send("a")
    sent("b")
    assert told == ["a", "b"]


@pytest.mark.parametrize("dark", [False, True])
def test_a_window_s_walk_has_the_colours_of_its_quantities(mounted, dark) -> None:
    told: list[Any] = []
    explorer.window_explorer("walk", {"steps": []}, ("A", "B", "C"), 3, dark, told.append)
    [(key, data, event, send)] = mounted
    colours = [QUANTITIES[name].dark if dark else QUANTITIES[name].light for name in ("input", "kernel", "output")]
    assert (key, event, data) == ("walk", "pin", {"steps": [], "titles": ("A", "B", "C"), "at": 3, "colours": colours})
    send(2)
    assert told == [2]


def test_the_camera_s_answers_are_of_a_network(mounted) -> None:
    camera.camera_answers("cam", "digits")
    [(key, data, event, send)] = mounted
    assert (key, event, data["network"], set(data["live"])) == ("cam", "pick", "digits", {"base"})
    assert send("anything") is None


MAPS = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(("select", "click"), [(False, False), (True, False), (False, True), (True, True)])
def test_pictures_tell_of_rectangles_and_of_clicks(mounted, select, click) -> None:
    selected: list[Any] = []
    clicked: list[Any] = []
    rows, columns = window_axes((3, 4), (2, 3), 1, 0, 1)
    panels = [maps.MapPanel("a", "A", MAPS, names=["x", "y"]), maps.MapPanel("b", "B", MAPS[:, :2, :2], reads=[maps.Reads("a", "window", rows, columns)], row=3)]  # fmt: skip
    options = {"on_select": selected.append} if select else {}
    maps.map_viewer(
        "m", panels, {"a": (0, 1, 2, 3)}, "a" if select else None, on_click=clicked.append if click else None, **options
    )
    [(key, data, event, send)] = mounted
    assert (key, event, data["instrument"], data["clickable"], data["boxes"]) == (
        "m",
        "pick",
        "m",
        click,
        {"a": (0, 1, 2, 3)},
    )
    assert data["select"] == ("a" if select else None)
    assert [(one["name"], one["row"], one["names"], one["legend"]) for one in data["panels"]] == [
        ("a", False, ["x", "y"], None), ("b", True, None, None)]  # fmt: skip
    assert len({one["token"] for one in data["panels"]}) == 2
    assert set(data["live"]) == {"base"}
    send({"y": 1})
    assert (selected, clicked) == ([{"y": 1}] * select, [{"y": 1}] * click)


def test_pictures_that_follow_a_hand_know_what_to_compute(mounted) -> None:
    image = image_source.ChosenImage(MAPS[:1], "digest", "An image")
    maps.map_viewer("m", [maps.MapPanel("a", "A", MAPS)], following=maps.Following(image, "op", {"k": 2}))
    live = mounted[0][1]["live"]
    assert (live["op"], live["settings"], live["token"]) == ("op", {"k": 2}, image_source.ticket(image))


def test_a_picture_reads_only_what_is_there(mounted) -> None:
    with pytest.raises(ValueError, match="panel 'b' must read one of a, b, got 'c'"):
        maps.map_viewer(
            "m", [maps.MapPanel("a", "A", MAPS), maps.MapPanel("b", "B", MAPS, reads=[maps.Reads("c", "same")])]
        )
    assert mounted == []


def test_what_the_browser_sends_is_told_once_and_what_came_too_early_later(monkeypatch) -> None:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    reruns: list[int] = []
    monkeypatch.setattr(st, "rerun", lambda: reruns.append(1))
    told: list[Any] = []
    seen: list[Any] = []

    def renderer(key: str, data: Any, **more: Any) -> Any:
        seen.append((key, data, more))
        return SimpleNamespace(pick=value)

    value: Any = None
    files.mount(renderer, "k", {"a": 1}, "pick", told.append)
    [(key, data, more)] = seen
    assert (key, data, list(more)) == ("k", [{"a": 1}], ["on_pick_change"])
    assert (told, reruns, "_late" in state) == ([], [], False)
    value, state["k"] = 7, SimpleNamespace(pick=7)
    more["on_pick_change"]()  # Streamlit calls it before the run
    files.mount(renderer, "k", {"a": 1}, "pick", told.append)
    assert (told, reruns) == ([7], [])
    files.mount(
        renderer, "k", {"a": 1}, "pick", told.append
    )  # a value that no callback told: a new session's first run
    assert (told, reruns) == ([7], [1])
    files.catch_up()
    files.catch_up()
    assert told == [7, 7]


def test_the_first_picture_is_watched_until_it_stands(monkeypatch) -> None:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    watched: list[Any] = []
    monkeypatch.setattr(first_picture, "_mount", lambda **more: watched.append(more))
    assert not first_picture.drawn()
    first_picture.watch()
    assert first_picture.drawn()
    first_picture.watch()
    [more] = watched
    assert (more["key"], more["on_drawn_change"]()) == ("_first_picture_watch", None)
