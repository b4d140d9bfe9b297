"""What pages give to their viewers: panels and what their cells read, curves, formulas, files, clicks that mean something."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cnn_core import networks
from instruments import fool_it, network, skips
from instruments import why_this_answer as why
from instruments.digits import all_digits
from instruments.fields import resolve
from instruments.growing import Growing
from ui import fool_it_view, lesson, network_view, settings, skips_view, training_view
from ui import why_this_answer_view as answer_view
from ui.components.first_picture import component as first_picture

DIGIT = all_digits()[0][8123]


@pytest.fixture
def told(monkeypatch) -> dict[str, Any]:
    """What is given to viewers, by their keys, with the page's words, and what clicks set."""
    seen: dict[str, Any] = {"words": [], "given": []}

    def viewer(key: str, panels: Any, **more: Any) -> None:
        seen[key] = {panel.name: panel for panel in panels}
        seen[f"{key}_more"] = more

    for module in (network_view, training_view, answer_view, fool_it_view, skips_view):
        monkeypatch.setattr(module, "map_viewer", viewer)
    monkeypatch.setattr(lesson.st, "markdown", lambda words, **_: seen["words"].append(words))
    monkeypatch.setattr(lesson.st, "latex", seen["words"].append)
    monkeypatch.setattr(lesson, "dark", lambda: False)
    monkeypatch.setattr(first_picture, "drawn", lambda: True)
    monkeypatch.setattr(lesson, "charts", lambda key, figures, height=320: seen.update({key: (figures, height)}))
    monkeypatch.setattr(settings, "give", seen["given"].append)
    return seen


# The network of digits


def test_each_layer_reads_the_one_before_through_its_own_window(told) -> None:
    v = resolve(network.FIELDS, {"network_kernels": "3", "network_side": "4", "network_pool": "3"})
    trace = network.network(v).trace(DIGIT) | {"input": DIGIT}
    network_view.layers(v, trace)
    panels = told["network_maps"]
    reads = {name: [one.message() for one in panel.reads] for name, panel in panels.items()}
    side = {"size": 28, "kernel": 4, "stride": 1, "before": 0, "dilation": 1, "outputs": 25}
    pool = {"size": 25, "kernel": 3, "stride": 3, "before": 0, "dilation": 1, "outputs": 8}
    window = {"how": "window", "transposed": False}
    assert reads["conv"] == [window | {"panel": "input", "channels": "all", "rows": side, "columns": side}]
    assert reads["pool"] == [window | {"panel": "relu", "channels": "own", "rows": pool, "columns": pool}]
    assert [(one["panel"], one["how"], one["channels"]) for name in ("relu", "fc1", "fc2") for one in reads[name]] == [
        ("conv", "same", "own"), ("pool", "all", "all"), ("fc1", "all", "all")]  # fmt: skip
    end = float(np.abs(trace["conv1"]).max())
    assert [panels[name].end for name in panels] == [None, end, end, end, None, None]
    assert [panel.kind for panel in panels.values()] == ["grey", "diverging", *["sequential"] * 3, "diverging"]
    assert panels["fc2"].maps.ravel().tolist() == trace["fc2"].tolist()


@pytest.mark.parametrize(("place", "taken"), [
    ({"stage": "conv", "channel": 2, "y": 3, "x": 5}, True), ({"stage": "relu", "channel": 2, "y": 3, "x": 5}, True),
    ({"stage": "pool", "channel": 2, "y": 3, "x": 5}, False), (None, False), ("conv", False), ([], False), ({}, False),
])  # fmt: skip
def test_a_click_on_a_unit_chooses_it(told, place, taken) -> None:
    v = resolve(network.FIELDS, {})
    network_view.layers(v, networks.load("digits").trace(DIGIT) | {"input": DIGIT})
    told["network_maps_more"]["on_click"](place)
    assert told["given"] == ([{"network_channel": 2, "network_y": 3, "network_x": 5}] if taken else [])


def test_votes_are_written_as_the_sum_that_they_are(told) -> None:
    net = networks.load("digits")
    trace = net.trace(DIGIT)
    network_view.votes(net, trace, 7)
    hidden = net.parameters()["fc2.weight"][7] * trace["relu2"]
    np.testing.assert_allclose(told["network_why"]["votes"].maps.ravel(), hidden, rtol=1e-6)
    assert told["network_why"]["unit"].title.endswith(f"hidden unit {np.abs(hidden).argmax()}")
    assert told["words"][1].startswith(r"z_{7} = \sum_j w_j h_j + b = ")
    numbers = [float(part) for part in told["words"][1].replace("\N{MINUS SIGN}", "-").replace("(", "").replace(")", "").split("b = ")[1].replace("=", "+").split(" + ")]  # fmt: skip
    assert numbers == pytest.approx(
        [hidden.sum(), net.parameters()["fc2.bias"][7], trace["fc2"][7]], rel=6e-3, abs=6e-3
    )


# Training


def test_guessing_is_drawn_where_guessing_is(told) -> None:
    training = SimpleNamespace(
        losses=lambda: ([9, 10], np.array([2.0, 1.5])), checks=[(5, 0.25), (10, 0.5)], learned=lambda: [0.375, 0.75], before=None)  # fmt: skip
    training_view.curves(training, False)
    charts, height = told["_training"]
    assert height < 320  # both are in sight beside what moves them
    loss, accuracy = (make() for make in charts.values())
    lines = {line.name: (list(line.x), list(line.y)) for line in (*loss.data, *accuracy.data)}
    assert lines["guessing: ln 10"] == ([9, 10], pytest.approx([np.log(10)] * 2))
    assert lines["guessing"] == ([5, 10], [0.1, 0.1])
    assert lines["mean of 9 batches"] == ([9, 10], [2.0, 1.5])
    assert lines["on digits it learns from"] == ([5, 10], [0.375, 0.75])
    assert next(value for name, value in lines.items() if "unseen" in name) == ([5, 10], [0.25, 0.5])
    training.before = SimpleNamespace(steps=[1], losses=[3.0], checked=[2], accuracies=[0.125])
    training_view.curves(training, True)
    loss, accuracy = (make() for make in told["_training"][0].values())
    assert [(list(one.data[0].x), list(one.data[0].y)) for one in (loss, accuracy)] == [([1], [3.0]), ([2], [0.125])]
    assert len({line.line.color for line in loss.data}) == 1  # all of them are of runs before


# Why this answer?


def asked(x: np.ndarray) -> answer_view.Asked:
    scores = np.array([1.5, -2, 0.25], np.float32)
    answer = why.Answer(scores, np.array([0.7, 0.1, 0.2], np.float32), [0, 2, 1], ["cat *", "cow", "dog"])
    return answer_view.Asked(x, "digest", answer, (0, 2), ("cat *", "cow"))


@pytest.mark.parametrize("sign", [1, -1])
def test_both_classes_lie_over_the_photo_on_one_scale(told, sign) -> None:
    v = resolve(why.FIELDS, {"answer_network": "resnet8", "answer_method": "saliency", "answer_strength": "1"})
    maps = np.zeros((2, 32, 32), np.float32)
    maps[0, 3, 4], maps[1, 10, 20] = 4, 2 * sign
    answer_view.over_the_photo(v, asked(np.full((3, 32, 32), 0.5, np.float32)), maps)
    panels = told["answer_over"]
    assert [panel.title for panel in panels.values()] == [
        "What the network sees",
        "Why “cat *”?",
        "Why “cow”?",
        "“cat *”, not “cow”",
    ]
    orange, grey = np.array([1, 0.5, 0]), np.full(3, 0.5)
    np.testing.assert_allclose(panels["first"].maps[:, 3, 4], orange, atol=1e-3)
    np.testing.assert_allclose(panels["first"].maps[:, 0, 0], grey, atol=1e-3)
    np.testing.assert_allclose(
        panels["second"].maps[:, 10, 20], (orange if sign > 0 else np.array([0.1, 0.4, 1])) / 2 + grey / 2, atol=1e-3
    )
    against = panels["against"].maps[:, 10, 20]
    assert (against[2] > against[0]) == (sign > 0)
    legends = {name: panels[name].legend for name in ("first", "second", "against")}
    assert legends["first"] == legends["second"]
    assert legends["first"].words == (
        ("0", "for it: 4") if sign > 0 else ("against it: \N{MINUS SIGN}4", "0", "for it: 4")
    )
    assert legends["against"].words == ("the other: \N{MINUS SIGN}4", "0", "this: 4")
    assert ("blue against it" in told["words"][0]) == (sign < 0)
    assert r"**cat \*** " not in told["words"][0]
    assert r"**cat \***" in told["words"][0]


def test_maps_in_numbers_have_one_end_and_their_difference_its_own(told) -> None:
    maps = np.array([[[1.0, -3]], [[2.0, 5]]], np.float32)
    answer_view.in_numbers(asked(np.zeros((3, 2, 2), np.float32)), maps)
    panels = told["answer_maps"]
    assert [(name, panel.maps.tolist(), panel.end) for name, panel in panels.items()] == [
        ("map1", [[[1, -3]]], 5), ("map2", [[[2, 5]]], 5), ("difference", [[[-1, -8]]], None)]  # fmt: skip
    answer_view.in_numbers(asked(np.zeros((3, 2, 2), np.float32)), maps * 0)
    assert told["answer_maps"]["map1"].end == 1


@pytest.mark.parametrize(("method", "expected"), [
    ("saliency", r"M_{yx} = \max_c \left| \frac{\partial S}{\partial x_{cyx}} \right| \le 3"),
    ("gradcam", r"\frac{1}{1 \cdot 2} \sum_{y,x} \frac{\partial S}{\partial A_{kyx}}, \quad \max M = 3"),
    ("cam", r"S = \frac{1}{1 \cdot 2} \sum_{y,x} M_{yx} + b = 2.000 + (-0.500) = 1.500"),
    ("occlusion", r"S(\text{covered from } 0, 0 \text{ to } 7, 7) = 1.500 - (0.500) = 1.000"),
])  # fmt: skip
def test_formulas_have_the_first_class_s_numbers(method, expected) -> None:
    v = resolve(why.FIELDS, {"answer_network": "resnet8", "answer_method": method})
    found = np.array([[[1.0, 3]], [[7.0, 9]]], np.float32)
    shown = answer_view.formula(v, asked(np.zeros((3, 32, 32), np.float32)), found)
    assert shown.endswith(expected)


def test_a_mean_that_is_the_score_has_no_bias_in_its_formula() -> None:
    v = resolve(why.FIELDS, {"answer_network": "resnet8", "answer_method": "cam"})
    shown = answer_view.formula(v, asked(np.zeros((3, 32, 32), np.float32)), np.array([[[0.0, 3]]], np.float32))
    assert shown == r"S = \frac{1}{1 \cdot 2} \sum_{y,x} M_{yx} = 1.500"


def test_what_takes_its_time_is_held_and_the_oldest_go(monkeypatch) -> None:
    monkeypatch.setattr(answer_view.st, "session_state", {})

    def hold(key: int) -> tuple[Growing, bool]:
        begun = []
        return answer_view.held(key, lambda: begun.append(1) or Growing(iter([]), 1)), bool(begun)

    assert [hold(key)[1] for key in (1, 2, 3, 4, 5, 6)] == [True] * 6
    first, again = hold(1)
    assert not again
    assert hold(7)[1]  # 2 is the oldest now
    assert hold(1) == (first, False)
    assert hold(2)[1]


# Fool it


def test_no_change_is_called_no_change(told) -> None:
    x = np.full((1, 2, 3), 0.25, np.float32)
    fool_it_view.side_by_side(resolve(fool_it.FIELDS, {"fool_epsilon": "0"}), x, x)
    difference = told["fool_pictures"]["difference"]
    assert (difference.maps == 0.5).all()
    assert difference.legend.words == ("", "0: no change", "")


@pytest.mark.parametrize(("epsilon", "steps"), [("4", "4/255"), ("0.5", "0.5/255")])
def test_a_difference_of_epsilon_is_white_or_black(told, epsilon, steps) -> None:
    v = resolve(fool_it.FIELDS, {"fool_epsilon": epsilon})
    x = np.full((1, 2, 3), 0.5, np.float32)
    other = x.copy()
    other[0, 0, :2] += np.float32([1, -1]) * float(epsilon) / 255 / 2
    fool_it_view.side_by_side(v, x, other)
    panels = told["fool_pictures"]
    assert list(panels) == ["before", "after", "difference"]
    np.testing.assert_allclose(panels["difference"].maps[0, 0], [0.75, 0.25, 0.5], atol=1e-5)
    assert panels["difference"].legend.words == (f"−{steps}", "0", f"+{steps}")


def test_bars_in_percent_have_a_title_that_names_no_other_scale(monkeypatch) -> None:
    titles = []
    monkeypatch.setattr(answer_view.figures, "bars", lambda _, __, title, *___, **____: titles.append(title))
    monkeypatch.setattr(answer_view.st, "image", lambda _, alt: titles.append(alt))
    monkeypatch.setattr(lesson, "dark", lambda: False)
    answer_view.bars(["a", "b"], [0.25, 0.75])
    assert titles == ["probability", "Probabilities: a 25.0%, b 75.0%"]


def test_words_compare_two_answers(told) -> None:
    before = asked(np.zeros((1, 1, 1))).answer
    fool_it_view.compare(before, before)
    fool_it_view.compare(before, before._replace(scores=before.scores * 2, probabilities=np.array([0.9, 0, 0.1])))
    fool_it_view.compare(
        before, why.Answer(before.scores[::-1], np.array([0.2, 0.1, 0.7]), [2, 0, 1], ["cow", "cat *", "dog"])
    )
    assert told["words"] == [
        r"Nothing is changed: it says **cat \***, with 70.0%.", r"It still says **cat \***, which had 70.0% and has 90.0%.",
        r"It now says **cow**. **cat \*** had 70.0% and has 20.0%."]  # fmt: skip


# Skips


@pytest.mark.parametrize("cut", [False, True])
def test_a_sum_reads_what_the_skip_brings_unless_it_is_cut(told, cut) -> None:
    v = resolve(skips.FIELDS, {"skips_cut2": str(cut).lower(), "skips_block": "2", "skips_map": "3"})
    parts = [np.full((1, 2, 3), value, np.float32) for value in (1, -4, -3, 0)]
    found = SimpleNamespace(**dict(zip(("given", "computed", "added", "left"), parts, strict=True)), share=4.0)
    monkey = type("Found", (), {**vars(found), "__iter__": lambda _: iter(parts)})()
    skips_view.through_a_block(v, monkey)
    panels = told["skips_block_maps"]
    assert [panel.end for panel in panels.values()] == [4] * 4
    assert [(one.panel, one.how) for one in panels["added"].reads] == [("given", "same")] * (not cut) + [
        ("computed", "same")
    ]
    assert panels["added"].title == ("Computed alone" if cut else "Sum")
    assert panels["given"].title == "Block 2, map 3: given"
    assert [(one.panel, one.how) for one in panels["left"].reads] == [("added", "same")]
    assert told["words"] == ["What is computed is **4** times as large as what is given."]


@pytest.mark.parametrize("count", [0, 3])
def test_mistakes_are_shown_or_there_are_none(told, monkeypatch, count) -> None:
    table = np.diag(np.arange(10))
    table[3, 5] = 7
    asked_for: list[int] = []
    wrong = [(DIGIT, n, n + 1) for n in range(count)]
    training = SimpleNamespace(confusion=lambda: table, mistakes=lambda most: asked_for.append(most) or wrong)
    praised: list[str] = []
    monkeypatch.setattr(training_view.st, "success", praised.append)
    tables: list[Any] = []
    monkeypatch.setattr(lesson, "table", tables.append)
    training_view.mistakes(training)
    assert asked_for == [4]
    assert tables[0]["right class"] == [str(n) for n in range(10)] or tables[0]["right class"] == tuple(
        map(str, range(10))
    )
    assert list(tables[0]["says 5"]) == [0, 0, 0, 7, 0, 5, 0, 0, 0, 0]
    if count:
        panels = told["training_mistakes"]
        assert [(panel.title, panel.image) for panel in panels.values()] == [
            (f"{n}, says {n + 1}", True) for n in range(3)
        ]
    else:
        assert "training_mistakes" not in told
    assert len(praised) == (not count)


@pytest.mark.parametrize(("place", "given"), [
    ({"y": 10, "x": 20}, (6, 16)), ({"y": 0, "x": 3}, (0, 0)), ({"y": 31, "x": 27}, (24, 23)), ({"y": 28, "x": 29}, (24, 24)),
    ({"y": 4, "x": 5}, (0, 1)), ({"y": 1.5, "x": 2}, None), ({"x": 2}, None), ({"y": 2}, None), (None, None), ([1, 2], None),
])  # fmt: skip
def test_a_click_puts_the_middle_of_the_square_there_as_far_as_it_fits(told, monkeypatch, place, given) -> None:
    v = resolve(why.FIELDS, {"answer_network": "resnet8", "answer_method": "occlusion", "answer_size": "8"})
    monkeypatch.setattr(answer_view.st, "subheader", told["words"].append)
    monkeypatch.setattr(answer_view, "beside", lambda _: (nullcontext(), nullcontext()))
    monkeypatch.setattr(answer_view, "stepper", lambda *_: None)
    before = asked(np.full((3, 32, 32), 0.25, np.float32))
    now = before.answer._replace(
        scores=np.array([1.0, -2, 0.5], np.float32), probabilities=np.array([0.5, 0.1, 0.4], np.float32)
    )
    pictures: list[np.ndarray] = []
    monkeypatch.setattr(answer_view, "answer_to", lambda _, picture: pictures.append(picture) or now)
    answer_view.place_the_square(v, before)
    assert told["words"][2:] == [
        r"**cat \***: 70.0%, covered 50.0%; its score falls by 0.500.", "**cow**: 20.0%, covered 40.0%; its score rises by 0.250.",
        r"The network now says **cat \***."]  # fmt: skip
    assert int((pictures[0] != 0.25).any(0).sum()) == 64
    told["answer_square_more"]["on_click"](place)
    assert told["given"] == ([] if given is None else [{"answer_y": given[0], "answer_x": given[1]}])
