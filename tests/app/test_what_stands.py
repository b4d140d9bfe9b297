"""What a page has to show stands there: the editor, the bars, the words of a stepper, and what waits until it is set."""

import numpy as np
import pytest

from cnn_core import networks
from cnn_core.digits import prepare
from instruments import home, network
from tests.app.visits import component, sentences, visit
from ui.formulas import number
from ui.ready_digit import READY


def test_the_kernel_page_has_the_kernel_to_drag() -> None:
    data = component(visit("kernel", size="32", kernel="1 2; 3 -4"), "kernel_editor")
    assert (data["text"], data["values"]) == ("1 2; 3 -4", [[1, 2], [3, -4]])


@pytest.mark.parametrize(
    ("query", "opened"), [({}, False), ({"kernel_stride": "2"}, True), ({"kernel_stride": "99"}, True), ({"kernel_bias": "1"}, False)]
)  # fmt: skip
def test_what_is_taught_later_is_open_once_some_of_it_is_set_or_refused(query, opened) -> None:
    app = visit("kernel", size="32", **query)
    (later,) = (one for one in app.main.expander if one.label.startswith("And then"))
    assert later.proto.expanded is opened


@pytest.mark.parametrize("sign", [-1, 1])
def test_home_says_what_relu_keeps(sign) -> None:
    trace = home.trace(prepare(READY.pixels))
    values = trace["conv1"][5]
    y, x = next(zip(*np.nonzero((values * sign > 0.05) & (values * sign < 0.9)), strict=True))
    app = visit("home")
    app.session_state["_home_clicked"] = {"stage": "relu", "channel": 5, "y": int(y), "x": int(x)}
    app.run()
    kept = number(values[y, x]) if sign > 0 else "0"
    assert f"max(0, {number(values[y, x])}) = **{kept}**" in sentences(app)


def test_pooling_adds_nothing() -> None:
    trace = home.trace(prepare(READY.pixels))
    v = home.unit({"stage": "pool", "channel": 2, "y": 6, "x": 4})
    assert network.pooling_around(v, trace).bias == 0


@pytest.mark.parametrize(("node", "label"), [("conv1", "Map of conv1"), ("fc1", "Unit of fc1")])
def test_a_map_or_a_unit_is_chosen(node, label) -> None:
    assert visit("network", network_node=node).number_input(key="network_map").label == label


def test_skips_and_norms_shows_the_ten_probabilities() -> None:
    app = visit("skips", image="cat")
    (bars,) = (one.alt for image in app.get("image") for one in image.proto.imgs if "Probabilities" in one.alt)
    assert [name for name in networks.classes("resnet8") if f"{name} " in bars] == list(networks.classes("resnet8"))


def test_weights_of_one_s_own_that_are_missing_can_be_loaded() -> None:
    app = visit("network", network_weights="yours")
    (load,) = (one for one in app.main.expander if one.label == "Load a weights file")
    assert load.proto.expanded is True


@pytest.mark.parametrize(("node", "scale"), [("conv1", "grey"), ("pool1", "sequential")])
def test_what_a_layer_reads_of_the_picture_keeps_its_greys(node, scale) -> None:
    panels = component(visit("network", network_node=node), "map_viewer", 0)["panels"]
    (read,) = (panel for panel in panels if panel["name"].startswith("sum_read"))
    assert read["scale"] == scale
