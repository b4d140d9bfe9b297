"""Limits of what is asked of an answer: at the limit a setting is taken, one beyond it gets a sentence."""

import math

import pytest

from instruments import classifier, fool_it
from instruments import why_this_answer as why
from instruments.fields import resolve
from tests.app.own_models import tiny

SIDES = {"digits": 28, "resnet8": 32, "squeezenet": 227}


def taken(fields, key: str, value: int | float, **codes: str) -> bool:
    v = resolve(fields, codes | {key: f"{value:g}"})
    assert set(v.problems) <= {key}
    return key not in v.problems


@pytest.mark.parametrize("network", SIDES)
def test_squares_and_strides_go_with_the_side_of_the_picture(network) -> None:
    side, link = SIDES[network], {"answer_network": network, "answer_method": "occlusion"}
    v = resolve(why.FIELDS, link)
    assert (v[why.SIZE], v[why.STRIDE], v[why.STEPS]) == (side // 4, side // 8, 16)
    assert v[why.ROW] == v[why.COLUMN] == (side - side // 4) // 2
    for key, low, high in (("answer_size", 2, side // 2), ("answer_stride", 1, side // 2), ("answer_steps", 1, 64),
                           ("answer_y", 0, side - side // 4), ("answer_x", 0, side - side // 4), ("answer_strength", 0, 1)):  # fmt: skip
        found = [taken(why.FIELDS, key, value, **link) for value in (low - 1, low, high, high + 1)]
        assert found == [False, True, True, False], key


@pytest.mark.parametrize(("key", "low", "high"), [
    ("fool_epsilon", 0, 32), ("fool_shift", -0.5, 0.5), ("fool_turn", -90, 90), ("fool_shrink", 0, 0.8), ("fool_seed", 0, 999),
    ("fool_steps", 10, 400), ("fool_channel", 0, 15),
])  # fmt: skip
def test_a_network_is_fooled_within_these_limits(key, low, high) -> None:
    link = {"fool_network": "digits", "fool_layer": "conv1"}
    step = 0.01 if isinstance(high, float) else 1
    found = [taken(fool_it.FIELDS, key, value, **link) for value in (low - step, low, high, high + step)]
    assert found == [False, True, True, False]


def test_what_is_set_before_anybody_chose() -> None:
    v = resolve(fool_it.FIELDS, {})
    named = {field.key.removeprefix("fool_"): v[field] for field in fool_it.FIELDS if field.key.startswith("fool_")}
    assert named == {
        "network": "squeezenet", "epsilon": 2, "layer": "fire5.concat", "off": (), "move": "shift", "shift": 0, "turn": 0, "shrink": 0,
        "channel": 0, "seed": 0, "steps": 100, "code": "none",
    }  # fmt: skip
    v = resolve(why.FIELDS, {})
    assert (v[why.FIRST], v[why.SECOND], v[why.STRENGTH], v[why.WEIGHTS], v[why.METHOD]) == (
        "1",
        "2",
        0.7,
        "none",
        "cam",
    )


def test_a_network_may_take_all_that_it_may_take(monkeypatch) -> None:
    """Of work, of memory and of cells a side: at the limit it is taken, one beyond it is too much."""
    shape = (3, 22, 34)
    graph = tiny(shape)
    shapes = graph.output_shapes(shape)
    work = graph.macs(shape) + 4 * math.prod(shapes["pool1"])  # a pooling window counts as a kernel does
    memory = 8 * sum(map(math.prod, shapes.values()))  # forward and back
    assert classifier.trouble(graph, shape) == ""
    for name, most, words in (("MAX_MACS", work, "multiply-adds"), ("MAX_MEMORY", memory, "maps take"), ("LARGEST", 34, "cells a side")):  # fmt: skip
        with monkeypatch.context() as patched:
            patched.setattr(classifier, name, most)
            assert classifier.trouble(graph, shape) == ""
            patched.setattr(classifier, name, most - 1)
            assert words in classifier.trouble(graph, shape)
