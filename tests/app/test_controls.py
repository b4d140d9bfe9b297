"""Fields as widgets: what each shows, within which bounds, what it gives back, and what is said of a value that was refused."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.visits import component, sentences
from ui import controls


def page() -> None:
    from instruments.fields import Choice, Real, Switch, Text, Whole
    from ui import controls, settings

    whole, choice = Whole("t_whole", "whole", 3, 1, 9), Choice("t_choice", "choice", "b", {"a": "First", "b": "Second"})
    few, menu = (
        Choice("t_few", "few", "none", {"none": "None", "x": "An X"}),
        Choice("t_menu", "menu", "q", {"p": "P", "q": "Q"}),
    )
    switch, real = Switch("t_switch", "Switch", True), Real("t_real", "real", 0.5, -1, 2)
    marked, text = Real("t_marked", "marked", 0.2, 0, 1), Text("t_text", "text", "one", str.strip, str)
    rows = Text("t_rows", "rows", "two", str.strip, str)
    settings.begin("t")
    v = settings.resolved((whole, choice, few, menu, switch, real, marked, text, rows))
    controls.stepper(v, whole, help="about it")
    controls.buttons(v, choice)
    controls.optional_buttons(v, few, "Any?", "none")
    controls.menu(v, menu, help="a menu")
    controls.toggle(v, switch)
    controls.slider(v, real, "viewer")
    controls.marks(v, marked, (0.1, 0.5), "A scale")
    controls.line(v, text, placeholder="write")
    controls.lines(v, rows, "Rows", "several")
    settings.end()


@pytest.fixture
def app():
    made = AppTest.from_function(page, default_timeout=30).run()
    assert not made.exception
    return made


def test_each_widget_shows_its_field(app) -> None:
    stepper = app.number_input(key="t_whole")
    assert (stepper.label, stepper.value, stepper.min, stepper.max, stepper.step, stepper.help) == (
        "Whole",
        3,
        1,
        9,
        1,
        "about it",
    )
    assert not stepper.disabled
    assert (app.button_group(key="t_choice").value, app.button_group(key="t_few").value) == ("b", None)
    assert app.button_group(key="t_choice").options == ["First", "Second"]
    assert app.button_group(key="t_few").options == ["An X"]
    menu = app.selectbox(key="t_menu")
    assert (menu.label, menu.value, menu.options, menu.help) == ("Menu", "q", ["P", "Q"], "a menu")
    assert (app.toggle(key="t_switch").label, app.toggle(key="t_switch").value) == ("Switch", True)
    marks = component(app, "live_slider", 1)
    assert (marks["label"], marks["marks"], marks["value"]) == ("A scale", [0.1, 0.2, 0.5], 0.2)
    line, lines = app.text_input(key="t_text"), app.text_area(key="t_rows")
    assert (line.label, line.value, line.placeholder) == ("Text", "one", "write")
    assert (lines.label, lines.value, lines.help) == ("Rows", "two", "several")
    hidden = [app.text_input(key=key).proto.label_visibility.value for key in ("t_real", "t_marked", "t_text")]
    assert hidden == [2, 2, 0]  # collapsed beside a slider that has a label
    slider = component(app, "live_slider")
    assert (slider["value"], slider["instrument"], slider["marks"]) == (0.5, "viewer", None)
    assert dict(app.query_params) == {}


def test_what_a_widget_gives_is_held_and_shown_again(app) -> None:
    app.number_input(key="t_whole").set_value(7)
    app.button_group(key="t_choice").set_value("a")
    app.button_group(key="t_few").set_value("x")
    app.selectbox(key="t_menu").set_value("p")
    app.toggle(key="t_switch").set_value(False)
    app.text_input(key="t_marked").set_value("0.5")
    app.text_input(key="t_text").set_value(" other ")
    app.text_area(key="t_rows").set_value("three\nfour")
    app.text_input(key="t_real").set_value("-0,25").run()
    expected = {"t_whole": "7", "t_choice": "a", "t_few": "x", "t_menu": "p", "t_switch": "false", "t_marked": "0.5", "t_text": "other",
                "t_rows": "three\nfour", "t_real": "-0.25"}  # fmt: skip
    assert dict(app.query_params) == expected
    assert component(app, "live_slider")["value"] == -0.25
    app.run()
    assert (app.text_input(key="t_real").value, app.text_input(key="t_text").value) == ("-0.25", "other")
    assert component(app, "live_slider", 1)["value"] == 0.5
    app.button_group(key="t_few").set_value(None).run()
    assert "t_few" not in app.query_params
    app.text_input(key="t_marked").set_value("0.3").run()
    assert component(app, "live_slider", 1)["marks"] == [0.1, 0.3, 0.5]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("t_real", "real must be a number from -1 to 2."),
        ("t_marked", "marked must be a number from 0 to 1."),
        ("t_text", "text is too long: at most 8,000"),
    ],
)
def test_what_was_refused_stays_to_be_mended_and_its_sentence_stands_beside_it_once(app, key, sentence) -> None:
    wrong = "w" * 8001
    app.text_input(key=key).set_value(wrong).run()
    assert sentences(app).count(sentence) == 1
    assert app.text_input(key=key).value == "w" * 2000
    app.text_input(key=key).set_value("1").run()
    assert sentence not in sentences(app)


def walk_page() -> None:
    import streamlit as st

    from instruments import kernel, walk
    from instruments.image import SHAPE
    from ui import kernel_controls, settings, walk_controls

    settings.begin("t")
    walk_controls.walk_controls(settings.resolved(walk.FIELDS))
    v = settings.resolved(kernel.FIELDS, {SHAPE: (1, 40, 50)})
    kernel_controls.kernel_controls(v, "viewer")
    kernel_controls.later_controls(v, "viewer")
    kernel_controls.text_controls(v)
    st.session_state["_seen"] = True


def test_controls_come_as_they_are_needed() -> None:
    app = AppTest.from_function(walk_page, default_timeout=30).run()
    assert not app.exception

    def keys() -> set[str]:
        drawn = [*app.number_input, *app.selectbox, *app.toggle, *app.button_group]
        return {one.key for one in drawn}

    assert {f"walk_{name}" for name in ("size", "kernel", "stride", "padding", "dilation")} <= keys()
    for side in ("_rows", "_columns"):
        control = app.number_input(key=side)
        assert (control.value, control.min, control.max, control.step) == (3, 1, 11, 1)
    first = keys()
    assert not {"walk_mode", "kernel_mode", "kernel_pool_size", "kernel_pool_stride"} & first
    app.number_input(key="walk_padding").set_value(1)
    app.number_input(key="kernel_padding").set_value(2)
    app.button_group(key="kernel_pool").set_value("max").run()
    assert keys() - first == {"walk_mode", "kernel_mode", "kernel_pool_size", "kernel_pool_stride"}
    app.toggle(key="kernel_sides").set_value(True).run()
    across = {f"kernel_{name}_across" for name in ("stride", "padding", "dilation")}
    assert across <= keys()
    labels = {
        app.number_input(key=key).label.split("*")[0].strip(":[ ") for key in ("kernel_stride", "kernel_stride_across")
    }
    assert {label.split("[")[-1].strip() for label in labels} == {"Stride down", "Stride across"}
    app.selectbox(key="_preset").set_value("sobel_x").run()
    assert app.text_area(key="kernel").value == "-1 0 1; -2 0 2; -1 0 1"
    app.number_input(key="_columns").set_value(4).run()
    assert app.number_input(key="_columns").value == 4
    assert app.selectbox(key="_preset").value == "custom"


def test_words_of_others_stay_words() -> None:
    assert controls.plain("a*b_c [d](e) `f` #g :red[h] $i$ <j> ~k~ {l} m|n & !") == (
        r"a\*b\_c \[d\]\(e\) \`f\` \#g \:red\[h\] \$i\$ \<j\> \~k\~ \{l\} m\|n \& \!")  # fmt: skip
    joiner = "\N{WORD JOINER}"
    for address in ("www.a.b", "http://a.b", "a@b.c"):
        shown = controls.plain(address)
        assert shown.replace("\\", "").replace(joiner, "") == address
        assert joiner in shown
    said: list[str] = []
    kept = controls.st
    controls.st = SimpleNamespace(markdown=said.append)  # type: ignore[assignment]
    try:
        controls.say("No *such* thing.")
        controls.say("")
        controls.say(None)
    finally:
        controls.st = kept
    assert said == [r":red[:material/error: No \*such\* thing\.]"]


@pytest.mark.parametrize(("first", "returned", "given"), [
    (True, 5, [{"t": 5}]), (True, 3, []), (True, None, []), (False, 5, []),
])  # fmt: skip
def test_what_was_clicked_while_a_session_began_is_not_lost(monkeypatch, first, returned, given) -> None:
    told, reruns = [], []
    monkeypatch.setattr(controls.settings, "first_run", lambda: first)
    monkeypatch.setattr(controls.settings, "give", told.append)
    monkeypatch.setattr(controls.settings, "taken_back", lambda _: None)
    monkeypatch.setattr(controls.st, "rerun", lambda: reruns.append(1))
    controls._finish(SimpleNamespace(key="t"), 3, returned)
    assert told == given
    assert len(reruns) == len(given)


@pytest.mark.parametrize("first", [True, False])
def test_a_widget_is_told_what_to_show_unless_it_brings_something(monkeypatch, first) -> None:
    state = {}
    monkeypatch.setattr(controls.settings, "first_run", lambda: first)
    monkeypatch.setattr(controls.st, "session_state", state)
    field = SimpleNamespace(key="t")
    shared = controls._show(field, 7)
    assert state == ({} if first else {"t": 7})
    assert (shared["key"], shared["args"]) == ("t", (field,))
    told = []
    monkeypatch.setattr(controls.settings, "give", told.append)
    for value in (8, None):
        state["t"] = value
        shared["on_change"](field)
    assert told == [{"t": 8}]
