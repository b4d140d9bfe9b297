"""Attribution by its axioms: sums that must hold, finite differences, bounds that are kept; on three networks."""

import numpy as np
import pytest
from scipy import ndimage

from cnn_core import attribution, networks
from cnn_core.dense import softmax
from cnn_core.graph import Graph, Node
from cnn_core.images import decode_image, resize
from cnn_core.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Softmax
from cnn_core.networks import ASSETS


def photo(side_y: int, side_x: int) -> np.ndarray:
    return resize(decode_image((ASSETS / "images" / "chelsea.webp").read_bytes()), side_y, side_x)


def small_network() -> Graph:
    """Smooth enough for finite differences, with unequal sides and strides, in float64 where x is."""
    layers = [("conv", Conv2d(2, 3, (3, 2), (2, 1), (1, 0), seed=1)), ("relu", ReLU()), ("pool", MaxPool2d((2, 3), (1, 2))),
              ("flatten", Flatten()), ("fc", Linear(3 * 3 * 3, 4, seed=2)), ("softmax", Softmax())]  # fmt: skip
    names = ["input", *(name for name, _ in layers)]
    return Graph([Node(name, layer, (names[n],)) for n, (name, layer) in enumerate(layers)], (2, 7, 9))


def test_saliency_is_the_slope_that_finite_differences_show() -> None:
    network = small_network()
    x = np.random.default_rng(0).random((2, 7, 9))
    slope = attribution.saliency(network, x, 2)
    for index in [(0, 0, 0), (1, 3, 4), (0, 6, 7), (1, 2, 1), (0, 4, 5)]:
        ends = []
        for step in (1e-6, -1e-6):
            moved = x.copy()
            moved[index] += step
            ends.append(attribution.scores(network, moved)[2])
        assert slope[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


@pytest.mark.parametrize(("name", "shape"), [("resnet8", (32, 32)), ("squeezenet", (75, 90))])
@pytest.mark.parametrize("grey", [None, 0.5])
def test_integrated_gradients_sum_to_the_difference_of_scores(name, shape, grey) -> None:
    network, x = networks.load(name), photo(*shape)
    baseline = None if grey is None else np.full_like(x, grey)
    found = attribution.integrated_gradients(network, x, 3, baseline, steps=32)
    start = np.zeros_like(x) if baseline is None else baseline
    difference = attribution.scores(network, x)[3] - attribution.scores(network, start)[3]
    assert found.shape == x.shape
    assert found.sum() == pytest.approx(difference, rel=2e-3)


def test_integrated_gradients_are_the_mean_slope_times_the_way() -> None:
    network = small_network()
    x = np.random.default_rng(4).random((2, 7, 9))
    slopes = [attribution.saliency(network, x * (n + 0.5) / 4000, 1) for n in range(4000)]
    np.testing.assert_allclose(attribution.integrated_gradients(network, x, 1), x * np.mean(slopes, axis=0), atol=2e-2)


def test_a_pixel_that_nothing_reads_gets_nothing() -> None:
    network = small_network()
    x = np.random.default_rng(1).random((2, 7, 9)).astype(np.float32)
    assert not attribution.saliency(network, x, 0)[:, :, 8].any()  # the pooling's windows leave the last column out
    other = x.copy()
    other[:, :, 8] = 0
    assert not attribution.integrated_gradients(network, x, 0, other).any()


def test_the_class_activation_map_is_exact() -> None:
    network, x = networks.load("squeezenet"), photo(100, 131)
    for target in (281, 282, 7):
        found = attribution.class_activation(network, x, target)
        assert found.mean() == pytest.approx(attribution.scores(network, x)[target], rel=1e-4, abs=1e-4)
    network, x = networks.load("resnet8"), photo(32, 32)
    bias = network.parameters()["fc.bias"]
    for target in (0, 3):
        found = attribution.class_activation(network, x, target)
        assert found.mean() + bias[target] == pytest.approx(attribution.scores(network, x)[target], rel=1e-4)
    with pytest.raises(ValueError, match="must end in the mean of maps"):
        attribution.class_activation(networks.load("digits"), np.zeros((1, 28, 28)), 1)
    assert not attribution.ends_in_means(networks.load("digits"))


def test_grad_cam_of_the_last_maps_is_the_class_activation_map() -> None:
    network, x = networks.load("resnet8"), photo(32, 32)
    last = attribution._means_of_maps(network)[1]
    exact = attribution.class_activation(network, x, 3)
    found = attribution.grad_cam(network, x, 3, last)
    np.testing.assert_allclose(found, np.maximum(exact, 0) / exact.size, rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match="layer must name maps"):
        attribution.grad_cam(network, x, 3, "fc")
    with pytest.raises(ValueError, match="no node 'nowhere'"):
        attribution.grad_cam(network, x, 3, "nowhere")


def test_occlusion_is_the_fall_of_the_score() -> None:
    network, x = networks.load("resnet8"), photo(32, 32)
    found = attribution.occlusion(network, x, 3, size=9, stride=5, fill=0.5)
    assert found.shape == (5, 5)
    for row, column in ((0, 0), (2, 3), (4, 1)):
        covered = x.copy()
        covered[:, 5 * row : 5 * row + 9, 5 * column : 5 * column + 9] = 0.5
        fall = attribution.scores(network, x)[3] - attribution.scores(network, covered)[3]
        assert found[row, column] == pytest.approx(fall, abs=1e-4)


@pytest.mark.parametrize("epsilon", [0.0, 0.01, 0.3])
def test_fgsm_stays_in_its_bounds_and_makes_the_class_less_probable(epsilon) -> None:
    network, x = networks.load("resnet8"), photo(32, 32)
    moved = attribution.fgsm(network, x, 3, epsilon)
    assert np.abs(moved - x).max() <= epsilon + 1e-6
    assert moved.min() >= 0
    assert moved.max() <= 1
    before, after = (network.forward(image)[3] for image in (x, moved))
    assert after < before if epsilon else (moved == x).all()


def test_fgsm_leaves_a_pixel_that_the_loss_does_not_depend_on() -> None:
    network = Graph([Node("conv", Conv2d(1, 2, 2, 3, seed=1), ("input",)), Node("flatten", Flatten(), ("conv",)),
                     Node("fc", Linear(8, 3, seed=2), ("flatten",))], (1, 5, 6))  # fmt: skip
    x = np.full((1, 5, 6), 0.5)
    moved = attribution.fgsm(network, x, 1, 0.25)
    read = np.zeros((5, 6), bool)
    for y, x_ in ((0, 0), (0, 3), (3, 0), (3, 3)):
        read[y : y + 2, x_ : x_ + 2] = True
    assert (np.abs(moved[0] - 0.5) == np.where(read, 0.25, 0)).all()


def test_pictures_whose_values_are_none_are_not_moved() -> None:
    network, x = networks.load("digits"), np.full((1, 28, 28), 0.5)
    for value in (-1e-3, 1 + 1e-3, 1.9):
        wrong = x.copy()
        wrong[0, 3, 4] = value
        with pytest.raises(ValueError, match=r"x must lie in \[0, 1\]"):
            attribution.fgsm(network, wrong, 3, 0.1)
    x[0, 3, 4:6] = 0, 1
    assert attribution.fgsm(network, x, 3, 0.1).shape == x.shape


@pytest.mark.parametrize(("layer", "channel"), [("conv1", 2), ("fc1", 7)])
def test_maximise_goes_by_steps_of_one_size_and_smooths(layer, channel) -> None:
    """Two steps by hand: 0.03 along the gradient of the map's mean, on average, then a tenth of each pixel from its neighbours."""
    network, rng = networks.load("digits"), np.random.default_rng(5)
    image = (0.5 + rng.normal(0, 0.05, (1, 28, 28))).clip(0, 1).astype(np.float32)
    blur = np.array([[0, 0.025, 0], [0.025, 0.9, 0.025], [0, 0.025, 0]])
    for found in attribution.maximise(network, layer, channel, (1, 28, 28), steps=2, seed=5):
        shift = tuple(rng.integers(-4, 5, 2))
        moved = np.roll(image, shift, (1, 2))
        wanted = np.zeros_like(network.trace(moved)[layer])
        wanted[channel] = 1 / wanted[channel].size
        slope = network.gradients(moved, wanted, layer)["input"].astype(np.float64)
        moved = moved + 0.03 * slope / np.sqrt(np.mean(slope * slope))
        image = (
            ndimage.convolve(np.roll(moved, (-shift[0], -shift[1]), (1, 2))[0], blur, mode="wrap")[np.newaxis]
            .clip(0, 1)
            .astype(np.float32)
        )
        np.testing.assert_allclose(found, image, atol=1e-5)


def test_maximise_makes_the_map_answer_more() -> None:
    network = networks.load("resnet8")
    pictures = list(attribution.maximise(network, "block2.relu1", 4, (3, 32, 32), steps=30, seed=3))
    assert len(pictures) == 30
    answers = [
        network.values(image, ["block2.relu1"])["block2.relu1"][4].mean() for image in (pictures[0], pictures[-1])
    ]
    assert answers[1] > 2 * answers[0]
    again = list(attribution.maximise(network, "block2.relu1", 4, (3, 32, 32), steps=2, seed=3))
    np.testing.assert_array_equal(again[1], pictures[1])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda n, x: attribution.saliency(n, x[0], 3), "x must have 3 dimensions"),
        (lambda n, x: attribution.saliency(n, x[:, :30], 3), "x must be one image of 3 x 32 x 32"),
        (lambda n, x: attribution.saliency(n, x, 10), "target must be a whole number from 0 to 9, got 10"),
        (lambda n, x: attribution.saliency(n, x, True), "target must be a whole number"),
        (lambda n, x: attribution.saliency(n, x, 1.5), "target must be a whole number"),
        (lambda n, x: attribution.integrated_gradients(n, x, 3, x[:1]), "baseline must have the shape of x"),
        (lambda n, x: attribution.integrated_gradients(n, x, 3, steps=0), "steps must be a whole number of at least 1"),
        (lambda n, x: attribution.occlusion(n, x, 3, 33, 1), "size must be at most 32"),
        (lambda n, x: attribution.occlusion(n, x, 3, 3, 0), "stride must be"),
        (lambda n, x: attribution.fgsm(n, x, 3, -0.1), "epsilon must be a number of at least 0"),
        (lambda n, x: attribution.fgsm(n, x * 255, 3, 0.1), r"x must lie in \[0, 1\]"),
        (lambda n, x: list(attribution.maximise(n, "fc", 10, x.shape)), "channel must be at most 9, got 10"),
    ],
)
def test_wrong_arguments_are_named(call, words) -> None:
    with pytest.raises(ValueError, match=words):
        call(networks.load("resnet8"), photo(32, 32))


def test_a_probability_is_no_score() -> None:
    network, x = networks.load("resnet8"), photo(32, 32)
    np.testing.assert_allclose(softmax(attribution.scores(network, x)), network.forward(x), rtol=1e-5)


def test_a_pixel_on_which_nothing_depends_stays_as_it_is() -> None:
    weight = np.array([[1.0, 0.0, -1.0, 0.0], [-1.0, 0.0, 1.0, 0.0]])
    dense = Linear(4, 2)
    dense.store({"weight": weight.astype(np.float32), "bias": np.zeros(2, np.float32)})
    network = Graph([Node("flat", Flatten(), ("input",)), Node("dense", dense, ("flat",))], (1, 2, 2))
    moved = attribution.fgsm(network, np.full((1, 2, 2), 0.5), 0, 0.1)
    np.testing.assert_allclose(moved.ravel(), [0.4, 0.5, 0.6, 0.5], atol=1e-6)
