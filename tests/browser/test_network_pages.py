"""Drawing a digit, training live, and finding faces in an uploaded photo, in a real browser."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.instrument import in_menu, panel, pixels, settle, upload, wait_until
from ui.site import ROOT


def test_a_digit_drawn_by_hand_is_read_while_it_is_drawn(visit) -> None:
    page = visit("network?network_source=Draw")
    settle(page)
    pad = page.get_by_label("drawing pad")
    box = pad.bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + side * 0.5, y + side * 0.15)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(x + side * 0.5, y + side * (0.15 + 0.035 * step))
        page.wait_for_timeout(20)
    page.wait_for_timeout(800)  # still held
    expect(page.get_by_text("The network says 1")).to_be_visible()
    drawn = pixels(page, "input")[..., 0]
    rows, columns = np.nonzero(drawn > 128)
    assert np.ptp(rows) + 1 == 20  # scaled into MNIST's box
    assert np.ptp(columns) <= 6
    page.mouse.up()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("until then the network sees an empty picture")).to_be_visible()
    pad.focus()
    for key in (" ", *["ArrowDown"] * 14):
        page.keyboard.press(key)
    expect(page.get_by_text("The network says 1")).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    undo.click()
    expect(page.get_by_text("until then the network sees an empty picture")).to_be_visible()
    undo.click()  # one step more: what was cleared
    expect(page.get_by_text("The network says 1")).to_be_visible()


def test_training_moves_by_itself_pauses_and_stops_when_the_page_is_left(visit) -> None:
    page = visit("training?training_digits=8000&training_epochs=20")
    page.get_by_role("button", name="Start", exact=True).click()
    progress = page.get_by_text(re.compile(r"Step \d+ of")).first
    expect(progress).to_be_visible()
    expect(progress).not_to_have_text(progress.inner_text())
    page.get_by_role("button", name="Pause").click()
    settle(page)
    stood = []
    while (len(stood) < 8 and len(set(stood[-2:])) != 1) or len(stood) < 2:  # a turn that had begun ends first
        stood.append(page.get_by_text(re.compile(r"Step \d+ of")).first.inner_text().split(",")[0])
        page.wait_for_timeout(1200)
    assert stood[-1] == stood[-2]
    page.get_by_role("button", name="Resume").click()
    page.wait_for_timeout(1000)
    left = int(re.findall(r"\d+", page.get_by_text(re.compile(r"Step \d+ of")).first.inner_text())[0])
    in_menu(page, "Home").click()
    expect(page.locator("h1")).to_have_text("CNN Visualiser")
    page.wait_for_timeout(4000)
    in_menu(page, "Training").click()
    expect(page.get_by_text(re.compile(r"Step \d+ of")).first).to_be_visible()
    back = int(re.findall(r"\d+", page.get_by_text(re.compile(r"Step \d+ of")).first.inner_text())[0])
    assert back - left < 400  # four seconds away would have been several hundred steps more
    page.get_by_role("button", name="Stop and reset").click()
    expect(page.get_by_text("Nothing is trained yet")).to_be_visible()


def test_faces_in_an_uploaded_photo(visit) -> None:
    page = visit("faces?image=Coins")
    expect(page.get_by_text("No face passes all three thresholds")).to_be_visible()
    upload(page, "person.webp", (ROOT / "assets/images/astronaut.webp").read_bytes())
    expect(page.get_by_text("1 face found")).to_be_visible()
    settle(page)

    def dotted() -> bool:
        eye = pixels(page, "o")[99:104, 202:207].astype(int)
        return bool((np.abs(eye - [255, 176, 0]).sum(-1) < 90).sum() >= 9)  # orange, on the left eye

    wait_until(page, dotted)  # the picture itself comes a moment after the page's run
    expect(panel(page, "crop").locator(".shape")).to_have_text("3 × 48 × 48")


def test_a_clicked_unit_is_explained(visit) -> None:
    page = visit("network")
    expect(panel(page, "conv").locator(".frame canvas[data-updates]")).to_have_attribute(
        "width", "96"
    )  # 4 x 4 maps of 24
    settle(page)
    canvas = panel(page, "conv").locator(".frame canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * (1 + 7.5 / 24) / 4, "y": box["height"] * (2 + 3.5 / 24) / 4})
    page.wait_for_url("**network_channel=9**")
    page.wait_for_url("**network_x=7**")
    assert "network_y=3" in page.url
    expect(page.locator("figcaption.kernel").first).to_have_text("Kernel 9")


def test_an_edited_gradient_flows_where_it_should(visit) -> None:
    page = visit("backward?backward_operation=Max+pool&image=Gradient")
    settle(page)
    field = page.locator(".st-key-backward_pool textarea")
    field.fill("0 0 0; 0 5 0; 0 0 -3")
    field.press("Control+Enter")
    page.wait_for_url("**backward_pool=**")
    settle(page)
    expect(panel(page, "o0").locator(".found")).to_have_text("min −3, max 5")
    expect(page.get_by_text("Largest difference from backward")).to_be_visible()


def test_four_programs_agree_on_a_larger_input(visit) -> None:
    page = visit("forward?image=Cat&forward_side=20&forward_kernels=4")
    settle(page)
    shapes = [panel(page, name).locator(".shape").inner_text() for name in ("nested", "im2col", "cnn_core")]
    assert shapes == ["4 × 18 × 18"] * 3
    ranges = {panel(page, name).locator(".found").inner_text() for name in ("nested", "im2col", "cnn_core")}
    assert len(ranges) == 1


def test_the_notebook_is_downloaded_and_is_one(visit, tmp_path) -> None:
    page = visit("code?code_number=8001")
    with page.expect_download() as download:
        page.get_by_role("button", name="Notebook (.ipynb)").click()
    download.value.save_as(tmp_path / "cnn.ipynb")
    book = json.loads((tmp_path / "cnn.ipynb").read_text())
    assert any("conv2d(digit" in "".join(cell["source"]) for cell in book["cells"])


def drawn(page) -> np.ndarray:
    """The pad's pixels (280, 280)."""
    pad = page.get_by_label("drawing pad")
    data = pad.evaluate("pad => Array.from(pad.getContext('2d').getImageData(0, 0, 280, 280).data)")
    return np.array(data, np.uint8).reshape(280, 280, 4)[..., 0]


def test_what_was_drawn_is_there_again_after_another_page(visit) -> None:
    page = visit("network?network_source=draw")
    settle(page)
    box = page.get_by_label("drawing pad").bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    for across in (0.3, 0.6):  # two strokes
        page.mouse.move(x + side * across, y + side * 0.15)
        page.mouse.down()
        for step in range(12):
            page.mouse.move(x + side * (across + 0.01 * step), y + side * (0.15 + 0.06 * step))
            page.wait_for_timeout(20)
        page.mouse.up()
    settle(page)
    before, said = drawn(page), page.get_by_text(re.compile("The network says")).inner_text()
    seen = pixels(page, "input")
    assert (before > 128).sum() > 5000
    in_menu(page, "Home").click()
    expect(page.locator("h1")).to_have_text("CNN Visualiser")
    in_menu(page, "The whole network").click()
    expect(page.get_by_text(said)).to_be_visible()
    settle(page)
    np.testing.assert_array_equal(drawn(page), before)
    np.testing.assert_array_equal(pixels(page, "input"), seen)
    page.get_by_role("button", name="Undo").click()  # the strokes are there, not only their picture
    settle(page)
    once = drawn(page)
    assert 0 < (once > 128).sum() < (before > 128).sum()
    assert not once[:, 160:].any()
    in_menu(page, "Same in PyTorch and Keras").click()  # another pad, the same drawing
    expect(page.locator("h1")).to_have_text("Same in PyTorch and Keras")  # both pages have a "Draw"
    page.get_by_test_id("stButtonGroup").get_by_text("Draw", exact=True).click()
    settle(page)
    np.testing.assert_array_equal(drawn(page), once)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("until then the network sees an empty picture")).to_be_visible()
    in_menu(page, "The whole network").click()
    expect(page.get_by_text("until then the network sees an empty picture")).to_be_visible()
    settle(page)
    assert not drawn(page).any()


def test_why_this_answer_asks_about_the_class_that_is_chosen_and_grows_the_walk(visit) -> None:
    page = visit("why-this-answer?image=cat&answer_network=resnet8")
    expect(panel(page, "first").locator(".title")).to_have_text("Why “cat”?")
    settle(page)
    before = pixels(page, "second")
    page.locator(".st-key-answer_second input").first.click()
    page.get_by_role("option", name="3: dog").click()
    page.wait_for_url("**answer_second=3**")
    expect(panel(page, "second").locator(".title")).to_have_text("Why “dog”?")
    settle(page)
    assert not np.array_equal(pixels(page, "second"), before)
    page = visit(
        "why-this-answer?image=cat&answer_network=resnet8&answer_method=occlusion&answer_stride=3&answer_size=6"
    )
    expect(panel(page, "map1").locator(".shape")).to_have_text("1 × 9 × 9")  # once the square has been everywhere
    settle(page)
    canvas = panel(page, "covered").locator(".frame canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 10.5 / 32, "y": box["height"] * 20.5 / 32})
    page.wait_for_url("**answer_x=7**")
    assert "answer_y=17" in page.url
    settle(page)
    grey = pixels(page, "covered")[17:23, 7:13].astype(int)
    assert (np.abs(grey - 128) <= 1).all()


def test_a_units_sum_is_one_step_from_the_maps(visit) -> None:
    page = visit("network", width=1366, height=768)
    settle(page)
    canvas = panel(page, "conv").locator(".frame canvas")
    canvas.scroll_into_view_if_needed()
    canvas.click(position={"x": 9, "y": 9})
    page.wait_for_url("**network_y=2**")
    page.get_by_role("link", name="how it was computed").click()
    expect(page.get_by_role("heading", name="How one unit was computed")).to_be_in_viewport()
    expect(page.locator(".st-key-network_explorer .grid.output")).to_be_in_viewport()


def read_at(page, stage: str, y: float, x: float) -> float:
    """The number that is read where one points, in fractions of a picture, once it has been answered."""
    canvas = panel(page, stage).locator(".frame canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    canvas.hover(position={"x": box["width"] * x, "y": box["height"] * y})
    detail = page.locator(".detail", has_text=panel(page, stage).locator(".title").inner_text())
    return number_in(detail.locator("output"))


def number_in(output) -> float:
    return float(output.inner_text().replace("\N{MINUS SIGN}", "-"))


def test_a_coloured_picture_is_read_by_what_its_colours_mean(visit) -> None:
    page = visit("why-this-answer?image=cat&answer_network=resnet8&answer_method=saliency")
    settle(page)
    y, x = 20.5 / 32, 11.5 / 32
    over = [read_at(page, stage, y, x) for stage in ("first", "second", "against")]
    maps = [read_at(page, stage, y, x) for stage in ("map1", "map2", "difference")]
    assert over == maps
    assert maps[2] == pytest.approx(maps[0] - maps[1], abs=0.01 * max(maps))
    page = visit("fool-it?image=cat&fool_network=resnet8&fool_epsilon=2")
    settle(page)
    assert abs(read_at(page, "difference", y, x)) == pytest.approx(2 / 255, abs=1e-4)


def test_what_was_read_follows_its_map(visit) -> None:
    page = visit("fool-it?image=cat&fool_network=resnet8&fool_epsilon=2")
    settle(page)
    assert abs(read_at(page, "difference", 0.4, 0.6)) == pytest.approx(2 / 255, abs=1e-4)
    typed = page.locator(".st-key-fool_epsilon input")
    typed.fill("6")
    typed.press("Enter")
    page.wait_for_url("**fool_epsilon=6**")
    output = page.locator(".st-key-fool_pictures .detail output")
    wait_until(page, lambda: abs(abs(number_in(output)) - 6 / 255) < 1e-4)  # though the hand has gone


def test_a_map_is_switched_off_by_a_click_and_another_is_asked_and_stopped(visit) -> None:
    page = visit("fool-it?image=cat&fool_network=resnet8&fool_steps=400")
    expect(page.get_by_text("It now says").first).to_be_visible()
    settle(page)
    canvas = panel(page, "maps").locator(".frame canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 2.5 / 8, "y": box["height"] * 1.5 / 8})  # 8 x 8 maps: row 1, column 2
    page.wait_for_url("**fool_off=10**")
    settle(page)
    page.get_by_role("button", name="Ask it", exact=True).click()
    expect(panel(page, "asked").locator(".shape")).to_have_text("3 × 32 × 32")
    page.get_by_role("button", name="Stop", exact=True).click()
    settle(page)
    kept = pixels(page, "asked")
    page.wait_for_timeout(1000)
    np.testing.assert_array_equal(pixels(page, "asked"), kept)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
