"""The overview in a browser: pick a network, unfold a stage, point at cards and maps, open a map, and its sum is numpy's."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from cnn_core import networks
from tests.app.test_network_overview import numbers, seen
from tests.browser.instrument import panel, settle, wait_until
from ui.overview_cards import BRIGHT, SAMPLE


def card(page, name: str):
    return page.locator(f'section.card[data-card="{name}"]')


def edge(page, source: str, target: str):
    return page.locator(f'path[data-edge="{source} {target}"]')


def test_squeezenet_is_picked_unfolded_and_folded_again(visit) -> None:
    page = visit("network?image=cat")
    expect(card(page, "fc1")).to_be_visible()
    page.locator(".st-key-network_model input").first.click()
    page.get_by_role("option", name="Photos (SqueezeNet)").click()
    page.wait_for_url("**network_model=squeezenet**")
    expect(card(page, "fire2").locator(".name")).to_have_text("fire2")
    assert page.locator("section.card").count() == 16
    expect(card(page, "softmax").locator(".answer").first).to_contain_text("Egyptian cat")
    page.get_by_role("button", name="fire2: 4 steps").click()
    page.wait_for_url("**network_open=fire2**")
    for name in ("squeeze", "expand1", "expand3", "concat"):
        expect(card(page, f"fire2.{name}").locator(".name")).to_have_text(name)
    settle(page)
    page.reload()
    expect(card(page, "fire2.expand3")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="fold fire2", exact=True).click()
    expect(card(page, "fire2")).to_be_visible()
    expect(card(page, "fire2.expand3")).to_have_count(0)
    page.wait_for_timeout(300)
    assert "network_open" not in page.url


def test_pointing_lights_what_is_read_and_fed_and_tells_value_and_field(visit) -> None:
    page = visit("network?image=cat&network_model=squeezenet&network_open=fire2")
    expect(card(page, "fire2.concat")).to_be_visible()
    settle(page)
    card(page, "fire2.expand1").locator(".head").hover()
    expect(edge(page, "fire2.squeeze", "fire2.expand1")).to_have_class("read")
    expect(edge(page, "fire2.expand1", "fire2.concat")).to_have_class("reader")
    expect(edge(page, "fire2.squeeze", "fire2.expand3")).not_to_have_class("read")
    expect(card(page, "fire2.squeeze")).to_have_class(re.compile("read"))
    expect(page.locator(".detail")).to_contain_text("64 kernels of 16 × 1 × 1")
    one = card(page, "fire2.expand3").locator("button.map").nth(2)
    box = one.bounding_box()
    one.hover(position={"x": box["width"] * 20.5 / 56, "y": box["height"] * 41.5 / 56})
    window = networks.load("squeezenet").window("fire2.expand3", 41, 20, input_shape=(3, 227, 227))
    words = (
        f"row 41, column 20, (about|at least|at most) .*It sees rows {window.top} to {window.bottom - 1} and columns "
    )
    expect(page.locator(".place")).to_have_text(
        re.compile(f"{words}{window.left} to {window.right - 1} of the picture")
    )
    maps = networks.load("squeezenet").trace(seen("cat", 227))["fire2.expand3_relu"]
    end = np.quantile(np.abs(maps.ravel()[:: max(1, maps.size // SAMPLE) | 1]), BRIGHT)  # of the card's colours
    byte = np.floor((np.clip(maps[2, 41, 20] / end, -1, 1) + 1) / 2 * 255 + 0.5)
    sign, shown = re.search(r"(about|at least|at most) ([^ ]*)\. It", page.locator(".place").inner_text()).groups()
    assert sign == {255: "at least", 0: "at most"}.get(byte, "about")
    assert numbers(shown)[0] == pytest.approx(end * (2 * byte / 255 - 1), rel=5e-3)  # three digits of it
    frame = page.locator(".detail .box").evaluate("box => box.style.top")
    assert abs(float(frame.strip("%")) - 100 * window.top / 227) < 0.1
    lit = card(page, "fire2.concat").locator("button.map.reader")
    assert lit.count() == 0  # map 2 of the second branch is map 66 of the concat, which is not shown
    card(page, "fire2.expand1").locator("button.map").nth(2).hover()
    expect(card(page, "fire2.concat").locator("button.map.reader")).to_have_attribute("data-map", "2")
    expect(card(page, "fire2.squeeze").locator("button.map.read")).to_have_count(6)


def test_a_clicked_map_opens_its_sum_and_a_clicked_place_its_window(visit) -> None:
    page = visit("network?image=cat&network_model=squeezenet&network_open=fire2")
    settle(page)
    card(page, "fire2.expand3").locator("button.map").nth(3).click()
    page.wait_for_url("**network_node=fire2.expand3**")
    assert "network_map=3" in page.url
    expect(page.get_by_role("heading", name="What made this map")).to_be_visible()
    settle(page)
    canvas = panel(page, "sum_fire2.expand3_relu").locator(".frame canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 30.5 / 56, "y": box["height"] * 12.5 / 56})
    page.wait_for_url("**network_map_y=12**")
    assert "network_map_x=30" in page.url
    settle(page)
    net = networks.load("squeezenet")
    trace, weights = net.trace(seen("cat", 227)), net.parameters()
    window = np.pad(trace["fire2.squeeze_relu"], ((0, 0), (1, 1), (1, 1)))[:, 12:15, 30:33]
    terms = (window * weights["fire2.expand3.weight"][3]).sum((1, 2))
    line = page.get_by_text(re.compile("^At row 12, column 30: ")).inner_text()
    total = numbers(re.search(r"\(bias\) = (.*?)\. ", line)[1])[0]
    expected = float(terms.sum() + weights["fire2.expand3.bias"][3])
    assert abs(total - expected) < 6e-3 * abs(expected) + 1e-3
    strongest = int(np.abs(terms).argmax())
    assert f"(map {strongest})" in line
    expect(page.locator("figcaption.input").first).to_have_text(f"Map {strongest} that is read")
    parts = panel(page, "sum_parts").locator(".frame canvas")
    parts.scroll_into_view_if_needed()
    box = parts.bounding_box()
    second = panel(page, "sum_parts").locator(".tile span").nth(1).text_content()
    parts.click(position={"x": box["width"] * 1.5 / 13, "y": box["height"] * 30.5 / 56})
    page.wait_for_url(f"**network_part={second}**")
    assert re.search(r"network_map_y=(29|30|31)&", page.url)  # a row is a pixel and a bit on the screen
    expect(page.locator("figcaption.input").first).to_have_text(f"Map {second} that is read")


def test_the_keyboard_opens_cards_and_walks_over_maps(visit) -> None:
    page = visit("network?network_model=resnet8&image=cat")
    settle(page)
    head = page.get_by_role("button", name=re.compile("^conv1: "))
    head.focus()
    expect(edge(page, "conv1", "block1")).to_have_class("reader")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="map 3 of conv1")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**network_map=3**")
    assert "network_node=conv1" in page.url
    settle(page)
    expect(page.get_by_role("button", name="map 3 of conv1")).to_be_focused()  # from where the arrows go on
    head.focus()
    page.keyboard.press("Enter")  # once more closes it
    expect(page.get_by_role("heading", name="What made this map")).to_have_count(0)
    settle(page)
    assert "network_node" not in page.url
    stage = page.get_by_role("button", name=re.compile("^block2: "))
    stage.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**network_open=block2**")
    expect(card(page, "block2.shortcut")).to_be_visible()


def test_narrow_cards_bring_the_whole_network_into_sight(visit) -> None:
    page = visit("network?image=cat&network_model=squeezenet")
    settle(page)
    scroller = page.locator(".scroller")
    expect(page.get_by_role("button", name="towards the answer")).to_be_visible()
    shown = card(page, "softmax").bounding_box()
    page.get_by_role("button", name="towards the answer").click()
    wait_until(page, lambda: card(page, "softmax").bounding_box()["x"] < shown["x"] - 100)
    page.get_by_role("button", name="Narrow cards").click()
    page.wait_for_url("**network_narrow=true**")
    settle(page)
    wait_until(page, lambda: scroller.evaluate("one => one.scrollWidth <= one.clientWidth"))
    expect(page.get_by_role("button", name="towards the answer")).to_be_hidden()
    page.get_by_role("button", name="Narrow cards").click()
    settle(page)
    assert "network_narrow" not in page.url


def test_on_a_phone_the_graph_scrolls_and_the_page_does_not(visit) -> None:
    link = "network?image=cat&network_model=squeezenet&network_open=fire9&network_node=fire9.expand3&network_map=2"
    page = visit(link, width=400, height=800)
    settle(page)
    wide = "document.querySelector('[data-testid=\"stMain\"]')"
    wait_until(page, f"{wide}.scrollWidth <= {wide}.clientWidth")
    scroller = page.locator(".scroller")
    assert scroller.evaluate("one => one.scrollWidth > 2 * one.clientWidth")
    inside = """one => {
        const [own, around] = [one, one.closest(".scroller")].map((part) => part.getBoundingClientRect());
        return own.left >= around.left && own.right <= around.right;
    }"""
    wait_until(page, lambda: card(page, "fire9.expand3").evaluate(inside))


# What of an element's words does not fit into it, for each that is seen.
CUT = "all => all.filter(one => one.checkVisibility() && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)).map(one => one.value || one.textContent)"


@pytest.mark.parametrize(
    ("link", "width", "height"),
    [
        ("network_model=digits&large=true", 1280, 720),
        ("network_model=squeezenet&large=true", 1280, 720),
        ("network_model=squeezenet&network_open=fire2", 1366, 768),
        ("network_model=squeezenet&network_open=fire2&network_narrow=true", 1366, 768),
        ("network_model=resnet8&network_open=block1,block2&large=true", 1366, 768),
        ("network_model=resnet8&network_open=block3", 400, 800),
    ],
)
def test_the_words_of_cards_and_the_chosen_network_are_seen_whole(visit, link: str, width: int, height: int) -> None:
    page = visit(f"network?{link}", width=width, height=height)
    expect(page.locator("section.card").nth(4)).to_be_visible()
    settle(page)
    assert page.locator("section.card :is(.name, .words, .shape, .more, .line > *, .line)").evaluate_all(CUT) == []
    assert page.locator(".st-key-network_model input").evaluate_all(CUT) == []
