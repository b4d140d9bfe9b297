"""What the documents say is true: README's code runs, and its numbers are the code's."""

import re

from cnn_core.images import ACCEPTED
from cnn_core.kernels import PRESETS
from instruments.samples import SAMPLES
from tests.app.visits import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_readme_code_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})


def test_readme_counts_are_right() -> None:
    assert f"{len(PRESETS)} presets" in README
    assert f"{len(SAMPLES)} samples" in README
    assert all(name in README for name in re.split(r", | and ", ACCEPTED))


def test_every_asset_has_its_source() -> None:
    sources = (ROOT / "assets" / "SOURCES.md").read_text("utf-8")
    for path in (ROOT / "assets").rglob("*"):
        if path.is_file() and path.name != "SOURCES.md":
            assert str(path.relative_to(ROOT / "assets")) in sources, path.name
