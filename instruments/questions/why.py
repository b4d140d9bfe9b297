"""Questions of the page Why convolution."""

from random import Random

import numpy as np

from cnn_core.kernels import PRESETS
from instruments import why
from instruments.questions.question import Picture, Question, pictures, reasons
from instruments.questions.small_pictures import PHOTOS, SIDE, convolved, correlated, photo


def parameters(rng: Random) -> Question:
    kernels, k, side = rng.randint(2, 10), rng.choice([2, 3, 5]), rng.choice([32, 64, 128])
    weights = k * k
    return Question(
        "predict",
        f"A grey image of **{side} × {side}** pixels goes through a convolution with **{kernels}** kernels of **{k} × {k}**, "
        "each with a bias. How many parameters has the convolution?",
        (
            "One kernel has a weight for each of its own pixels, wherever it stands. How large the image is does not matter.",
            f"One kernel: {k} · {k} = {weights} weights and 1 bias.",
        ),
        f"{kernels} · ({weights} + 1) = {kernels * (weights + 1)}. The same kernels would do for an image of any size.",
        answer=kernels * (weights + 1),
        settings={
            why.KERNELS.key: kernels,
            why.SIDE.key: k,
            "image": "checkerboard",
            "size": str(side),
            "colour": "grey",
        },
    )


def shuffled(rng: Random) -> Question:
    name = rng.choice(list(PHOTOS))
    order = np.random.default_rng(rng.randrange(1000)).permutation(SIDE * SIDE)
    image = photo(name)
    mixed = image.reshape(-1)[order].reshape(image.shape)
    map_of = convolved(name, "sobel_x")
    drawn = {
        "the map of the shuffled picture": Picture(correlated(mixed, PRESETS["sobel_x"].values), False),
        "the map of the picture before it was shuffled": Picture(map_of, False),
        "that map, mirrored": Picture(map_of[:, ::-1], False),
        "the picture itself, shuffled: grey, since nothing was subtracted": Picture(mixed),
    }
    return Question(
        "recognise",
        "All pixels of this picture are shuffled. Then a kernel runs over it that subtracts the pixels on the left from "
        "those on the right. Which map comes out?",
        (
            "The kernel compares neighbours. Who is whose neighbour after shuffling?",
            "No outline can be left, and where differences are negative there is blue.",
        ),
        "Neighbours are no longer neighbours, so the outlines are gone: a convolution lives on place.",
        choices=pictures(rng, "the map of the shuffled picture", drawn),
        shown=(Picture(image, words=f"A grey photo of {PHOTOS[name]}"),),
    )


def another_corner(rng: Random) -> Question:
    here, there = rng.choice([("left", "right"), ("upper", "lower"), ("right", "left"), ("lower", "upper")])
    return Question(
        "explain",
        f"A fully connected layer learned to know a cat in the **{here}** half of pictures. In the **{there}** half it does "
        "not know the same cat. A convolution does. What is the reason?",
        ("Think of which weights the cat's pixels meet when the cat moves.",),
        "A kernel is shared by all places, so what it learned in one it knows in all.",
        choices=reasons(
            rng,
            "The dense layer has other weights for each place; the convolution uses the same kernel everywhere.",
            {
                "The convolution has more parameters, so it remembers more.": "It has far fewer: that is its first advantage.",
                "The dense layer does not see that half of the picture.": "It sees all pixels, each with its own weight.",
                "The convolution moves the cat back before it looks.": "Nothing is moved: the kernel comes to the cat.",
            },
        ),
    )


QUESTIONS = (parameters, shuffled, another_corner)
