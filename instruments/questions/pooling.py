"""Questions of the page Pooling."""

from random import Random

from instruments import pooling
from instruments.questions.question import Picture, Question, pictures, reasons
from instruments.questions.small_pictures import digit


def count(rng: Random) -> Question:
    k = rng.randint(2, 3)
    s, out = rng.randint(1, k), rng.randint(3, 5)
    i = min(16, k + s * (out - 1) + rng.randint(0, s - 1))
    return Question(
        "predict",
        f"A map of **{i} × {i}** is pooled with a window of **{k} × {k}** and stride **{s}**. How many numbers come out?",
        (
            f"Along one side: the window takes {k} of {i} pixels and can move by {i - k}, in steps of {s}.",
            f"Its first place counts too: {out} places along one side. The map has two sides.",
        ),
        f"⌊({i} − {k}) / {s}⌋ + 1 = {out}, and {out} · {out} = {out * out}.",
        answer=out * out,
        settings={pooling.SIDE.key: i, pooling.WINDOW.key: k, pooling.STRIDE.key: s},
    )


def after_pooling(rng: Random) -> Question:
    image = digit(rng)
    k = rng.choice([2, 4])
    windows = image.reshape(28 // k, k, 28 // k, k)
    drawn = {
        "max pooling": Picture(windows.max(axis=(1, 3))),
        "average pooling": Picture(windows.mean(axis=(1, 3))),
        "the smallest number of each window": Picture(windows.min(axis=(1, 3))),
        "max pooling, mirrored": Picture(windows.max(axis=(1, 3))[:, ::-1]),
    }
    right = rng.choice(["max pooling", "average pooling"])
    return Question(
        "recognise",
        f"Which picture is this digit after **{right}** with a window of {k} × {k}?",
        (
            "A window at the rim of a stroke holds dark and bright pixels. What is its largest number, its mean, its smallest?",
            "The largest makes strokes thick and bright, the mean makes their rims grey, the smallest leaves little of them.",
        ),
        "Max pooling keeps the brightest pixel of each window, average pooling mixes all of them.",
        choices=pictures(rng, right, drawn),
        shown=(Picture(image, words="A handwritten digit, white on black"),),
    )


def lost_place(rng: Random) -> Question:
    one, other = rng.choice([("6", "9"), ("2", "5"), ("a 6 that stands", "a 6 that lies on its side")])
    return Question(
        "explain",
        f"A network pools its maps of 28 × 28 with a window of **14 × 14**. It cannot tell **{one}** from **{other}** any more. Why?",
        (
            "How many numbers are left of each map?",
            "Each of them says that something was in its window. Does it say where?",
        ),
        "Only 2 × 2 numbers are left. A little freedom of place helps, this much of it destroys the shape.",
        choices=reasons(
            rng,
            "Only four numbers of each map are left: where in a quarter something was is lost.",
            {
                "Pooling has too many parameters to be trained.": "Pooling has no parameters at all.",
                "Max pooling makes all numbers 0.": "It keeps the largest of each window.",
                "The window does not fit into the map.": "It fits exactly: twice along each side.",
            },
        ),
    )


QUESTIONS = (count, after_pooling, lost_place)
