"""An opened map: which cells each panel reads, its formula, what a click on it or on the overview sets, and what cannot be read."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers import Add, AvgPool2d, Conv2d, ConvTranspose2d, Flatten, Linear, MaxPool2d, ReLU, Softmax
from instruments import overview_settings as chosen
from instruments.fields import resolve
from instruments.opened_map import Step, needed, steps
from instruments.overview import cards
from ui import cache, opened_map_view, overview_view, settings
from ui.components.map_viewer.component import MapPanel
from ui.formulas import number
from ui.layer_sums import in_words

SHAPE = (3, 19, 26)
GRAPH = Graph(
    [
        Node("wide", Conv2d(3, 14, (3, 2), (2, 3), (1, 0), (2, 1), seed=1), (INPUT,)),
        Node("cut", ReLU(), ("wide",)),
        Node("grow", ConvTranspose2d(14, 2, (2, 3), (3, 2), (0, 1), seed=2), ("cut",)),
        Node("most", MaxPool2d((3, 2), (2, 1), (1, 0)), ("grow",)),
        Node("mean", AvgPool2d((2, 3), (1, 2)), ("most",)),
        Node("left", Conv2d(2, 1, 1, seed=3), ("mean",)),
        Node("right", Conv2d(2, 1, 1, bias=False, seed=4), ("mean",)),
        Node("both", Add(), ("left", "right")),
        Node("flat", Flatten(), ("both",)),
        Node("dense", Linear(84, 5, seed=5), ("flat",)),
        Node("shares", Softmax(), ("dense",)),
    ],
    SHAPE,
)
for _name in ("wide", "grow", "dense"):
    _bias = np.arange(1, len(GRAPH.layer(_name).bias) + 1, dtype=np.float32) / 8
    GRAPH.layer(_name).store({"weight": GRAPH.layer(_name).weight, "bias": _bias})
X = np.random.default_rng(6).normal(size=SHAPE).astype(np.float32)
SHAPES, VALUES = GRAPH.output_shapes(), GRAPH.trace(X)


def opened(name: str, channel: int = 0) -> opened_map_view.Opened:
    card = next(card for card in cards(GRAPH) if name in card.nodes)
    made = steps(GRAPH, SHAPES, {one: VALUES[one] if one != INPUT else X for one in needed(GRAPH, card)}, card, channel)
    return opened_map_view.Opened(card, channel, made)


@pytest.fixture
def drawn(monkeypatch) -> dict[str, Any]:
    """What is given to the viewers of maps."""
    told: dict[str, Any] = {}

    def viewer(_: str, panels: list[MapPanel], on_click: Any = None) -> None:
        told.update({"panels": {panel.name: panel for panel in panels}, "on_click": on_click})

    monkeypatch.setattr(opened_map_view, "map_viewer", viewer)
    return told


@pytest.fixture
def given(monkeypatch) -> list[dict[str, object]]:
    """What clicks set."""
    told: list[dict[str, object]] = []
    monkeypatch.setattr(settings, "give", lambda values: told.append(dict(values)))
    return told


def window(reads: Any, y: int, x: int) -> tuple[list[int], list[int]]:
    """Rows and columns that the cell reads, as the browser works them out, those beside the map left out."""
    told = reads.message()
    sides = []
    for axis, at in ((told["rows"], y), (told["columns"], x)):
        start = at * axis["stride"] - axis["before"]
        sides.append([p for tap in range(axis["kernel"]) if 0 <= (p := start + tap * axis["dilation"]) < axis["size"]])
    return sides[0], sides[1]


def changed(name: str, source: str, at: tuple[int, int, int], channel: int = 0) -> tuple[list[int], list[int]]:
    """Rows and columns of a node's map on which its value at (channel, y, x) depends: they are no numbers one after another."""
    maps, rows, columns = VALUES[source] if source != INPUT else X, set(), set()
    for y, x in np.ndindex(maps.shape[1:]):
        other = maps.copy()
        other[channel, y, x] = np.nan
        out = GRAPH.layer(name).apply(other[np.newaxis])[0]
        if np.isnan(out[at]):
            rows.add(y)
            columns.add(x)
    return sorted(rows), sorted(columns)


def test_a_partial_map_reads_what_its_convolution_reads(drawn) -> None:
    opened_map_view._pictures(opened("wide", 4))
    [reads] = drawn["panels"]["sum_parts"].reads
    assert (reads.panel, reads.how, reads.transposed) == ("sum_read", "window", False)
    for y, x in ((0, 0), (3, 5), (8, 8)):
        assert window(reads, y, x) == changed("wide", INPUT, (4, y, x))


@pytest.mark.parametrize(("name", "source"), [("most", "grow"), ("mean", "most")])
def test_a_pooled_map_reads_what_its_window_covers(drawn, name, source) -> None:
    opened_map_view._pictures(opened(name, 1))
    [reads] = drawn["panels"][f"sum_{name}"].reads
    assert (reads.panel, reads.how) == ("sum_read0", "window")
    bottom, right = (side - 1 for side in SHAPES[name][1:])
    for y, x in ((0, 0), (2, 3), (bottom, right)):
        assert window(reads, y, x) == changed(name, source, (1, y, x), 1)


def test_a_stamped_map_reads_the_other_way_round(drawn) -> None:
    """The axes say where each number that is read puts its stamp."""
    opened_map_view._pictures(opened("grow", 1))
    [reads] = drawn["panels"]["sum_parts"].reads
    assert reads.transposed
    layer = ConvTranspose2d(1, 1, (2, 3), (3, 2), (0, 1), bias=False, seed=2)
    height, width = SHAPES["cut"][1:]
    for y, x in ((0, 0), (2, 3), (height - 1, width - 1)):
        one = np.zeros((1, height, width), np.float32)
        one[0, y, x] = 1
        hit = layer.apply(one[np.newaxis])[0, 0] != 0
        assert hit.shape == SHAPES["grow"][1:]
        assert window(reads, y, x) == (np.flatnonzero(hit.any(1)).tolist(), np.flatnonzero(hit.any(0)).tolist())


def test_a_sum_of_many_maps_shows_the_largest_and_what_is_left(drawn) -> None:
    opened_map_view._pictures(opened("grow"))
    panels = drawn["panels"]
    assert list(panels) == ["sum_read", "sum_slices", "sum_parts", "sum_grow"]
    assert [panels[name].row for name in list(panels)[:3]] == [13] * 3
    assert panels["sum_parts"].names[-1] == "2 others"
    np.testing.assert_allclose(
        panels["sum_parts"].maps.sum(0) + GRAPH.layer("grow").bias[0], VALUES["grow"][0], atol=1e-5
    )
    assert panels["sum_grow"].title.startswith("their sum + bias 0.125 = map 0")
    assert [(one.panel, one.how, one.channels) for one in panels["sum_grow"].reads] == [("sum_parts", "same", "all")]
    opened_map_view._pictures(opened("wide"))
    few = drawn["panels"]
    assert [few[name].row for name in ("sum_read", "sum_slices", "sum_parts")] == [3] * 3
    assert list(few)[-1] == "sum_cut"
    assert [(one.panel, one.how) for one in few["sum_cut"].reads] == [("sum_wide", "same")]
    assert few["sum_read"].title == "Maps that are read"
    assert few["sum_parts"].title == "= partial maps, largest first"
    sizes = [float(np.abs(one).mean()) for one in few["sum_parts"].maps]
    assert sizes == sorted(sizes, reverse=True)
    assert few["sum_slices"].title == "× slices of kernel 0"


def test_one_map_alone_has_no_names_and_no_row(drawn) -> None:
    layer = Conv2d(1, 2, (2, 3), (1, 2), bias=False, seed=7)
    graph, x = Graph([Node("one", layer, (INPUT,))], (1, 6, 9)), X[:1, :6, :9]
    values = {INPUT: x, "one": layer.apply(x[np.newaxis])[0]}
    made = steps(graph, graph.output_shapes(), values, cards(graph)[0], 1)
    opened_map_view._pictures(opened_map_view.Opened(cards(graph)[0], 1, made))
    panels = drawn["panels"]
    assert [panel.title for panel in panels.values()] == ["Read", "× kernel 1", "= partial maps", "all = map 1"]
    assert [(panel.names, panel.row) for panel in panels.values()] == [(None, 0)] * 4


def test_products_of_a_dense_layer_stand_below_what_they_are_made_of(drawn) -> None:
    opened_map_view._pictures(opened("dense", 3))
    panels = drawn["panels"]
    assert list(panels) == ["sum_read", "sum_slices", "sum_parts"]  # a number has no picture
    height, width = SHAPES["both"][1:]
    assert all(panel.maps.shape == (1, height, width) for panel in panels.values())
    np.testing.assert_allclose(panels["sum_parts"].maps, panels["sum_read"].maps * panels["sum_slices"].maps, rtol=1e-6)
    reads = [(one.panel, one.how) for one in panels["sum_parts"].reads]
    assert reads == [("sum_read", "same"), ("sum_slices", "same")]


def test_many_maps_that_a_dense_layer_reads_leave_no_place_for_the_others(drawn) -> None:
    graph, x = Graph([Node("flat", Flatten(), (INPUT,)), Node("dense", Linear(15 * 6, 2, seed=1), ("flat",))], (15, 2, 3)), X.ravel()[:90].reshape(15, 2, 3)  # fmt: skip
    card = cards(graph)[0]
    made = steps(graph, graph.output_shapes(), graph.trace(x) | {INPUT: x}, card, 1)
    opened_map_view._pictures(opened_map_view.Opened(card, 1, made))
    assert [panel.row for panel in drawn["panels"].values()] == [12, 12, 12]
    assert [len(panel.maps) for panel in drawn["panels"].values()] == [12, 12, 12]


def test_an_addition_reads_both_of_its_maps_at_the_same_place(drawn) -> None:
    opened_map_view._pictures(opened("both"))
    panels = drawn["panels"]
    assert [(name, panel.title) for name, panel in panels.items()] == [
        ("sum_read0", "left, map 0"), ("sum_read1", "right, map 0"), ("sum_both", "After both")]  # fmt: skip
    assert [(one.panel, one.how) for one in panels["sum_both"].reads] == [("sum_read0", "same"), ("sum_read1", "same")]


@pytest.mark.parametrize(("numbers", "others", "shape", "title"), [
    ([4], 0, (1, 2, 3), "a, map 4"), ([4], 0, (1, 1, 3), "a, map 4"), ([4], 0, (1, 2, 1), "a, map 4"), ([4], 0, (1, 1, 1), "a"),
    ([0, 1], 0, (2, 1, 1), "Maps of a"), ([0, 1], 3, (2, 2, 3), "a, the first maps"),
])  # fmt: skip
def test_what_was_read_is_named(numbers, others, shape, title) -> None:
    assert opened_map_view._read_title(opened_map_view.Read("a", numbers, np.zeros(shape), others)) == title


@pytest.mark.parametrize(("count", "shape"), [(19, (1, 1, 19)), (20, (1, 2, 10)), (23, (1, 3, 8)), (1000, (1, 20, 50))])
def test_a_long_row_of_numbers_is_laid_in_lines(count, shape) -> None:
    values = np.arange(1.0, count + 1, dtype=np.float32)
    laid = opened_map_view._laid(opened_map_view.Read("a", [0], values.reshape(1, 1, -1), 0))
    assert laid.shape == shape
    assert laid.ravel()[:count].tolist() == values.tolist()
    assert not laid.ravel()[count:].any()
    maps = np.ones((1, 2, 30))
    assert opened_map_view._laid(opened_map_view.Read("a", [0], maps, 0)) is maps


def test_formulas_count_their_terms_and_name_the_bias_if_there_is_one() -> None:
    def formula(name: str, channel: int = 0) -> str:
        return opened_map_view._formula(opened(name, channel).steps[0], channel)

    assert formula("wide", 4) == r"y_{4} = \sum_{i=0}^{2} w_{4,i} \star x_i + (0.625)"
    assert formula("right") == r"y_{0} = \sum_{i=0}^{1} w_{0,i} \star x_i"
    assert formula("grow", 1) == r"y_{1} = \sum_{i=0}^{13} w_{1,i} \star^{\top} x_i + (0.25)"
    assert formula("dense", 3) == r"z_{3} = \sum_{j=0}^{83} w_{3,j} \, x_j + (0.5)"


# Clicks on the maps


@pytest.mark.parametrize(
    "place", [None, 3, "sum_parts", ["stage"], {}, {"stage": "sum_read", "y": 1, "x": 2}, {"stage": "sum_most"}]
)
def test_what_is_no_place_of_what_came_out_sets_nothing(given, place) -> None:
    opened_map_view._clicked(place, opened("wide"))
    assert given == []


@pytest.mark.parametrize(("place", "part"), [
    ({"stage": "sum_wide"}, None), ({"stage": "sum_cut"}, None), ({"stage": "sum_cut", "channel": 1}, None),
    ({"stage": "sum_parts", "channel": 0}, 0), ({"stage": "sum_parts", "channel": 2}, 2), ({"stage": "sum_parts", "channel": 3}, None),
    ({"stage": "sum_parts", "channel": -1}, None), ({"stage": "sum_parts", "channel": "1"}, None), ({"stage": "sum_parts"}, None),
])  # fmt: skip
def test_a_click_chooses_the_place_and_on_a_partial_map_the_slice(given, place, part) -> None:
    shown = opened("wide")
    opened_map_view._clicked(place | {"y": 3, "x": 5}, shown)
    number = chosen.NONE if part is None else shown.steps[0].sums.parts[part].number
    assert given == [{"network_map_y": 3, "network_map_x": 5, chosen.PART.key: number}]


# Clicks on the overview


def subject() -> overview_view.Subject:
    return overview_view.Subject("clicked", GRAPH, SHAPE, list("abcde"), X, cache.digest(X))


def pick(sent: object, **link: str) -> None:
    v = resolve(chosen.FIELDS, link)
    overview_view._picked(v, overview_view.look(v, subject()))(sent)


@pytest.mark.parametrize("sent", [None, 7, "most", ["card"], {}, {"card": "nowhere"}, {"card": None}, {"narrow": "yes"}, {"narrow": 1},
                                  {"unfold": "most"}, {"fold": "most"}, {"unfold": 3}])  # fmt: skip
def test_what_names_nothing_of_the_overview_sets_nothing(given, sent) -> None:
    pick(sent)
    assert given == []


def test_the_columns_can_be_made_narrow_and_wide_again(given) -> None:
    pick({"narrow": True})
    pick({"narrow": False}, network_narrow="true")
    assert given == [{"network_narrow": True}, {"network_narrow": False}]


NOWHERE = {chosen.MAP_ROW.key: chosen.NONE, chosen.MAP_COLUMN.key: chosen.NONE, chosen.PART.key: chosen.NONE}


def test_a_click_on_a_map_opens_it_and_forgets_the_place(given) -> None:
    pick({"card": "grow", "map": 1}, network_node="wide", network_map="3", network_map_y="2", network_map_x="4")
    assert given == [{"network_node": "grow", "network_map": 1} | NOWHERE]
    pick({"card": "grow", "map": 1}, network_node="grow", network_map="1")  # the same again: it stays open
    assert given[1:] == given[:1]


@pytest.mark.parametrize(("card", "number"), [("most", 0), ("shares", int(VALUES["shares"].argmax()))])
def test_a_click_on_a_card_opens_its_first_map_or_its_likeliest_class_and_once_more_closes_it(
    given, card, number
) -> None:
    pick({"card": card})
    pick({"card": card}, network_node="wide")
    pick({"card": card}, network_node=card)
    assert given == [{"network_node": name, "network_map": number} | NOWHERE for name in (card, card, "")]


def stages_of(*folded: str) -> overview_view.Look:
    """A look in which stages of these names can be folded."""
    v = resolve(chosen.FIELDS, {})
    look = overview_view.look(v, subject())
    stages = tuple(SimpleNamespace(name=name, folds=True) for name in folded)
    return look._replace(structure=look.structure._replace(stages=(*stages, SimpleNamespace(name="most", folds=False))))


@pytest.mark.parametrize(("sent", "expected"), [
    ({"unfold": "two"}, "one,two"), ({"fold": "one"}, ""), ({"fold": "two"}, "one"),
])  # fmt: skip
def test_stages_unfold_and_fold_and_names_of_other_networks_go(given, sent, expected) -> None:
    v = resolve(chosen.FIELDS, {"network_open": "one,fire9"})
    overview_view._picked(v, stages_of("one", "two"))(sent)
    assert given == [{"network_open": expected}]


@pytest.mark.parametrize(
    ("y", "x", "place"), [(0, 0, (0, 0)), (8, 8, (8, 8)), (9, 8, None), (8, 9, None), (-1, 3, None)]
)
def test_the_place_that_is_framed_lies_inside_the_map(y, x, place) -> None:
    link = {"network_node": "wide"} | ({"network_map_y": str(y)} if y >= 0 else {}) | {"network_map_x": str(x)}
    assert SHAPES["cut"][1:] == (9, 9)
    v = resolve(chosen.FIELDS, link)
    assert overview_view._place(v, overview_view.look(v, subject())) == place


def test_what_is_not_finite_has_no_bars_and_its_scores_are_those_before_the_softmax() -> None:
    v = resolve(chosen.FIELDS, {})
    answer = overview_view.look(v, subject()).answer
    np.testing.assert_allclose(answer.scores, VALUES["dense"], rtol=1e-6)
    np.testing.assert_allclose(answer.probabilities, VALUES["shares"], rtol=1e-6)
    order = np.argsort(-VALUES["shares"])
    assert answer.names == [list("abcde")[i] for i in order]
    assert overview_view.look(v, subject()._replace(key="none", classes=[])).answer is None
    assert overview_view.look(v, subject()._replace(key="four", classes=list("abcd"))).answer is None
    wrong = np.full(SHAPE, np.nan, np.float32)
    assert overview_view.look(v, subject()._replace(x=wrong, digest="nan")).answer is None


def test_a_network_takes_four_bytes_a_value() -> None:
    assert overview_view.memory({"a": (3, 5, 7), "b": (11,)}) == 4 * (105 + 11)


def test_two_networks_that_differ_in_one_weight_have_keys_of_their_own() -> None:
    def key(change: float) -> str:
        layer = Linear(28 * 28, 10, seed=1)
        weight = layer.weight.copy()
        weight[3, 4] += change
        layer.store({"weight": weight, "bias": layer.bias})
        graph = Graph([Node("flat", Flatten(), (INPUT,)), Node("dense", layer, ("flat",))], (1, 28, 28))
        return overview_view.digits(graph, X.ravel()[:784].reshape(1, 28, 28)).key

    assert key(0.0) == key(0.0) != key(0.5)
    assert key(0.0).startswith("digits ")


# The window that walks


def test_the_part_that_adds_most_at_the_place_walks_unless_one_is_chosen() -> None:
    sums = opened("wide", 4).steps[0].sums
    for place in ((0, 0), (4, 7), (8, 3)):
        largest = int(np.argmax([abs(part.made[place]) for part in sums.parts]))
        assert opened_map_view._part(resolve(chosen.FIELDS, {}), sums, place) is sums.parts[largest]
        for part in sums.parts:
            v = resolve(chosen.FIELDS, {chosen.PART.key: str(part.number)})
            assert opened_map_view._part(v, sums, place) is part


@pytest.mark.parametrize(("link", "place"), [
    ({}, None), ({"network_map_y": "3"}, None), ({"network_map_x": "3"}, None), ({"network_map_y": "3", "network_map_x": "6"}, (3, 6)),
    ({"network_map_y": "60", "network_map_x": "6"}, (8, 6)), ({"network_map_y": "2", "network_map_x": "60"}, (2, 8)),
])  # fmt: skip
def test_words_tell_of_the_place_that_is_chosen_or_of_the_strongest(monkeypatch, link, place) -> None:
    said, shown = [], opened("wide", 4)
    monkeypatch.setattr(opened_map_view.st, "markdown", said.append)
    monkeypatch.setattr(opened_map_view.st, "caption", said.append)
    walked = []
    monkeypatch.setattr(opened_map_view, "_explorer", lambda _, __, place: walked.append(place))
    opened_map_view._at_a_place(resolve(chosen.FIELDS, link), shown)
    made = VALUES["cut"][4]
    place = place or np.unravel_index(int(made.argmax()), made.shape)
    assert walked == [place]
    assert said[0].startswith(f"At row {place[0]}, column {place[1]}: wide sums ")
    assert said[1].startswith("Tap or click a place of the map")


def test_a_single_number_has_no_place(monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(opened_map_view.st, "markdown", said.append)
    monkeypatch.setattr(opened_map_view.st, "caption", said.append)
    opened_map_view._at_a_place(resolve(chosen.FIELDS, {}), opened("dense", 2))
    assert len(said) == 1
    assert said[0].startswith("dense sums ")


def test_where_nothing_came_out_the_place_is_the_strongest_before_it(monkeypatch) -> None:
    """A map that a ReLU made zero everywhere."""
    walked = []
    monkeypatch.setattr(opened_map_view, "_explorer", lambda _, __, place: walked.append(place))
    before = np.array([[-1, -2, -1], [-1, -1, -5]], np.float32)
    shown = opened("wide", 4)
    first, last = (step._replace(made=made) for step, made in zip(shown.steps, (before, before * 0), strict=True))
    sums = first.sums._replace(parts=[part._replace(made=before) for part in first.sums.parts])
    opened_map_view._at_a_place(resolve(chosen.FIELDS, {}), shown._replace(steps=[first._replace(sums=sums), last]))
    assert walked == [(1, 2)]


@pytest.mark.parametrize(("name", "mode", "titles"), [
    ("wide", "zeros", ("Map 1 that is read", "Slice of kernel 4", "Partial map")), ("most", "max", ("Read", "", "Made")),
    ("mean", "average", ("Read", "", "Made")), ("both", None, None),
])  # fmt: skip
def test_the_window_walks_over_what_its_layer_reads(monkeypatch, name, mode, titles) -> None:
    told: list[Any] = []
    monkeypatch.setattr(
        opened_map_view, "explorer_data", lambda *args, **more: told.append((args[5], more)) or {"data": True}
    )
    monkeypatch.setattr(opened_map_view, "window_explorer", lambda *args: told.append(args))
    monkeypatch.setattr(opened_map_view.lesson, "dark", lambda: False)
    shown = opened(name, 4 if name == "wide" else 0)
    v = resolve(chosen.FIELDS, {chosen.PART.key: "1"})
    opened_map_view._explorer(v, shown, (2, 1))
    if mode is None:
        assert told == []
        return
    (given_mode, more), (_, data, given_titles, at, _, _) = told
    assert (given_mode, more, data, given_titles) == (mode, {"picture": False}, {"data": True}, titles)
    assert at >= 0


def test_no_window_walks_over_what_is_no_number(monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(opened_map_view.st, "caption", said.append)
    monkeypatch.setattr(opened_map_view, "window_explorer", lambda *_: said.append("drawn"))
    shown = opened("most")
    wrong = shown.steps[0].reads[0].maps.copy()
    wrong[:] = np.inf
    step: Step = shown.steps[0]._replace(reads=[shown.steps[0].reads[0]._replace(maps=wrong)])
    opened_map_view._explorer(resolve(chosen.FIELDS, {}), shown._replace(steps=[step]), (2, 1))
    assert said == ["The window that would walk here meets what is no finite number."]


# In words


def words(name: str, channel: int, place: tuple[int, int]) -> list[str]:
    return [in_words(step, place).replace("\\", "") for step in opened(name, channel).steps]


def numbers(text: str) -> list[float]:
    """The numbers that stand before a bracket, a bold one without its stars."""
    signed = text.replace("\N{MINUS SIGN} ", "\N{MINUS SIGN}").replace("\N{MINUS SIGN}", "-")
    return [float(one) for one in re.findall(r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)(?= \(|\*\*)", signed)]


def test_the_largest_four_terms_are_told_and_the_others_together() -> None:
    place = (5, 7)
    [told] = words("grow", 1, place)
    parts = {part.number: float(part.made[place]) for part in opened("grow", 1).steps[0].sums.parts}
    order = sorted(parts, key=lambda number: -abs(parts[number]))[:4]
    assert re.findall(r"\((map \d+|the \d+ others|bias)\)", told) == [
        *(f"map {n}" for n in order),
        "the 10 others",
        "bias",
    ]
    found, total = numbers(told), float(VALUES["grow"][1][place])
    assert found[:4] == pytest.approx([parts[n] for n in order], rel=6e-3, abs=6e-4)
    assert found[4] == pytest.approx(total - 0.25 - sum(parts[n] for n in order), rel=2e-2, abs=2e-3)
    assert found[5:] == pytest.approx([0.25, total], rel=6e-3)


@pytest.mark.parametrize(("name", "channel"), [("wide", 4), ("grow", 1), ("left", 0)])
def test_who_adds_the_terms_up_comes_to_the_total(name, channel) -> None:
    for place in np.ndindex(3, 4):
        *terms, total = numbers(words(name, channel, place)[0])
        last = 10.0 ** (np.floor(np.log10(abs(total))) - 2)  # of three digits
        assert sum(terms) == pytest.approx(total, abs=last)


def test_few_terms_have_no_others_and_no_bias_is_not_told() -> None:
    [first, second] = words("wide", 4, (2, 3))
    assert re.findall(r"\((.*?)\)", first)[-1] == "bias"
    assert "others" not in first
    assert second == f"cut gives **{numbers(second)[0]:g}**: what is below 0 becomes 0."
    [right] = words("right", 0, (1, 1))
    assert "bias" not in right


@pytest.mark.parametrize(("name", "reason"), [
    ("most", "the largest of the values in its window"), ("mean", "the mean of the values in its window"),
])  # fmt: skip
def test_what_a_window_gives_is_told_with_its_reason(name, reason) -> None:
    [told] = words(name, 1, (2, 3))
    assert told.startswith(f"{name} gives **")
    assert told.endswith(f"**: {reason}.")
    assert numbers(told) == pytest.approx([float(VALUES[name][1][2, 3])], rel=6e-3)


def test_an_addition_and_a_share_are_told_with_what_they_are_made_of() -> None:
    [both] = words("both", 0, (3, 4))
    one, other, total = (float(VALUES[name][0][3, 4]) for name in ("left", "right", "both"))
    assert both == f"both sums {in_sum(one, other)} = **{number(total)}**."
    best = int(VALUES["shares"].argmax())
    [share] = words("shares", best, (0, 0))
    assert share.endswith(": e to the power of its score, divided by the sum of all 5 such powers.")
    assert numbers(share) == pytest.approx([float(VALUES["shares"][best])], rel=6e-3)


def in_sum(one: float, other: float) -> str:
    """With three decimals: the total has two."""
    return f"{one:.3f} {'-' if other < 0 else '+'} {abs(other):.3f}".replace("-", "\N{MINUS SIGN}")


def test_a_unit_of_a_dense_layer_sums_its_products() -> None:
    [told] = words("dense", 3, (0, 0))
    products = float((GRAPH.layer("dense").weight[3] * VALUES["flat"]).sum())
    assert numbers(told.replace(" + ", "** + ", 1)) == pytest.approx(
        [products, 0.5, products + 0.5], rel=6e-3, abs=6e-3
    )
