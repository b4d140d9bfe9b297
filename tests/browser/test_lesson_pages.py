"""The lesson pages as a person works them: walk, hover, drag a box, slide, click, load a file."""

import json
import re
import time

import numpy as np
import pytest
from playwright.sync_api import expect
from scipy import ndimage

from instruments import samples
from instruments.questions import make
from tests.browser.instrument import coloured, panel, pixels, settle, updates, wait_until
from ui.site import PAGES


def test_the_window_walks_plays_and_pins(visit) -> None:
    page = visit("stride-padding?image=Bricks&walk_size=6&walk_stride=2&walk_padding=1")
    outputs = page.locator(".output .cell")
    expect(outputs).to_have_count(9)
    before = page.locator(".sum").inner_text()
    page.get_by_role("button", name="one step forward").click()
    page.wait_for_url("**walk_at=1**")
    assert page.locator(".sum").inner_text() != before
    assert page.locator(".input .cell.window").count() == 9
    outputs.nth(4).hover()
    expect(outputs.nth(4)).to_have_class(re.compile("now"))
    numbers = [float(n.replace("−", "-")) for n in re.findall(r"[−\d.]+", page.locator(".sum").inner_text())]
    assert np.array(numbers[:-1]).reshape(-1, 2).prod(1).sum() == pytest.approx(numbers[-1], abs=0.02)
    page.locator(".input .cell").nth(8 * 3 + 3).hover()
    expect(page.locator(".sum")).to_contain_text("goes into 1 output")
    page.get_by_label("letters").check()
    page.get_by_label("output row 0, column 0").hover()
    expect(page.locator(".sum")).to_contain_text("x1·w1 + x2·w2")
    page.get_by_label("letters").uncheck()
    page.locator(".grid.output").focus()
    page.keyboard.press("ArrowDown")
    expect(outputs.nth(4)).to_have_class(re.compile("now"))  # one row below the pinned one
    page.keyboard.press("Enter")
    page.wait_for_url("**walk_at=4**")
    settle(page)
    page.get_by_label("speed").fill("3")
    page.get_by_role("button", name="play").click()
    expect(outputs.nth(8)).to_have_class(re.compile("now"), timeout=5000)
    page.get_by_label("speed").fill("0")
    page.get_by_role("button", name="play").click()  # from the start
    page.get_by_label("position of the window").fill("2")
    expect(page.get_by_role("button", name="play")).to_be_visible()  # the walk does not go on from under the hand
    expect(outputs.nth(2)).to_have_class(re.compile("now"))


def test_the_winner_of_a_max_pool_is_marked(visit) -> None:
    page = visit("pooling?image=Bricks&pooling_side=6")
    expect(page.locator(".input .cell")).to_have_count(36)
    values = [float(cell) for cell in page.locator(".input .cell").all_inner_texts()]
    winner = page.locator(".input .cell.winner")
    expect(winner).to_have_count(1)
    assert float(winner.inner_text()) == max(values[0], values[1], values[6], values[7])


def test_enter_checks_an_answer_and_the_case_is_shown_above(visit) -> None:
    page = visit("stride-padding?walk_dilation=2")
    question = make("stride_padding", 0, 1)
    box = page.get_by_role("spinbutton", name="Your answer")
    box.fill(str(question.answer + 1))
    box.press("Enter")
    expect(page.get_by_text(f"Not {question.answer + 1}.")).to_be_visible()
    box.fill(str(question.answer))
    box.press("Enter")
    expect(page.get_by_text(f"Right: {question.answer}.")).to_be_visible()
    expect(box).to_have_value(str(question.answer))
    page.get_by_role("button", name="Watch it above").click()
    page.wait_for_url(f"**walk_size={question.settings['walk_size']}**")
    expect(page.locator("h1")).to_be_in_viewport()
    assert "walk_dilation" not in page.url
    expect(page.locator(".input .cell:not(.padding)").first).to_be_visible()
    page.get_by_role("button", name="Next question").click()
    question = make("stride_padding", 1, 1)
    settle(page)
    page.get_by_role("radio", name="ABCD"[question.right]).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Right: picture {'ABCD'[question.right]}.")).to_be_visible()


def test_a_box_dragged_over_an_eye_becomes_the_template(visit) -> None:
    page = visit("features")
    settle(page)
    canvas = panel(page, "image").locator(".frame canvas")
    box = canvas.bounding_box()
    scale = box["width"] / 512
    page.mouse.move(box["x"] + 186 * scale, box["y"] + 88 * scale)
    page.mouse.down()
    page.mouse.move(box["x"] + 200 * scale, box["y"] + 100 * scale, steps=3)
    page.mouse.move(box["x"] + 222 * scale, box["y"] + 114 * scale, steps=5)
    page.mouse.up()
    page.wait_for_url("**features_left_eye=**")
    settle(page)
    top, left, height, width = map(int, page.locator(".st-key-features_left_eye input").input_value().split())
    assert np.abs(np.array([top, left, height, width]) - [88, 186, 26, 36]).max() <= 2
    expect(page.get_by_text(f"normalised at ({top}, {left}) with 1.000")).to_be_visible()


def test_sliders_move_the_picture_while_they_are_dragged(visit) -> None:
    page = visit("images?image=Gradient&size=64&images_other=Checkerboard")
    settle(page)
    slider = page.locator(".st-key-_images_share_slider input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2, steps=10)
    share = float(slider.input_value()) / 100
    start, goal = samples.load("gradient", 64)[0], samples.load("checkerboard", 64)[0]
    expected = (start * (1 - share) + goal * share) * 255
    assert 0.7 < share < 0.8
    wait_until(page, lambda: np.abs(pixels(page, "between")[..., 0] - expected).max() <= 2)  # still held
    page.mouse.up()


def test_a_dark_part_of_a_picture_is_dark_in_the_walk(visit) -> None:
    page = visit("stride-padding?image=astronaut&size=64")
    settle(page)
    cells = page.locator(".st-key-walk_explorer .input .cell")
    for cell in (cells.nth(place) for place in range(0, 64, 9)):
        value = float("0" + cell.inner_text().removeprefix("0").replace("≈", ""))
        shade = int(re.findall(r"\d+", cell.evaluate("(one) => getComputedStyle(one).backgroundColor"))[0])
        assert shade == pytest.approx(255 * value, abs=3)


def test_exact_values_are_read_under_the_mouse(visit) -> None:
    page = visit("images?image=Gradient&size=64")
    settle(page)
    canvas = panel(page, "image").locator(".frame canvas")
    canvas.scroll_into_view_if_needed()
    width = canvas.bounding_box()["width"]
    canvas.hover(position={"x": width * 20.5 / 64, "y": width * 3.5 / 64})
    detail = page.locator(".st-key-images_channels .detail")
    expect(detail).to_contain_text("row 3, column 20")
    assert float(detail.locator("output").inner_text()) == pytest.approx(20.5 / 64, abs=5e-4)


def test_editing_a_slice_changes_the_sum(visit) -> None:
    page = visit("channels?image=Dot&size=32")
    settle(page)
    cell = page.locator(".st-key-_channels_red_editor").get_by_label("row 2, column 2")
    cell.fill("5")
    cell.press("Enter")
    expect(page.locator(".st-key-channels_red textarea")).to_have_value("-1 0 1; -2 5 2; -1 0 1")
    page.wait_for_url("**channels_red=**")
    settle(page)
    expect(panel(page, "red").locator(".found")).to_have_text("min −2, max 5")


def test_maps_of_several_kernels_follow_the_hand(visit) -> None:
    page = visit("channels?image=Gradient&size=64&channels_kernels=4")
    settle(page)
    cell = page.locator(".st-key-_channels_green_editor").get_by_label("row 2, column 2")
    cell.scroll_into_view_if_needed()
    before = {name: updates(page, name) for name in ("green", "maps")}
    box = cell.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 100, steps=10)
    expect(panel(page, "green").locator(".found")).to_have_text(
        "min 0.0469, max 1.95"
    )  # twice 1.5 / 64 and 62.5 / 64, the hand still down
    assert updates(page, "green") > before["green"]
    assert updates(page, "maps") == before["maps"]  # another instrument
    assert "channels_green" not in page.url
    page.mouse.up()
    page.wait_for_url("**channels_green=**")
    settle(page)
    image = samples.load("gradient", 64)
    kernels = (
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        [[0, 0, 0], [0, 2, 0], [0, 0, 0]],
        [[1, 1, 1], [1, -8, 1], [1, 1, 1]],
    )
    maps = [ndimage.correlate(channel, np.array(k))[1:-1, 1:-1] for channel, k in zip(image, kernels, strict=True)]
    end = max(np.abs(one).max() for one in [*maps, sum(maps)])
    difference = np.abs(pixels(page, "green").astype(int) - coloured(maps[1], end))
    assert difference.max() <= 4  # one step of the colour table, where a value lies on an edge

    slider = page.locator(".st-key-_channels_walk_slider input[type=range]")
    slider.scroll_into_view_if_needed()
    still = pixels(page, "maps")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    page.wait_for_url("**channels_walk=0.05**")
    settle(page)
    moved = pixels(page, "maps")
    assert moved.shape == still.shape
    assert not np.array_equal(moved, still)


def test_settings_go_to_a_file_and_come_back(visit, tmp_path) -> None:
    page = visit("stride-padding?walk_size=7&walk_stride=3&image=Coins")
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Settings (JSON)").click()
    download.value.save_as(tmp_path / "settings.json")
    saved = json.loads((tmp_path / "settings.json").read_text())
    assert saved["walk_size"] == "7"
    assert saved["image"] == "coins"
    saved |= {"walk_stride": 2, "walk_padding": 99, "other": 1}
    page = visit("stride-padding")
    settle(page)
    page.get_by_text("Load settings").click()
    page.locator("[class*='st-key-_stride_padding_settings'] input[type=file]").set_input_files(
        {"name": "s.json", "mimeType": "application/json", "buffer": json.dumps(saved).encode()}
    )
    expect(page.get_by_text("padding must be a whole number from 0 to 5").first).to_be_visible()
    expect(page.get_by_text("This page has no setting named other")).to_be_visible()
    expect(page.locator(".st-key-walk_size input")).to_have_value("7")
    expect(page.locator(".st-key-walk_stride input")).to_have_value("2")
    page.wait_for_url("**walk_stride=2**")


def test_numbers_are_downloaded_exactly(visit, tmp_path) -> None:
    page = visit("activation?image=Checkerboard&size=32")
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers (NPY)").click()
    download.value.save_as(tmp_path / "maps.npy")
    maps = np.load(tmp_path / "maps.npy")
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers (CSV)").click()
    download.value.save_as(tmp_path / "maps.csv")
    assert maps.shape == (1, 30, 30)
    np.testing.assert_allclose(np.loadtxt(tmp_path / "maps.csv", delimiter=","), maps[0], rtol=1e-6)


def test_previous_and_next_lead_through_the_whole_lesson(visit) -> None:
    order = [page for pages in PAGES.values() for page in pages]
    page = visit("why?size=64")
    for one in order[2:]:
        page.get_by_role("link", name=f"Next: {one.title}").last.click()
        expect(page.locator("h1")).to_have_text(one.title)
    settle(page)
    assert page.get_by_text("Next:").count() == 0


def type_number(page, key: str, value: int) -> None:
    field = page.locator(f".st-key-{key} input")
    field.fill(str(value))
    field.press("Enter")
    settle(page)


def choose(page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} input").click()
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def test_more_units_mean_more_parameters(visit) -> None:
    page = visit("why?image=Dot&size=32")
    type_number(page, "why_units", 7)
    type_number(page, "why_kernels", 3)
    formula = page.locator(".katex-display annotation").first.text_content()
    assert f"= {32 * 32 * 7 + 7:,}" in formula
    assert f"= {3 * 9 + 3}" in formula
    assert "why_units=7" in page.url
    taps = page.locator(".st-key-why_taps textarea")
    taps.fill("1 2")
    taps.press("Control+Enter")
    expect(page.get_by_text("must be one row of 3 numbers")).to_be_visible()


def test_charts_come_after_the_first_picture(visit) -> None:
    page = visit("activation")
    order = page.evaluate(
        """async () => {
            const seen = new Set();
            while (seen.size < 2) {
                await new Promise(requestAnimationFrame);
                const hosts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
                if (hosts.some(({ shadowRoot }) => shadowRoot?.querySelector("canvas[data-updates]"))) seen.add("picture");
                if (document.querySelector(".js-plotly-plot")) seen.add("chart");
            }
            return [...seen];
        }"""
    )
    assert order == ["picture", "chart"]
    expect(page.locator(".js-plotly-plot")).to_have_count(2)


def test_a_page_asks_for_no_run_beside_the_hand_s(visit) -> None:
    """It would carry the settings of before a click, and set back what the click has set."""
    page = visit("shapes")
    hand = page.evaluate("setInterval(() => document.dispatchEvent(new Event('pointerdown')), 10)")
    page.wait_for_timeout(4_500)  # past the patience of a page without a picture
    expect(page.locator(".waiting")).to_have_count(1)
    page.evaluate(f"clearInterval({hand})")
    page.locator(".st-key-_shapes_preset input").click()
    page.get_by_role("option", name="AlexNet").click()
    expect(page.locator(".waiting")).to_have_count(0)  # the hand's own run did


def test_another_activation_changes_curve_and_map(visit) -> None:
    page = visit("activation?image=Checkerboard&size=32")
    settle(page)
    expect(panel(page, "after").locator(".found")).to_contain_text("min 0,")
    choose(page, "activation_name", "ELU")
    expect(panel(page, "after").locator(".found")).to_contain_text("min −0.98")  # e^-4 - 1
    expect(page.locator("span.name", has_text="Alpha")).to_be_visible()
    page.get_by_text("ELU between the two").click()
    expect(page.get_by_text("The same picture")).to_be_visible()


def test_layers_are_added_moved_and_removed(visit) -> None:
    page = visit("shapes")
    page.locator(".st-key-_shapes_preset input").click()
    page.get_by_role("option", name="VGG-16 (Simonyan 2014)").click()
    expect(page.get_by_text("138,357,544 parameters")).to_be_visible()
    page.wait_for_url("**shapes_layers=**")
    layers = page.locator(".st-key-shapes_layers input")
    layers.fill("conv 4 3; max 2")
    layers.press("Enter")
    settle(page)
    page.get_by_role("button", name="Add below").click()
    expect(layers).to_have_value("conv 4 3; conv 8 3 p1; max 2")
    page.get_by_role("button", name="Move down").click()
    expect(layers).to_have_value("conv 8 3 p1; conv 4 3; max 2")
    page.get_by_role("button", name="Remove").click()
    expect(layers).to_have_value("conv 4 3; max 2")
    layers.fill("conv 4 300")
    layers.press("Enter")
    expect(page.get_by_text("Layer 1, conv 4 300, does not fit")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (400, 800)])
def test_the_questions_are_a_click_away_on_every_page_and_from_home(visit, width, height) -> None:
    page = visit("kernel?size=64", width=width, height=height)
    way = page.get_by_role("link", name="3 questions")
    expect(way).to_be_in_viewport()
    settle(page)
    where, entries = page.url, page.evaluate("history.length")
    way.click()
    for seen in (page.get_by_text("question 1"), page.get_by_role("heading", name="Check yourself")):
        expect(seen).to_be_in_viewport()
    page.wait_for_timeout(1000)
    assert 0 < page.get_by_role("heading", name="Check yourself").bounding_box()["y"] < 120
    assert (page.url, page.evaluate("history.length")) == (where, entries)
    page = visit("", width=width, height=height)
    settle(page)
    home = page.get_by_role("link", name="Check yourself: 51 questions")
    expect(home).to_be_in_viewport(ratio=1)
    home.click()
    expect(page.locator("h1")).to_have_text("Why convolution")
    expect(page.get_by_text("question 1")).to_be_in_viewport()
    settle(page)
    page.wait_for_timeout(1000)
    expect(page.get_by_text("question 1")).to_be_in_viewport()
    assert "to=" not in page.url


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (400, 800)])
def test_the_questions_come_into_sight_on_a_busy_server_too(visit, width: int, height: int) -> None:
    page = visit("", width=width, height=height)
    waiting = {"seconds": 0}

    def pass_on(socket) -> None:
        server = socket.connect_to_server()

        def answer(message) -> None:
            time.sleep(waiting.pop("seconds", 0))
            socket.send(message)

        server.on_message(answer)

    page.route_web_socket(re.compile("_stcore/stream"), pass_on)
    page.reload()
    way = page.get_by_role("link", name="Check yourself: 51 questions")
    expect(way).to_be_in_viewport(ratio=1)
    settle(page)
    waiting["seconds"] = 9
    way.click()
    expect(page.locator("h1")).to_have_text("Why convolution", timeout=30_000)
    expect(page.get_by_role("heading", name="Check yourself")).to_be_in_viewport()
    settle(page)
    page.wait_for_timeout(1000)
    assert 0 < page.get_by_role("heading", name="Check yourself").bounding_box()["y"] < 120
    assert "seconds" not in waiting


def test_the_link_back_home_opens_home_in_another_tab(visit) -> None:
    page = visit("why?size=64", width=1366, height=768)
    back = page.get_by_role("link", name="Back: Home").first
    expect(back).to_be_visible()
    settle(page)
    back.hover()
    assert back.evaluate("link => link.href") == page.url.split("why")[0]
    with page.context.expect_page() as opened:
        back.click(button="middle")
    expect(opened.value.locator("h1")).to_have_text("CNN Visualiser")
    expect(page.locator("h1")).to_have_text("Why convolution")
    back.click()
    expect(page.locator("h1")).to_have_text("CNN Visualiser")
