"""What a card shows of a value: its first maps as bytes on a scale, its largest named values, and how its maps are made."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers import (
    Add,
    Concat,
    Conv2d,
    ConvTranspose2d,
    Flatten,
    GlobalAvgPool2d,
    Linear,
    MaxPool2d,
    ReLU,
    Softmax,
)
from instruments.overview import drawn
from ui import overview_cards
from ui.overview_cards import Shown, shown

RNG = np.random.default_rng(4)
GRAPH = Graph(
    [
        Node("first", Conv2d(2, 6, (3, 2), (2, 1), seed=1), (INPUT,)),
        Node("relu", ReLU(), ("first",)),
        Node("apart", Conv2d(6, 12, 3, padding=1, groups=3, seed=2), ("relu",)),
        Node("stamps", ConvTranspose2d(6, 4, 1, groups=2, seed=3), ("relu",)),
        Node("both", Concat(), ("apart", "stamps")),
        Node("pool", MaxPool2d(2), ("both",)),
        Node("sum", Add(), ("pool", "pool")),
        Node("mean", GlobalAvgPool2d(keepdims=False), ("sum",)),
        Node("dense", Linear(16, 3, seed=4), ("mean",)),
        Node("shares", Softmax(), ("dense",)),
    ],
    (2, 21, 15),
)
MADE = overview_cards.structure(GRAPH, (2, 21, 15))


def card(name: str, value: Shown | None = None) -> dict:
    seen = drawn(MADE.stages, [stage.name for stage in MADE.stages if stage.folds])
    one = next(one for one in seen if name in one.cards[-1].nodes)
    value = value or Shown(None, [], "")
    return overview_cards.card(GRAPH, MADE, one, value, overview_cards.places(seen))


def picture(maps: overview_cards.Picture) -> np.ndarray:
    """The maps that a card shows, as values, (C, h, w)."""
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(maps.src.split(",")[1]))))
    rows, columns = maps.tiles
    assert maps.encoded is not None
    low, high = maps.encoded
    tiles = grey.reshape(rows, grey.shape[0] // rows, columns, grey.shape[1] // columns).swapaxes(1, 2)
    return low + (high - low) / 255 * tiles.reshape(-1, *tiles.shape[2:]).astype(float)


@pytest.mark.parametrize(
    ("count", "room", "more"),
    [(6, None, ""), (7, None, "+ 1 more"), (3, None, ""), (5, 4, "+ 1 more"), (2_006, 6, "+ 2,000 more")],
)
def test_the_first_maps_are_shown_and_the_others_counted(count, room, more) -> None:
    value = RNG.normal(size=(count, 3, 5)).astype(np.float32)
    found = shown(value, ["a", "b"]) if room is None else shown(value, ["a", "b"], room)
    kept = min(count, room or 6)
    assert (found.answers, found.more) == ([], more)
    assert found.maps is not None
    assert (found.maps.shown, found.maps.size, found.maps.units, found.maps.scale) == (kept, (3, 5), False, "diverging")
    end = found.maps.end
    assert found.maps.encoded == (-end, end)
    sizes = np.abs(value).ravel()
    assert np.quantile(sizes, 0.98) <= end <= sizes.max()
    np.testing.assert_allclose(picture(found.maps)[:kept], value[:kept].clip(-end, end), atol=end / 255 * 1.01)


def test_what_is_never_negative_has_colours_of_its_own() -> None:
    for value, scale in (
        (np.ones((2, 3, 5)), "sequential"),
        (np.zeros((2, 3, 5)), "sequential"),
        (-np.ones((2, 3, 5)), "diverging"),
    ):
        assert shown(value.astype(np.float32), []).maps.scale == scale
    assert shown(np.zeros((2, 3, 5), np.float32), []).maps.end == 1
    one = np.zeros((1, 40, 50), np.float32)
    one[0, 3, 4] = 7.5  # so few that no part of the values reaches it
    assert shown(one, []).maps.end == 7.5


@pytest.mark.parametrize(
    ("height", "width", "small"), [(48, 60, (48, 60)), (95, 200, (95, 200)), (96, 200, (48, 100)), (200, 150, (66, 50))]
)
def test_large_maps_are_shrunk_to_means_of_blocks(height, width, small) -> None:
    value = RNG.random((1, height, width)).astype(np.float32)
    maps = shown(value, []).maps
    assert maps.size == (height, width)
    found = picture(maps)[0]
    assert found.shape == small
    block = height // small[0]
    means = value[0, : small[0] * block, : small[1] * block].reshape(small[0], block, small[1], block).mean((1, 3))
    np.testing.assert_allclose(found, means.clip(0, maps.end), atol=maps.end / 255 * 1.01)


def test_places_behind_the_last_map_are_as_grey_as_zero() -> None:
    found = picture(shown(np.ones((5, 4, 4), np.float32), []).maps)
    assert len(found) == 6
    assert np.abs(found[5]).max() <= 1 / 255


@pytest.mark.parametrize(("values", "texts", "shares"), [
    ([0.1, 0.6, 0.05, 0.2, 0.03, 0.02], ["60.0%", "20.0%", "10.0%", "5.0%", "3.0%"], [0.6, 0.2, 0.1, 0.05, 0.03]),
    ([-4.0, 2.0, -1.0, 1.0, 0.0, -3.0], ["2", "1", "0", "\N{MINUS SIGN}1", "\N{MINUS SIGN}3"], [0.5, 0.25, 0, 0, 0]),
    ([0.1, 0.6, 0.05, 0.2, 0.03, 0.022], ["0.6", "0.2", "0.1", "0.05", "0.03"], [1, 1 / 3, 1 / 6, 1 / 12, 1 / 20]),
    ([0.0] * 6, ["0"] * 5, [0] * 5),
])  # fmt: skip
def test_named_values_stand_with_their_names_the_largest_first(values, texts, shares) -> None:
    names = list("abcdef")
    found = shown(np.array(values, np.float32), names)
    order = np.argsort(-np.array(values), kind="stable")[:5]
    assert [answer.label for answer in found.answers] == [names[i] for i in order]
    assert [answer.map for answer in found.answers] == order.tolist()
    assert [answer.share for answer in found.answers] == pytest.approx(shares, abs=1e-6)
    assert [answer.text for answer in found.answers] == texts
    assert (found.maps, found.more) == (None, "+ 1 more")
    assert shown(np.array(values[:4], np.float32), names[:4]).more == ""


@pytest.mark.parametrize("names", [["a"] * 127, []])
def test_units_without_names_are_laid_in_lines(names) -> None:
    values = RNG.normal(size=128).astype(np.float32)
    found = shown(values, names)
    assert (found.answers, found.more, found.maps.units, found.maps.size) == ([], "128 units", True, (8, 16))
    np.testing.assert_allclose(
        picture(found.maps)[0].ravel(), values.clip(-found.maps.end, found.maps.end), atol=found.maps.end / 127
    )
    odd = shown(np.ones(23, np.float32), names)
    assert (odd.more, odd.maps.size) == ("23 units", (3, 8))
    laid = picture(odd.maps)[0].ravel()
    np.testing.assert_allclose(laid, [1] * 23 + [0], atol=0.01)


def test_named_values_that_are_no_numbers_are_units() -> None:
    found = shown(np.array([1, np.nan, np.inf], np.float32), ["a", "b", "c"])
    assert (found.answers, found.more) == ([], "3 units")


@pytest.mark.parametrize(
    ("lanes", "narrow", "expected"),
    [
        (1, False, 6),
        (2, False, 4),
        (3, False, 2),
        (4, False, 2),
        (1, True, 4),
        (2, True, 2),
        (3, True, 1),
        (5, True, 1),
    ],
)
def test_branches_below_each_other_have_less_room(lanes, narrow, expected) -> None:
    class Place:
        column = 3

    assert overview_cards.room([Place()] * lanes, narrow) == [expected] * lanes


def test_cards_say_of_which_maps_theirs_are_made() -> None:
    """Each of 12 maps in 3 groups is made of 2 of 6, each of 4 stamped maps in 2 groups of 3."""
    assert card("apart")["reads"] == [{"card": "first", "offset": 0, "span": 12, "made": 4, "read": 2}]
    assert card("stamps")["reads"] == [{"card": "first", "offset": 0, "span": 4, "made": 2, "read": 3}]
    assert card("first")["reads"] == [{"card": INPUT, "offset": 0, "span": 6, "made": 6, "read": 2}]
    assert card("both")["reads"] == [
        {"card": "apart", "offset": 0, "span": 12, "made": 1, "read": 1},
        {"card": "stamps", "offset": 12, "span": 4, "made": 1, "read": 1},
    ]
    assert card("pool")["reads"] == [{"card": "both", "offset": 0, "span": 16, "made": 1, "read": 1}]
    assert card("dense")["reads"] == [{"card": "mean", "offset": 0, "span": 3, "made": 3, "read": 16}]
    assert card("shares")["reads"] == [{"card": "dense", "offset": 0, "span": 3, "made": 3, "read": 3}]


def test_a_card_says_its_numbers() -> None:
    value = shown(np.ones((6, 10, 14), np.float32), [])
    first = card("first", value)
    assert (first["name"], first["kind"], first["shape"], first["more"]) == ("first", "card", "6 × 10 × 14", "")
    assert first["words"].count(" · ") == 1
    [conv, relu] = first["details"]
    count = 6 * 2 * 3 * 2 + 6
    assert (
        conv["facts"]
        == f"6 × 10 × 14, {count} parameters, {6 * 2 * 3 * 2 * 10 * 14:,} multiply-adds, a cell sees 3 × 2 pixels"
    )
    assert relu["facts"] == "6 × 10 × 14, a cell sees 3 × 2 pixels"
    assert [len(side) for side in first["fields"]] == [10, 14]
    assert first["fields"][0][4] == [8, 11]
    assert first["fields"][1][5] == [5, 7]
    assert card("mean", shown(np.ones(16, np.float32), []))["fields"] is None
    assert card("first")["fields"] is None
    assert card("mean")["details"][0]["facts"].endswith("a cell sees the whole picture")


@pytest.mark.parametrize(("size", "fields", "words"), [
    ((3, 5), None, "a cell sees 3 × 5 pixels"), ((3, 15), None, "a cell sees 3 × 15 pixels"), ((21, 14), None, "a cell sees 21 × 14 pixels"),
    ((21, 15), None, "a cell sees the whole picture"), ((30, 99), None, "a cell sees the whole picture"),
    (None, ([[0, 2], [1, 5]], [[0, 3], [4, 9]]), "a cell sees up to 4 × 5 pixels"),
    (None, ([[0, 21]], [[0, 15]]), "a cell sees the whole picture"),
])  # fmt: skip
def test_what_a_cell_sees_in_words(size, fields, words) -> None:
    ranges = tuple(map(np.array, fields)) if fields else ()
    assert overview_cards._sees(size, (2, 21, 15), ranges) == words


@pytest.mark.parametrize(("channels", "words"), [(3, "a colour picture"), (1, "a grey picture")])
def test_the_first_card_is_the_picture(channels, words) -> None:
    told = overview_cards.input_card(np.zeros((channels, 21, 15)), "data:x")
    assert (told["words"], told["shape"], told["column"], told["lane"]) == (words, f"{channels} × 21 × 15", 0, 0)
    maps = told["maps"]
    assert (maps["src"], maps["tiles"], maps["shown"], maps["size"], maps["scale"], maps["encoded"], maps["units"]) == (
        "data:x", (1, 1), 1, (21, 15), "grey", None, False)  # fmt: skip
    assert told["details"] == [{"name": "input", "words": words, "facts": f"{channels} × 21 × 15"}]


def test_a_flattened_value_of_a_folded_stage_is_made_of_every_map() -> None:
    nodes = [Node(f"conv{n}", Conv2d(4, 4, 3, padding=1, seed=n), (f"conv{n - 1}" if n else INPUT,)) for n in range(6)]
    graph = Graph(
        [*nodes, Node("flat", Flatten(), ("conv5",)), Node("dense", Linear(80, 2, seed=1), ("flat",))], (4, 4, 5)
    )
    made = overview_cards.structure(graph, (4, 4, 5))
    folded = drawn(made.stages, ())
    told = overview_cards.card(graph, made, folded[0], Shown(None, [], ""), overview_cards.places(folded))
    assert (told["kind"], told["words"], told["title"]) == ("stage", "6 steps", "conv0 … conv5")
    assert told["reads"] == [{"card": INPUT, "offset": 0, "span": 4, "made": 4, "read": 4}]
