"""What the documents say is true: README's code runs, and its numbers are the code's."""

import re
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from cnn_core import image_headers, image_worker, images, networks
from cnn_core.images import ACCEPTED
from cnn_core.kernels import PRESETS
from cnn_core.mnist import TRAINED, digits
from instruments import classifier, cost
from instruments.samples import SAMPLES
from live import channel
from server import shares, uploads, wire
from tests.app.visits import ROOT, component, sentences, visit
from ui import left_behind, results
from ui.formulas import number

README = (ROOT / "README.md").read_text("utf-8")
SECURITY = " ".join((ROOT / "SECURITY.md").read_text("utf-8").split())


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


def test_the_homework_on_a_photo_can_be_asked_as_its_page_says() -> None:
    parts = urlsplit(next(link for link in LINKS if link.startswith("/why-this-answer")))
    app = visit("why_this_answer", **dict(parse_qsl(parts.query)))
    why, instead = re.search(r"why (.*) and not (.*)\?", sentences(app)).groups()
    named = [option.split(": ")[1] for option in app.selectbox(key="answer_second").options]
    assert {why, instead} <= set(named)
    assert app.selectbox(key="answer_first").options[0] == f"1: {why}"


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


WORDS = {"one": 1, "two": 2, "three": 3}


@pytest.mark.parametrize(
    ("words", "times", "value"),
    [
        ("seven formats, # MB", 1e6, images.MAX_BYTES), ("8 to # megapixels", 1e6, image_headers.MAX_PIXELS), ("at most # scans", 1, image_headers.MAX_SCANS),
        ("within # s of processor time", 1, image_worker.SECONDS), ("# billion multiply-adds", 1e9, cost.MAX_MACS),
        ("multiply-adds or # MB", 1e6, cost.MAX_BYTES), ("# trainings go on", 1, shares.TRAININGS.total),
        ("# MB a message", 1e6, wire.Bounds().size), ("# kB on the live channel", 1e3, channel.MAX_MESSAGE // 1000 * 1000), ("# parts", 1, wire.MAX_FRAMES),
        ("# seconds until it is complete", 1, wire.MESSAGE_SECONDS), ("# MB of unfinished ones", 1e6, wire.MAX_INCOMING),
        ("# control frames at once", 1, wire.CONTROLS), ("at once and # a second", 1, wire.CONTROLS_A_SECOND), ("# MB of answers", 1e6, wire.MAX_UNSENT),
        ("has taken, # MB of one", 1e6, wire.MAX_UNSENT_EACH), ("takes nothing for # seconds", 1, wire.STALLED_SECONDS),
        ("a whole request in #, is", 1, wire.REQUEST_SECONDS), ("answered within # seconds", 1, channel.IDLE_SECONDS),
        ("seconds; # MB of all, and", 1e6, shares.UPLOADS.total), ("of all, and # MB of those", 1e6, shares.LARGE_UPLOADS.total),
        ("come at # kB a second", 1e3, uploads.LARGE_RATE), ("at a time a session, # MB", 1 << 20, uploads.MAX_FILE),
        ("server's memory (# MB", 1e6, shares.MODELS_PART * shares.UNKNOWN), ("refuse more than # billion", 1e9, classifier.MAX_MACS),
        ("or # MB of values", 1e6, classifier.MAX_MEMORY), ("at least # kB a second", 1e3, uploads.LEAST_RATE),
        ("no silence above # seconds", 1, uploads.SILENCE), ("go after # seconds", 1, left_behind.UNTAKEN_SECONDS),
        ("no page has read, # MB", 1 << 20, uploads.MAX_HELD), ("Results are kept in # MB", 1e6, results.MAX_BYTES),
        ("for everyone, # MB a session", 1e6, results.OWN_BYTES),
    ],
)  # fmt: skip
def test_the_bounds_are_those_that_are_promised(words, times, value) -> None:
    found = re.search(re.escape(words).replace("\\#", r"([\d,.]+|one|two|three)").replace("\\ ", " "), SECURITY)
    assert found, words
    written = found[1].replace(",", "")
    assert (WORDS[written] if written in WORDS else float(written)) * times == value


def test_the_other_promises_in_words() -> None:
    assert "three quarters of the places for connections" in SECURITY
    assert shares.MOST == 3 / 4
    assert "a fifth of a core" in SECURITY
    assert shares.RUN_PACE._part == 1 / 5
    assert "for an hour at most" in SECURITY
    assert results.SECONDS == 60 * 60


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
