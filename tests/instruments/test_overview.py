"""The overview's folding: every node in one card, the graph's edges between the cards, blocks and runs as stages, on any graph."""

import numpy as np
import pytest

from cnn_core import networks
from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers import Add, BatchNorm2d, Concat, Conv2d, GlobalAvgPool2d, Linear, MaxPool2d, ReLU, Upsample
from instruments import overview


def chain_with_skips(count: int) -> Graph:
    """So many nodes: a chain of convolutions and ReLUs, over three of each four of which a skip leads."""
    nodes, last = [], INPUT
    for number in range(count):
        layer = (Conv2d(4, 4, 3, padding=1), ReLU(), Conv2d(4, 4, 3, padding=1), Add())[number % 4]
        start = f"n{number - 4}" if number >= 4 else INPUT
        inputs = (last, start) if number % 4 == 3 else (last,)
        last = f"n{number}"
        nodes.append(Node(last, layer, inputs))
    return Graph(nodes, (4, 9, 7))


def chain(count: int) -> Graph:
    """Convolutions and ReLUs in a row, each tenth of another size."""
    nodes = []
    for number in range(count // 2):
        before = f"relu{number - 1}" if number else INPUT
        nodes.append(Node(f"conv{number}", Conv2d(4, 4, 3 if number % 10 else 5, padding=1), (before,)))
        nodes.append(Node(f"relu{number}", ReLU(), (f"conv{number}",)))
    return Graph(nodes, (4, 60, 60))


def side_by_side() -> Graph:
    """Two convolutions that read one, laid side by side: a fire module without its names."""
    return Graph(
        [
            Node("a", Conv2d(3, 2, 1), (INPUT,)),
            Node("b", ReLU(), ("a",)),
            Node("c", Conv2d(2, 4, 1), ("b",)),
            Node("d", Conv2d(2, 5, 3, padding=1), ("b",)),
            Node("e", ReLU(), ("d",)),
            Node("f", Concat(), ("c", "e")),
            Node("g", MaxPool2d(2), ("f",)),
        ],
        (3, 8, 6),
    )


def unet() -> Graph:
    """A skip over all the rest, and within it a residual block."""
    conv = [
        Node(f"{name}", Conv2d(4, 4, 3, padding=1), (before,)) for name, before in (("down", INPUT), ("c1", "pool"))
    ]
    more = [Node(f"c{n}", Conv2d(4, 4, 3, padding=1), (f"c{n - 1}",)) for n in range(2, 20)]
    return Graph(
        [
            conv[0],
            Node("pool", MaxPool2d(2), ("down",)),
            conv[1],
            *more,
            Node("add", Add(), ("c19", "c18")),
            Node("up", Upsample(scale_factor=2), ("add",)),
            Node("join", Concat(), ("up", "down")),
            Node("mean", GlobalAvgPool2d(keepdims=False), ("join",)),
            Node("fc", Linear(8, 2), ("mean",)),
        ],
        (4, 12, 8),
    )


def unlike(count: int) -> Graph:
    """Convolutions in a row of which no two neighbours are alike."""
    nodes = [Node(f"c{n}", Conv2d(2 + n % 2, 3 - n % 2, 1), (f"c{n - 1}" if n else INPUT,)) for n in range(count)]
    return Graph(nodes, (2, 9, 7))


def read_from_outside() -> Graph:
    """A skip at the end of a long one, over a layer that reads the long one, too."""
    row = [Node(f"c{n}", Conv2d(2, 2, 1), (f"c{n - 1}" if n else INPUT,)) for n in range(18)]
    return Graph(
        [
            *row,
            Node("d", Conv2d(2, 2, 3, padding=1), ("c17",)),
            Node("join", Concat(), ("d", "c0")),
            Node("e", Conv2d(4, 2, 1), ("join",)),
            Node("add", Add(), ("e", "c17")),
        ],
        (2, 8, 6),
    )


GRAPHS = {
    "digits": lambda: networks.load("digits"),
    "resnet8": lambda: networks.load("resnet8"),
    "squeezenet": lambda: networks.load("squeezenet"),
    "pnet": lambda: networks.load("pnet").graph,
    "skips": lambda: chain_with_skips(150),
    "long": lambda: chain(150),
    "beside": side_by_side,
    "unet": unet,
    "unlike": lambda: unlike(100),
    "outside": read_from_outside,
}
SHAPES = {"squeezenet": (3, 227, 227), "pnet": (3, 40, 30)}


def shapes_of(name: str, graph: Graph) -> dict[str, tuple[int, ...]]:
    return graph.output_shapes(SHAPES.get(name))


@pytest.mark.parametrize("name", GRAPHS)
def test_every_node_is_in_one_card_and_the_edges_are_the_graphs(name) -> None:
    graph = GRAPHS[name]()
    stages = overview.stages(graph, shapes_of(name, graph))
    cards = [card for stage in stages for card in stage.cards]
    assert sorted(node for card in cards for node in card.nodes) == sorted(node.name for node in graph.nodes)
    assert len({stage.name for stage in stages}) == len(stages)
    home = {node: card.name for card in cards for node in card.nodes} | {INPUT: INPUT}
    edges = {(home[source], home[node.name]) for node in graph.nodes for source in node.inputs}
    assert {(source, card.name) for card in cards for source in card.reads} == {(a, b) for a, b in edges if a != b}
    for card in cards:  # inside a card each node reads the one before, and nobody else does
        for before, node in zip(card.nodes, card.nodes[1:], strict=False):
            assert graph.node(node).inputs == (before,)
            assert [one.name for one in graph.nodes if before in one.inputs] == [node]


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("opened", [0, 1, 2])
def test_what_is_drawn_has_the_same_edges_and_a_place_of_its_own(name, opened) -> None:
    graph = GRAPHS[name]()
    stages = overview.stages(graph, shapes_of(name, graph))
    folding = [stage.name for stage in stages if stage.folds]
    wanted = [[], folding[-1:], folding][opened]
    drawn = overview.drawn(stages, wanted)
    home = {node: one.name for one in drawn for card in one.cards for node in card.nodes} | {INPUT: INPUT}
    assert len(home) == len(graph.nodes) + 1
    edges = {(home[source], home[node.name]) for node in graph.nodes for source in node.inputs}
    assert {(source, one.name) for one in drawn for source in one.reads} == {(a, b) for a, b in edges if a != b}
    places = {one.name: (one.column, one.lane) for one in drawn} | {INPUT: (0, 0)}
    assert len(set(places.values())) == len(places)
    assert all(places[source][0] < one.column for one in drawn for source in one.reads)
    assert [one.name for one in drawn if one.folded] == [stage for stage in folding if stage not in wanted]


def names(graph: Graph, shape: tuple[int, ...] | None = None) -> list[tuple[str, int]]:
    return [(stage.name, len(stage.cards)) for stage in overview.stages(graph, graph.output_shapes(shape))]


def test_known_networks_are_folded_as_their_papers_draw_them() -> None:
    fires = [("fire2", 4), ("fire3", 4), ("pool3", 1), ("fire4", 4), ("fire5", 4), ("pool5", 1)]
    fires += [(f"fire{number}", 4) for number in (6, 7, 8, 9)]
    ends = [("conv10", 1), ("mean", 1), ("softmax", 1)]
    assert names(networks.load("squeezenet"), (3, 227, 227)) == [("conv1", 1), ("pool1", 1), *fires, *ends]
    blocks = [("conv1", 1), ("block1", 3), ("block2", 4), ("block3", 4), ("mean", 1), ("fc", 1), ("softmax", 1)]
    assert names(networks.load("resnet8")) == blocks
    assert names(networks.load("digits")) == [(name, 1) for name in ("conv1", "pool1", "fc1", "fc2", "softmax")]


def test_a_block_is_found_without_names() -> None:
    [stage, pool] = overview.stages(side_by_side(), side_by_side().output_shapes())
    assert [card.nodes for card in stage.cards] == [("a", "b"), ("c",), ("d", "e"), ("f",)]
    assert (stage.name, pool.name) == ("a … f", "g")
    drawn = overview.drawn([stage, pool], [stage.name])
    assert [(one.name, one.column, one.lane) for one in drawn] == [
        ("a", 1, 0), ("c", 2, 0), ("d", 2, 1), ("f", 3, 0), ("g", 4, 0)
    ]  # fmt: skip


def test_a_long_graph_becomes_few_stages_and_a_large_block_is_looked_into() -> None:
    skips = names(chain_with_skips(150))
    assert skips[0] == ("n0 … n3", 3)  # conv and ReLU, conv, sum: the skip from the input leads past them
    assert len(skips) <= overview.MOST
    long = names(chain(150))
    assert long[0] == ("conv0 … conv9", 10)  # up to where the size changes
    large = dict(names(unet()))
    assert large["c1 … c18"] == 18  # a run inside what the long skip spans
    assert large["down"] == large["join"] == 1


def test_what_a_skip_leads_past_leaves_its_source_outside() -> None:
    nodes = [
        Node("a", Conv2d(2, 3, 1), (INPUT,)),
        Node("b", Conv2d(3, 3, 3, padding=1), ("a",)),
        Node("c", Concat(), ("b", "a")),  # as in a DenseNet
    ]
    assert names(Graph(nodes, (2, 8, 6))) == [("a", 1), ("b … c", 2)]


def test_what_is_unlike_is_drawn_in_dozens_once_there_is_too_much() -> None:
    assert len(names(unlike(40))) == 40
    many = names(unlike(100))
    assert [size for _, size in many] == [12] * 8 + [4]
    assert many[1][0] == "c12 … c23"


def test_a_block_has_one_entrance() -> None:
    assert names(read_from_outside()) == [("c0 … d", 19), ("join", 1), ("e", 1), ("add", 1)]


def test_what_touches_up_numbers_goes_with_its_layer_unless_others_read_them() -> None:
    nodes = [
        Node("conv", Conv2d(1, 2, 3), (INPUT,)),
        Node("norm", BatchNorm2d(2), ("conv",)),
        Node("relu", ReLU(), ("norm",)),
        Node("sum", Add(), ("relu", "norm")),
    ]
    assert [card.nodes for card in overview.cards(Graph(nodes, (1, 9, 9)))] == [("conv", "norm"), ("relu",), ("sum",)]
    assert np.isfinite(Graph(nodes, (1, 9, 9)).forward(np.ones((1, 9, 9)))).all()


def test_two_blocks_of_one_name_are_two_stages_of_different_names() -> None:
    nodes, last = [], INPUT
    for number in range(3):
        branches = [Node(f"block.{side}{number}", Conv2d(4, 4, 3, padding=1), (last,)) for side in ("left", "right")]
        last = f"block.sum{number}"
        nodes += [*branches, Node(last, Add(), (branches[0].name, branches[1].name))]
    graph = Graph(nodes, (4, 9, 7))
    stages = overview.stages(graph, graph.output_shapes())
    assert [stage.name for stage in stages] == ["block", "block.left1 … block.sum1", "block.left2 … block.sum2"]
