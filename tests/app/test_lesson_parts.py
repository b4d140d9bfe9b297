"""The parts of a lesson: what is shared and how, the way on, code, and places that wait for the first picture."""

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from instruments import fool_it
from instruments.fields import resolve
from ui import lesson, settings
from ui.components.first_picture import component as first_picture
from ui.site import PAGES


@pytest.fixture
def told(monkeypatch) -> dict[str, Any]:
    """The page's words."""
    seen: dict[str, Any] = {"words": []}
    monkeypatch.setattr(lesson.st, "markdown", lambda words, **_: seen["words"].append(words))
    return seen


def page(monkeypatch, name: str) -> lesson.Page:
    """A page without what stands above its pictures."""
    made = lesson.Page.__new__(lesson.Page)
    pages = [one for section in PAGES.values() for one in section]
    place = [one.file for one in pages].index(name)
    made.name, made.title = name, pages[place].title
    made.before, made.after = pages[place - 1] if place else None, pages[place + 1] if place + 1 < len(pages) else None
    monkeypatch.setattr(lesson, "waits", lambda _: False)
    return made


def test_a_result_is_shared_as_link_picture_numbers_and_settings(told, monkeypatch) -> None:
    offered, copied = [], []

    monkeypatch.setattr(lesson, "copy_link", copied.append)
    monkeypatch.setattr(lesson.st, "download_button", lambda *args, **more: offered.append((args, more)))
    monkeypatch.setattr(lesson.st, "subheader", told["words"].append)
    monkeypatch.setattr(settings, "to_file", lambda: b"{}")
    monkeypatch.setattr(settings, "file_sentences", list)
    monkeypatch.setattr(lesson.st, "session_state", {})
    uploads = []
    monkeypatch.setattr(lesson.st, "file_uploader", lambda *args, **more: uploads.append((args, more)))
    sizes = []
    monkeypatch.setattr(lesson.downloads, "in_turn", lambda make, size: sizes.append(size) or make)
    maps = np.array([[[0.5, -1.0, 2.0]]], np.float32)
    page(monkeypatch, "kernel").share(maps, "map")
    assert copied == ["_kernel_link"]
    assert [args[2:] for args, _ in offered] == [
        ("kernel-map.png", "image/png"), ("kernel-map.csv", "text/csv"), ("kernel-map.npy", "application/octet-stream"),
        ("kernel-settings.json", "application/json")]  # fmt: skip
    assert all(more["on_click"] == "ignore" for _, more in offered)
    files = [args[1]() for args, _ in offered]
    assert Image.open(io.BytesIO(files[0])).size == (3, 1)
    assert files[1] == b"# map 0: 1 x 3\n0.5,-1,2\n"
    assert np.array_equal(np.load(io.BytesIO(files[2])), maps)
    assert files[3] == b"{}"
    assert all(size >= 8 * maps.size for size in sizes)
    [(_, more)] = uploads
    assert (more["args"], more["max_upload_size"]) == (("_kernel_settings",), 1)
    assert "Share and download" in told["words"]


@pytest.mark.parametrize(("name", "links"), [("home", ["Next"]), ("kernel", ["Back", "Next"]), ("shapes", ["Back"])])
def test_the_way_on_stands_at_the_foot(monkeypatch, name, links) -> None:
    shown = []
    monkeypatch.setattr(lesson.st, "page_link", lambda path, label, **_: shown.append((path, label)))
    divided = []
    monkeypatch.setattr(lesson.st, "divider", lambda: divided.append(1))
    here = page(monkeypatch, name)
    here.around()
    titles = [one.title for one in (here.before, here.after) if one]
    assert [label for _, label in shown] == [f"{word}: {title}" for word, title in zip(links, titles, strict=True)]
    assert divided == [1]


@pytest.mark.parametrize(("type_", "dark"), [("dark", True), ("light", False), (None, False)])
def test_the_theme_is_the_browser_s(monkeypatch, type_, dark) -> None:
    monkeypatch.setattr(type(lesson.st.context), "theme", SimpleNamespace(type=type_))
    assert lesson.dark() is dark


@pytest.mark.parametrize("drawn", [True, False])
def test_what_waits_for_the_first_picture_has_its_place(monkeypatch, drawn) -> None:
    shown: list[tuple[str, Any]] = []
    monkeypatch.setattr(first_picture, "drawn", lambda: drawn)
    monkeypatch.setattr(lesson.st, "space", lambda height: shown.append(("space", height)))
    monkeypatch.setattr(lesson.st, "latex", lambda tex: shown.append(("latex", tex)))
    assert lesson.waits(123) == (not drawn)
    assert shown == ([] if drawn else [("space", 123)])
    shown.clear()
    lesson.formula("x = 1")
    lesson.formula(r"x &= 1 \\ y &= 2 \\ z &= 3")
    if drawn:
        assert [kind for kind, _ in shown] == ["latex", "latex"]
    else:
        one, three = (height for _, height in shown)
        assert 50 <= one <= 100
        assert 100 <= three - one <= 120  # two lines more


@pytest.mark.parametrize("drawn", [True, False])
def test_charts_stand_side_by_side_each_with_its_words(monkeypatch, drawn) -> None:
    shown = []

    class Column:
        def plotly_chart(self, figure: Any, **more: Any) -> None:
            shown.append((figure, more))

        def space(self, height: int) -> None:
            shown.append((height, {}))

    monkeypatch.setattr(first_picture, "drawn", lambda: drawn)
    monkeypatch.setattr(lesson.st, "columns", lambda count: [Column() for _ in range(count)])
    lesson.charts("_k", {"one": lambda: 1, "two": lambda: 2}, 260)
    if drawn:
        assert shown == [
            (number + 1, {"height": 260, "key": f"_k_{number}", "alt": alt, "config": {"displayModeBar": False}})
            for number, alt in enumerate(("one", "two"))
        ]
    else:
        assert shown == [(260, {}), (260, {})]


def test_a_page_s_program_is_shown_once_a_library_is_chosen(told, monkeypatch) -> None:
    shown, buttons = [], []
    monkeypatch.setattr(lesson.st, "code", lambda code, **more: shown.append((code, more)))
    monkeypatch.setattr(lesson.st, "subheader", told["words"].append)
    monkeypatch.setattr(lesson.controls, "optional_buttons", lambda *args, **more: buttons.append((args[2:], more)))
    programs = {"NumPy": "numpy code", "PyTorch": "torch code"}
    for code in ("none", "numpy", "pytorch"):
        page(monkeypatch, "fool_it").in_code(resolve(fool_it.FIELDS, {"fool_code": code}), fool_it.CODE, programs)
    assert [code for code, _ in shown] == ["numpy code", "torch code"]
    assert all(more == {"language": "python", "wrap_lines": True} for _, more in shown)
    assert buttons == [(("Show the code",), {"none": "none"})] * 3
    assert told["words"] == ["In code"] * 3
