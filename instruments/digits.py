"""The digit that the network pages work on, MNIST's, drawn or cut from a photo, and what the shipped network says of it."""

from functools import cache
from typing import NamedTuple

from cnn_core import mnist, networks
from cnn_core.arguments import Array
from cnn_core.mnist import Labels
from instruments.fields import Choice, Whole

UNSEEN = mnist.TRAINED  # the first digit that was never trained on
SOURCES = {"choose": "Choose", "draw": "Draw", "image": "The image"}


class DigitFields(NamedTuple):
    """A page's settings of where its digit comes from."""

    source: Choice
    number: Whole


def digit_fields(page: str) -> DigitFields:
    """Those of the page of this name."""
    source = Choice(f"{page}_source", "Digit", "choose", SOURCES)
    return DigitFields(source, Whole(f"{page}_number", "number", UNSEEN, 0, lambda _: len(all_digits()[0]) - 1))


def weights_field(page: str) -> Choice:
    """The choice of this page between the weights that come with the app and those of this session."""
    return Choice(f"{page}_weights", "Weights", "shipped", {"shipped": "Ready-made", "yours": "Trained by you"})


@cache
def all_digits() -> tuple[Array, Labels]:
    """The bundled digits (N, 1, 28, 28) in [0, 1] and their classes, read-only and shared."""
    images, labels = mnist.digits()
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def classify(digit: Array) -> Array:
    """What the shipped network says: ten probabilities for a digit (1, 28, 28).

    >>> images, labels = all_digits()
    >>> int(classify(images[UNSEEN]).argmax()) == int(labels[UNSEEN])
    True
    """
    return networks.load("digits").forward(digit)
