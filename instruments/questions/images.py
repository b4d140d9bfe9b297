"""Questions of the page Images are numbers."""

from random import Random

from instruments import images
from instruments.questions.question import Picture, Question, pictures, reasons
from instruments.questions.small_pictures import colour_names, patterns


def place(rng: Random) -> Question:
    side, row, column = 32, rng.randint(1, 5), rng.randint(0, 20)
    answer = row * side + column
    return Question(
        "predict",
        f"A grey image of **{side} × {side}** pixels lies in memory row by row; the first value is number 0. Which number has "
        f"the value in row **{row}**, column **{column}**? Rows and columns are counted from 0 too.",
        (
            f"Before row {row} there are {row} whole rows.",
            f"Each row has {side} values: {row} · {side} = {row * side}.",
        ),
        f"{row} · {side} + {column} = {answer}.",
        answer=answer,
        settings={
            images.CHANNEL.key: 0,
            images.ROW.key: row,
            images.COLUMN.key: column,
            "image": "checkerboard",
            "size": str(side),
            "colour": "grey",
        },
    )


def channel(rng: Random) -> Question:
    colours = patterns(rng, 4, 3)  # (3, 4, 4)
    asked = rng.randrange(3)
    name = images.COLOURS[asked].lower()
    drawn = {f"the {one.lower()} channel": Picture(colours[n]) for n, one in enumerate(images.COLOURS)}
    drawn[f"the {name} channel with black and white swapped"] = Picture(1 - colours[asked])
    return Question(
        "recognise",
        f"Which of these is the **{name}** channel of this picture? White stands for all, black for none of it.",
        (
            f"Look for a field that is pure {name}: there the {name} channel is white.",
            "White fields hold all three colours, black ones none. Yellow is red and green, magenta red and blue, cyan green and blue.",
        ),
        f"The {name} channel is white wherever there is {name} in the mixture, and black elsewhere.",
        choices=pictures(rng, f"the {name} channel", drawn),
        shown=(Picture(colours, words=f"Row by row: {colour_names(colours)}"),),
    )


def all_white(rng: Random) -> Question:
    value = rng.randint(40, 200)
    return Question(
        "explain",
        f"A photo holds whole numbers from 0 to 255; a pixel of its grass is **{value}**. A program that takes 0 for black and 1 "
        "for white shows it: nearly all of it is white. What is the reason?",
        ("Which shade does this program show for a 1? And for anything above?",),
        f"The values must be divided by 255 first: {value} / 255 is {value / 255:.2f}, some grey between black and white.",
        choices=reasons(
            rng,
            "Every value of 1 or more is shown as white, and nearly all values are larger than 1.",
            {
                "The photo was taken with too much light.": "Other programs show it well: the numbers are in order.",
                "The program has swapped red and blue.": "Then the colours would be wrong, but not all white.",
                "A photo has too many pixels to be shown.": "How bright a pixel is does not depend on how many there are.",
            },
        ),
    )


QUESTIONS = (place, channel, all_white)
