"""A photo dropped or pasted anywhere on a page; what is meant for something else is left alone."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.instrument import expect_shape, in_menu, pixels, settle

SEND = """async (target, [kind, name, type, data, text]) => {
    const held = new DataTransfer();
    if (text) held.setData("text/plain", text);
    if (data) held.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, {type}));
    const common = {bubbles: true, cancelable: true, composed: true};
    const event = kind === "paste"
        ? new ClipboardEvent("paste", {...common, clipboardData: held})
        : new DragEvent(kind, {...common, dataTransfer: held});
    target.dispatchEvent(event);
    return event.defaultPrevented;
}"""


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.tile(np.arange(0, 250, 10, np.uint8), (17, 1))).save(buffer, "PNG")
    return buffer.getvalue()


def send(
    page: Page, kind: str, data: bytes = b"", selector: str = "h1", text: str = "", name: str = "mine.png"
) -> bool:
    """Drop or paste on an element; returns whether somebody took it."""
    mime = "application/json" if name.endswith("json") else "image/png"
    return bool(page.locator(selector).first.evaluate(SEND, [kind, name, mime, base64.b64encode(data).decode(), text]))


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_photo_can_be_given_anywhere(visit, kind) -> None:
    page = visit("kernel?image=cat&size=64")
    settle(page)
    assert send(page, kind, picture())
    expect_shape(page, "input", (1, 17, 25))
    settle(page)
    assert np.abs(pixels(page, "input")[3, :, 0].astype(int) - np.arange(0, 250, 10)).max() <= 1
    assert "image=own" in page.url
    assert send(page, kind, b"no picture", name="notes.png")
    expect(page.get_by_test_id("stMain").get_by_text("notes.png: This file is not an image")).to_be_visible()


def test_a_photo_that_a_reload_has_lost_is_chosen_again_in_place(visit) -> None:
    page = visit("pooling?image=own&size=64&pooling_side=6")
    expect(page.get_by_test_id("stMain").get_by_text("Your photo is not here")).to_be_visible()
    file = {"name": "mine.png", "mimeType": "image/png", "buffer": picture()}
    page.locator("[class*='st-key-_upload_again'] input[type=file]").set_input_files(file)
    expect(page.get_by_text("Your photo is not here")).to_have_count(0)
    expect_shape(page, "map", (1, 15, 23))


def test_what_is_meant_for_something_else_is_left_alone(visit) -> None:
    page = visit("kernel?image=cat&size=64")
    settle(page)
    text = ".st-key-kernel textarea"
    assert not send(page, "paste", text="1 2; 3 4")
    assert not send(
        page, "paste", picture(), text, text="1 2; 3 4"
    )  # a cell of a table is copied as text and as picture
    page.get_by_text("Load settings").click()
    chosen = json.dumps({"kernel_stride": 2}).encode()
    send(page, "drop", chosen, "[class*='st-key-_kernel_settings'] [data-testid=stFileUploaderDropzone]", name="s.json")
    page.wait_for_url("**kernel_stride=2**")
    assert "image=cat" in page.url
    expect(page.get_by_text("is not an image")).to_have_count(0)


def test_a_page_without_a_photo_says_so_and_keeps_it(visit) -> None:
    page = visit("shapes")
    settle(page)
    expect(page.get_by_text("This page does not use the photo.")).to_be_visible()
    send(page, "drop", picture())
    expect(page.get_by_text("Your photo is kept for the pages that use one.")).to_be_visible()
    in_menu(page, "Kernel").click()
    expect_shape(page, "input", (1, 17, 25))


def test_a_hint_is_shown_while_a_file_is_over_the_page(visit) -> None:
    page = visit("pooling?size=64", width=400, height=800)
    settle(page)
    hint = page.get_by_text("Drop the photo anywhere")
    expect(hint).to_be_hidden()
    send(page, "dragover", picture())
    expect(hint).to_be_visible()
    send(page, "dragleave")
    expect(hint).to_be_hidden()
