"""Questions of the page Fool it, break it, ask it."""

from random import Random

import numpy as np

from instruments.questions.question import Picture, Question, pictures, reasons

SIDE = 12  # pixels of the pictures


def small_steps(rng: Random) -> Question:
    height, width, weight, step = rng.randint(2, 5), rng.randint(2, 5), rng.randint(1, 3), rng.choice([1, 2, 5])
    count = height * width
    return Question(
        "predict",
        f"Each of the {height} × {width} weights of a kernel is **{weight}** or **−{weight}**. Every pixel under it is moved by "
        f"**{step}**, up where its weight is positive, down where it is negative. By how much does the kernel's answer rise?",
        (
            f"One product rises by {weight} · {step} = {weight * step}: a positive weight by a rise, a negative one by a fall.",
            f"There are {height} · {width} = {count} products, and all of them rise.",
        ),
        f"{count} · {weight * step} = {count * weight * step}. Many steps that nobody sees add up: that is how a network is fooled.",
        answer=count * weight * step,
    )


def towards(rng: Random) -> Question:
    slope = np.array([[rng.uniform(0.3, 1) for _ in range(SIDE)] for _ in range(SIDE)], np.float32)
    half = rng.randrange(3, SIDE - 3)
    slope[:, half:] *= -1
    right = "each pixel moved by the same small amount, against its slope"
    drawn = {
        right: Picture(-np.sign(slope), False, 1.0),
        "each pixel moved the way of its slope": Picture(np.sign(slope), False, 1.0),
        "one side made darker, the other left as it is": Picture(
            np.where(slope > 0, -1.0, 0.0).astype(np.float32), False, 1.0
        ),
        "all pixels made brighter": Picture(np.ones((SIDE, SIDE), np.float32), False, 1.0),
    }
    return Question(
        "recognise",
        "This is the slope of a class's score: orange pixels raise the score when they get brighter, blue ones when they get darker. "
        "Which change makes the class **less** probable? Orange is brighter, blue is darker.",
        (
            "What happens to the score when an orange pixel gets darker?",
            "Both sides must work against the score.",
        ),
        "Where the slope is positive the pixels get darker, elsewhere brighter: each pixel lowers the score a little.",
        choices=pictures(rng, right, drawn),
        shown=(Picture(slope, False, 1.0, words="The slope of the score for each pixel"),),
    )


def turned(rng: Random) -> Question:
    angle, animal = rng.choice([40, 60, 90]), rng.choice(["cat", "dog", "horse"])
    return Question(
        "explain",
        f"A photo of a {animal} is shifted by a few pixels, and the network still says “{animal}”. Turned by **{angle}°** it says "
        "something else. What is the reason?",
        ("What does a kernel do when it moves over the photo, and what does it never do?",),
        "Sliding kernels and pooling forgive a shift. Nothing in the network turns: it would have to see turned photos in training.",
        choices=reasons(
            rng,
            "A kernel slides over the whole photo but never turns, and its training showed hardly any turned photos.",
            {
                "Turned photos have fewer pixels.": "It gets as many numbers as before.",
                "The softmax cannot answer for turned photos.": "It only makes probabilities of the scores that it is given.",
                "Its kernels are too small.": "Larger kernels do not turn either.",
            },
        ),
    )


QUESTIONS = (small_steps, towards, turned)
