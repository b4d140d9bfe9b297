"""Photos of one's own: in memory only, out of the log, gone with the session; and a server that cannot write."""

import io
import os
import resource

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import free_port, start_server
from tests.browser.instrument import expect_shape, settle, upload


def large_photo() -> bytes:
    """A PNG of about 3 MB: more than a server would keep in memory by itself."""
    noise = np.random.default_rng(1).integers(0, 256, (1000, 1000, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    assert buffer.tell() > 2_900_000
    return buffer.getvalue()


def test_a_photo_is_used_where_nothing_can_be_written_and_its_name_is_not_logged(visit) -> None:
    port = free_port()
    reading, writing = os.pipe()
    cannot_write = {resource.RLIMIT_FSIZE: 0}  # any byte into any file is an error, for root too
    env = {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    server = start_server(port, env=env, limits=cannot_write, log=writing)
    os.close(writing)
    try:
        page = visit("kernel?size=64", base=f"http://127.0.0.1:{port}")
        settle(page)  # a server's first run may be slow
        upload(page, "private holiday.png", large_photo())
        expect_shape(page, "input", (1, 64, 64))
        expect(page.get_by_text("Held now: private holiday.png, 1000 × 1000 pixels.")).to_be_visible()
        settle(page)
        upload(page, "private letter.pdf.png", b"%PDF-1.7 no image")
        for place in ("stSidebar", "stMain"):
            said = page.get_by_test_id(place).get_by_text("private letter.pdf.png: This file is not an image")
            expect(said).to_be_visible()
        page.close()
    finally:
        server.terminate()
        server.wait()
    with os.fdopen(reading, "rb") as log:
        said = log.read()
    assert b"8501" in said or b"URL" in said  # the log was read
    assert b"private" not in said
    assert b"Traceback" not in said
