"""Receptive fields of all cells at once, against `Graph.window` one by one, through skips, padding, dilation and upsampling."""

import numpy as np
import pytest

from cnn_core import networks
from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers import Add, Concat, Conv2d, GlobalAvgPool2d, MaxPool2d, Upsample
from instruments import receptive_fields as fields
from instruments.receptive_fields import receptive_fields, sizes_seen


def branched() -> Graph:
    """Unequal sides and strides, a dilated branch beside a plain one, a mean that is added to every place."""
    return Graph(
        [
            Node("a", Conv2d(2, 3, (3, 5), stride=(2, 1), padding=(1, 3)), (INPUT,)),
            Node("b", Conv2d(3, 4, 3, padding=(2, 3), dilation=(2, 3)), ("a",)),
            Node("c", Conv2d(3, 2, 1), ("a",)),
            Node("d", Concat(), ("b", "c")),
            Node("e", MaxPool2d((3, 2), (1, 2), ceil_mode=True), ("d",)),
            Node("f", Upsample(scale_factor=2), ("e",)),
            Node("g", GlobalAvgPool2d(), ("f",)),
            Node("h", Add(), ("f", "g")),
        ],
        (2, 17, 14),
    )


@pytest.mark.parametrize("graph", [branched(), networks.load("resnet8"), networks.load("digits")])
def test_each_cell_sees_what_the_graph_says(graph) -> None:
    shapes = graph.output_shapes()
    found = receptive_fields(graph, shapes)
    for node in graph.nodes:
        rows, columns = found[node.name]
        height, width = shapes[node.name][1:] if len(shapes[node.name]) == 3 else (1, 1)
        assert (len(rows), len(columns)) == (height, width)
        for y, x in zip(range(max(height, width)), range(max(height, width)), strict=True):
            y, x = y % height, x % width
            box = graph.window(node.name, y, x)
            assert (*rows[y], *columns[x]) == (box.top, box.bottom, box.left, box.right)


@pytest.mark.parametrize(
    ("graph", "shape"),
    [(branched(), None), (networks.load("resnet8"), None), (networks.load("squeezenet"), (3, 67, 71))],
)
def test_a_cell_sees_as_much_as_the_graph_says_wherever_that_does_not_depend_on_the_size(graph, shape) -> None:
    found, told = sizes_seen(graph), 0
    for node in graph.nodes:
        if found[node.name] is not None:
            assert found[node.name] == graph.receptive_field(node.name, shape)
            told += 1
    last = next(
        i for i, node in enumerate(graph.nodes) if not node.layer.moves_alike or node.layer.kind == "global pool"
    )
    assert told == last  # of all nodes before


def test_the_input_sees_itself() -> None:
    rows, columns = receptive_fields(branched(), branched().output_shapes())[INPUT]
    assert rows.tolist() == [[y, y + 1] for y in range(17)]
    assert np.ptp(columns, axis=1).tolist() == [1] * 14


def test_where_too_many_cells_are_looked_at_one_by_one_the_rest_see_the_whole_picture(monkeypatch) -> None:
    net = Graph(
        [Node("up", Upsample(scale_factor=2), (INPUT,)), Node("more", Upsample(scale_factor=2), ("up",))], (1, 5, 4)
    )
    shapes = net.output_shapes()
    exact = receptive_fields(net, shapes)["more"][0]
    monkeypatch.setattr(fields, "ONE_BY_ONE", 10 + 6)
    rows = receptive_fields(net, shapes)["more"][0]
    assert rows[:6].tolist() == exact[:6].tolist()
    assert rows[6:].tolist() == [[0, 5]] * 14
