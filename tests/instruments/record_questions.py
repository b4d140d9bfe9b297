"""Records the numbers of each page's questions, in questions.json: `python -m tests.instruments.record_questions`.

The same seed asks the same question, so that two who sit side by side can compare. Words may change freely; where numbers do,
look at whether they are still small, and record anew.
"""

import hashlib
import json
import re
from pathlib import Path

from instruments import models
from instruments.questions import make, makers
from instruments.questions.any_network import Facts, facts
from instruments.questions.question import Question

RECORD = Path(__file__).parent / "questions.json"
SEEDS = range(1, 41)


def numbers(question: Question) -> list[object]:
    """All that it asks for in numbers, and where the right answer stands."""
    said = [question.text, question.explanation, *question.hints, *(one.words for one in question.choices)]
    pictures = [*question.shown, *(one.picture for one in question.choices if one.picture)]
    settings = sorted((key, str(value)) for key, value in question.settings.items())
    return [
        question.right,
        [re.findall(r"\d+", text) for text in said],
        [one.values.shape for one in pictures],
        settings,
    ]


def digests(page: str, about: Facts | None = None) -> list[str]:
    """Of each question of a page, what stands for its numbers over the first seeds."""
    asked = [[numbers(make(page, number, seed, about)) for seed in SEEDS] for number in range(len(makers(page)))]
    return [hashlib.blake2b(json.dumps(one).encode(), digest_size=6).hexdigest() for one in asked]


def main() -> None:
    pages = sorted(
        path.stem for path in Path("instruments/questions").glob("*.py") if "QUESTIONS = (" in path.read_text("utf-8")
    )
    found = {page: digests(page) for page in pages}
    for code in ("squeezenet", "resnet8"):
        model = models.shipped(code)
        found[f"network, {code}"] = digests("network", facts(code, code, model.graph, model.shape, model.classes))
    RECORD.write_text(json.dumps(found, indent=0) + "\n", "utf-8")


if __name__ == "__main__":
    main()
