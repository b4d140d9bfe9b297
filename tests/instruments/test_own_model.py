"""A network of one's own: what its input means, what is guessed, bounds that follow it, names of classes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_core import attribution, networks, onnx
from cnn_core.graph import Graph, Node, chain
from cnn_core.layers import (
    Conv2d,
    Flatten,
    GlobalAvgPool2d,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Reshape,
    Scale,
    Sigmoid,
    Softmax,
    Transpose,
    Upsample,
)
from instruments import class_names, fool_it, models, overlays, own_model
from instruments import why_this_answer as why
from instruments.classifier import expect_classifier, expect_pictures
from instruments.fields import SettingError, Values, resolve
from instruments.input_meaning import Meaning, guessed
from instruments.own_model import HEIGHT, UPLOADED, VALUES, WIDTH, Uploaded
from tests.app.own_models import open_sized, tiny

PIXEL = np.array([0.2, 0.4, 1.0])  # R, G, B


def held(graph: Graph, names: tuple[str, ...] = ()) -> Uploaded:
    return Uploaded("mine.onnx", "1234", graph, names)


def values(graph: Graph, fields=why.FIELDS, **codes: str) -> Values:
    network = {"answer_network": "own", "fool_network": "own"}
    return resolve(fields, network | codes, facts={UPLOADED: held(graph)})


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("unit", PIXEL),
        ("bytes", [51, 102, 255]),
        ("signed", [-0.6, -0.2, 1]),
        ("imagenet", [(0.2 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, (1 - 0.406) / 0.225]),
        ("caffe", [51 - 123.68, 102 - 116.78, 255 - 103.94]),
        ("cifar10", [(0.2 - 0.4914) / 0.2470, (0.4 - 0.4822) / 0.2435, (1 - 0.4465) / 0.2616]),
        ("mnist", (PIXEL - 0.1307) / 0.3081),
    ],
)
def test_a_pixel_reaches_the_network_as_its_numbers_mean(code, expected) -> None:
    pixel = np.broadcast_to(PIXEL[:, None, None], (3, 22, 34)).astype(np.float32)
    model = why.model(values(tiny(), model_values=code))
    trace = model.graph.trace(pixel)
    np.testing.assert_allclose(trace["pixels"][:, 3, 5], expected, atol=2e-3)
    blue_first = why.model(values(tiny(), model_values=code, model_colours="bgr"))
    np.testing.assert_allclose(blue_first.graph.trace(pixel)["blue_first"][:, 3, 5], expected[::-1], atol=2e-3)
    assert len({model.digest, blue_first.digest, "1234"}) == 3
    np.testing.assert_array_equal(trace["conv1"], tiny().trace(trace["pixels"])["conv1"])


def test_grey_has_one_mean_and_the_names_of_layers_are_left_to_the_file() -> None:
    net = tiny((1, 22, 34))
    taken = Graph([Node("pixels", net.nodes[0].layer, ("input",)), *(
        node._replace(inputs=tuple("pixels" if one == "conv1" else one for one in node.inputs)) for node in net.nodes[1:]
    )], net.input_shape)  # fmt: skip
    model = why.model(values(taken, model_values="mnist", model_colours="bgr"))
    assert [node.name for node in model.graph.nodes][:2] == ["pixels_", "pixels"]
    x = np.full((1, 22, 34), 0.5, np.float32)
    np.testing.assert_allclose(model.graph.trace(x)["pixels_"], (0.5 - 0.1307) / 0.3081, rtol=1e-5)
    model = why.model(values(net, model_values="imagenet"))
    np.testing.assert_allclose(model.graph.trace(x)["pixels"], (0.5 - 0.449) / 0.226, rtol=1e-4)


def keras_like(factor: float, first: str = "scale") -> Graph:
    """Multiplies its input first, as Keras's rescaling does; behind a reshape, as files without an axis for channels have it."""
    nodes = [] if first == "scale" else [Node("reshape", Reshape((1, 20, 24)), ("input",))]
    nodes.append(Node("rescaling", Scale(factor, -1.0), ("reshape" if nodes else "input",)))
    for before, (name, layer) in zip(
        ("rescaling", "conv", "mean"),
        {"conv": Conv2d(1, 4, 3), "mean": GlobalAvgPool2d(keepdims=False), "end": Softmax()}.items(),
        strict=True,
    ):
        nodes.append(Node(name, layer, (before,)))
    return Graph(nodes, (1, 20, 24))


@pytest.mark.parametrize(
    ("graph", "code"),
    [
        (keras_like(1 / 255), "bytes"),
        (keras_like(1 / 127.5), "bytes"),
        (keras_like(1 / 255 / 0.225, "reshape"), "bytes"),
        (keras_like(255.0), "unit"),
        (keras_like(2.0), "unit"),
        (keras_like(0.5), "unit"),
        (open_sized(1000), "imagenet"),
        (open_sized(999), "unit"),
        (tiny((1, 28, 28), 10), "unit"),
    ],
)
def test_what_pixels_mean_is_guessed_and_can_be_changed(graph, code) -> None:
    v = values(graph)
    assert v[VALUES] == code
    assert f"pixel values are “{own_model.RANGES[code].words}”" in own_model.said(held(graph), v)
    other = "signed" if code != "signed" else "unit"
    assert "pixel values" not in own_model.said(held(graph), values(graph, model_values=other))


@pytest.mark.parametrize(
    ("shape", "classes", "names", "finds_digit"),
    [
        ((3, 40, 48), 1000, networks.classes("squeezenet"), False),
        ((3, 32, 32), 10, networks.classes("resnet8"), False),
        ((1, 28, 28), 10, networks.classes("digits"), True),
        ((1, 32, 32), 10, networks.classes("digits"), True),
        ((1, 32, 40), 4, [f"class {n}" for n in range(4)], False),
        ((3, 28, 28), 10, [f"class {n}" for n in range(10)], False),
    ],
)
def test_names_of_classes_and_digits_are_guessed(shape, classes, names, finds_digit) -> None:
    model = why.model(values(tiny(shape, classes)))
    assert list(model.classes) == names
    assert model.finds_digit == finds_digit
    assert model.cover == (0.0 if finds_digit else 0.5)
    photo = np.random.default_rng(0).random((3, 50, 64), dtype=np.float32)
    assert model.square(photo).shape == shape


def test_names_that_are_given_stand_before_guesses_and_the_rest_is_numbered() -> None:
    net = tiny((3, 32, 32), 10)
    own = held(net, ("a", "b"))
    v = resolve(why.FIELDS, {"answer_network": "own"}, facts={UPLOADED: own})
    assert why.model(v).classes == ("a", "b", *(f"class {n}" for n in range(2, 10)))
    assert own_model.names_said(own, v) == "2 names for 10 classes: the others are numbered."
    v = resolve(why.FIELDS, {"answer_network": "own", "model_names": "x,y , z"}, facts={UPLOADED: own})
    assert why.model(v).classes[:4] == ("x", "y", "z", "class 3")


@given(st.lists(st.text(max_size=60), max_size=12))
def test_names_are_written_and_read_back(names) -> None:
    once = class_names.parse("\n".join(names))
    assert class_names.parse(class_names.unparse(once)) == once


def test_names_from_a_file() -> None:
    assert class_names.parse("a" * 39 + " and more, b") == ("a" * 39, "b")
    data = "﻿tench, a fish\r\ngold\x07fish\n\n'shark'\n".encode()
    assert class_names.read_file(data) == ("tench, a fish", "goldfish", "shark")
    with pytest.raises(SettingError, match="save it as UTF-8"):
        class_names.read_file(b"\xff\xfe\x00")
    with pytest.raises(SettingError, match="may have 10,000 names, but this one has 10,001"):
        class_names.read_file(b"a\n" * 10_001)


# Sizes


def test_bounds_follow_the_network() -> None:
    v = values(tiny((3, 22, 34), 4))
    assert why.LAYER.known(v) == ("pixels", "conv1", "relu1", "pool1", "conv2", "relu2")
    assert (why.SIZE.high(v), v[why.SIZE], why.STRIDE.high(v)) == (11, 5, 11)
    assert (why.ROW.high(v), why.COLUMN.high(v)) == (22 - 5, 34 - 5)
    assert "must be one of the network's 4 classes" in values(tiny(), answer_first="5").problems["answer_first"]
    held_before = resolve(why.FIELDS, {"answer_network": "own"}, {"answer_first": "5"}, {UPLOADED: held(tiny())})
    assert held_before[why.FIRST] == "4"
    single = chain([Conv2d(3, 4, 3, 2), GlobalAvgPool2d(), Flatten()], (3, 22, 34))  # its last maps have one cell
    assert why.LAYER.known(values(single)) == ("pixels", "conv1")
    few = values(tiny(classes=2))
    assert (few[why.FIRST], few[why.SECOND]) == ("1", "2")
    v = values(tiny(), fool_it.FIELDS, fool_layer="conv2", fool_channel="6", fool_off="1 5 6")
    assert "from 0 to 5" in v.problems["fool_channel"]
    assert "from 0 to 5" in v.problems["fool_off"]
    assert fool_it.asked_shape(v) == (3, 22, 34)


def test_of_many_layers_a_sentence_names_some() -> None:
    row = [Conv2d(3, 3, 1, seed=n) for n in range(60)]
    deep = chain([*row, GlobalAvgPool2d(keepdims=False)], (3, 22, 34))
    sentence = values(deep, answer_layer="conv61").problems["answer_layer"]
    assert "conv39" in sentence
    assert "conv40" not in sentence
    assert values(deep, answer_layer="conv50")[why.LAYER] == "conv50"


def test_a_map_is_switched_off_whatever_the_file_calls_its_layers() -> None:
    nodes = [node._replace(inputs=tuple(one.replace("relu1", "conv1.switch") for one in node.inputs),
                           name=node.name.replace("relu1", "conv1.switch")) for node in tiny().nodes]  # fmt: skip
    net, x = Graph(nodes, (3, 22, 34)), np.random.default_rng(3).random((3, 22, 34), dtype=np.float32)
    np.testing.assert_array_equal(
        fool_it.switched(net, "conv1", (2,), 8).forward(x), fool_it.switched(tiny(), "conv1", (2,), 8).forward(x)
    )
    assert not np.array_equal(fool_it.switched(net, "conv1", (2,), 8).forward(x), net.forward(x))


def test_a_side_that_the_file_leaves_open_is_asked_for_and_must_fit() -> None:
    v = values(open_sized())
    assert (v[HEIGHT], v[WIDTH]) == (32, 32)
    v = values(open_sized(), model_height="48", model_width="19")
    assert why.model(v).shape == (3, 48, 19)
    assert values(open_sized(), model_height="48")[WIDTH] == 48
    assert values(tiny(), model_height="99").problems == {}
    assert values(tiny(), model_height="99")[HEIGHT] == 22  # the file says so
    wide = chain([Conv2d(3, 4, 9, dilation=4), GlobalAvgPool2d(keepdims=False), Softmax()], (3, None, None))
    assert (
        "With pictures of 24 x 24 pixels the model's layers do not fit"
        in values(wide, model_height="24").problems["model_height"]
    )
    halving = [Conv2d(3 if n == 0 else 4, 4, 3, 2, 1) for n in range(4)]
    deep = chain([*halving, GlobalAvgPool2d(keepdims=False)], (3, None, None))
    assert values(deep)[HEIGHT] == 224
    assert values(chain([*halving[:3], GlobalAvgPool2d(keepdims=False)], (3, None, None)))[HEIGHT] == 32
    for channels, side in ((1, 28), (3, 32)):  # no size that is tried fits: it stays the likeliest
        odd = chain([Conv2d(channels, 2, 3), Flatten(), Linear(2 * 15 * 29, 4)], (channels, None, None))
        assert held(odd).first_shape == (channels, side, side)


@pytest.mark.parametrize("method", ["gradcam", "saliency", "integrated", "occlusion", "cam"])
def test_methods_work_on_pictures_with_unequal_sides(method) -> None:
    net = open_sized(4) if method == "cam" else tiny()
    v = values(net, answer_method=method, answer_size="4", answer_stride="7", model_height="22", model_width="34")
    model = why.model(v)
    x = np.random.default_rng(1).random(model.shape, dtype=np.float32)
    answer = why.answer(model, x)
    np.testing.assert_allclose(answer.probabilities, net.forward(x), atol=1e-6)
    targets = (answer.top[0], answer.top[1])
    if method in ("integrated", "occlusion"):
        made = why.growing(v, model.graph, x, targets)
        made.advance(60)
        maps = made.maps
    else:
        maps = np.stack([why.quick(model.graph, x, target, why.method(v), v[why.LAYER]) for target in targets])
    assert maps is not None
    if method == "occlusion":
        expected = attribution.occlusion(net, x, targets[1], 4, 7, 0.5)
        np.testing.assert_allclose(maps[1], expected, atol=1e-4)
        assert why.places(v) == expected.size == 3 * 5
    assert overlays.on_pixels(v, maps).shape == (2, 22, 34)


def test_the_middle_of_a_photo_has_the_networks_ratio() -> None:
    model = why.model(values(tiny()))
    photo = np.zeros((3, 110, 110), np.float32)
    photo[:, 20:90] = 1  # of 110 rows 71 are seen, from 19 to 89
    np.testing.assert_array_equal(model.square(photo)[:, 1:-1], 1)
    assert model.square(photo[:, :, :40]).shape == (3, 22, 34)


# Refusals


def ends_in(*layers, shape=(3, 22, 34)) -> Graph:
    return chain([Conv2d(shape[0], 4, 3), *layers], shape)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (ends_in(Flatten(), shape=(4, 22, 34)), "takes pictures of 4 channels: only 1, grey, or 3, colours"),
        (ends_in(Flatten(), shape=(3, 7, 34)), "takes pictures of 7 pixels a side: at least 8 are needed"),
        (chain([Conv2d(3, 800, 7, padding=3), Conv2d(800, 8, 3), GlobalAvgPool2d(False)], (3, 224, 224)), "billion multiply-adds, more than 2.5"),
        (chain([Conv2d(3, 300, 1), GlobalAvgPool2d(False)], (3, 512, 512)), "take 635 MB, more than 200"),
        (chain([Conv2d(3, 4, 3), GlobalAvgPool2d(False)], (3, 513, 40)), "takes pictures of 513 pixels a side: at most 512"),
        (chain([Upsample(scale_factor=4), Conv2d(3, 4, 1), GlobalAvgPool2d(False)], (3, 40, 130)), "maps of more than 512 cells a side"),
        (chain([MaxPool2d(65, 1, 32), Flatten(), Linear(3 * 70 * 80, 4)], (3, 70, 80)), "pool reads 65 cells a side: at most 64"),
        (chain([Conv2d(3, 4, (2, 65), padding=(0, 32)), GlobalAvgPool2d(False)], (3, 40, 80)), "conv reads 65 cells a side"),
        (chain([Conv2d(3, 80, 1), LocalResponseNorm(65), GlobalAvgPool2d(False)], (3, 40, 80)), "response norm reads 65 cells a side"),
        (chain([MaxPool2d(64, 1, 32), MaxPool2d(64, 1, 32), Conv2d(3, 4, 1), GlobalAvgPool2d(False)], (3, 360, 360)), "3.2 billion multiply-adds, more than 2.5"),
        (chain([Conv2d(3, 4, 1), *(ReLU() for _ in range(700)), GlobalAvgPool2d(False)], (3, 9, 9)), "has 702 layers"),
    ],
)  # fmt: skip
def test_what_takes_no_pictures_or_is_too_much_work_is_refused(graph, words) -> None:
    with pytest.raises(SettingError, match=words):
        expect_pictures(graph)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (ends_in(), "With pictures of 22 x 34 pixels the model answers with 4 x 20 x 32 numbers, not with one a class"),
        (ends_in(Flatten(), Linear(2560, 1)), "The model answers with a single number: choose one that names classes"),
        (ends_in(Flatten(), Linear(2560, 3), Sigmoid()), "The model ends in a sigmoid, which answers for each class alone"),
    ],
)  # fmt: skip
def test_what_names_no_classes_can_be_shown_and_not_be_asked_why(graph, words) -> None:
    expect_pictures(graph)
    with pytest.raises(SettingError, match=words):
        expect_classifier(graph)
    own = held(graph)
    model = own.model(Meaning("rgb", "unit", "middle", 22, 34), ("cat", "dog"))
    assert (model.classes, own.names_classes) == ((), False)
    v = values(graph, answer_layer="conv1")
    assert why.model(v) is models.shipped("squeezenet")
    assert v[why.LAYER] in models.shipped("squeezenet").layers


@pytest.mark.parametrize(
    ("layers", "shape", "answer"),
    [
        ([Conv2d(3, 4, 3, 2), GlobalAvgPool2d(False)], (3, 32, 32), (4,)),
        ([Conv2d(3, 4, 16, 16), Conv2d(4, 5, 14)], (3, 224, 224), (5, 1, 1)),  # at 224 it names classes
        ([Conv2d(3, 8, 4, 4), Conv2d(8, 6, 3, 2, 1)], (3, 32, 32), (6, 4, 4)),  # maps, though one number each at 8
        ([Conv2d(3, 8, 16, 16), Conv2d(8, 6, 2, 2)], (3, 224, 224), (6, 7, 7)),  # maps, though one number each at 32
        ([Upsample(scale_factor=3), Conv2d(3, 3, 1)], (3, 32, 32), (3, 96, 96)),
    ],
)  # fmt: skip
def test_the_size_that_is_guessed_is_a_classifiers_unless_maps_are_likelier(layers, shape, answer) -> None:
    own = held(chain(layers, (3, None, None)))
    assert own.first_shape == shape
    assert own.graph.output_shapes(shape)[own.graph.output] == answer
    assert own.names_classes == (math.prod(answer[1:]) == 1)


def test_an_answer_whose_channels_are_last_is_shown_as_maps() -> None:
    body = [Conv2d(3, 5, 3), ReLU()]
    net = chain([*body, Transpose((0, 2, 3, 1))], (3, 22, 34))
    x = np.random.default_rng(3).random((3, 22, 34), dtype=np.float32)
    seen = own_model.maps_first(net)
    np.testing.assert_array_equal(seen.forward(x), net.forward(x).transpose(2, 0, 1))
    for other in (
        chain([*body, Transpose((0, 3, 2, 1))], (3, 22, 34)),
        chain([Transpose((0, 2, 3, 1))], (3, 22, 34)),
        chain(body, (3, 22, 34)),
    ):
        assert own_model.maps_first(other) is other


def test_a_classifiers_picture_stays_small_enough_to_name_one_class() -> None:
    own = held(chain([Conv2d(3, 4, 16, 16), Conv2d(4, 5, 14)], (3, None, None)))
    assert own.trouble((3, 224, 224)) == ""
    assert "answers with 5 x 2 x 1 numbers, not with one a class: choose another size" in own.trouble((3, 240, 224))
    assert held(ends_in()).trouble((3, 22, 34)) == ""


def test_a_softmax_or_scores_at_the_end_make_no_difference() -> None:
    x = np.random.default_rng(2).random((3, 22, 34), dtype=np.float32)
    scores = tiny(softmax=False)
    flattened = chain([*(node.layer for node in scores.nodes), Softmax(), Reshape((4,))], (3, 22, 34))
    answers = [
        why.answer(why.model(values(net)), x) for net in (scores, tiny(), flattened, onnx.read(onnx.write(tiny())))
    ]
    for one in answers[1:]:
        np.testing.assert_allclose(one.scores, answers[0].scores, atol=1e-5)
        np.testing.assert_allclose(one.probabilities, tiny().forward(x), atol=1e-6)


def test_the_last_model_is_kept_and_no_more() -> None:
    own, meaning = held(tiny()), Meaning("rgb", "unit", "middle", 22, 34)
    first = own.model(meaning, ())
    assert own.model(meaning, ()) is first
    assert own.model(meaning._replace(values="bytes"), ()) is not first
    assert own.model(meaning, ()) is not first
    assert len(own._made) == 1


def test_a_long_file_of_names_is_refused_unsplit() -> None:
    assert len(class_names.read_file(b"ab\n" * 1000)) == 1000
    with pytest.raises(SettingError, match="may have 1000 kB"):
        class_names.read_file(b"ab\n" * 333_334)


@pytest.mark.parametrize(("factor", "code"), [
    (0.0499, "bytes"), (0.0501, "imagenet"), (-0.01, "bytes"), (1.0, "imagenet"), (1.5, "imagenet"), (1.501, "unit"), (-2.0, "unit"),
])  # fmt: skip
def test_only_a_first_layer_that_changes_much_says_what_pixels_mean(factor, code) -> None:
    layers = [Scale(factor, 0.0), Conv2d(3, 4, 3), GlobalAvgPool2d(keepdims=False), Linear(4, 1000)]
    assert guessed(chain(layers, (3, 20, 24)), 1000)[0] == code
    for classes in (999, 1001):
        assert guessed(chain(layers[1:], (3, 20, 24)), classes)[0] == "unit"


@pytest.mark.parametrize(("graph", "codes", "said"), [
    (open_sized(), {}, True), (open_sized(), {"model_width": "45"}, False), (open_sized(), {"model_height": "45"}, False),
    (open_sized(), {"model_height": "45", "model_width": "45"}, False), (tiny(), {}, False),
])  # fmt: skip
def test_a_size_is_said_to_be_guessed_while_nobody_set_it(graph, codes, said) -> None:
    v = values(graph, **codes)
    assert ("it wants 32 × 32 pixels, though it takes other sizes, too" in own_model.said(held(graph), v)) == said


@pytest.mark.parametrize(("codes", "names", "said"), [
    ({}, (), True), ({"model_names": "a, b"}, (), False), ({}, ("a", "b"), False),
])  # fmt: skip
def test_classes_are_said_to_be_guessed_while_nobody_named_them(codes, names, said) -> None:
    graph = tiny((3, 32, 32), 10)
    assert ("its classes are " in own_model.said(held(graph, names), values(graph, **codes))) == said


@pytest.mark.parametrize(("channels", "photo", "said"), [(1, None, True), (1, "photo", False), (3, None, False)])
def test_a_digit_is_said_to_be_guessed(channels, photo, said) -> None:
    graph = tiny((channels, 28, 28), 10)
    codes = {} if photo is None else {"model_photo": next(code for code in own_model.PHOTO.words if code != "digit")}
    assert ("it wants a digit, centred" in own_model.said(held(graph), values(graph, **codes))) == said
