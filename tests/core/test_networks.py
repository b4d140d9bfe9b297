"""Layers, training, weights, the digits network and the face cascade."""

import subprocess
import sys

import numpy as np
import pytest

from cnn_core import (
    ELU,
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    PReLU,
    ReLU,
    Sequential,
    Softmax,
    faces,
    networks,
    weights,
)
from cnn_core.images import decode_image, resize
from cnn_core.layers import he, xavier
from cnn_core.optimisers import SGD, Adam
from cnn_core.shapes import count_macs
from cnn_core.train_digits import TRAINED, accuracy, digits
from cnn_core.training import jitter, one_cycle, train
from tests.app.visits import ROOT

RNG = np.random.default_rng(9)


def test_a_whole_network_against_central_differences() -> None:
    net = Sequential(
        [Conv2d(2, 4, 3, stride=(2, 1), padding=1, groups=2), PReLU(4), MaxPool2d(2, 1), Conv2d(4, 3, (1, 2)), ELU(0.5),
         AvgPool2d(2, ceil_mode=True), Flatten(), Linear(12, 5), ReLU(), Linear(5, 3), Softmax()]
    )  # fmt: skip
    for parameter in net.parameters():
        parameter.value = RNG.normal(size=parameter.shape) * 0.5
    x = RNG.normal(size=(2, 2, 7, 6))
    grad_output = RNG.normal(size=net.forward(x).shape)
    grad_input = net.backward(grad_output)

    def loss() -> float:
        return float((net.forward(x) * grad_output).sum())

    def slope(array, index) -> float:
        kept, ends = array[index], []
        for step in (1e-6, -1e-6):
            array[index] = kept + step
            ends.append(loss())
        array[index] = kept
        return (ends[0] - ends[1]) / 2e-6

    for array, grad in [(x, grad_input), *((p.value, p.grad.copy()) for p in net.parameters())]:
        for index in list(np.ndindex(array.shape))[:: max(1, array.size // 15)]:
            assert grad[index] == pytest.approx(slope(array, index), abs=2e-6)


def test_parameters_alone_get_the_same_gradients() -> None:
    net = Sequential([Conv2d(1, 3, 3, padding=1), ReLU(), MaxPool2d(2), Flatten(), Linear(48, 4)])
    grad = RNG.normal(size=net.forward(RNG.normal(size=(5, 1, 8, 8))).shape).astype(np.float32)
    net.backward(grad)
    full = [parameter.grad.copy() for parameter in net.parameters()]
    net.backward_parameters(grad)
    for parameter, expected in zip(net.parameters(), full, strict=True):
        np.testing.assert_allclose(parameter.grad, expected, rtol=1e-6)


def test_trace_names_every_intermediate_and_remembers_nothing() -> None:
    net = Sequential(networks.digits_layers())
    trace = net.trace(np.zeros((1, 1, 28, 28)))
    assert list(trace) == ["input", "conv1", "relu1", "pool1", "flatten1", "linear1", "relu2", "linear2"]
    with pytest.raises(ValueError, match="backward of linear needs a forward first"):
        net.backward(np.zeros((1, 10)))


def test_initial_weights_have_the_promised_spread() -> None:
    rng = np.random.default_rng(0)
    assert he((64, 16, 5, 5), rng).std() == pytest.approx((2 / 400) ** 0.5, rel=0.02)
    assert xavier((300, 200), rng).std() == pytest.approx((2 / 500) ** 0.5, rel=0.02)


def test_optimisers_find_the_bottom_of_a_bowl() -> None:
    for make in (lambda p: SGD(p, 0.05), lambda p: Adam(p, 0.1)):
        parameter = Linear(3, 2).weight
        target = np.arange(6, dtype=np.float32).reshape(2, 3)
        optimiser = make([parameter])
        for _ in range(400):
            parameter.grad = 2 * (parameter.value - target)
            optimiser.step()
        np.testing.assert_allclose(parameter.value, target, atol=1e-2)


def small_training(seed=3, **options):
    images, labels = digits()
    net = Sequential(networks.digits_layers(4, 3, 2, 16))
    progress = list(train(net, images[:640], labels[:640], Adam(net.parameters(), 3e-3), 3, 64, seed, **options))
    return net, progress


def test_training_learns_and_equal_seeds_give_equal_bits() -> None:
    net, progress = small_training(schedule=one_cycle, augment=jitter)
    again, _ = small_training(schedule=one_cycle, augment=jitter)
    other, _ = small_training(seed=4, schedule=one_cycle, augment=jitter)
    assert [p.step for p in progress] == list(range(1, 31))
    assert np.mean([p.loss for p in progress[-5:]]) < 0.75 * progress[0].loss
    assert progress[-1].seconds_left == 0
    pairs = list(zip(net.parameters(), again.parameters(), other.parameters(), strict=True))
    assert all(np.array_equal(a.value, b.value) for a, b, _ in pairs)
    assert not all(np.array_equal(a.value, c.value) for a, _, c in pairs)


def test_weights_survive_a_file_and_misfits_are_named(tmp_path) -> None:
    net, _ = small_training()
    weights.save(tmp_path / "net.npz", net)
    copy = weights.load(tmp_path / "net.npz", Sequential(networks.digits_layers(4, 3, 2, 16, seed=8)))
    x = RNG.random((3, 1, 28, 28), dtype=np.float32)
    assert np.array_equal(net.forward(x), copy.forward(x))
    with pytest.raises(weights.WeightsError, match=r"array 00 has shape \(4, 1, 3, 3\), not \(5, 1, 3, 3\)"):
        weights.load(tmp_path / "net.npz", Sequential(networks.digits_layers(5, 3, 2, 16)))
    with pytest.raises(weights.WeightsError, match="holds 6 arrays, but the network has 2"):
        weights.load(tmp_path / "net.npz", Sequential([Linear(2, 2)]))
    for name, data in (
        ("missing.npz", None),
        ("text.npz", b"hello"),
        ("cut.npz", (tmp_path / "net.npz").read_bytes()[:99]),
    ):
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(weights.WeightsError, match="cannot be read"):
            weights.read(tmp_path / name)
    np.savez(tmp_path / "pickle.npz", np.array([{}], dtype=object))
    with pytest.raises(weights.WeightsError, match="cannot be read"):
        weights.read(tmp_path / "pickle.npz")


def test_digits_network_on_digits_it_never_saw() -> None:
    images, labels = digits()
    net = networks.load("digits")
    assert accuracy(net, images[TRAINED:], labels[TRAINED:]) >= 0.985
    probabilities = net.forward(images[:5])
    assert probabilities.shape == (5, 10)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
    assert list(net.trace(images[:1]))[-1] == "softmax1"


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_networks_of_the_cascade_have_their_heads(name) -> None:
    net = networks.load(name)
    side = {"pnet": 12, "rnet": 24, "onet": 48}[name]
    answer = net.forward(RNG.normal(size=(2, 3, side, side)))
    assert answer["face"].shape[:2] == (2, 2)
    np.testing.assert_allclose(answer["face"].sum(1), 1, rtol=1e-5)
    assert ("landmarks" in answer) == (name == "onet")
    assert net.forward(RNG.normal(size=(3, side, side)))["box"].shape[0] == 4


def test_the_crops_of_the_sources_score_as_recorded() -> None:
    image = decode_image((ROOT / "assets/images/astronaut.webp").read_bytes())
    boxes = np.array([[160.0, 60, 280, 180, 1], [300, 300, 420, 420, 1]])
    for name, high in (("rnet", 0.99), ("onet", 0.99)):
        face = networks.load(name).forward(faces.crops(image, boxes, faces.CROP[name]))["face"][:, 1]
        assert face[0] > high
        assert face[1] < 0.01


@pytest.mark.parametrize(
    ("name", "count"),
    [("astronaut", 1), ("camera", 1), ("chelsea", 0), ("coffee", 0), ("coins", 0), ("brick", 0), ("rocket", 0)],
)
def test_faces_in_the_bundled_photos(name, count) -> None:
    found = faces.detect(decode_image((ROOT / f"assets/images/{name}.webp").read_bytes()))
    assert len(found) == count
    if name == "astronaut":
        expected = [(204, 101), (246, 103), (225, 128), (202, 141), (244, 142)]
        assert np.linalg.norm(np.array(found[0].landmarks) - expected, axis=1).max() <= 4
        assert found[0].score > 0.99


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"image": np.zeros((1, 40, 40))}, r"image must be \(3, H, W\)"),
        ({"min_face": 5}, "min_face must be"),
        ({"thresholds": (0.5, 2, 0.5)}, "thresholds must be"),
    ],
)
def test_wrong_arguments_are_named(arguments, words) -> None:
    with pytest.raises(ValueError, match=words):
        faces.detect(**({"image": np.zeros((3, 40, 40))} | arguments))
    with pytest.raises(ValueError, match="name must be digits, pnet, rnet or onet"):
        networks.load("vgg")


def test_a_photo_full_of_faces_is_bounded_work() -> None:
    face = decode_image((ROOT / "assets/images/astronaut.webp").read_bytes())[:, 60:180, 165:285]
    photo = np.tile(resize(face, 40, 40), (1, 12, 14))
    stages = faces.cascade(photo, thresholds=(0, 0, 0))
    macs = {name: count_macs(networks.load(name).trunk.layers, (3, side, side)) for name, side in faces.CROP.items()}
    left = faces.BUDGET / 2
    assert len(stages.proposed) * macs["rnet"] <= left
    assert len(stages.refined) * macs["onet"] <= left
    assert len(stages.refined) >= 25
    assert faces.work(*photo.shape[1:])[0] <= faces.BUDGET
    assert all(len(level.boxes) <= faces.PER_LEVEL for level in stages.levels)


def test_suppression_against_its_definition() -> None:
    corners = RNG.uniform(0, 50, (200, 2))
    boxes = np.column_stack([corners, corners + RNG.uniform(5, 30, (200, 2)), RNG.random(200)])
    kept: list[int] = []
    for one in np.argsort(-boxes[:, 4]):
        overlaps = []
        for other in kept:
            low, high = np.maximum(boxes[one, :2], boxes[other, :2]), np.minimum(boxes[one, 2:4], boxes[other, 2:4])
            shared = np.prod(np.maximum(high - low, 0))
            areas = [np.prod(boxes[i, 2:4] - boxes[i, :2]) for i in (one, other)]
            overlaps.append(shared / (sum(areas) - shared))
        if all(overlap <= 0.4 for overlap in overlaps):
            kept.append(int(one))
    assert faces.suppress(boxes, 0.4).tolist() == kept
    assert faces.suppress(boxes, 0.4, most=7).tolist() == kept[:7]


def test_tiny_and_odd_images_have_no_faces_and_no_trouble() -> None:
    for shape in ((3, 1, 1), (3, 11, 300), (3, 12, 12), (3, 200, 13)):
        assert faces.detect(np.full(shape, 0.5)) == []


def test_jitter_moves_but_keeps() -> None:
    images, _ = digits()
    moved = jitter(images[:50], np.random.default_rng(1))
    assert moved.shape == (50, 1, 28, 28)
    assert moved.dtype == np.float32
    assert 0 <= moved.min() <= moved.max() <= 1
    assert abs(moved.mean() / images[:50].mean() - 1) < 0.1
    assert np.abs(moved - images[:50]).mean() > 0.02


def test_importing_networks_is_enough_to_use_them() -> None:
    code = "import cnn_core; print(cnn_core.networks.load('digits').forward(__import__('numpy').zeros((1, 1, 28, 28))).shape)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, 10)"
