"""The overview on the network page: which network, what is folded, what the cards show, and sums that are true."""

import base64
import gc
import io
import json
import re
import weakref
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cnn_core import networks, onnx
from cnn_core.graph import INPUT, Graph, Node, chain
from cnn_core.images import resize
from cnn_core.layers import (
    Concat,
    Conv2d,
    ConvTranspose2d,
    Flatten,
    GlobalAvgPool2d,
    Linear,
    MaxPool2d,
    ReLU,
    Reshape,
    Sigmoid,
    Softmax,
    Transpose,
    Upsample,
)
from instruments import samples
from instruments.digits import all_digits
from tests.app.own_models import NETWORK, drop, middle, tiny
from tests.app.visits import component, components, sentences, visit
from ui.results import RESULTS


def seen(image: str, side: int) -> np.ndarray:
    """The middle square of a sample, apart from the page's own cutting."""
    photo = samples.load(image, 512)
    height, width = photo.shape[1:]
    cut = abs(height - width) // 2
    photo = photo[:, cut : cut + width] if height > width else photo[:, :, cut : cut + height]
    return resize(photo, side, side)


def cards(app) -> dict[str, dict[str, Any]]:
    return {card["name"]: card for card in component(app, "graph_viewer")["cards"]}


def numbers(text: str) -> list[float]:
    return [float(one.replace("\N{MINUS SIGN}", "-")) for one in re.findall(r"[\N{MINUS SIGN}]?\d+(?:\.\d+)?", text)]


def test_old_links_show_the_digits_network_and_its_overview() -> None:
    found = cards(visit("network", network_number="8123"))
    assert list(found) == ["input", "conv1", "pool1", "fc1", "fc2", "softmax"]
    assert [card["reads"][0]["card"] for card in list(found.values())[1:]] == ["input", "conv1", "pool1", "fc1", "fc2"]
    trace = networks.load("digits").trace(all_digits()[0][8123])
    best = int(trace["softmax"].argmax())
    assert (found["softmax"]["answers"][0]["label"], found["softmax"]["answers"][0]["map"]) == (str(best), best)
    assert found["fc2"]["answers"][0]["share"] == pytest.approx(1)
    maps = found["conv1"]["maps"]
    assert (maps["shown"], maps["size"], found["conv1"]["more"]) == (6, [24, 24], "+ 10 more")
    rows, columns = maps["tiles"]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(maps["src"].split(",")[1]))))
    tile = picture.reshape(rows, 24, columns, 24).swapaxes(1, 2).reshape(-1, 24, 24)[4]
    low, high = maps["encoded"]
    step = (high - low) / 255
    np.testing.assert_allclose(low + step * tile, trace["relu1"][4].clip(low, high), atol=0.51 * step)


def test_a_photo_network_answers_and_unfolds_as_the_link_says() -> None:
    app = visit("network", network_model="squeezenet", image="cat", network_open="fire2,no such stage")
    net, x = networks.load("squeezenet"), seen("cat", 227)
    found, probabilities = cards(app), net.forward(x)
    order = np.argsort(-probabilities)[:5]
    names = networks.classes("squeezenet")
    assert [answer["label"] for answer in found["softmax"]["answers"]] == [names[i] for i in order]
    assert {"fire2.squeeze", "fire2.expand1", "fire2.expand3", "fire2.concat", "fire3", "fire9"} < set(found)
    assert found["fire2.concat"]["reads"] == [
        {"card": "fire2.expand1", "offset": 0, "span": 64, "made": 1, "read": 1},
        {"card": "fire2.expand3", "offset": 64, "span": 64, "made": 1, "read": 1},
    ]
    assert (found["fire3"]["kind"], found["fire3"]["shape"], found["fire3"]["more"]) == (
        "stage",
        "128 × 56 × 56",
        "+ 122 more",
    )
    assert found["fire2.expand3"]["title"] == "expand3"
    assert [found[f"fire2.{name}"]["maps"]["shown"] for name in ("squeeze", "expand1", "expand3", "concat")] == [
        6,
        4,
        4,
        6,
    ]
    assert found["fire2.expand1"]["more"] == "+ 60 more"
    [conv, relu] = found["fire2.expand3"]["details"]
    assert conv["words"] == "convolution, 64 kernels of 16 × 3 × 3, padding 1"
    assert conv["facts"] == "64 × 56 × 56, 9,280 parameters, 28,901,376 multiply-adds, a cell sees 15 × 15 pixels"
    assert relu["name"] == "fire2.expand3_relu"
    box = net.window("fire2.expand3", 20, 31, input_shape=(3, 227, 227))
    rows, columns = found["fire2.expand3"]["fields"]
    assert (rows[20], columns[31]) == ([box.top, box.bottom], [box.left, box.right])


def test_narrow_cards_show_fewer_maps_and_say_so() -> None:
    app = visit("network", network_model="squeezenet", network_open="fire2", network_narrow="true")
    assert component(app, "graph_viewer")["narrow"] is True
    found = cards(app)
    assert [found[name]["maps"]["shown"] for name in ("conv1", "fire2.expand1", "fire2.concat", "fire3")] == [
        4,
        2,
        4,
        4,
    ]
    assert found["conv1"]["more"] == "+ 60 more"


def test_the_place_that_is_looked_at_is_framed_where_its_card_is_shown() -> None:
    link = {"network_node": "pool1", "network_map": "2", "network_map_x": "11"}
    inside, outside = (
        component(visit("network", **link, network_map_y=row), "graph_viewer")["chosen"] for row in ("3", "12")
    )
    assert inside == {"card": "pool1", "map": 2, "place": [3, 11]}
    assert outside["place"] is None


def test_a_photo_network_writes_its_softmax_with_the_largest_scores() -> None:
    app = visit("network", network_model="squeezenet", image="cat")
    scores = networks.load("squeezenet").trace(seen("cat", 227))["mean"]
    best, powers = int(scores.argmax()), np.exp(scores - scores.max())
    formula = app.latex[0].value.strip("$\n")
    assert formula.startswith(rf"p_{{{best}}} = \frac{{e^{{z_{{{best}}}}}}}")
    assert formula.endswith(f"{powers.sum():.4f}}} = {1 / powers.sum():.4g}")
    assert formula.count("e^") == 4 + 5


def test_another_photo_is_another_picture_of_the_same_cards() -> None:
    first, second = (cards(visit("network", network_model="resnet8", image=image)) for image in ("cat", "coffee"))
    assert list(first) == list(second) == ["input", "conv1", "block1", "block2", "block3", "mean", "fc", "softmax"]
    for name in ("input", "conv1", "block3"):
        assert first[name]["maps"]["src"] != second[name]["maps"]["src"]
        assert first[name]["details"] == second[name]["details"]


@pytest.mark.parametrize("channel", [0, 41])
def test_the_sum_of_an_opened_map_is_the_networks(channel) -> None:
    net, x = networks.load("squeezenet"), seen("cat", 227)
    trace, weights = net.trace(x), net.parameters()
    link = {"network_model": "squeezenet", "image": "cat", "network_node": "fire2.expand3"}
    app = visit("network", **link, network_map=str(channel), network_map_y="10", network_map_x="55")
    window = np.pad(trace["fire2.squeeze_relu"], ((0, 0), (1, 1), (1, 1)))[:, 10:13, 55:58]
    terms = (window * weights["fire2.expand3.weight"][channel]).sum((1, 2))
    bias = float(weights["fire2.expand3.bias"][channel])
    line = next(one for one in sentences(app).splitlines() if "sums" in one)
    said = re.search(r"sums (.*) = \*\*(.*?)\*\*\. .* gives \*\*(.*?)\*\*", line)
    for value, number in re.findall(r"([^ ]+) \(map (\d+)\)", said[1].replace("\N{MINUS SIGN} ", "\N{MINUS SIGN}")):
        assert numbers(value)[0] == pytest.approx(float(terms[int(number)]), rel=6e-3, abs=1e-3)
    assert numbers(said[2])[0] == pytest.approx(float(terms.sum()) + bias, rel=6e-3)
    assert numbers(said[3])[0] == pytest.approx(max(0.0, float(terms.sum()) + bias), rel=6e-3)
    panels = {panel["name"]: panel for panel in component(app, "map_viewer")["panels"]}
    assert panels["sum_read"]["shape"] == [12, 56, 56]
    assert panels["sum_slices"]["shape"] == [12, 3, 3]
    assert panels["sum_parts"]["shape"] == [13, 56, 56]
    assert panels["sum_parts"]["names"][-1] == "4 others"
    assert [panels[f"sum_{name}"]["tiles"] for name in ("read", "slices", "parts")] == [[1, 13]] * 3
    slices = np.asarray(Image.open(io.BytesIO(base64.b64decode(panels["sum_slices"]["src"].split(",")[1]))))
    assert slices.shape == (3, 39)
    assert (slices[:, 36:] == 128).all()  # the place below the others has no kernel
    assert panels["sum_fire2.expand3_relu"]["reads"][0]["panel"] == "sum_fire2.expand3"
    made = panels["sum_fire2.expand3"]
    assert made["low"] == pytest.approx(float(trace["fire2.expand3"][channel].min()), rel=1e-3, abs=1e-3)
    chosen = component(app, "graph_viewer")["chosen"]
    assert chosen == {"card": "fire2", "map": channel, "place": None}  # its stage is folded and shows another card
    walk = component(app, "window_explorer")
    part = int(re.search(r"Map (\d+)", walk["titles"][0])[1])
    assert part == int(np.abs(terms).argmax())
    assert np.ravel(walk["output"])[walk["at"]] == pytest.approx(float(terms[part]), rel=1e-3, abs=1e-3)
    np.testing.assert_allclose(walk["kernel"], weights["fire2.expand3.weight"][channel, part], atol=1e-6)


@pytest.mark.parametrize(
    ("link", "words", "panels"),
    [
        ({"network_node": "pool1"}, "pool1 gives", ["sum_read0", "sum_pool1"]),
        ({"network_node": "fc1", "network_map": "3"}, "fc1 sums", ["sum_read", "sum_slices", "sum_parts"]),
        ({"network_node": "softmax", "network_map": "7"}, "class **7**", ["sum_read0"]),
        ({"network_model": "resnet8", "network_node": "block2.add"}, "block2.add sums", ["sum_read0", "sum_read1", "sum_block2.add", "sum_block2.relu2"]),
        ({"network_model": "resnet8", "network_node": "mean"}, "mean gives", ["sum_read0"]),
        ({"network_model": "squeezenet", "network_node": "fire4.concat", "network_map": "200"}, "fire4.concat gives", ["sum_read0", "sum_fire4.concat"]),
    ],
)  # fmt: skip
def test_every_kind_of_layer_opens(link, words, panels) -> None:
    app = visit("network", **link)
    assert words in sentences(app)
    assert [panel["name"] for panel in component(app, "map_viewer")["panels"]] == panels


def test_batch_norm_is_written_with_its_numbers() -> None:
    app = visit("network", network_model="resnet8", image="cat", network_node="block1.conv1", network_map="3",
                network_map_y="30", network_map_x="2")  # fmt: skip
    net, x = networks.load("resnet8"), seen("cat", 32)
    trace, stored = net.trace(x), net.stored()
    line = next(one for one in sentences(app).splitlines() if "block1.norm1:" in one and "sums" in one)
    given = re.search(r"block1\.norm1: (.*?) = \*\*(.*?)\*\*", line)
    value = float(trace["block1.conv1"][3, 30, 2])
    assert numbers(given[1])[0] == pytest.approx(value, rel=6e-3)
    mean, deviation = stored["block1.norm1.running_mean"][3], np.sqrt(stored["block1.norm1.running_var"][3] + 0.001)
    expected = (value - mean) / deviation * stored["block1.norm1.weight"][3] + stored["block1.norm1.bias"][3]
    assert numbers(given[2])[0] == pytest.approx(float(expected), rel=6e-3)


def test_a_link_may_name_any_node_of_a_card() -> None:
    opened = [
        visit("network", network_model="resnet8", network_node=name, network_map="3") for name in ("conv1", "relu1")
    ]
    assert ["What made this map" in [one.value for one in app.subheader] for app in opened] == [True, True]
    first, second = ([panel["src"] for panel in component(app, "map_viewer")["panels"]] for app in opened)
    assert first == second


def test_names_that_a_network_does_not_have_open_nothing() -> None:
    app = visit("network", network_node="fire2.expand3", network_open="fire2", network_map="9")
    assert component(app, "graph_viewer")["chosen"] is None
    assert len(components(app, "map_viewer")) == 2
    assert dict(app.query_params)["network_node"] == "fire2.expand3"
    refused = visit("network", network_open=",".join(f"n{number}" for number in range(51)))
    assert "At most 50 stages" in sentences(refused) or "network_open" not in refused.query_params


def test_the_network_that_a_session_trained_is_shown_with_its_own_maps() -> None:
    ready, other = (cards(visit("network", network_kernels=count)) for count in ("16", "4"))
    assert other["conv1"]["shape"] == "4 × 24 × 24"
    assert other["conv1"]["maps"]["src"] != ready["conv1"]["maps"]["src"]


def unusual(node: str) -> AppTest:
    """A page that opens a map of a graph with layers that our own networks do not have."""

    def page(node: str) -> None:
        import numpy as np

        from cnn_core.graph import INPUT, Graph, Node
        from cnn_core.layers import (
            AdaptiveAvgPool2d,
            AvgPool2d,
            Concat,
            Conv2d,
            ConvTranspose2d,
            Flatten,
            GlobalMaxPool2d,
            Linear,
            LocalResponseNorm,
            LogSoftmax,
            MaxPool2d,
            Multiply,
            Pad2d,
            PReLU,
            Slice,
            Upsample,
        )
        from instruments import overview_settings
        from instruments.fields import resolve
        from ui import cache, opened_map_view, overview_view, settings

        graph = Graph(
            [
                Node("deep", Conv2d(3, 6, (3, 2), groups=3, padding="same", padding_mode="reflect"), (INPUT,)),
                Node("slopes", PReLU(6), ("deep",)),
                Node("mean2", AvgPool2d((2, 3), (1, 2), 1), ("slopes",)),
                Node("norm", LocalResponseNorm(3), ("mean2",)),
                Node("larger", ConvTranspose2d(6, 4, (2, 3), (2, 1)), ("norm",)),
                Node("first", Slice(1, 0, 2), ("larger",)),
                Node("gate", GlobalMaxPool2d(), ("first",)),
                Node("gated", Multiply(), ("first", "gate")),
                Node("twice", Upsample(scale_factor=2), ("gated",)),
                Node("wide", Pad2d(((1, 0), (2, 1))), ("twice",)),
                Node("spread", Conv2d(2, 5, 3, stride=(2, 3), dilation=(2, 1)), ("wide",)),
                Node("window", MaxPool2d(3, 2, 1, ceil_mode=True), ("spread",)),
                Node("below", Concat(axis=2), ("window", "window")),
                Node("bins", AdaptiveAvgPool2d((2, 3)), ("below",)),
                Node("flat", Flatten(), ("bins",)),
                Node("dense", Linear(30, 4), ("flat",)),
                Node("logs", LogSoftmax(), ("dense",)),
            ],
            (3, 11, 13),
        )
        settings.begin("unusual")
        v = resolve(overview_settings.FIELDS, {"network_node": node, "network_map": "1"})
        x = np.random.default_rng(2).random((3, 11, 13)).astype(np.float32)
        subject = overview_view.Subject("unusual", graph, (3, 11, 13), list("abcd"), x, cache.digest(x))
        look = overview_view.look(v, subject)
        overview_view.draw(v, look)
        assert opened_map_view.draw(v, look) is not None

    return AppTest.from_function(page, kwargs={"node": node}, default_timeout=30).run()


@pytest.mark.parametrize(
    "node",
    [
        "deep",
        "mean2",
        "larger",
        "first",
        "gate",
        "gated",
        "twice",
        "spread",
        "window",
        "below",
        "bins",
        "dense",
        "logs",
    ],
)
def test_every_layer_of_an_unusual_graph_opens(node) -> None:
    app = unusual(node)
    assert [error.value for error in app.exception] == []
    panels = component(app, "map_viewer")["panels"]
    assert all(np.isfinite([panel["low"], panel["high"]]).all() for panel in panels)
    assert re.search(r"(sums|gives|=) .*\*\*", sentences(app))


def test_names_of_layers_never_become_markdown() -> None:
    def page() -> None:
        import numpy as np

        from cnn_core.graph import INPUT, Graph, Node
        from cnn_core.layers import Conv2d, GlobalAvgPool2d
        from instruments import overview_settings
        from instruments.fields import resolve
        from ui import cache, opened_map_view, overview_view, settings

        name = "**bold** [a](https://a.example) $x$"
        nodes = [Node(name, Conv2d(1, 2, 3), (INPUT,)), Node("mean", GlobalAvgPool2d(keepdims=False), (name,))]
        settings.begin("names")
        x = np.ones((1, 6, 5), np.float32)
        v = resolve(overview_settings.FIELDS, {"network_node": name})
        subject = overview_view.Subject("names", Graph(nodes, (1, 6, 5)), (1, 6, 5), ["a", "b"], x, cache.digest(x))
        opened_map_view.draw(v, overview_view.look(v, subject))

    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    texts = [element.value for element in app.markdown] + [element.label for element in app.number_input]
    shown = [text for text in texts if "bold" in text]
    assert len(shown) == 2
    assert not any("**bold" in text or "[a](" in text or "$x$" in text for text in shown)


def test_an_own_model_is_looked_into_and_nothing_of_it_stays_when_it_goes() -> None:
    net = tiny()
    app = drop(visit("network", network_model="own", image="cat"), ("tiny.onnx", onnx.write(net)))
    assert {"conv1", "pool1", "conv2", "fc1"} <= set(cards(app))
    app.session_state["_settings"].given |= {"network_node": "conv2", "network_map": 3}
    app.run()
    assert "What made this map" in [one.value for one in app.subheader]
    held = weakref.ref(app.session_state["_own_model"].uploaded.graph)
    owner = app.session_state["_owner"].name
    assert RESULTS.bytes(owner) > 1000
    app.button(key="_own_remove").click().run()
    gc.collect()
    RESULTS.get("whoever comes next", lambda: "x")
    assert RESULTS.bytes(owner) == 0
    assert held() is None
    assert "_own_model" not in app.session_state


def no_classifiers() -> dict[str, Graph]:
    """Networks that answer with something else than a number a class, for pictures of 24 x 36."""
    detector = [
        Node("body", Conv2d(3, 8, 3, 2, 1, seed=1), (INPUT,)),  # (8, 12, 18)
        Node("near", Conv2d(8, 10, 1, seed=2), ("body",)),
        Node("near_rows", Reshape((2, 5, 216)), ("near",)),  # two boxes a cell, five numbers a box
        Node("near_boxes", Transpose((0, 1, 3, 2)), ("near_rows",)),
        Node("near_list", Reshape((432, 5)), ("near_boxes",)),
        Node("half", MaxPool2d(2), ("body",)),
        Node("far", Conv2d(8, 10, 1, seed=3), ("half",)),  # (10, 6, 9)
        Node("far_list", Reshape((108, 5)), ("far",)),
        Node("boxes", Concat(1), ("near_list", "far_list")),
        Node("sure", Sigmoid(), ("boxes",)),
    ]
    shape = (3, 24, 36)
    down, up = Conv2d(3, 6, 4, 2, 1, seed=4), ConvTranspose2d(6, 3, 4, 2, 1, seed=5)
    return {
        "segmenter": chain([Conv2d(3, 6, 3, 2, 1, seed=6), ReLU(), Upsample((24, 36), mode="bilinear"), Conv2d(6, 5, 1), Softmax(1)], shape),
        "auto-encoder": chain([down, ReLU(), up, Sigmoid()], shape),
        "super-resolution": chain([Conv2d(3, 6, 5, padding=2), ReLU(), Upsample(scale_factor=3), Conv2d(6, 3, 3, padding=1)], shape),
        "detector": Graph(detector, shape),
        "labels": chain([down, GlobalAvgPool2d(False), Sigmoid()], shape),
        "one number": chain([down, Flatten(), Linear(6 * 12 * 18, 1)], shape),
        "one map": chain([Conv2d(3, 1, 3)], shape),
        "channels last": chain([Conv2d(3, 5, 3, seed=7), Transpose((0, 2, 3, 1))], shape),
    }  # fmt: skip


NO_CLASSES = {
    "segmenter": "answers with 5 x 24 x 36 numbers, not with one a class",
    "auto-encoder": "answers with 3 x 24 x 36 numbers, not with one a class",
    "super-resolution": "answers with 3 x 72 x 108 numbers, not with one a class",
    "detector": "answers with 540 x 5 numbers, not with one a class",
    "labels": "ends in a sigmoid, which answers for each class alone",
    "one number": "answers with a single number",
    "one map": "answers with 1 x 22 x 34 numbers, not with one a class",
    "channels last": "answers with 5 x 22 x 34 numbers, not with one a class",
}


@pytest.mark.parametrize("kind", NO_CLASSES)
def test_a_network_that_names_no_classes_shows_its_maps_and_says_what_is_missing(kind) -> None:
    net = no_classifiers()[kind]
    file = onnx.write(net)
    app = drop(visit("network", network_model="own", image="cat"), ("mine.onnx", file))
    assert not app.error
    assert f"This network {NO_CLASSES[kind].replace(' x ', ' × ')}, so there are no bars" in sentences(app)
    assert "Softmax, written out" not in [one.value for one in app.subheader]
    assert not any("Class names" in area.label for area in app.text_area)
    read = onnx.read(file)
    x = resize(middle(samples.load("cat", 512), 36 / 24), 24, 36)
    expected, output = read.forward(x), read.output
    if kind == "channels last":  # shown as maps
        expected, output = expected.transpose(2, 0, 1), "conv1"
    assert f"gives {' × '.join(map(str, expected.shape))} numbers" in sentences(app)
    last = list(cards(app).values())[-1]
    assert last["answers"] == []
    maps = last["maps"]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(maps["src"].split(",")[1]))))
    rows, columns = maps["tiles"]
    low, high = maps["encoded"]
    drawn = (
        low + (high - low) / 255 * picture.reshape(rows, -1, columns, picture.shape[1] // columns).astype(float)
    ).swapaxes(1, 2)
    tiles = drawn.reshape(-1, *drawn.shape[2:])
    if kind == "super-resolution":  # shrunk to what a card has room for
        assert tiles[0].shape == (72, 108)
    if expected.ndim == 3:
        np.testing.assert_allclose(
            tiles[: len(expected)], expected[:6].clip(low, high), atol=0.51 * (high - low) / 255 + 1e-6
        )
    else:
        laid = tiles[0].ravel()[: expected.size]
        np.testing.assert_allclose(laid, expected.ravel().clip(low, high), atol=0.51 * (high - low) / 255 + 1e-6)
    app.session_state["_settings"].given |= {"network_node": output, "network_map": 0}
    app.run()
    assert not app.exception
    assert any(one.value.startswith("What made this") for one in app.subheader)


@pytest.mark.parametrize("page", NETWORK)
def test_pages_that_ask_about_classes_keep_asking_for_a_classifier(page) -> None:
    file = onnx.write(no_classifiers()["segmenter"])
    refused = drop(visit(page, **{NETWORK[page]: "own"}, image="cat"), ("mine.onnx", file))
    assert "choose one that names classes; this one can be seen on the page The whole network" in refused.error[0].value
    app = drop(visit("network", network_model="own", image="cat"), ("mine.onnx", file))
    app.switch_page(f"../pages/{page}.py").run()
    app.selectbox(key=NETWORK[page]).set_value("own").run()
    assert not app.exception
    said = [one.value for one in app.info if "names no classes" in one.value]
    assert len(said) == 1
    bars = [one.alt for image in app.get("image") for one in image.proto.imgs if "Probabilities" in one.alt]
    assert "Egyptian cat" in bars[0]


def page_with_too_large_numbers(node: str) -> None:
    """A network whose sums are infinite in places, and their differences no numbers."""
    import numpy as np

    from cnn_core.graph import INPUT, Graph, Node
    from cnn_core.layers import AvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Softmax
    from instruments import overview_settings
    from instruments.fields import resolve
    from ui import cache, lesson, opened_map_view, overview_view, settings

    large, apart = Conv2d(1, 2, 1, bias=False), Conv2d(2, 3, (1, 2), bias=False)
    large.store({"weight": np.float32([3e38, 2e38]).reshape(2, 1, 1, 1)})
    apart.store({"weight": np.float32([[[[1, 0]], [[-1, 0]]], [[[0, 1]], [[0, 2]]], [[[0, 0]], [[0, -1]]]])})
    graph = Graph(
        [
            Node("large", large, (INPUT,)),
            Node("apart", apart, ("large",)),
            Node("norm", BatchNorm2d(3), ("apart",)),
            Node("zeros", ReLU(), ("norm",)),
            Node("means", AvgPool2d((2, 1)), ("zeros",)),
            Node("largest", MaxPool2d(2), ("zeros",)),
            Node("flat", Flatten(), ("largest",)),
            Node("dense", Linear(12, 4), ("flat",)),
            Node("shares", Softmax(), ("dense",)),
        ],
        (1, 4, 5),
        "shares",
    )
    settings.begin("large numbers")
    v = resolve(overview_settings.FIELDS, {"network_node": node, "network_map": "0"})
    x = np.full((1, 4, 5), 0.25, np.float32)
    x[0, 1:3, 1:4] = 8
    subject = overview_view.Subject("large numbers", graph, (1, 4, 5), list("abcd"), x, cache.digest(x))
    look = overview_view.look(v, subject)
    overview_view.said(look)
    overview_view.draw(v, look)
    made = opened_map_view.draw(v, look)
    assert made is not None
    lesson.coloured_png(made)


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ("large", "gives|sums ∞"),
        ("apart", "not a number"),
        ("means", "not a number"),
        ("largest", "not a number"),
        ("dense", "not a number"),
        ("shares", "not a number"),
    ],
)
def test_numbers_that_are_not_finite_are_told_and_never_break_a_page(node, words) -> None:
    app = AppTest.from_function(page_with_too_large_numbers, kwargs={"node": node}, default_timeout=30).run()
    assert [error.value for error in app.exception] == []
    assert re.search(words, sentences(app))
    assert [one.value[:62] for one in app.info] == ["Some of the numbers here are infinite or not a number: too lar"]
    assert "answers this picture with what is infinite or not a number" in sentences(app)

    def no_json(constant: str) -> None:
        raise AssertionError(f"a browser reads no {constant}")

    for element in app.get("bidi_component"):
        json.loads(element.proto.json, parse_constant=no_json)
