"""Home and the way through the lesson, in a browser: the first screen, drawing, the sum behind a click, ticks, the menu of a phone."""

import re
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cnn_core.images import encode_png
from tests.browser.instrument import in_menu, panel, pixels, settle, upload

PANELS = ("input", "conv", "relu", "pool", "fc1", "fc2")
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"


def bars(page: Page) -> Locator:
    return page.get_by_alt_text(re.compile("^Probabilities of the ten digits"))


def answer(page: Page) -> int:
    return int(re.search(r"largest is (\d)", bars(page).get_attribute("alt") or "")[1])  # type: ignore[index]


@pytest.mark.parametrize(("width", "height", "link"), [(1366, 768, ""), (1280, 720, "?large=true")])
def test_the_whole_network_is_on_the_first_screen(visit, width, height, link) -> None:
    page = visit(link, width=width, height=height)
    settle(page)
    parts = [page.get_by_label("drawing pad"), bars(page), *(panel(page, name).locator(".frame") for name in PANELS)]
    for part in parts:
        box = part.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
        assert box["x"] + box["width"] <= width
    pad, first, answers = (part.bounding_box() for part in (parts[0], parts[2], parts[1]))
    assert pad["x"] + pad["width"] <= first["x"]  # the pad at left, the answers at right
    assert max(panel(page, name).bounding_box()["x"] for name in PANELS) < answers["x"]
    page.get_by_test_id("stSidebar").hover()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
    settle(page)
    bar, title = page.get_by_test_id("stHeader").bounding_box(), page.locator("h1").bounding_box()
    assert title["y"] >= bar["y"] + bar["height"]  # nothing lies over it
    for name in PANELS:
        box = panel(page, name).locator(".frame").bounding_box()
        assert box["y"] + box["height"] <= height


def draw_line(page: Page) -> None:
    """A stroke from top to bottom, still held."""
    box = page.get_by_label("drawing pad").bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + side * 0.5, y + side * 0.15)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(x + side * 0.5, y + side * (0.15 + 0.035 * step))
        page.wait_for_timeout(20)
    page.wait_for_timeout(800)


def test_the_network_answers_while_the_hand_draws(visit) -> None:
    page = visit("", width=1366, height=768)
    settle(page)
    assert answer(page) == 3
    before = pixels(page, "conv")
    draw_line(page)  # in the place of the ready digit
    expect(page.get_by_text("It says 1")).to_be_visible()
    assert answer(page) == 1
    drawn = pixels(page, "input")[..., 0] > 128
    rows, columns = np.nonzero(drawn)
    assert (np.ptp(rows) + 1, np.ptp(columns) <= 6) == (20, True)
    assert not np.array_equal(pixels(page, "conv"), before)
    page.mouse.up()
    settle(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("It says 3")).to_be_visible()
    draw_line(page)  # in its place again
    expect(page.get_by_text("It says 1")).to_be_visible()
    page.mouse.up()
    settle(page)
    in_menu(page, "The whole network").click()
    expect(page.locator("h1")).to_have_text("The whole network")  # both pages have a "Draw"
    page.get_by_test_id("stButtonGroup").get_by_text("Draw", exact=True).click()
    expect(page.get_by_text("The network says 1")).to_be_visible()
    in_menu(page, "Home").click()
    expect(page.get_by_text("It says 1")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("until then the network sees an empty picture")).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    undo.click()  # what was drawn comes back, and before it the pad was empty: the drawing is another page's
    expect(page.get_by_text("It says 1")).to_be_visible()
    undo.click()
    expect(page.get_by_text("until then the network sees an empty picture")).to_be_visible()
    expect(undo).to_be_disabled()


def test_a_photo_of_a_digit_is_read(visit) -> None:
    page = visit("", width=1366, height=768)
    settle(page)
    paper = np.full((120, 90), 230, np.uint8)
    paper[20:100, 40:48] = 30  # a dark bar on bright paper
    upload(page, "one.png", encode_png(np.stack([paper] * 3)))
    expect(page.get_by_text("It says 1")).to_be_visible()
    settle(page)
    rows, columns = np.nonzero(pixels(page, "input")[..., 0] > 128)
    assert (np.ptp(rows) + 1, np.ptp(columns) < 5) == (20, True)
    page.get_by_test_id("stButtonGroup").get_by_text("Draw", exact=True).click()
    expect(page.get_by_text("It says 3")).to_be_visible()


def test_hovering_frames_what_is_read_and_a_click_shows_the_sum(visit) -> None:
    page = visit("", width=1366, height=768)
    settle(page)
    canvas = panel(page, "conv").locator(".frame canvas")
    box = canvas.bounding_box()
    place = {"x": box["width"] * (1 + 7.5 / 24) / 4, "y": box["height"] * (2 + 3.5 / 24) / 4}  # map 9, row 3, column 7
    canvas.hover(position=place)
    window, input_box = panel(page, "input").locator(".box.read"), panel(page, "input").locator(".frame canvas")
    frame, whole = window.bounding_box(), input_box.bounding_box()
    assert frame["width"] / whole["width"] == pytest.approx(5 / 28, abs=0.04)
    expect(panel(page, "fc2").locator(".box.reader.whole")).to_have_count(1)
    canvas.click(position=place)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("How this value of map 9 was computed")).to_be_visible()
    expect(dialog.locator("figcaption.kernel")).to_have_text("Kernel 9")
    expect(dialog.locator(".grid.output > *").first).to_be_visible()
    dialog.get_by_role("link", name="The same on the page of the whole network").click()
    expect(page.locator("h1")).to_have_text("The whole network")
    page.wait_for_url("**network_channel=9**")
    assert {"network_x=7", "network_y=3", "network_source=draw"} <= set(page.url.split("?")[1].split("&"))


def test_a_step_is_ticked_once_it_was_visited_and_nothing_moves(visit) -> None:
    page = visit("", width=1366, height=768)
    settle(page)
    link = in_menu(page, "Why convolution")
    expect(link).to_have_accessible_name("1 Why convolution")
    before, plain = link.bounding_box(), link.inner_text()
    page.get_by_role("button", name="Start").click()
    expect(page.locator("h1")).to_have_text("Why convolution")
    expect(link).to_have_accessible_description(re.compile("Visited"))
    settle(page)
    assert link.bounding_box() == before
    assert link.inner_text() != plain  # another icon
    assert "Visited" not in (in_menu(page, "Pooling").get_attribute("aria-description") or "")
    in_menu(page, "Home").click()
    expect(page.get_by_text(re.compile(r"^1 of \d+ steps visited"))).to_be_visible()
    page.get_by_role("button", name="Go on: Images are numbers").click()
    expect(page.locator("h1")).to_have_text("Images are numbers")


def test_back_and_next_stand_beside_the_title(visit) -> None:
    page = visit("activation", width=1366, height=768)
    settle(page)
    title = page.locator("h1").bounding_box()
    for words in ("Back: Stride and padding", "Next: Channels and filters"):
        top, foot = page.get_by_role("link", name=words).all()
        box = top.bounding_box()
        assert title["y"] <= box["y"] + box["height"] / 2 <= title["y"] + title["height"]
        assert foot.bounding_box()["y"] > 1000
    page.get_by_role("link", name="Next: Channels and filters").first.click()
    expect(page.locator("h1")).to_have_text("Channels and filters")


def test_a_section_folds_and_stays_folded(visit) -> None:
    page = visit("", width=1366, height=768)
    settle(page)
    expect(in_menu(page, "Pooling")).to_be_visible()
    page.get_by_test_id("stNavSectionHeader").get_by_text("Components").click()
    expect(in_menu(page, "Pooling")).to_have_count(0)
    expect(in_menu(page, "The whole network")).to_be_visible()
    page.reload()
    settle(page)
    expect(in_menu(page, "Pooling")).to_have_count(0)


def test_on_a_phone_the_menu_closes_when_a_page_is_chosen(visit) -> None:
    page = visit("", width=400, height=800, is_mobile=True, has_touch=True, user_agent=PHONE)
    settle(page)
    page.get_by_test_id("stExpandSidebarButton").click()
    in_menu(page, "Activation").click()
    expect(page.locator("h1")).to_have_text("Activation")
    settle(page)
    menu = page.get_by_test_id("stSidebar").bounding_box()
    assert menu["x"] + menu["width"] <= 0
    title = page.locator("h1").bounding_box()
    for arrow in page.locator(".st-key-_title_line").get_by_role("link", name=re.compile("^(Back|Next)")).all():
        box = arrow.bounding_box()
        assert title["y"] <= box["y"] + box["height"] / 2 <= title["y"] + title["height"]
    expect(page.locator(".st-key-_title_line").get_by_role("link", name="Next: Channels and filters")).to_have_count(1)


def test_for_teachers_leads_to_the_lesson_and_its_links_open(visit) -> None:
    page = visit("", width=1366, height=768)
    settle(page)
    page.get_by_role("link", name="How a 45-minute lesson goes").click()
    expect(page.locator("h1")).to_have_text("A lesson of 45 minutes")
    link = page.get_by_role("link", name="turned")
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("h1")).to_have_text("Kernel")
    settle(opened.value)
    assert "kernel=-1+-2+-1%3B+0+0+0%3B+1+2+1" in opened.value.url
    expect(opened.value.get_by_text("In the link")).to_have_count(0)


def test_nothing_is_missing_on_a_page_or_at_its_link(visit) -> None:
    page = visit("", width=1366, height=768)
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(urlsplit(answer.url).path) if answer.status >= 400 else None)
    page.reload()
    settle(page)
    assert missing == []
    page.goto(page.url.split("?")[0] + "kernel?size=64")
    expect(page.locator("h1")).to_have_text("Kernel")
    settle(page)
    page.goto(page.url.split("?")[0].replace("kernel", "fool-it") + "/?size=64")
    expect(page.locator("h1")).to_have_text("Fool it, break it, ask it")
    settle(page)
    assert missing == []
