"""A class on a small cloud host: 30 sessions with photos of their own on one server that may use 1 GB."""

import contextlib
import io
import subprocess
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import ROOT, free_port, start_server
from tests.replicas.test_container import copy_app
from tests.replicas.visitor import Visitor

SESSIONS = 30
GIGABYTE = 1_000_000_000
PAGES = ("kernel", "channels", "faces", "features", "images", "pooling", "kernel")


def photo(number: int) -> bytes:
    """A photo of 1200 x 800 that no other session has."""
    rng = np.random.default_rng(number)
    pixels = rng.integers(0, 256, (40, 60, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((1200, 800), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@contextlib.contextmanager
def limited(pid: int) -> Iterator[None]:
    """Let the kernel kill the process above the limit, where control groups can be made."""
    for root, name in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = Path(root, f"cnn-{pid}")
        with contextlib.suppress(OSError):
            group.mkdir()
            (group / name).write_text(str(GIGABYTE))
            (group / "cgroup.procs").write_text(str(pid))
            break
    yield
    for root in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup"):
        with contextlib.suppress(OSError):
            Path(root, f"cnn-{pid}").rmdir()


def peak(pid: int) -> int:
    """The most memory that a process ever held, in bytes (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@pytest.mark.soak
@pytest.mark.timeout(400)
@pytest.mark.parametrize("query", ["size=1024&colour=Colour&channels_kernels=8", "size=512&colour=Colour"])
def test_thirty_sessions_with_photos_stay_within_a_gigabyte(query) -> None:
    port = free_port()
    server = start_server(port, env={"CNN_VISUALISER_MEMORY_MB": "1000"})
    try:
        with limited(server.pid):
            visitors = [Visitor(f"http://127.0.0.1:{port}", query) for _ in range(SESSIONS)]

            def work(number: int) -> None:
                visitor = visitors[number]
                visitor.open()
                visitor.upload(f"{number}.jpg", photo(number))
                for step in range(len(PAGES)):  # everyone somewhere else
                    visitor.go(PAGES[(number + step) % len(PAGES)])
                for _ in range(30):  # as a browser does: an image that made room for others is given again by the page
                    visitor.go("kernel")
                    with contextlib.suppress(ConnectionError):
                        channels, height, width = visitor.drag("1 0 -1")["stages"][0]["shape"]
                        assert (channels, round((width + 2) / height, 1)) == (1, 1.5)  # the photo, not a sample
                        return
                raise AssertionError("the image was never held long enough to be dragged")

            with ThreadPoolExecutor(SESSIONS) as pool:
                list(pool.map(work, range(SESSIONS)))
            assert server.poll() is None
            print(f"{SESSIONS} sessions, {query}: {peak(server.pid) / 1e6:.0f} MB at most")
            assert peak(server.pid) < GIGABYTE
            for visitor in visitors:
                visitor.close()
    finally:
        server.kill()
        server.wait()


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "options", [("-r", "requirements.txt"), ("--require-hashes", "-r", "deploy/requirements.lock")]
)
def test_a_cloud_host_needs_nothing_but_what_the_project_pins(options, tmp_path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", *options], cwd=ROOT, check=True)
    (tmp_path / "app").mkdir()
    copy_app(tmp_path / "app")
    port = free_port()
    server = start_server(port, "--server.baseUrlPath", "~/+", app=tmp_path / "app" / "app.py", python=python)
    try:
        with limited(server.pid):
            visitor = Visitor(f"http://127.0.0.1:{port}/~/+", "image=Coins&size=64&kernel=1+2%3B+3+4")
            visitor.open()
            visitor.upload("own.jpg", photo(1))
            for page in PAGES:
                visitor.go(page)
            assert visitor.drag("1 0")["stages"][0]["shape"] == [1, 43, 63]
            assert peak(server.pid) < GIGABYTE
            visitor.close()
    finally:
        server.kill()
        server.wait()
