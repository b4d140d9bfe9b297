"""Questions of the page Kernel."""

from random import Random

import numpy as np

from cnn_core.kernels import PRESETS
from instruments import kernel, samples
from instruments.kernel_text import format_kernel
from instruments.questions.question import Picture, Question, added, number, reasons, table
from instruments.questions.small_pictures import PHOTOS, convolved, photo

ACTIONS = {  # presets, as what they do
    "identity": "copies the middle pixel",
    "box_blur_5": "takes the mean of the window (blur)",
    "sobel_x": "right minus left: finds vertical edges",
    "sobel_y": "below minus above: finds horizontal edges",
    "outline": "the middle minus all around it: finds every edge",
}
BARS = {"horizontal": ("horizontal bars", "sobel_x", "side by side"), "vertical": ("vertical bars", "sobel_y", "one above the other")}  # fmt: skip


def one_output(rng: Random) -> Question:
    weights = np.array([[rng.randint(-2, 3) for _ in range(3)] for _ in range(3)])
    bias, column = rng.randint(-2, 2), rng.randint(2, 6)
    window = samples.load("checkerboard", 32)[0, :3, column : column + 3].astype(int)
    products = [int(one) for one in (weights * window).reshape(-1)[window.reshape(-1) == 1]]
    answer = sum(products) + bias
    rows = [[*map(str, pixels), " ", *map(number, row)] for pixels, row in zip(window, weights.tolist(), strict=True)]
    return Question(
        "predict",
        "The window lies on nine pixels, and each meets a weight of the kernel:"
        + table(rows, ("pixels", " ", " ", " ", "weights", " ", " "))
        + f"The bias is **{number(bias)}**. Which number comes out?",
        (
            "Multiply each pixel by the weight in the same place, then add all nine products and the bias.",
            f"Pixels that are 0 add nothing. What is left: {added(products)}, and the bias.",
        ),
        f"{added([*products, bias])} = {number(answer)}.",
        answer=answer,
        settings={
            kernel.KERNEL.key: format_kernel(weights),
            kernel.BIAS.key: bias,
            kernel.PIXEL.key: f"convolution 0 0 {column}",
            "image": "checkerboard",
            "size": "32",
            "colour": "grey",
        },
    )


def whose_map(rng: Random) -> Question:
    name, right = rng.choice(list(PHOTOS)), rng.choice(list(ACTIONS))
    others = rng.sample([one for one in ACTIONS if one != right], 3)
    answer = convolved(name, right)
    return Question(
        "recognise",
        "Left a picture, right its map. Where the map has negative numbers they are blue, positive ones orange; a map without "
        "negative numbers is shown in grey. What does the kernel do?",
        (
            "Is anything blue? Only a kernel with negative weights can do that.",
            "Look at one edge of the picture, an upright one and a level one: which of them shows?",
        ),
        f"This kernel {ACTIONS[right]}." if right in ("identity", "box_blur_5") else f"It is {ACTIONS[right]}.",
        choices=reasons(
            rng,
            ACTIONS[right],
            {ACTIONS[one]: "Compare the edges in the picture with those in the map." for one in others},
        ),
        shown=(
            Picture(photo(name), words=f"A grey photo of {PHOTOS[name]}"),
            Picture(answer, image=float(answer.min()) >= 0, words="The map"),
        ),
    )


def nothing_comes_out(rng: Random) -> Question:
    image = rng.choice(list(BARS))
    words, preset, way = BARS[image]
    name = {"sobel_x": "Sobel x", "sobel_y": "Sobel y"}[preset]
    return Question(
        "explain",
        f"The kernel {name} ({ACTIONS[preset]}) runs over a picture of **{words}**. Its map is 0 everywhere. Why?",
        (f"{name} compares pixels that stand {way}. How do they differ in this picture?",),
        f"In {words}, pixels {way} are equal: the positive and negative weights cancel, and 0 comes out.",
        choices=reasons(
            rng,
            f"Pixels {way} are equal here, so their differences are 0.",
            {
                "The bars are too thin for a kernel of 3 × 3.": "They are wider than three pixels, and thin bars would answer too.",
                "All weights of the kernel are 0.": "They are not: their sum is 0, which is something else.",
                "The picture is black and white, and the kernel needs grey.": "A kernel multiplies and adds any numbers, 0 and 1 too.",
            },
        ),
        settings={
            kernel.KERNEL.key: format_kernel(PRESETS[preset].values),
            "image": image,
            "size": "64",
            "colour": "grey",
        },
    )


QUESTIONS = (one_output, whose_map, nothing_comes_out)
