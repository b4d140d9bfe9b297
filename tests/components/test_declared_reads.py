"""What pages declare that cells read, compared with what changes when a number is changed."""

from collections.abc import Callable

import numpy as np
import pytest

from cnn_core import networks
from cnn_core.arguments import Array
from cnn_core.mnist import digits
from instruments import backward, faces, network
from instruments.fields import resolve
from tests.app.visits import component, components, visit
from tests.components.test_javascript import Panels, cells, framed
from ui import backward_view, network_view


def declared(panels) -> Panels:
    return {panel.name: (panel.shown.shape, list(panel.reads)) for panel in panels}


def influence(function: Callable[[Array], Array], x: Array, place: tuple[int, ...]) -> Array:
    """Where the result changes with one number of x."""
    moved = x.copy()
    moved[place] += 0.37
    return np.abs(function(moved) - function(x)) > 1e-9


@pytest.mark.parametrize("name", backward.OPERATIONS)
def test_gradients_read_what_changes_them(name, monkeypatch) -> None:
    rng = np.random.default_rng(5)
    monkeypatch.setattr(backward, "MATRIX", rng.normal(size=backward.MATRIX.shape))  # the page's has a 0
    field = backward.INCOMING.get(name)
    rows, columns = backward.OPERATIONS[name].grid
    text = "; ".join(" ".join(f"{value:.2f}" for value in row) for row in rng.normal(size=(rows, columns)))
    given = {"backward_operation": name} | ({field.key: text} if field else {})
    found = backward.compute(resolve(backward.FIELDS, given), rng.random((1, 40, 30), np.float32))
    found = found._replace(x=rng.normal(size=found.x.shape))  # no number is 0
    panels = backward_view.panels(name, found)
    shown = {panel.name: panel.shown for panel in panels}
    operation = backward.OPERATIONS[name]

    def as_shown(panel: str, array: Array) -> Array:
        maps = np.atleast_2d(array)
        maps = maps.reshape(-1, *maps.shape[-2:])
        return maps.swapaxes(1, 2) if (panel, name) == ("g", "linear") else maps

    for number, panel in enumerate([one for one in panels if one.name.startswith("o")]):
        questions = [(panel.name, place, False) for place in np.ndindex(shown[panel.name].shape)]
        answers = framed(declared(panels), *questions)
        expected = {place: {one.panel: set() for one in panel.reads} for _, place, _ in questions}
        for source, array in (("x", found.x), ("g", found.incoming)):
            if source not in {one.panel for one in panel.reads}:
                continue
            for at in np.ndindex(array.shape):

                def function(one, source=source, number=number):
                    grads = operation.backward(
                        one if source == "g" else found.incoming, one if source == "x" else found.x
                    )
                    return np.atleast_2d(grads[number])

                where = np.zeros(array.shape)
                where[at] = 1
                [there] = cells(as_shown(source, where))
                for place in cells(as_shown(panel.name, influence(function, array, at))):
                    expected[place][source].add(there)
        for (_, place, _), answer in zip(questions, answers, strict=True):
            for source, read in expected[place].items():
                framed_there = answer.get(source, set())
                if name in ("relu", "pool"):  # what is not the winner gets 0, whatever comes in
                    assert read <= framed_there
                    assert len(framed_there) == 1
                else:
                    assert framed_there == read, (panel.name, place, source)


@pytest.mark.parametrize(("kernels", "side", "pool"), [(16, 5, 2), (3, 4, 3), (2, 1, 1)])
def test_a_units_field_on_the_digit_is_the_graphs(kernels, side, pool) -> None:
    given = {"network_kernels": kernels, "network_side": side, "network_pool": pool}
    v = resolve(network.FIELDS, given)
    net = network.network(v)
    panels = network_view.panels(v, net.trace(digits()[0][8000]))
    shapes = {panel.name: panel.shown.shape for panel in panels}
    assert shapes["fc2"] == (1, 10, 1)
    for name, node in (("conv", "conv1"), ("relu", "relu1"), ("pool", "pool1")):
        count, height, width = shapes[name]
        for place in ((0, 0, 0), (count - 1, height - 1, width // 2), (count // 2, height // 2, width - 1)):
            [found] = framed(declared(panels), (name, place, False))
            box = net.window(node, place[1], place[2])
            assert found["input"] == {(0, y, x) for y in range(box.top, box.bottom) for x in range(box.left, box.right)}
            if name == "pool":
                assert {channel for channel, _, _ in found["relu"]} == {place[0]}
                assert len(found["relu"]) == pool * pool
    [logit] = framed(declared(panels), ("fc2", (0, 3, 0), False))
    assert {name: len(found) for name, found in logit.items()}["fc1"] == 128
    assert len(logit["pool"]) == np.prod(shapes["pool"])
    [hidden] = framed(declared(panels), ("fc1", (0, 2, 3), True))
    assert hidden == {"fc2": {(0, n, 0) for n in range(10)}}


@pytest.mark.parametrize("name", faces.NETWORKS)
def test_a_faces_map_reads_its_field_of_the_crop(name) -> None:
    box = np.array([3, 4, 40, 45, 0.9], np.float32)
    seen = faces.look_inside(np.random.default_rng(1).random((3, 60, 50), np.float32), name, box)
    graph = faces.network(name).graph
    for layer, maps in seen.maps.items():
        rows, columns = faces.windows(name, layer, maps)
        for y, x in ((0, 0), (maps.shape[1] - 1, maps.shape[2] // 2)):
            box = graph.window(layer, y, x, input_shape=seen.crop.shape)
            inside = [[at for at in axis.window(place) if at < axis.size] for axis, place in ((rows, y), (columns, x))]
            assert inside == [list(range(box.top, box.bottom)), list(range(box.left, box.right))]


def read_by(app, name: str, number: int) -> dict[str, list[tuple[str, str, str]]]:
    """What each panel of a viewer declares: panel, how, channels."""
    panels = component(app, name, number)["panels"]
    return {one["name"]: [(r["panel"], r["how"], r["channels"]) for r in one["reads"]] for one in panels}


def test_a_product_reads_a_row_and_a_column() -> None:
    app = visit("forward", forward_side="7", forward_kernels="3", forward_k="2", forward_stride="2")
    viewer = component(app, "map_viewer", 1)
    shapes = {one["name"]: one["shape"] for one in viewer["panels"]}
    assert shapes == {"matrix": [1, 3, 4], "columns": [1, 4, 9], "product": [1, 3, 9]}
    from ui.components.map_viewer.component import Reads

    panels: Panels = {
        "matrix": ((1, 3, 4), []),
        "columns": ((1, 4, 9), []),
        "product": ((1, 3, 9), [Reads("matrix", "row"), Reads("columns", "column")]),
    }
    assert read_by(app, "map_viewer", 1)["product"] == [("matrix", "row", "own"), ("columns", "column", "own")]
    one, tap = framed(panels, ("product", (0, 2, 5), False), ("columns", (0, 1, 5), True))
    a, b = np.ones((3, 4)), np.ones((4, 9))
    assert one["matrix"] == {(0, *at) for at in np.ndindex(3, 4) if influence(lambda a: a @ b, a, at)[2, 5]}
    assert one["columns"] == {(0, *at) for at in np.ndindex(4, 9) if influence(lambda b: a @ b, b, at)[2, 5]}
    assert tap["product"] == {(0, *at) for at in np.argwhere(influence(lambda b: a @ b, b, (1, 5))).tolist()}


PAGES = {
    ("activation", 0): {"before": [], "after": [("before", "same", "own")]},
    ("activation", 1): {"twice": [], "once": [], "difference": [("twice", "same", "own"), ("once", "same", "own")]},
    ("pooling", 0): {"map": [], "pooled": [("map", "window", "own")]},
    ("stride_padding", 0): {"input": [], "convolution": [("input", "window", "own")]},
    ("why", 0): {
        "image": [],
        "shuffled": [],
        "edges": [("image", "window", "own")],
        "noise": [("shuffled", "window", "own")],
    },
    ("features", 0): {
        "image": [],
        "plain": [("image", "window", "own")],
        "normalised": [("image", "window", "own")],
    },
    ("channels", 0): {
        "red": [],
        "green": [],
        "blue": [],
        "sum": [("red", "same", "own"), ("green", "same", "own"), ("blue", "same", "own")],
    },
    ("training", 0): {"before": []},
}


@pytest.mark.parametrize("page", sorted({page for page, _ in PAGES}))
def test_pages_declare_what_is_read_and_nothing_else(page) -> None:
    app = visit(page, size="64")
    for (name, number), expected in PAGES.items():
        if name == page:
            assert read_by(app, "map_viewer", number) == expected
    for viewer in components(app, "map_viewer"):
        assert viewer  # every viewer names panels that are there: it raises otherwise


def test_windows_on_whole_images_have_the_settings_that_are_shown() -> None:
    app = visit("stride_padding", size="64", image="cat", walk_kernel="4", walk_stride="3", walk_padding="2")
    _, convolution = component(app, "map_viewer")["panels"]
    [read] = convolution["reads"]
    assert [read["rows"][key] for key in ("kernel", "stride", "before", "outputs")] == [
        4,
        3,
        2,
        convolution["shape"][1],
    ]
    app = visit("pooling", size="64", image="cat", pooling_size="3", pooling_stride="2", pooling_padding="1")
    _, pooled = component(app, "map_viewer")["panels"]
    [read] = pooled["reads"]
    assert [read["columns"][key] for key in ("kernel", "stride", "before")] == [3, 2, 1]
    assert read["columns"]["outputs"] == pooled["shape"][2]
    assert networks.classes("digits")[3] == "3"
