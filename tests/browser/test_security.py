"""Headers, tokens and calm failures, on a real server."""

import json
import os
import re
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT, free_port, start_server
from tests.browser.instrument import expect_shape, settle, updates, wait_until
from tests.browser.wire import Wire


def headers_of(url: str) -> dict[str, str]:
    with urllib.request.urlopen(url, timeout=5) as response:
        return {name.lower(): value for name, value in response.headers.items()}


def test_every_response_carries_the_headers(server) -> None:
    for path in ("/", "/kernel", "/_stcore/health", "/static/js/nothing.js"):
        try:
            headers = headers_of(server + path)
        except urllib.error.HTTPError as error:
            headers = {name.lower(): value for name, value in error.headers.items()}
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "http:" not in policy
        assert "unsafe-eval" not in policy
        assert "script-src 'self' blob: 'sha256-" in policy
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["permissions-policy"].startswith("camera=(self), microphone=()")


def test_a_base_path_and_a_frame_ancestor(visit) -> None:
    port = free_port()
    process = start_server(
        port, "--server.baseUrlPath", "course/cnn", env={"CNN_VISUALISER_FRAME_ANCESTORS": "https://a.example"}
    )
    try:
        base = f"http://127.0.0.1:{port}/course/cnn"
        assert headers_of(f"{base}/")["content-security-policy"].endswith("frame-ancestors 'self' https://a.example")
        page = visit("kernel?image=Cat", base=base)
        expect_shape(page, "convolution", (1, 298, 449))
        wait_until(page, "window.cnnLive?.open")  # the live channel is found under the base path
        back = visit("why?size=64", base=base).get_by_role("link", name="Back: Home").first
        back.hover()
        assert back.evaluate("link => link.href") == f"{base}/"
    finally:
        process.kill()
        process.wait()


def test_the_page_comes_back_after_the_server_was_killed(visit) -> None:
    port = free_port()
    process = start_server(port)
    base = f"http://127.0.0.1:{port}"
    page = visit("kernel?image=Coins&size=64&kernel=1+2%3B+3+4", base=base)
    expect_shape(page, "convolution", (1, 49, 63))
    process.kill()
    process.wait()
    page.wait_for_timeout(1000)
    process = start_server(port)
    try:
        wait_until(page, "window.cnnLive?.open", timeout=30_000)
        connected = """document.querySelector('[data-test-connection-state="CONNECTED"]')?.dataset.testScriptState === "notRunning" """
        wait_until(page, connected, timeout=40_000)
        cell = page.get_by_label("row 1, column 1")
        expect(cell).to_have_value("1")
        page.wait_for_timeout(1500)
        cell.fill("9")
        cell.press("Enter")
        expect(page.locator(".st-key-kernel textarea")).to_have_value("9 2; 3 4")
        cell.fill("8")
        cell.press("Enter")
        page.wait_for_url("**kernel=8+2**", timeout=30_000)
        assert "image=coins" in page.url
    finally:
        process.kill()
        process.wait()


def test_a_cut_wire_in_the_middle_of_a_gesture_loses_nothing(visit, server) -> None:
    wire = Wire(int(server.rsplit(":", 1)[1]))
    try:
        page = visit("kernel?image=Cat&size=256&kernel=1+2%3B+3+4", base=f"http://127.0.0.1:{wire.port}")
        expect_shape(page, "convolution", (1, 169, 255))
        wait_until(page, "window.cnnLive?.open")
        settle(page)
        cell = page.get_by_label("row 1, column 1")
        box = cell.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        before = updates(page, "convolution")
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(1, 31):
            page.mouse.move(x, y - 10 * step)
            page.wait_for_timeout(20)
            if step == 15:
                assert updates(page, "convolution") > before + 3  # the picture follows the hand
                assert wire.cut() >= 2  # Streamlit's socket and the live channel's
                wait_until(page, "!window.cnnLive.open")
        wait_until(page, "window.cnnLive.open")  # by itself, the hand still down
        before = updates(page, "convolution")
        for step in range(31, 41):
            page.mouse.move(x, y - 10 * step)
            page.wait_for_timeout(40)
        assert updates(page, "convolution") > before + 3
        page.mouse.up()
        expect(page.locator(".st-key-kernel textarea")).to_have_value("5 2; 3 4")
        page.wait_for_url("**kernel=5+2**")
        assert "image=cat" in page.url
        expect(page.get_by_label("row 2, column 2")).to_have_value("4")
    finally:
        wire.close()


def test_an_error_in_one_session_is_calm_and_leaves_the_others(visit, tmp_path) -> None:
    broken = tmp_path / "app.py"
    source = (ROOT / "app.py").read_text("utf-8").replace('"ui/shell.py"', f'"{tmp_path}/shell.py"')
    for part in (*(ROOT / "ui").rglob("*.css"), ROOT / "ui" / "server_address.js"):
        copy = tmp_path / part.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(part.read_bytes())
    broken.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{source}")
    shell = "import streamlit as st\nst.title('Page')\nif 'fail' in st.query_params:\n    raise RuntimeError('secret detail')\nst.write('fine')\n"
    (tmp_path / "shell.py").write_text(shell)
    port = free_port()
    reading, writing = os.pipe()
    env = {"CNN_VISUALISER_LOG": "json", "CNN_VISUALISER_METRICS_TOKEN": "of this test"}
    process = start_server(port, "--browser.gatherUsageStats", "false", app=broken, env=env, log=writing)
    os.close(writing)
    base = f"http://127.0.0.1:{port}"
    try:
        bad, good = visit("?fail=1", base=base), visit("", base=base)
        expect(bad.get_by_text("Something went wrong here (error")).to_be_visible()
        number = re.findall(r"\(error (\w+)\)", bad.content())[0]
        assert "secret detail" not in bad.content()
        assert "Traceback" not in bad.content()
        expect(good.get_by_text("fine")).to_be_visible()
        asked = urllib.request.Request(f"{base}/metrics", headers={"Authorization": "Bearer of this test"})
        with urllib.request.urlopen(asked, timeout=5) as response:
            assert "cnn_sessions_open 2\n" in response.read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{base}/_stcore/metrics", timeout=5)
    finally:
        process.kill()
        process.wait()
    with os.fdopen(reading, "rb") as log:
        events = [json.loads(line) for line in log if line.startswith(b"{")]
    errors = [event for event in events if event["level"] == "error"]
    assert [event["error"] for event in errors] == [number]  # once
    assert "secret detail" in errors[0]["traceback"]
    assert sum(event["message"] == "session opened" for event in events) == 2
