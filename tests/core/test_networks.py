"""Training, weights, the networks that ship, and the face cascade."""

import io
import json
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from PIL import Image

from cnn_core import faces, mnist, networks, weights
from cnn_core.graph import Graph, chain
from cnn_core.images import decode_image, resize
from cnn_core.layers import BatchNorm2d, Linear, he, xavier
from cnn_core.networks import digits_network
from cnn_core.optimisers import SGD, Adam
from cnn_core.train_digits import accuracy
from cnn_core.training import jitter, one_cycle, train
from tests.app.visits import ROOT

RNG = np.random.default_rng(9)


def test_initial_weights_have_the_promised_spread() -> None:
    rng = np.random.default_rng(0)
    assert he((64, 16, 5, 5), rng).std() == pytest.approx((2 / 400) ** 0.5, rel=0.02)
    assert xavier((300, 200), rng).std() == pytest.approx((2 / 500) ** 0.5, rel=0.02)
    windows = xavier((30, 50, 7, 5), rng)  # a fan counts the window: (50 + 30) * 35
    assert windows.std() == pytest.approx((2 / 2800) ** 0.5, rel=0.02)
    assert np.abs(windows).max() == pytest.approx((6 / 2800) ** 0.5, rel=0.01)
    assert {he((4, 3, 2), rng).dtype, windows.dtype} == {np.dtype(np.float32)}


def test_optimisers_find_the_bottom_of_a_bowl() -> None:
    for make in (lambda p: SGD(p, 0.05), lambda p: Adam(p, 0.1)):
        layer = Linear(3, 2)
        target = np.arange(6, dtype=np.float32).reshape(2, 3)
        optimiser = make({"weight": layer.weight})
        for _ in range(400):
            optimiser.step({"weight": 2 * (layer.weight - target)})
        np.testing.assert_allclose(layer.weight, target, atol=1e-2)


def small_training(seed=3, **options):
    images, labels = mnist.digits()
    net = digits_network(4, 3, 2, 16, logits=True)
    progress = list(train(net, images[:640], labels[:640], Adam(net.parameters(), 3e-3), 3, 64, seed, **options))
    return net, progress


def test_training_learns_and_equal_seeds_give_equal_bits() -> None:
    net, progress = small_training(schedule=one_cycle, augment=jitter)
    again, _ = small_training(schedule=one_cycle, augment=jitter)
    other, _ = small_training(seed=4, schedule=one_cycle, augment=jitter)
    assert [p.step for p in progress] == list(range(1, 31))
    assert np.mean([p.loss for p in progress[-5:]]) < 0.75 * progress[0].loss
    assert progress[-1].seconds_left == 0
    trained = net.parameters()
    assert all(np.array_equal(array, trained[name]) for name, array in again.parameters().items())
    assert not all(np.array_equal(array, trained[name]) for name, array in other.parameters().items())


def test_a_shipped_network_cannot_be_changed() -> None:
    images, labels = mnist.digits()
    for name in ("digits", "squeezenet", "resnet8", "pnet", "rnet", "onet"):
        network = networks.load(name)
        assert networks.load(name) is network
        graph = network if isinstance(network, Graph) else network.graph
        assert all(array.dtype == np.float32 for array in graph.stored().values())
        for array in graph.stored().values():
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
    net = networks.load("digits")
    with pytest.raises(ValueError, match="read-only"):
        next(train(net, images[:8], labels[:8], SGD(net.parameters(), 0.1), 1, 8))


def norm_network() -> Graph:
    return chain([BatchNorm2d(3), Linear(3, 2)], (3,))


def zipped(members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def npy(shape, kind="<f4", data=b"") -> bytes:
    """An array file whose header may say anything."""
    header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}}}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def test_weights_survive_a_file_and_misfits_are_named(tmp_path) -> None:
    net = norm_network()
    net.store({name: RNG.random(array.shape, dtype=np.float32) for name, array in net.stored().items()})
    weights.save(tmp_path / "net.npz", net)
    assert weights.encode(net) == (tmp_path / "net.npz").read_bytes()
    assert list(np.load(tmp_path / "net.npz")) == [
        "norm1.weight", "norm1.bias", "norm1.running_mean", "norm1.running_var", "fc1.weight", "fc1.bias",
    ]  # fmt: skip
    x = RNG.random((5, 3), dtype=np.float32)
    for source in (tmp_path / "net.npz", str(tmp_path / "net.npz"), (tmp_path / "net.npz").read_bytes()):
        copy = weights.load(source, norm_network())
        np.testing.assert_array_equal(net.forward(x), copy.forward(x))
        assert all(array.flags.writeable for array in copy.parameters().values())
    for network, words in (
        (
            chain([BatchNorm2d(3), Linear(3, 4)], (3,)),
            r"net.npz: fc1.weight has shape \(2, 3\), but the network needs \(4, 3\)",
        ),
        (chain([Linear(3, 2)], (3,)), "holds an array norm1.bias, which the network does not have"),
        (chain([BatchNorm2d(3), Linear(3, 2), Linear(2, 2)], (3,)), "has no array fc2.bias, which the network needs"),
    ):
        before = {name: array.copy() for name, array in network.stored().items()}
        with pytest.raises(weights.WeightsError, match=words):
            weights.load(tmp_path / "net.npz", network)
        assert all(np.array_equal(array, before[name]) for name, array in network.stored().items())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "the file cannot be read as weights: BadZipFile"),
        (b"", "cannot be read"),
        (zipped([("a.npy", b"")]), "cannot be read"),
        (zipped([("a.npy", b"\x93NUMPY\x09\x00" + bytes(100))]), "cannot be read"),
        (zipped([("a.npy", npy("(2,)", data=bytes(4)))]), "cannot be read"),
        (zipped([("a.npy", npy("(2,)", data=bytes(12)))]), "cannot be read"),
        (zipped([("a.npy", npy("(-2, -2)", data=bytes(16)))]), "cannot be read"),
        (zipped([("a.npy", npy("(1000000, 250000)"))]), "cannot be read"),
        (zipped([("a.npy", npy("(" + "9" * 300 + ",)"))]), "cannot be read"),
        (zipped([("a.npy", npy("(" * 4000 + "2" + ")" * 4000))]), "cannot be read"),
        (zipped([("a.npy", npy("__import__('os').abort()"))]), "cannot be read"),
        (zipped([("a.npy", npy("(2,)", "<i4", bytes(8)))]), "real numbers only, but a is int32"),
        (zipped([("a.npy", npy("(2,)", "<c8", bytes(16)))]), "real numbers only, but a is complex64"),
        (zipped([("a.npy", npy("(1,)", "|O", bytes(8)))]), "real numbers only, but a is object"),
        (zipped([("a.npy", npy("(70000000,)", data=bytes(280_000_000)))]), "at most 268,435,456 are read"),
        (zipped([(f"{n}.npy", b"") for n in range(5000)]), "holds 5000 arrays; at most 4096"),
        (zipped([("a.npy", npy("(1,)", data=bytes(4))), ("a", npy("(1,)", data=bytes(4)))]), "two arrays of one name"),
    ],
    ids=range(17),
)
def test_a_bad_weights_file_is_refused_in_words_at_once(data, words) -> None:
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(weights.WeightsError, match=words):
        weights.read(data)
    assert time.perf_counter() - started < 5  # on a busy machine; a terabyte would take minutes
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_damaged_weights_files_are_refused_or_read_never_more(tmp_path) -> None:
    weights.save(tmp_path / "net.npz", norm_network())
    whole = (tmp_path / "net.npz").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(400):
        data = bytearray(whole[: rng.integers(1, len(whole) + 1)] if rng.random() < 0.3 else whole)
        for place in rng.integers(0, len(data), 3):
            data[place] = rng.integers(256)
        try:
            weights.load(bytes(data), norm_network())
        except weights.WeightsError as error:
            assert str(error)
    with pytest.raises(weights.WeightsError, match=r"missing\.npz cannot be read as weights: FileNotFoundError"):
        weights.read(tmp_path / "missing.npz")


def test_digits_network_on_digits_it_never_saw() -> None:
    images, labels = mnist.digits()
    net = networks.load("digits")
    assert accuracy(net, images[mnist.TRAINED :], labels[mnist.TRAINED :]) >= 0.985
    probabilities = net.forward(images[:5])
    assert probabilities.shape == (5, 10)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
    assert list(net.trace(images[:1]))[-1] == "softmax"


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
    with pytest.raises(
        ValueError, match="name must be one of digits, squeezenet, resnet8, pnet, rnet, onet, got 'vgg'"
    ):
        networks.load("vgg")


def test_a_photo_full_of_faces_is_bounded_work() -> None:
    face = decode_image((ROOT / "assets/images/astronaut.webp").read_bytes())[:, 60:180, 165:285]
    photo = np.tile(resize(face, 40, 40), (1, 12, 14))
    stages = faces.cascade(photo, thresholds=(0, 0, 0))
    macs = {
        name: sum(
            macs for node, macs in networks.load(name).graph.node_macs((3, side, side)).items() if node[0] in "cf"
        )
        for name, side in faces.CROP.items()
    }
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


def test_candidates_are_cut_out_where_they_lie_and_black_beside_the_image() -> None:
    image = RNG.random((3, 30, 41)).astype(np.float32)
    around = np.pad(image, [(0, 0), (50, 50), (60, 60)])
    boxes = np.array(
        [
            [4, 3, 16, 15, 0.9],
            [-5, -7, 7, 5, 0.9],
            [35, 25, 47, 37, 0.9],
            [50, 3, 62, 15, 0.9],
            [3.7, 2.2, 14.1, 13.5, 0.9],
            [-30, 9, -18, 21, 0.9],
        ]
    )
    cut = faces.crops(image, boxes, 12)
    assert cut.shape == (6, 3, 12, 12)
    for one, (x, y) in zip(cut, ((4, 3), (-5, -7), (35, 25), (50, 3), (3, 2), (-30, 9)), strict=True):
        np.testing.assert_allclose(one, (around[:, y + 50 : y + 62, x + 60 : x + 72] * 255 - 127.5) / 128, atol=1e-6)
    thin = faces.crops(image, np.array([[5, 7, 5, 7, 0.9]]), 3)  # of no size: one pixel
    np.testing.assert_allclose(thin[0], np.broadcast_to((image[:, 7:8, 5:6] * 255 - 127.5) / 128, (3, 3, 3)), atol=1e-6)


def test_boxes_are_squared_and_moved_by_their_own_sides() -> None:
    boxes = np.array([[10, 20, 30, 80, 0.5], [10, 20, 70, 40, 0.25]])
    assert faces.square(boxes).tolist() == [[-10, 20, 50, 80, 0.5], [10, 0, 70, 60, 0.25]]
    moved = faces._shift(boxes, np.array([[0.1, -0.1, 0.5, 0], [0, 0, 0, 1]]), np.array([0.9, 0.8]))
    assert moved.tolist() == [[12, 14, 40, 80, 0.9], [10, 20, 70, 60, 0.8]]
    assert faces.square(np.zeros((0, 5))).shape == (0, 5)


def test_the_pyramid_goes_down_to_the_window_by_half_the_area() -> None:
    sizes = [(round(scale, 4), height, width) for scale, height, width in faces._pyramid(40, 60, 24)]
    assert sizes == [(0.5, 20, 30), (0.3545, 14, 21)]
    assert [height for _, height, _ in faces._pyramid(12, 90, 12)] == [12]
    assert list(faces._pyramid(11, 90, 12)) == []
    small, large = faces.work(11, 90, 12), faces.work(12, 90, 12)
    assert small == (0, 0)
    assert large[1] == 3 * 4 * 10 * 10 * 88  # three times ten maps of float32
    for image, words in ((np.full((3, 20, 20), 2.5), "got 2.5 to 2.5: divide by 255"), (np.full((3, 20, 20), 1.9), "got 1.9 to 1.9$"),
                         (np.full((3, 20, 20), 256.0), "got 256 to 256$"), (np.full((3, 20, 20), -0.01), "got -0.01 to -0.01$"),
                         (np.zeros((1, 20, 20)), r"must be \(3, H, W\)")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            faces.detect(image)
    assert faces.detect(np.full((3, 20, 20), 1.0009)) == []


def test_tiny_and_odd_images_have_no_faces_and_no_trouble() -> None:
    for shape in ((3, 1, 1), (3, 11, 300), (3, 12, 12), (3, 200, 13)):
        assert faces.detect(np.full(shape, 0.5)) == []


def test_jitter_moves_but_keeps() -> None:
    images, _ = mnist.digits()
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


# What PyTorch answers for the bundled photos, the middle square resized bicubically by Pillow (tests/oracle.py).
PHOTOS = {
    "astronaut": ({"drumstick": 0.1264, "stethoscope": 0.1093, "barbell": 0.1006}, "deer", 0.6661),
    "brick": ({"solar dish": 0.0841, "grille": 0.0363}, "bird", 0.6429),
    "camera": ({"tripod": 0.9725, "microphone": 0.0044}, "bird", 0.4932),
    "chelsea": ({"tabby": 0.3768, "Egyptian cat": 0.3493, "tiger cat": 0.2697}, "cat", 0.7397),
    "coffee": ({"espresso": 0.9831, "consomme": 0.0147}, "cat", 0.9613),
    "coins": ({"golf ball": 0.8973, "Petri dish": 0.0351}, "deer", 0.5969),
    "rocket": ({"drilling platform": 0.2611, "obelisk": 0.1594, "beacon": 0.0922}, "ship", 0.8110),
}


def middle_square(name: str, side: int):
    image = Image.open(ROOT / f"assets/images/{name}.webp").convert("RGB")
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    image = image.crop((left, top, left + short, top + short)).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32).transpose(2, 0, 1) / 255


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_are_named_as_pytorch_names_them(name) -> None:
    expected, small, score = PHOTOS[name]
    found = networks.load("squeezenet").forward(middle_square(name, 227))
    named = dict(zip(networks.classes("squeezenet"), found.tolist(), strict=True))
    assert found.sum() == pytest.approx(1, abs=1e-5)
    assert list(expected) == sorted(named, key=named.get, reverse=True)[: len(expected)]
    for label, probability in expected.items():
        assert named[label] == pytest.approx(probability, abs=1e-3)
    found = networks.load("resnet8").forward(middle_square(name, 32)[np.newaxis])[0]
    assert networks.classes("resnet8")[found.argmax()] == small
    assert found.max() == pytest.approx(score, abs=1e-3)


def test_resnet8_is_the_network_of_its_authors() -> None:
    """Banbury et al., "MLPerf Tiny Benchmark" (2021): 78,666 numbers; Keras divides by the variance plus 0.001."""
    net = networks.load("resnet8")
    norms = [node.layer for node in net.nodes if isinstance(node.layer, BatchNorm2d)]
    assert [layer.eps for layer in norms] == [0.001] * 7
    numbers = sum(
        array.size for node in net.nodes for array in {**node.layer.parameters, **node.layer.buffers}.values()
    )
    assert numbers == 78_666
    answer = net.forward(np.random.default_rng(0).random((2, 3, 32, 32)))
    assert answer.shape == (2, 10)
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)


def test_squeezenet_takes_other_sizes_and_says_which_it_cannot() -> None:
    net = networks.load("squeezenet")
    assert net.forward(np.zeros((2, 3, 64, 97))).shape == (2, 1000)
    assert net.forward(np.zeros((3, 33, 40))).shape == (1000,)
    with pytest.raises(ValueError, match="does not fit"):
        net.forward(np.zeros((3, 2, 40)))
    with pytest.raises(ValueError, match="x must be one example of 3 x 32 x 32"):
        networks.load("resnet8").forward(np.zeros((3, 40, 40)))


def test_classes_have_names_each_once() -> None:
    stored = json.loads((ROOT / "assets/imagenet_classes.json").read_text("utf-8"))
    assert networks.classes("squeezenet") == stored
    assert len(set(stored)) == 1000
    assert networks.classes("digits") == list("0123456789")
    networks.classes("resnet8").clear()  # a list of one's own
    assert len(networks.classes("resnet8")) == 10
    with pytest.raises(ValueError, match="name must be digits, squeezenet or resnet8, got 'pnet'"):
        networks.classes("pnet")


def test_a_header_that_declares_gigabytes_is_refused_unread() -> None:
    """NumPy reads and decodes the whole of a later version's header before it measures it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("conv1.weight.npy", "w") as member:
        member.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", 200_000_000) + b" " * 2_000_000)
    tracemalloc.start()
    for read in (weights.declared, weights.read):
        with pytest.raises(weights.WeightsError, match="cannot be read as weights"):
            read(buffer.getvalue())
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()
