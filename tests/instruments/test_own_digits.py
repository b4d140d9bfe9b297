"""The digits network of a session: made of a training, read from its file, refused in words."""

import io

import numpy as np
import pytest

from cnn_core import weights
from cnn_core.networks import digits_network
from instruments import own_digits
from instruments.digits import UNSEEN, all_digits
from instruments.training import HIDDEN, Plan, Training


def file(net) -> bytes:
    buffer = io.BytesIO()
    weights.save(buffer, net)
    return buffer.getvalue()


def trained(**sizes) -> Training:
    run = Training(Plan(digits=300, epochs=2, rate=0.02, **sizes))
    while not run.done:
        run.advance(1)
    return run


@pytest.mark.parametrize("sizes", [(3, 4, 3), (2, 5, 5), (2, 5, 6), (5, 1, 1), (1, 9, 6)])
def test_a_file_gives_back_the_network_with_its_sizes(sizes) -> None:
    run = trained(kernels=sizes[0], side=sizes[1], pool=sizes[2])
    own = own_digits.from_file(run.weights_file())
    assert (own.sizes, own.hidden) == (sizes, HIDDEN)
    digits = all_digits()[0][UNSEEN : UNSEEN + 20]
    powers = np.exp(run.network.forward(digits).astype(np.float64))  # the training's network ends in logits
    np.testing.assert_allclose(own.graph.forward(digits), powers / powers.sum(axis=1, keepdims=True), rtol=2e-5)


def test_going_on_with_a_training_does_not_change_what_is_used() -> None:
    run = Training(Plan(kernels=2, digits=600, epochs=2))
    run.advance(0.01)
    own = own_digits.of_weights(2, 3, 2, HIDDEN, run.network.stored())
    before = own.graph.parameters()["conv1.weight"].copy()
    run.advance(1)
    assert np.array_equal(own.graph.parameters()["conv1.weight"], before)
    assert not np.array_equal(run.network.parameters()["conv1.weight"], before)


def renamed() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{f"net.{name}": array for name, array in digits_network(2, 3, 2).stored().items()})
    return buffer.getvalue()


def declaring(first, dense) -> bytes:
    """A file of arrays of these shapes, all 0, which take next to nothing in it."""
    buffer = io.BytesIO()
    named = {"conv1.weight": first, "conv1.bias": first[:1], "fc1.weight": dense, "fc1.bias": dense[:1]}
    last = {"fc2.weight": (10, dense[0]), "fc2.bias": (10,)}
    np.savez_compressed(buffer, **{name: np.zeros(shape, np.float32) for name, shape in (named | last).items()})
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "cannot be read as weights"),
        (file(digits_network(2, 3, 2))[:-30], "cannot be read as weights"),
        (renamed(), "as the training page makes it"),
        (declaring((65, 1, 3, 3), (8, 65 * 169)), "65 kernels of 3 x 3; at most 64 kernels of 9 x 9"),
        (declaring((4, 1, 10, 10), (8, 4 * 81)), "4 kernels of 10 x 10"),
        (declaring((4, 1, 3, 4), (8, 4 * 169)), "as the training page makes it"),
        (declaring((4, 3, 3, 3), (8, 4 * 169)), "as the training page makes it"),
        (declaring((4, 1, 3, 3), (513, 4 * 169)), "513 hidden units"),
        (declaring((64, 1, 1, 1), (512, 64 * 784)), "512 hidden units that read 50176 numbers"),
        (declaring((4, 1, 3, 3), (8, 4 * 168)), "reads 672 numbers, which no pooling of 26 x 26 maps makes"),
    ],
    ids=["text", "cut", "other names", "kernels", "side", "not square", "colour", "hidden", "numbers", "pooling"],
)
def test_what_is_no_digits_network_is_refused_in_words(data, words) -> None:
    with pytest.raises(weights.WeightsError, match=words):
        own_digits.from_file(data)


def test_weights_of_any_size_are_taken() -> None:
    net = digits_network(2, 3, 2)
    net.store({name: np.full_like(array, 1e38) for name, array in net.stored().items()})
    assert own_digits.from_file(file(net)).sizes == (2, 3, 2)
