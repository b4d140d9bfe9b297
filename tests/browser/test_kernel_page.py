"""The main job in a real browser: a photo, a kernel, stride, padding and pool; numbers and pixels against SciPy."""

import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import expect
from scipy import ndimage, signal

from instruments import samples
from tests.browser.instrument import (
    and_then,
    coloured,
    expect_shape,
    in_menu,
    panel,
    pixels,
    range_of,
    settle,
    updates,
    upload,
    wait_until,
)

SOBEL = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
HEIGHT, WIDTH = 60, 91


def photo() -> tuple[bytes, np.ndarray]:
    """A colour photo of blocks and noise as PNG, and its grey values as (H, W)."""
    rng = np.random.default_rng(5)
    rgb = rng.integers(0, 256, (6, 7, 3)).repeat(10, 0).repeat(13, 1).astype(np.uint8)
    assert rgb.shape == (HEIGHT, WIDTH, 3)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue(), rgb @ np.array([0.299, 0.587, 0.114]) / 255


def set_number(page, key: str, value: int) -> None:
    field = page.locator(f".st-key-{key} input")
    field.fill(str(value))
    field.press("Enter")
    settle(page)


def drag_up(page, steps: int, pause: int) -> None:
    """Press the first number of the kernel and raise it by 2; the hand stays down."""
    box = page.get_by_label("row 1, column 1").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, steps + 1):
        page.mouse.move(x, y - 200 * step / steps)
        page.wait_for_timeout(pause)


def shown_formula(page, place: int = 0) -> str:
    return page.locator(".katex-display annotation").nth(place).text_content() or ""


def results(formula: str) -> list[int]:
    """The outputs at the ends of the height and width lines."""
    plain = re.sub(r"\\color\{#\w+\}", "", formula)
    return [int(n) for n in re.findall(r"= \{(\d+)\}", plain)]


def test_upload_edit_stride_padding_and_pool_change_numbers_and_pixels(visit) -> None:
    page = visit("kernel")
    expect_shape(page, "convolution", (1, 510, 510))
    data, grey = photo()
    upload(page, "blocks.png", data)
    expect_shape(page, "input", (1, HEIGHT, WIDTH))
    settle(page)
    assert np.abs(pixels(page, "input").astype(int) - np.round(grey * 255)[..., None]).max() <= 1

    cell = page.get_by_label("row 2, column 2")
    cell.fill("3.5")
    cell.press("Enter")
    settle(page)
    kernel = SOBEL.copy()
    kernel[1, 1] = 3.5
    expected = ndimage.correlate(grey, kernel, mode="constant")[1:-1, 1:-1]
    expect_shape(page, "convolution", expected[None].shape)
    end = np.abs(expected).max()
    assert np.abs(pixels(page, "convolution").astype(int) - coloured(expected, end)).max() <= 6
    assert "kernel=-1+0+1%3B+-2+3.5+2%3B+-1+0+1" in page.url

    and_then(page)
    set_number(page, "kernel_stride", 2)
    set_number(page, "kernel_padding", 3)
    padded = np.pad(grey, 3)
    expected = signal.correlate2d(padded, kernel, "valid")[::2, ::2]
    assert results(shown_formula(page)) == list(expected.shape)
    expect_shape(page, "convolution", expected[None].shape)

    page.locator(".st-key-kernel_pool").get_by_text("Max").click()
    settle(page)
    set_number(page, "kernel_pool_size", 3)
    pooled = np.stack([np.roll(expected, (-y, -x), (0, 1)) for y in range(3) for x in range(3)]).max(0)
    pooled = pooled[: expected.shape[0] - 2 : 2, : expected.shape[1] - 2 : 2]
    expect_shape(page, "pooling", pooled[None].shape)
    assert results(shown_formula(page, 1)) == list(pooled.shape)
    found = re.findall(r"[−\d.]+", range_of(page, "pooling"))
    assert [float(n.replace("−", "-")) for n in found] == [float(f"{v:.3g}") for v in (pooled.min(), pooled.max())]
    end = np.abs(expected).max()
    assert np.abs(pixels(page, "pooling").astype(int) - coloured(pooled, end)).max() <= 6
    expect(page.get_by_text("The division leaves a remainder").first).to_be_visible()


def test_a_dragged_value_moves_the_picture_before_it_is_let_go(visit) -> None:
    page = visit("kernel?image=Coins&size=256")
    settle(page)
    before, drawn = pixels(page, "convolution").astype(int), updates(page, "convolution")
    url = page.url
    coins = samples.load("coins", 256)[0].astype(float)
    expected = ndimage.correlate(coins, np.array([[1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]))[1:-1, 1:-1]
    exact = coloured(expected, np.abs(expected).max()).astype(int)
    assert np.abs(before - exact).mean() > 6
    drag_up(page, steps=40, pause=15)
    wait_until(page, lambda: np.abs(pixels(page, "convolution") - exact).mean() < 6)  # the same picture as JPEG
    assert updates(page, "convolution") - drawn >= 15
    assert page.url == url  # the hand is still down: nothing is committed
    page.mouse.up()
    expect(page.get_by_label("row 1, column 1")).to_have_value("1")
    page.wait_for_url("**/kernel?*kernel=1+0+1*")
    settle(page)
    assert np.abs(pixels(page, "convolution") - exact).max() <= 6  # at rest: without loss


def test_without_the_live_channel_the_page_still_follows(browser, server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.route_web_socket("**/live", lambda socket: socket.close())
    page.goto(f"{server}/kernel?image=Coins&size=128")
    expect_shape(page, "convolution", (1, 99, 126))
    settle(page)
    before = pixels(page, "convolution").astype(int)
    drag_up(page, steps=20, pause=30)
    wait_until(page, lambda: np.abs(pixels(page, "convolution") - before).mean() > 3)  # still held
    page.mouse.up()
    page.wait_for_url("**/kernel?*kernel=1+0+1*")
    context.close()


def test_a_link_shows_the_same_numbers_in_another_browser_and_after_reload(visit) -> None:
    page = visit("kernel?image=Checkerboard&size=64")
    settle(page)
    page.locator(".st-key-kernel textarea").fill("1 2 3 4; 0 -1 0 .5")
    page.locator(".st-key-kernel textarea").press("Control+Enter")
    settle(page)
    and_then(page)
    set_number(page, "kernel_dilation", 2)
    page.locator(".st-key-kernel_relu label").click()
    settle(page)
    panel(page, "convolution").locator(".frame canvas").click(position={"x": 60, "y": 70})
    page.wait_for_url("**kernel_pixel=**")
    settle(page)
    link, detail = page.url, page.locator(".detail").inner_text()
    seen = [range_of(page, stage) for stage in ("convolution", "relu")]
    page.reload()
    expect_shape(page, "relu", (1, 62, 58))
    settle(page)
    assert page.locator(".detail").inner_text() == detail
    other = visit(link.split("/", 3)[3])
    expect_shape(other, "relu", (1, 62, 58))
    settle(other)
    assert [range_of(other, stage) for stage in ("convolution", "relu")] == seen
    assert other.locator(".detail").inner_text() == detail
    assert other.get_by_label("row 2, column 4").input_value() == "0.5"


def test_a_chosen_pixel_shows_window_products_and_sum(visit) -> None:
    page = visit("kernel?image=Gradient&size=32&kernel=1+2%3B+3+4&kernel_pixel=convolution+0+5+7")
    detail = page.locator(".detail")
    expect(detail).to_contain_text("row 5, column 7")
    value = (7.5 / 32, 8.5 / 32)
    products = [value[0] * 1, value[1] * 2, value[0] * 3, value[1] * 4]
    cells = [float(cell) for cell in detail.locator("table").nth(2).locator("td").all_inner_texts()]
    np.testing.assert_allclose(cells, products, rtol=5e-3)
    assert abs(float(detail.locator("output").inner_text()) - sum(products)) < 0.005
    canvas = panel(page, "convolution").locator(".frame canvas")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    expect(detail).to_contain_text("row 5, column 8")
    page.keyboard.press("Shift+ArrowDown")
    expect(detail).to_contain_text("row 15, column 8")
    page.keyboard.press("Enter")
    page.wait_for_url("**kernel_pixel=convolution+0+15+8**")


def test_keyboard_alone_edits_the_kernel(visit) -> None:
    page = visit("kernel?image=Dot&size=32")
    settle(page)
    page.get_by_label("row 1, column 1").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.wait_for_url("**kernel=-1+7+1**")
    settle(page)
    expect(panel(page, "convolution").locator(".found")).to_have_text("min −2, max 7")
    page.keyboard.press("Control+z")
    wait_until(page, "!location.search.includes('kernel=')")
    page.get_by_role("button", name="rotate by 90 degrees").press("Enter")
    page.wait_for_url("**kernel=-1+-2+-1**")


def test_wrong_input_gets_a_sentence_and_the_last_picture_stays(visit) -> None:
    page = visit("kernel?image=Dot&size=32")
    settle(page)
    before = pixels(page, "convolution")
    field = page.locator(".st-key-kernel textarea")
    for text, words in (
        ("1 2; 3", "equally long"),
        ("1 nan", "“nan” is not a number"),
        ("1e9 1", "too large"),
        ("", "The kernel is empty"),
        ("<img src=x onerror=alert(1)>", "is not a number"),
    ):
        field.fill(text)
        field.press("Control+Enter")
        expect(page.get_by_text(words)).to_be_visible()
        assert field.input_value() == text  # nothing the person entered is lost
        settle(page)
        assert np.array_equal(pixels(page, "convolution"), before)
    upload(page, "notes.png", b"this is no image")
    expect(page.get_by_test_id("stMain").get_by_text("not an image that can be read")).to_be_visible()
    assert np.array_equal(pixels(page, "convolution"), before)


def test_wrong_links_say_what_is_wrong(visit) -> None:
    page = visit(
        "kernel?kernel_stride=99&kernel_padding=x&kernel=1+a&kernel_scale=inf&image=Nothing&kernel_pixel=there"
    )
    for words in ("stride must be a whole number from 1 to 8", "padding must be a whole number", "“a” is not a number",
                  "scale must be a number", "Image must be one of", "A pixel is written as"):  # fmt: skip
        expect(page.get_by_text(words).first).to_be_visible()
    expect_shape(page, "convolution", (1, 510, 510))


def test_an_upload_lives_across_pages_and_one_kernel_makes_one_map_of_its_colours(visit) -> None:
    page = visit("kernel?colour=Colour")
    expect_shape(page, "convolution", (1, 510, 510))
    upload(page, "blocks.png", photo()[0])
    expect_shape(page, "convolution", (1, HEIGHT - 2, WIDTH - 2))
    in_menu(page, "Images are numbers").click()
    expect_shape(page, "image", (3, HEIGHT, WIDTH))
    in_menu(page, "Kernel").click()
    expect_shape(page, "convolution", (1, HEIGHT - 2, WIDTH - 2))


def test_pasting_a_block_from_a_spreadsheet(visit) -> None:
    page = visit("kernel?image=Dot&size=32")
    settle(page)
    cell = page.get_by_label("row 1, column 1")
    cell.focus()
    most = page.evaluate_handle(
        """() => { const most = {editors: 0};
           const count = () => { most.editors = Math.max(most.editors, document.querySelectorAll(".st-key-_kernel_editor").length); };
           new MutationObserver(count).observe(document.body, {childList: true, subtree: true}); count(); return most; }"""
    )
    cell.evaluate(
        """cell => { const data = new DataTransfer(); data.setData("text", "1\\t2\\n3\\t4\\n");
           cell.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }"""
    )
    page.wait_for_url("**kernel=1+2%3B+3+4**")
    expect(page.get_by_label("row 2, column 2")).to_have_value("4")
    settle(page)
    assert most.json_value() == {"editors": 1}


def test_a_phone_shows_the_instrument_without_sideways_scrolling(visit) -> None:
    page = visit("kernel", width=400, height=850, has_touch=True)
    expect_shape(page, "convolution", (1, 510, 510))
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.locator('[data-testid="stMain"]').evaluate("main => main.scrollWidth") <= 400


def test_typing_after_shift_and_an_arrow_replaces_the_number(visit) -> None:
    page = visit("kernel?image=Dot&size=32")
    settle(page)
    cell = page.get_by_label("row 2, column 2")
    cell.focus()
    page.keyboard.press("Shift+ArrowUp")
    expect(cell).to_have_value("1")
    page.keyboard.type("5")
    expect(cell).to_have_value("5")
    page.keyboard.press("Enter")
    page.wait_for_url("**kernel=-1+0+1%3B+-2+5+2%3B**")


def frames_on(page, stage: str) -> list[tuple[float, ...]]:
    """Frames on a picture as (top, left, height, width) in its pixels."""
    boxes = (
        panel(page, stage)
        .locator(".box")
        .evaluate_all(
            "boxes => boxes.map(({style}) => [style.top, style.left, style.height, style.width].map(parseFloat))"
        )
    )
    canvas = panel(page, stage).locator(".frame canvas")
    height, width = (int(canvas.get_attribute(side) or 0) for side in ("height", "width"))
    return sorted(
        tuple(round(p * side / 100, 3) for p, side in zip(box, (height, width) * 2, strict=True)) for box in boxes
    )


def test_frames_are_what_a_pixel_reads_and_what_reads_it(visit) -> None:
    page = visit("kernel?image=Dot&size=32&kernel=1+2%3B+3+4&kernel_dilation=2&kernel_padding=1&kernel_relu=true")
    expect_shape(page, "relu", (1, 32, 32))
    settle(page)
    canvas = panel(page, "relu").locator(".frame canvas")
    side = canvas.bounding_box()["width"] / 32
    canvas.hover(position={"x": side * 7.5, "y": side * 5.5})
    taps = [(y, x, 1, 1) for y in (4, 6) for x in (6, 8)]
    wait_until(page, lambda: frames_on(page, "input") == taps)
    assert frames_on(page, "convolution") == frames_on(page, "relu") == [(5, 7, 1, 1)]
    canvas.hover(position={"x": side * 31.5, "y": side * 0.5})  # the corner: three of four taps lie in the padding
    wait_until(page, lambda: frames_on(page, "input") == [(1, 30, 1, 1)])
    panel(page, "input").locator(".frame canvas").hover(position={"x": side * 7.5, "y": side * 5.5})
    readers = [(y, x, 1, 1) for y in (4, 6) for x in (6, 8)]
    wait_until(page, lambda: frames_on(page, "convolution") == readers)
    assert frames_on(page, "relu") == readers
    ends = panel(page, "relu").locator(".range span").all_inner_texts()
    assert ends[0] == "0"  # no negative half


def swipe(page, x: float, y: float, across: float, down: float) -> None:
    """A finger put down, moved and lifted."""
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    for step in range(1, 11):
        touch("touchMove", {"x": x + across * step / 10, "y": y + down * step / 10})
        page.wait_for_timeout(20)
    touch("touchEnd")


def test_a_finger_that_scrolls_changes_no_number(visit) -> None:
    page = visit("kernel?image=Dot&size=32", width=400, height=850, has_touch=True)
    settle(page)
    cell = page.get_by_label("row 1, column 1")
    cell.scroll_into_view_if_needed()
    page.wait_for_timeout(300)

    def centre() -> tuple[float, float]:
        box = cell.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    swipe(page, *centre(), 0, -120)
    settle(page)
    expect(cell).to_have_value("−1")
    assert "kernel=" not in page.url
    cell.scroll_into_view_if_needed()
    swipe(page, *centre(), 100, 0)
    expect(cell).to_have_value("0")
    page.wait_for_url("**kernel=0+0+1**")


def test_a_finger_that_scrolls_moves_no_slider_and_one_that_slides_does(visit) -> None:
    page = visit("training?training_rate=0.02", width=400, height=800, has_touch=True)
    settle(page)
    rate = page.locator(".st-key-_training_rate_slider")
    slider, shown = rate.locator("input"), rate.locator("output")
    box = slider.bounding_box()
    place = box["x"] + box["width"] * 0.85, box["y"] + box["height"] / 2
    swipe(page, *place, 0, -150)
    wait_until(page, lambda: slider.bounding_box()["y"] < box["y"] - 50)  # the page was scrolled
    expect(shown).to_have_text("0.02")
    box = slider.bounding_box()
    mark = (box["width"] - 16) / 13  # of 14 marks; the thumb is 16 pixels wide
    swipe(page, box["x"] + 8 + 7 * mark, box["y"] + box["height"] / 2, 3 * mark, 0)  # the eighth is 0.02
    wait_until(page, lambda: "training_rate=0.2" in page.url)  # ten times, three marks on
    expect(shown).to_have_text("0.2")
