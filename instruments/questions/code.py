"""Questions of the page Same in PyTorch and Keras."""

from random import Random

from instruments.questions.question import Picture, Question, pictures, reasons
from instruments.questions.small_pictures import patterns

SIDE = 6


def same(rng: Random) -> Question:
    i, s = rng.randint(5, 30), rng.randint(2, 4)
    out = -(-i // s)
    return Question(
        "predict",
        f'TensorFlow\'s padding="same" on an input **{i}** pixels wide, with stride **{s}**: how wide is the output?',
        (
            "With “same”, a window begins at every stride, and as much padding is added as the last one needs.",
            f"The windows begin at 0, {s}, {2 * s} and so on. How many of these lie below {i}?",
        ),
        f"⌈{i} / {s}⌉ = {out}, whatever the kernel's size.",
        answer=out,
    )


def wrong_order(rng: Random) -> Question:
    right = "the numbers read in the wrong order"
    while True:
        image = patterns(rng, SIDE // 2, 3).repeat(2, axis=1).repeat(2, axis=2)  # (3, SIDE, SIDE)
        read = image.reshape(SIDE, SIDE, 3).transpose(2, 0, 1)
        drawn = {
            right: Picture(read),
            "the picture as it should be": Picture(image),
            "red and blue swapped": Picture(image[::-1]),
            "the picture mirrored": Picture(image[:, :, ::-1]),
        }
        options = pictures(rng, right, drawn)
        if len(options) == len(drawn):
            break
    return Question(
        "recognise",
        "This picture lies in memory channel by channel: all red values, then all green, then all blue. A library that expects "
        "red, green and blue of each pixel side by side reads the same numbers. What does it see?",
        (
            "Three red values in a row become red, green and blue of one pixel.",
            "The upper third comes from the red values alone. No shape of the picture can stay in place.",
        ),
        "Moving axes with transpose keeps the picture; reading the same numbers in another shape does not.",
        choices=options,
        shown=(Picture(image, words="Fields in mixtures of red, green and blue"),),
    )


def dense_nonsense(rng: Random) -> Question:
    k, side = rng.choice([8, 16, 32]), rng.choice([6, 12])
    return Question(
        "explain",
        f"The weights of a PyTorch network are copied into Keras. The convolution's **{k}** maps of **{side} × {side}** agree, but all answers "
        "after the first dense layer are nonsense. Why?",
        (
            "What stands between the maps and the dense layer?",
            "In which order does each library lay the maps' numbers in a row?",
        ),
        "PyTorch flattens in the order C, H, W and Keras in H, W, C: the dense weights must be put in the other order too.",
        choices=reasons(
            rng,
            "The two libraries flatten the maps in different orders, so each dense weight meets another number.",
            {
                "Keras computes with fewer digits.": "Both use 32 bits; rounding changes the last digits only.",
                "Dense layers cannot be copied.": "They can, once rows and columns are in the other library's order.",
                "The kernels must be turned by 180 degrees in Keras.": "Both compute cross-correlation, and the maps agree already.",
            },
        ),
    )


QUESTIONS = (same, wrong_order, dense_nonsense)
