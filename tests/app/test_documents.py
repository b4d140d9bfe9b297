"""What the documents say is true: README's code runs, and its numbers are the code's."""

import re
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from cnn_core import networks
from cnn_core.images import ACCEPTED
from cnn_core.kernels import PRESETS
from cnn_core.mnist import TRAINED, digits
from instruments.samples import SAMPLES
from tests.app.visits import ROOT, component, sentences, visit
from ui.formulas import number

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


TEACHING = (ROOT / "docs" / "teaching.md").read_text("utf-8")
LINKS = re.findall(r"\]\((/[^)]*)\)", TEACHING)


@pytest.mark.parametrize("link", dict.fromkeys(LINKS))
def test_each_link_of_the_lesson_opens_with_its_settings(link) -> None:
    parts = urlsplit(link)
    page = parts.path.strip("/").replace("-", "_") or "home"
    query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    app = visit(page, **query)
    assert "In the link" not in sentences(app)
    assert dict(app.query_params) == query  # each name is known, each value taken, and none is the default anyway


def test_the_lesson_s_links_are_relative_to_the_app_wherever_it_is_served() -> None:
    assert len(LINKS) > 20
    assert len(LINKS) == len(re.findall(r"\]\(", TEACHING))
    shown = "\n".join(block.value for block in visit("teaching").markdown)
    assert [f"/{link}" for link in re.findall(r"\]\(\./([^)]*)\)", shown)] == LINKS


def test_the_lesson_takes_as_long_as_it_says() -> None:
    minutes = [int(number) for number in re.findall(r"^## Minute (\d+)", TEACHING, re.M)]
    assert minutes == sorted(minutes)
    assert minutes[0] == 0
    assert minutes[-1] < 45
    assert max(after - before for before, after in pairwise([*minutes, 45])) <= 8


def test_the_lesson_s_numbers_are_the_network_s() -> None:
    net = networks.load("digits")
    assert f"{net.parameter_count():,}" in TEACHING
    images, labels = digits()
    [wrong] = re.findall(r"\[A 3 that it takes for an 8\]\(/network\?network_number=(\d+)\)", TEACHING)
    assert (labels[int(wrong)], net.forward(images[int(wrong)]).argmax()) == (3, 8)
    assert int(wrong) >= TRAINED


def test_the_sum_on_the_board_is_the_one_on_the_page() -> None:
    rows = [[float(cell.replace("−", "-")) for cell in re.findall(r"−?[\d.]+", line)]
            for line in re.findall(r"^\| [−\d].*$", TEACHING, re.M)]  # fmt: skip
    window, kernel = np.array(rows)[:, :3], np.array(rows)[:, 3:]
    query = dict(parse_qsl(urlsplit(next(link for link in LINKS if link.startswith("/stride-padding"))).query))
    walk = component(visit("stride_padding", **query), "window_explorer")
    np.testing.assert_allclose(window, np.array(walk["input"])[:3, :3], atol=0.005)
    np.testing.assert_array_equal(kernel, walk["kernel"])
    first, second = walk["output"][0][:2]
    assert (window * kernel).sum() == pytest.approx(first, abs=0.02)
    assert f"adds up: {number(first)}." in TEACHING
    assert f"smaller; {number(second)}." in TEACHING
