"""How a component's files become one, and how what a browser sends reaches the page: once, before it runs."""

from types import SimpleNamespace

import pytest

from ui.components import files


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A component "one" that imports two files, of which one imports the other."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "one.js").write_text(
        '// A comment.\nimport { a } from "../shared/a.js";\nimport { b } from "../shared/b.js";\nexport default function () {\n  return a + b; // two\n}\n')  # fmt: skip
    (tmp_path / "shared" / "a.js").write_text('import { b } from "./b.js";\n/**\n * Types.\n */\nexport const a = b;\n')
    (tmp_path / "shared" / "b.js").write_text("export const b = 1;\n")
    (tmp_path / "shared" / "look.css").write_text("shared {}")
    (tmp_path / "one" / "one.css").write_text("own {}")
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_files_stand_before_those_that_need_them_each_once() -> None:
    assert (
        files.script("one")
        == "const b = 1;\n\nconst a = b;\n\nexport default function () {\n  return a + b; // two\n}\n"
    )


def test_styles_are_put_together_as_far_as_there_are_any(folder, monkeypatch) -> None:
    made = []
    v2 = SimpleNamespace(component=lambda name, css, js: made.append((name, css, js)) or "renderer")
    monkeypatch.setattr(files, "st", SimpleNamespace(components=SimpleNamespace(v2=v2)))
    assert files.component("one", "look") == "renderer"
    (folder / "one" / "one.css").unlink()
    files.component("one", "look")
    assert [(name, css) for name, css, _ in made] == [("cnn_one", "shared {}\nown {}"), ("cnn_one", "shared {}")]
    assert made[0][2] == files.script("one")


class Rerun(Exception):  # noqa: N818
    """The page begins anew."""


@pytest.fixture
def page(monkeypatch):
    """A session of Streamlit's, whose component answers what `sent` holds."""

    def rerun() -> None:
        raise Rerun

    state: dict = {}
    made = SimpleNamespace(session_state=state, rerun=rerun, sent=None, calls=[], callback=None)

    def renderer(key, data, on_edit_change):
        made.calls.append((key, data))
        made.callback = on_edit_change
        return SimpleNamespace(edit=made.sent)

    made.renderer = renderer
    monkeypatch.setattr(files, "st", made)
    return made


def test_what_is_sent_is_told_once_by_the_callback(page) -> None:
    told: list = []
    files.mount(page.renderer, "k", {"a": 1}, "edit", told.append)
    assert (page.calls, told, page.session_state) == ([("k", [{"a": 1}])], [], {})
    page.session_state["k"] = SimpleNamespace(edit=5)
    page.sent = 5
    page.callback()  # Streamlit calls it before the run in which the value shows
    files.mount(page.renderer, "k", {}, "edit", told.append)
    assert told == [5]
    assert set(page.session_state) == {"k"}
    page.session_state["k"] = SimpleNamespace()  # an event of another name
    page.callback()
    assert told == [5, None]


def test_what_came_before_the_sessions_first_run_is_told_at_the_start_of_the_next(page) -> None:
    told: list = []
    page.sent = 7
    with pytest.raises(Rerun):
        files.mount(page.renderer, "k", {}, "edit", told.append)
    assert told == []
    files.catch_up()
    files.catch_up()
    assert (told, page.session_state) == ([7], {})
