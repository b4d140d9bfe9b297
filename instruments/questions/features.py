"""Questions of the page Find a feature."""

from random import Random

import numpy as np

from cnn_core.arguments import Array
from cnn_core.matching import normalised_cross_correlation
from instruments import features
from instruments.questions.question import Picture, Question, pictures, reasons

SHAPES = {
    "a cross": ("10001", "01010", "00100", "01010", "10001"),
    "a ring": ("11111", "10001", "10001", "10001", "11111"),
    "a plus": ("00100", "00100", "11111", "00100", "00100"),
    "a corner": ("10000", "10000", "10000", "10000", "11111"),
}
FIELD = 9  # pixels a side in which each shape stands


def _shape(name: str) -> Array:
    return np.array([[float(pixel) for pixel in row] for row in SHAPES[name]], np.float32)


def width(rng: Random) -> Question:
    side, k = rng.choice([32, 64]), rng.randint(3, 15)
    return Question(
        "predict",
        f"A template of **{k} × {k}** pixels slides over an image of **{side} × {side}**, always wholly inside it. How many "
        "places has it along one side?",
        (
            f"Its left edge begins at column 0. At which column does it stand when its right edge touches the end of {side} pixels?",
            f"The last place is {side} − {k} = {side - k}, and the first is 0.",
        ),
        f"{side} − {k} + 1 = {side - k + 1}: that is how wide the map is.",
        answer=side - k + 1,
        settings={
            features.PART.key: "left_eye",
            features.CROPS["left_eye"].key: f"5 5 {k} {k}",
            "image": "astronaut",
            "size": str(side),
            "colour": "grey",
        },
    )


def template(rng: Random) -> Question:
    names = rng.sample(list(SHAPES), 4)
    image = np.zeros((2 * FIELD, 2 * FIELD), np.float32)
    for n, name in enumerate(names):
        top, left = (FIELD * part + rng.randint(1, FIELD - 6) for part in divmod(n, 2))
        image[top : top + 5, left : left + 5] = _shape(name)
    right = rng.choice(names)
    response = normalised_cross_correlation(image, _shape(right))
    return Question(
        "recognise",
        "Left an image with four shapes. A template was slid over it; right is what it answers at each place (its upper left "
        "corner), orange where the image looks like it. Which template was it?",
        (
            "Find the strongest orange in the map.",
            "In which quarter of the image is that place? Which shape stands there?",
        ),
        f"The answer is strongest where the image shows what the template shows: {right}.",
        choices=pictures(rng, right, {name: Picture(np.pad(_shape(name), 1)) for name in names}),
        shown=(
            Picture(image, words="An image with four small white shapes on black, one in each quarter"),
            Picture(response.astype(np.float32), False, 1.0, "The answers, strongest in one quarter"),
        ),
    )


def wrong_place(rng: Random) -> Question:
    thing = rng.choice(["a dim lamp", "a dark eye", "a grey button", "a faint leaf"])
    return Question(
        "explain",
        f"A template shows {thing}. Plain cross-correlation answers most somewhere else, at a sharp edge between black and "
        "white. Normalised cross-correlation finds the right place. Why?",
        (
            "The template's mean was subtracted: what does an evenly bright area answer then?",
            "What happens to a sum of products when the window's differences are twice as strong?",
        ),
        "Plain answers grow with the window's contrast; the normalised one divides by it, so that only the pattern counts.",
        choices=reasons(
            rng,
            "Strong contrast makes large products, even where the pattern fits badly; normalising divides by the contrast.",
            {
                "Bright pixels always make larger answers.": "The template's mean is 0, so even brightness adds nothing: contrast counts.",
                "The plain one looks only at edges of the image.": "It slides over every place, as the other does.",
                "The normalised one knows what the thing is.": "It knows nothing: it compares patterns, freed of their contrast.",
            },
        ),
    )


QUESTIONS = (width, template, wrong_place)
