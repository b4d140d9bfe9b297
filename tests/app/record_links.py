"""Records what links mean today, in tests/app/links.json: `python -m tests.app.record_links` after a setting was added.

A default or a bound that changes gives another picture to links that people have kept: look at what changed in the file.
"""

import json
from pathlib import Path
from typing import Any

from instruments.fields import Whole, resolve
from instruments.image import SHAPE
from tests.app.test_settings import LESSONS, fields_of, valid_codes

RECORD = Path(__file__).parent / "links.json"
SHAPES = ((3, 40, 64), (1, 23, 17), (3, 512, 512), (1, 64, 48))


def meaning(page: str, shape: tuple[int, int, int], codes: dict[str, str]) -> dict[str, list[Any]]:
    """For each field, with these codes before it: the code of its default, and the ends of its range."""
    found = {}
    for number, field in enumerate(fields_of(page)):
        before = resolve(fields_of(page)[:number], codes, facts={SHAPE: shape})
        ends = (
            [field.low, field.high(before) if isinstance(field, Whole) else field.high] if hasattr(field, "low") else []
        )
        found[field.key] = [field.write(field.default(before)), *ends]
    return found


def main() -> None:
    record: dict[str, Any] = {}
    for page in LESSONS:
        codes = [valid_codes(fields_of(page), shape, seed) for seed, shape in enumerate(SHAPES)]
        codes[0] = {}  # a link that says nothing
        record[page] = [{"shape": shape, "codes": one, "meaning": meaning(page, shape, one)}
                        for shape, one in zip(SHAPES, codes, strict=True)]  # fmt: skip
    RECORD.write_text(json.dumps(record, indent=0, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
