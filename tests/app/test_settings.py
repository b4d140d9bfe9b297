"""Settings of every page: link to page to file to fresh page to link, hidden ones too; what is wrong gets a sentence."""

import importlib
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.fields import LONGEST, Choice, Field, Real, Switch, Values, Whole, resolve
from instruments.image import SHAPE
from tests.app.visits import sentences, visit
from ui import settings as held
from ui.site import PAGES

LESSONS = [page.file for pages in PAGES.values() for page in pages if page.file != "home"]
TEXTS = {  # good lines for fields that are written
    "shapes_layers": ["conv 6 5 p2; res [ relu; norm ]; cat [  | max 3 1 p1 ]; mean; dense 10", "max 2 2; relu"],
    "kernel": ["1 2; 3 4", "0.5 -1 2", "-1 0 1; -2 0 2; -1 0 1"],
    "network_open": ["", "fire2", "fire3,block2", "no such stage"],
    "network_node": ["", "conv1", "fire2.expand3", "block1.add"],
    "kernel_pixel": ["", "relu 0 3 4", "convolution 1 5 6"],
}


INSTRUMENTS = {"stride_padding": "walk", "code": "code_page", "shapes": "stacks"}  # where the names are not the same


def fields_of(page: str) -> tuple[Field[Any], ...]:
    return tuple(importlib.import_module(f"instruments.{INSTRUMENTS.get(page, page)}").FIELDS)


def a_valid_code(field: Field[Any], before: Values, rng: np.random.Generator) -> str:
    """The code of any value that this field takes now."""
    if isinstance(field, Whole):
        return str(int(rng.integers(field.low, min(field.high(before), field.low + 400) + 1)))
    if isinstance(field, Real):
        return field.write(round(float(rng.uniform(field.low, field.high)), 3))
    if isinstance(field, Choice):
        return str(rng.choice(list(field.words)))
    if isinstance(field, Switch):
        return field.write(bool(rng.integers(2)))
    return str(rng.choice(TEXTS.get(field.key, [field.write(field.default(before))])))


def valid_codes(fields: tuple[Field[Any], ...], shape: tuple[int, int, int], seed: int) -> dict[str, str]:
    """A code for every field, each allowed by those before it."""
    rng, codes = np.random.default_rng(seed), dict[str, str]()
    for number, field in enumerate(fields):
        before = resolve(fields[:number], codes, facts={SHAPE: shape})
        codes[field.key] = a_valid_code(field, before, rng)
    return codes


@pytest.mark.parametrize("page", LESSONS)
@given(seed=st.integers(0, 10**6), height=st.integers(16, 90), width=st.integers(16, 90))
@settings(max_examples=25, deadline=None)
def test_any_valid_values_are_written_and_read_back(page, seed, height, width) -> None:
    fields, shape = fields_of(page), (3, height, width)
    codes = valid_codes(fields, shape, seed)
    values = resolve(fields, codes, facts={SHAPE: shape})
    assert values.problems == {}
    written = {field.key: field.write(values[field]) for field in fields}
    again = resolve(fields, written, facts={SHAPE: shape})
    assert again.problems == {}
    assert {field.key: field.write(again[field]) for field in fields} == written
    for field in fields:
        if not isinstance(field, Whole | Real):
            assert written[field.key] == codes[field.key]


@pytest.mark.parametrize("page", LESSONS)
@pytest.mark.parametrize("seed", [1, 2])
def test_link_page_file_fresh_page_link(page, seed) -> None:
    shape = (1, 64, 64)  # the astronaut at 64 pixels in grey
    codes = valid_codes(fields_of(page), (3, *shape[1:]) if page in ("channels", "faces") else shape, seed)
    codes.pop(f"{page}_code", None)
    first = visit(page, size="64", **codes)
    link = dict(first.query_params)
    assert "In the link" not in sentences(first)
    saved = {field.key: field.write(v[field]) for field, v in first.session_state["_settings"].resolved}
    assert {key: saved[key] for key in codes} == {key: fields_code(page, key, code) for key, code in codes.items()}
    fresh = visit(page)
    state = fresh.session_state["_settings"]
    give_file_to(state, json.dumps(saved).encode())
    fresh.run()
    assert [error.value for error in fresh.exception] == []
    assert dict(fresh.query_params) == link


def fields_code(page: str, key: str, code: str) -> str:
    field = next(field for field in fields_of(page) if field.key == key)
    return field.write(field.read(code, Values())) if isinstance(field, Real) else code


def give_file_to(state: Any, data: bytes) -> None:
    """What the page's uploader calls, on the session of a test."""
    original = held._session
    held._session = lambda: state
    try:
        held.give_file(data)
    finally:
        held._session = original


@pytest.mark.parametrize("page", LESSONS)
def test_one_wrong_value_gets_a_sentence_and_leaves_the_others_alone(page) -> None:
    fields = fields_of(page)
    codes = valid_codes(fields, (3, 64, 64), 5)
    good = resolve(fields, codes, facts={SHAPE: (3, 64, 64)})
    for number, field in enumerate(fields):
        for wrong in ("\ud800", "1e310", "", "x" * 100_000, "2.5.5", "<b>"):
            values = resolve(fields, codes | {field.key: wrong}, facts={SHAPE: (3, 64, 64)})
            if field.key in values.problems:
                assert 10 < len(values.problems[field.key]) < 300
            for other in fields[:number]:
                assert other.write(values[other]) == other.write(good[other])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("2.5", "stride must be a whole number from 1 to 8"),
        ("1e310", "stride must be"),
        ("", "stride must be"),
        ("9", "stride must be"),
    ],
)
def test_a_wrong_whole_number_is_refused_and_the_default_used(value, sentence) -> None:
    app = visit("kernel", size="64", kernel_stride=value)
    assert f"In the link: {sentence}" in sentences(app)
    assert app.number_input(key="kernel_stride").value == 1
    assert "kernel_stride" not in app.query_params


def test_hidden_settings_come_from_a_file_at_once_and_stay() -> None:
    app = visit("kernel", size="64")
    wanted = {
        "kernel_padding": "2",
        "kernel_mode": "reflect",
        "kernel_relu": "true",
        "kernel_pool": "max",
        "kernel_pool_size": "3",
    }
    give_file_to(app.session_state["_settings"], json.dumps(wanted).encode())
    app.run()
    assert dict(app.query_params) == {"size": "64"} | wanted
    app.button_group(key="kernel_pool").set_value("none").run()
    app.button_group(key="kernel_pool").set_value("max").run()
    assert app.number_input(key="kernel_pool_size").value == 3


def test_a_file_of_another_page_or_kind_is_explained() -> None:
    for data, words in (
        (b"{", "must be JSON"),
        (b"[1]", "an object with names and values"),
        (b'{"walk_size": 3}', "no setting named walk_size"),
        (b'{"kernel_stride": 99, "kernel_flip": 1, "kernel_bias": 0.5}', "stride must be a whole number"),
        (b"[" * 200_000, "must be JSON"),
    ):
        app = visit("kernel", size="64")
        give_file_to(app.session_state["_settings"], data)
        app.run()
        assert words in sentences(app)
    assert visit("kernel", size="64").number_input(key="kernel_stride").value == 1


class Address(dict[str, str]):
    """The address as Streamlit shows it, and how often it was written."""

    written = 0

    def from_dict(self, codes: dict[str, str]) -> None:
        self.written += 1
        self.clear()
        self.update(codes)


ONE, TWO = Whole("a_one", "one", 1, 0, 9), Whole("a_two", "two", 2, 0, 9)
OTHER = Whole("b_one", "other", 1, 0, 9)


@pytest.fixture
def browser(monkeypatch):
    """A session apart from Streamlit: its state, its address, and whether history moved."""
    made = SimpleNamespace(session_state={}, query_params=Address(), is_history_navigation=False)
    monkeypatch.setattr(held, "st", made)
    monkeypatch.setattr(held, "get_script_run_ctx", lambda: made)
    return made


def run(page: str = "a", *fields: Field[Any]) -> Values:
    held.begin(page)
    values = held.resolved(fields or (ONE, TWO))
    held.end()
    return values


def test_an_address_is_read_when_a_page_opens_and_when_history_moves(browser) -> None:
    browser.query_params["a_one"] = "3"
    assert run()[ONE] == 3
    assert held.first_run()
    browser.query_params["a_one"] = "4"  # written by hand: the browser would load the page anew
    assert run()[ONE] == 3
    assert not held.first_run()
    assert browser.query_params == {"a_one": "3"}
    browser.query_params.from_dict({"a_two": "5"})
    browser.is_history_navigation = True
    values = run()
    assert (values[ONE], values[TWO]) == (1, 5)  # what a link leaves out is at its default
    browser.query_params.clear()
    assert run()[TWO] == 2
    browser.is_history_navigation = False
    held.give({"a_two": "7"})
    assert (run()[TWO], browser.query_params) == (7, {"a_two": "7"})
    browser.query_params.clear()
    run("b", OTHER)
    assert run("a")[TWO] == 7  # without settings in its link, a page is as it was left
    browser.query_params.clear()
    run("b", OTHER)
    browser.query_params["a_one"] = "9"
    values = run("a")
    assert (values[ONE], values[TWO]) == (9, 2)


def test_an_address_is_written_before_the_page_is_drawn_but_not_before_all_is_known(browser) -> None:
    def seen(given: dict[str, object]) -> list[dict[str, str]]:
        held.begin("a")
        held.give(given)
        found = []
        for one in (ONE, TWO):
            held.resolved([one])
            found.append(dict(browser.query_params))
        held.end()
        return [*found, dict(browser.query_params)]

    old, new, newer = {"a_one": "4"}, {"a_one": "5", "a_two": "6"}, {"a_two": "3"}
    assert seen({"a_one": 4}) == [{}, {}, old]  # of a page's first run nobody knows what is still to come
    assert seen({"a_one": 5, "a_two": 6}) == [old, new, new]
    browser.query_params.clear()
    run("b", OTHER)
    browser.query_params.from_dict(newer)
    written = browser.query_params.written
    assert seen({"a_one": 4}) == [newer, newer, newer | old]
    assert browser.query_params.written == written + 1


def test_an_address_is_written_only_where_it_changes(browser) -> None:
    run()
    assert browser.query_params.written == 0
    held.give({"a_one": 4})
    run()
    run()
    assert (browser.query_params, browser.query_params.written) == ({"a_one": "4"}, 1)
    held.give({"a_one": "1"})
    run()
    assert (browser.query_params, browser.query_params.written) == ({}, 2)


def test_what_is_refused_says_so_until_it_is_given_anew_or_another_page_opens(browser) -> None:
    browser.query_params["a_one"] = "77"
    run()
    assert held.taken_back("a_one") == ("77", "In the link: one must be a whole number from 0 to 9.")
    assert held.taken_back("a_two") is None
    held.give({"a_one": 78})
    run()
    run()
    assert held.taken_back("a_one") == (78, "one must be a whole number from 0 to 9.")
    held.give({"a_two": 3})
    run()
    assert held.taken_back("a_one") is not None
    held.give({"a_one": 3})
    run()
    assert held.taken_back("a_one") is None
    held.give({"a_one": 79})
    held.give_file(b"[]")
    run()
    assert held.file_sentences() == ["The file must hold an object with names and values."]
    run("b", OTHER)
    assert (held.taken_back("a_one"), held.file_sentences()) == (None, [])


def test_what_was_clicked_counts_more_than_the_link_it_opened_with(browser) -> None:
    browser.query_params["a_one"] = "77"
    held.give({"a_one": "88"})
    run()
    assert held.taken_back("a_one") == ("88", "one must be a whole number from 0 to 9.")


@pytest.mark.usefixtures("browser")
def test_of_a_value_that_was_refused_no_more_is_kept_than_can_be_mended() -> None:
    run("a", ONE)
    longest, just = [1] * LONGEST, ["a" * (LONGEST - 4)]  # with quotes and brackets
    for sent, kept in (
        ("9" * (LONGEST + 5), "9" * LONGEST),
        ([10] * 3, [10] * 3),
        (just, just),
        (longest, str(longest)[:LONGEST]),
    ):
        held.give({"a_one": sent})
        if isinstance(sent, str):
            assert len(held._session().given["a_one"]) == LONGEST + 1  # enough to see that it is too long
        run("a", ONE)
        refused = held.taken_back("a_one")
        assert refused is not None
        assert refused[0] == kept


@pytest.mark.usefixtures("browser")
def test_only_sets_the_others_of_its_page_to_the_default() -> None:
    held.begin("a")
    held.give({"a_one": 3, "a_two": 4, "b_one": 5})
    held.resolved((ONE, TWO, OTHER))
    held.only({"a_one": 6})
    held.begin("a")
    values = held.resolved((ONE, TWO, OTHER))
    assert (values[ONE], values[TWO], values[OTHER]) == (6, 2, 5)
    held.giver(TWO)("8")
    assert run()[TWO] == 8


@pytest.mark.usefixtures("browser")
def test_a_file_is_taken_up_to_its_limits() -> None:
    run()
    assert json.loads(held.to_file()) == {"a_one": "1", "a_two": "2"}
    known = b'{"a_one": 5}'
    held.give_file(known.ljust(held.MAX_FILE))
    assert (run()[ONE], held.file_sentences()) == (5, [])
    held.give_file(b'{"a_one": 6}'.ljust(held.MAX_FILE + 1))
    assert held.file_sentences() == ["The file is not a settings file: it must be JSON, as saved here."]
    held.give_file(b'{"a_one": "\\ud800"}')
    assert len(held.file_sentences()) == 1
    assert run()[ONE] == 5
    many = {f"{'k' * 38}{n:03}": 1 for n in range(998)}
    held.give_file(json.dumps(many | {"a_one": 7, "a_two": 77, "a_word": "late"}).encode())
    values = run()
    assert (values[ONE], values[TWO]) == (7, 2)
    said = held.file_sentences()
    assert (said[0], len(said)) == (
        f"This page has no setting named {'k' * 38}00.",
        101,
    )  # of 100, and of what was refused
    assert said[-1] == "two must be a whole number from 0 to 9."
    held.give_file(json.dumps(many | {"more": 1, "further": 1, "a_one": 3}).encode())  # the 1,001st is not looked at
    assert run()[ONE] == 7


def test_a_run_that_was_cut_short_leaves_its_link_to_the_next() -> None:
    app = visit("kernel", size="64")
    state = app.session_state["_settings"]
    state.link, state.read = (
        {"kernel_stride": "3", "size": "64"},
        {"image", "colour", "size"},
    )  # it came as far as the sidebar
    app.run()
    assert app.number_input(key="kernel_stride").value == 3
    app.number_input(key="kernel_stride").set_value(2).run()
    assert app.query_params["kernel_stride"] == "2"  # and it is read once
    assert app.query_params["size"] == "64"


def test_settings_of_a_left_page_are_still_there() -> None:
    app = visit("kernel", size="64", kernel_stride="3", kernel_pool="max", kernel_pool_size="4")
    app.switch_page("../pages/pooling.py").run()
    app.query_params.clear()
    app.switch_page("../pages/kernel.py").run()
    assert app.number_input(key="kernel_pool_size").value == 4
    assert app.query_params["kernel_stride"] == "3"
