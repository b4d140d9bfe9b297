"""A graph folded for an overview: nodes into cards, cards into stages, and where each stands. From the graph alone.

A card is one layer with what only touches up its numbers: a convolution with its batch norm and ReLU, a flatten with the dense
layer behind it. A stage is several cards that are drawn as one until it is opened: a block with branches or a skip, a run of
cards that are alike, or, where a graph is very long, a dozen cards in a row.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers.base import Layer, Shape

# Kinds of layers that go into the card of the layer before them.
TOUCHES = frozenset({
    "batch norm", "response norm", "scale", "dropout", "relu", "leaky relu", "prelu", "elu", "sigmoid", "tanh", "gelu", "clip",
    "hard sigmoid", "hard swish", "silu", "softplus", "erf", "power",
})  # fmt: skip
LEADS = frozenset({"flatten", "reshape", "padding", "scale"})  # that go into the card of the layer behind them
WEIGHTED = frozenset({"conv", "transposed conv", "linear"})
LARGEST_BLOCK = 16  # cards of a block with branches; a larger one, as in a U-Net, is looked into
SHORTEST_RUN = 3  # cards that are alike, from where on they are a stage
MOST, DOZEN = 40, 12  # above so many things to draw, what is left is drawn in dozens


class Card(NamedTuple):
    """Nodes that are drawn as one."""

    name: str  # of the node that weighs, or of the first
    nodes: tuple[str, ...]  # in order, each but the first reading the one before
    reads: tuple[str, ...]  # names of cards, or "input"


class Stage(NamedTuple):
    """Cards that are drawn as one until they are unfolded; a single card that always stands for itself."""

    name: str
    cards: tuple[Card, ...]

    @property
    def folds(self) -> bool:
        """Whether there is anything to fold."""
        return len(self.cards) > 1


class Drawn(NamedTuple):
    """A card, or a stage that is folded, at its place."""

    name: str
    cards: tuple[Card, ...]  # of a folded stage all
    stage: str  # the stage of several cards that it is or that it stands in, "" for none
    folded: bool
    reads: tuple[str, ...]  # names of what is drawn, or "input"
    column: int  # 0 is the input's
    lane: int  # from the top, among those of its column

    @property
    def shown(self) -> str:
        """The node whose value it shows."""
        return self.cards[-1].nodes[-1]


def cards(graph: Graph) -> tuple[Card, ...]:
    """All nodes, each in one card, in an order in which a card reads only cards before it.

    >>> from cnn_core.networks import digits_network
    >>> [card.nodes for card in cards(digits_network())][:3]
    [('conv1', 'relu1'), ('pool1',), ('flatten', 'fc1', 'relu2')]
    """
    readers = _counted(name for node in graph.nodes for name in node.inputs)
    groups: dict[str, list[Node]] = {}  # by the last node's name
    for node in graph.nodes:
        before = groups.get(node.inputs[0]) if len(node.inputs) == 1 and readers[node.inputs[0]] == 1 else None
        if before is not None and _joins(before, node.layer):
            del groups[node.inputs[0]]
            groups[node.name] = [*before, node]
        else:
            groups[node.name] = [node]
    ordered = sorted(groups.values(), key=lambda group: graph.nodes.index(group[0]))
    names = {group[-1].name: _main(group).name for group in ordered} | {INPUT: INPUT}
    return tuple(
        Card(_main(group).name, tuple(node.name for node in group), _once(names[name] for name in group[0].inputs))
        for group in ordered
    )


def _joins(before: Sequence[Node], layer: Layer) -> bool:
    if layer.kind in TOUCHES:
        return before[-1].layer.kind != "flatten"
    return layer.kind in WEIGHTED and all(node.layer.kind in LEADS for node in before)


def _main(group: Sequence[Node]) -> Node:
    return next((node for node in group if node.layer.kind in WEIGHTED), group[0])


def stages(graph: Graph, shapes: Mapping[str, Shape]) -> tuple[Stage, ...]:
    """All cards, each in one stage, in order.

    Args:
        graph: the network.
        shapes: of its nodes' values, as `output_shapes` says.
    """
    found = cards(graph)
    signs = [(*(graph.layer(name).kind for name in card.nodes), shapes[card.nodes[-1]]) for card in found]
    spans = _runs(found, signs, _blocks(graph, found))
    if len(found) - sum(end - start - 1 for start, end in spans) > MOST:
        spans = _dozens(len(found), spans)
    starts, result, place = dict(spans), list[Stage](), 0
    taken = set[str]()
    while place < len(found):
        end = starts.get(place, place + 1)
        inside = found[place:end]
        name = inside[0].name if end - place == 1 else _stage_name(inside, taken)
        taken.add(name)
        result.append(Stage(name, inside))
        place = end
    return tuple(result)


Spans = list[tuple[int, int]]  # from the first card to before the last


def _blocks(graph: Graph, found: Sequence[Card]) -> Spans:
    """Cards between one whose value is read several times and the one in which all that comes of it meets again."""
    places = {card.name: place for place, card in enumerate(found, 1)} | {INPUT: 0}
    reads = [(), *(tuple(places[name] for name in card.reads) for card in found)]
    readers: list[list[int]] = [[] for _ in reads]
    for place, sources in enumerate(reads):
        for source in sources:
            readers[source].append(place)
    spans, fork = Spans(), 0
    while fork < len(reads):
        end = _meeting(fork, reads, readers)
        if not end:
            fork += 1
            continue
        taken = fork == 0 or bool(spans and spans[-1][1] >= fork)
        start = fork if not taken and _own_fork(graph, found, fork, end, fork in reads[end]) else fork + 1
        spans.append((start - 1, end))
        fork = end
    return spans


def _meeting(fork: int, reads: Sequence[Sequence[int]], readers: Sequence[Sequence[int]]) -> int:
    """The place where the branches that begin at a fork are one again; 0 if there is none near."""
    if len(readers[fork]) < 2:
        return 0
    for end in range(readers[fork][1], min(fork + LARGEST_BLOCK, len(reads) - 1) + 1):
        stays = all(reader <= end for place in range(fork + 1, end) for reader in readers[place])
        if stays and all(source >= fork for place in range(fork + 1, end + 1) for source in reads[place]):
            return end
    return 0


def _own_fork(graph: Graph, found: Sequence[Card], fork: int, end: int, skips: bool) -> bool:
    """Whether the card that is read several times belongs to the block: by its name, or since only the branches read it and
    they are laid side by side, as what a fire module squeezed."""
    inside = found[fork:end]
    if prefix := _prefix(inside):
        return found[fork - 1].name.startswith(f"{prefix}.")
    return graph.layer(inside[-1].nodes[0]).kind == "concat" and not skips


def _runs(found: Sequence[Card], signs: Sequence[object], spans: Spans) -> Spans:
    """These spans, and those of cards in a row that do the same to equally large maps."""
    inside = {place for start, end in spans for place in range(start, end)}
    result, start = Spans(spans), 0
    for place in range(1, len(found) + 1):
        goes_on = (
            place < len(found)
            and not {place, place - 1} & inside
            and signs[place] == signs[place - 1]
            and found[place].reads == (found[place - 1].name,)
        )
        if goes_on:
            continue
        if place - start >= SHORTEST_RUN:
            result.append((start, place))
        start = place
    return sorted(result)


def _dozens(cards_in_all: int, spans: Spans) -> Spans:
    """These spans, and what lies between them in dozens."""
    result, place = Spans(), 0
    for start, end in [*spans, (cards_in_all, cards_in_all)]:
        while start - place > 1:
            result.append((place, min(place + DOZEN, start)))
            place = result[-1][1]
        result += [(start, end)] if end > start else []
        place = end
    return result


def _prefix(inside: Iterable[Card]) -> str:
    """What the names of all cards that have a dot begin with, up to a dot: "fire2" of "fire2.squeeze" and "fire2.concat"."""
    parts = [card.name.split(".")[:-1] for card in inside if "." in card.name]
    common = [one[0] for one in zip(*parts, strict=False) if len(set(one)) == 1] if parts else []
    whole = len(common) and all(one[: len(common)] == common for one in parts)
    return ".".join(common) if whole else ""


def _stage_name(inside: Sequence[Card], taken: Collection[str]) -> str:
    prefix, rest = _prefix(inside), f"{inside[0].name} … {inside[-1].name}"
    return prefix if prefix and prefix not in taken else rest


def drawn(found: Sequence[Stage], opened: Collection[str]) -> tuple[Drawn, ...]:
    """What is drawn while these stages are open, each at its place: a column behind the last that it reads.

    Args:
        found: from `stages`.
        opened: names of stages.
    """
    shown: list[tuple[str, tuple[Card, ...], str, bool]] = []
    for stage in found:
        if stage.folds and stage.name not in opened:
            shown.append((stage.name, stage.cards, stage.name, True))
        else:
            shown += [(card.name, (card,), stage.name if stage.folds else "", False) for card in stage.cards]
    at = {card.name: name for name, inside, _, _ in shown for card in inside} | {INPUT: INPUT}
    columns, lanes, used = {INPUT: 0}, {INPUT: 0}, {(0, 0)}
    result = []
    for name, inside, stage_name, folded in shown:
        reads = _once(at[source] for card in inside for source in card.reads if at[source] != name)
        column = 1 + max((columns[source] for source in reads), default=0)
        lane = next(one for one in count(lanes[reads[0]] if reads else 0) if (column, one) not in used)
        columns[name], lanes[name] = column, lane
        used.add((column, lane))
        result.append(Drawn(name, inside, stage_name, folded, reads, column, lane))
    return tuple(result)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _counted(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts
