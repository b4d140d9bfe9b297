"""Programs as Jupyter notebooks (nbformat 4.5)."""

import json
from collections.abc import Sequence


def notebook_text(introduction: str, programs: Sequence[str]) -> str:
    """A notebook with one Markdown cell, then a code cell for each program.

    >>> len(json.loads(notebook_text("# Title", ["x = 1", "x"]))["cells"])
    3
    """
    cells: list[dict[str, object]] = [
        {"cell_type": "markdown", "id": "intro", "metadata": {}, "source": introduction.splitlines(keepends=True)}
    ]
    for place, program in enumerate(programs):
        cells.append(
            {
                "cell_type": "code",
                "id": f"cell{place}",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": program.splitlines(keepends=True),
            }
        )
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}, indent=1)
