"""A real server process and a real Chromium; every test is a new visitor."""

import os
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect, sync_playwright

from tests.browser import chromium

ROOT = Path(__file__).resolve().parents[2]
FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")  # a moving test picture
FORGET = (
    "if (!sessionStorage.opened) { localStorage.clear(); sessionStorage.opened = true; }"  # a new tab is a new visitor
)
expect.set_options(timeout=20_000)  # a busy machine is no failure


def start_server(
    port: int,
    *options: str,
    env: dict[str, str] | None = None,
    app: Path = ROOT / "app.py",
    limits: dict[int, int] | None = None,
    log: int = subprocess.DEVNULL,
    python: str = sys.executable,
) -> subprocess.Popen[bytes]:
    """`streamlit run app.py` from another directory, as a person might; returns once it is healthy.

    Args:
        port: where it listens.
        *options: of Streamlit's command line.
        env: added to the environment.
        app: another copy of the app.
        limits: bounds on what the process may use, by the names of `resource`.
        log: file descriptor for what it prints.
        python: interpreter of another environment.
    """

    def bound() -> None:
        for name, limit in (limits or {}).items():
            resource.setrlimit(name, (limit, limit))

    command = [python, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.address", "127.0.0.1", *options]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(
        command, cwd="/", stdin=quiet, stdout=log, stderr=log, env={**os.environ, **(env or {})}, preexec_fn=bound
    )
    base = next((options[i + 1] for i, o in enumerate(options) if o == "--server.baseUrlPath"), "")
    health = f"http://127.0.0.1:{port}/{base}{'/' if base else ''}_stcore/health"
    for _ in range(200):
        try:
            with urllib.request.urlopen(health, timeout=1):
                return server
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    server.kill()
    raise RuntimeError("The server did not start.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    port = free_port()
    process = start_server(port)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if not path:
        pytest.fail("No Chromium or Chrome found: run `make browser`, or set CHROME to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*chromium.FLAGS, *FAKE_CAMERA])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def known(browser: Browser) -> Iterator[BrowserContext]:
    """What remembers the app's scripts from one test to the next, which halves the time in which a page opens."""
    context = browser.new_context()
    context.add_init_script(FORGET)
    yield context
    context.close()


@pytest.fixture
def visit(browser: Browser, known: BrowserContext, server: str) -> Iterator[Callable[..., Page]]:
    """Open a page of the app as a new visitor, a second one in another browser; fails the test if the page threw, reached for
    another host, needed what the Content-Security-Policy forbids, sought its server where it is not, or took a text for an
    emoji's name."""
    contexts, trouble = [], []

    def open_page(
        path: str,
        base: str = server,
        width: int = 1440,
        height: int = 1000,
        script: str = "",
        scheme: Literal["light", "dark"] = "light",
        **options: object,
    ) -> Page:
        context = browser.new_context(**options) if options or contexts else known
        contexts.append(context)
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.add_init_script(script)
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda said: trouble.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("request", lambda request: trouble.append(request.url) if unwanted(request.url) else None)
        page.on("response", lambda answer: trouble.append(answer.url) if lost(answer) else None)
        page.goto(f"{base}/{path}")
        page.wait_for_selector("h1")
        return page

    yield open_page
    for page in known.pages:
        page.close()
    for context in contexts:
        if context is not known:
            context.close()
    assert trouble == []


def lost(answer: Response) -> bool:
    return answer.status == 404 and "/_stcore/" in answer.url


def unwanted(url: str) -> bool:
    ours = url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "blob:http://127.0.0.1:", "data:"))
    return not ours or "/remark-emoji." in url
