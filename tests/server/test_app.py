"""The app itself under small attacks: refused handshakes, odd paths, and what is gone when a session has ended."""

import contextlib
import http.client
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import numpy as np
import pytest

from cnn_core.images import encode_png
from tests.browser.conftest import free_port, start_server
from tests.replicas.visitor import Visitor


@pytest.fixture(scope="module")
def outside() -> Iterator[socket.socket]:
    """All that the server may ask of other hosts comes here, and gets no answer."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def server(outside) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """(port, process) of a server whose sessions end a second after their page is closed."""
    port, proxy = free_port(), f"http://127.0.0.1:{outside.getsockname()[1]}"
    env = {"CNN_VISUALISER_METRICS_TOKEN": "t", "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "http_proxy": proxy}
    process = start_server(port, "--server.disconnectedSessionTTL", "1", env=env)
    yield port, process
    process.kill()
    process.wait()


def handshake(port: int, path: str, origin: str) -> tuple[int, dict[str, str], float]:
    """Status and headers of the answer to a WebSocket's handshake, and the seconds that it took."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": origin}
    connection.request("GET", path, headers=headers | key)
    answer = connection.getresponse()
    told = answer.status, {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return *told, time.perf_counter() - began


@pytest.mark.parametrize("path", ["/live", "/_stcore/stream"])
@pytest.mark.parametrize(
    "origin", ["http://[", "http://a:b", "http://evil.example", "null", "ftp://{host}", "//{host}"]
)
def test_foreign_and_broken_origins_are_refused_at_once_with_all_headers(server, path, origin) -> None:
    status, headers, seconds = handshake(server[0], path, origin.format(host=f"127.0.0.1:{server[0]}"))
    assert status == 403
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert seconds < 1


def test_a_foreign_page_makes_the_server_ask_nobody_who_it_is(server, outside) -> None:
    assert handshake(server[0], "/_stcore/stream", "http://evil.example")[0] == 403
    outside.settimeout(0.5)
    with pytest.raises(TimeoutError):
        outside.accept()


@pytest.mark.parametrize("path", ["/live", "/_stcore/stream"])
def test_the_app_s_own_pages_are_let_in(server, path) -> None:
    assert handshake(server[0], path, f"http://127.0.0.1:{server[0]}")[0] == 101


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/home", "./"),
        ("/home?size=64&image=cat", "./?size=64&image=cat"),
        ("/home?next=//evil.example", "./?next=//evil.example"),
    ],
)
def test_home_is_also_found_under_its_name(server, path, leads) -> None:
    status, headers, _ = ask(server[0], path, {"Accept": "text/html"})
    assert (status, headers["location"]) == (307, leads)


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics%0A", "/_stcore/metrics%0a%0a", "/metrics%0A", "/_stcore/metrics/", "/_stcore/metrics%20"]
)
def test_metrics_stay_closed_however_they_are_spelt(server, path) -> None:
    status, headers, body = ask(server[0], path, {"Authorization": "Bearer t"})
    assert b"TYPE" not in body
    assert "openmetrics" not in headers.get("content-type", "")
    assert status in (200, 301, 307, 404)  # a path of no file is Streamlit's page


def ask(port: int, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    told = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return told


def test_an_origin_that_cannot_be_read_is_an_answer_and_no_error(server) -> None:
    assert ask(server[0], "/_stcore/health", {"Origin": "http://["})[0] == 400
    assert ask(server[0], "/_stcore/health", {"Origin": "null"})[0] == 200


def test_what_belongs_to_a_session_is_kept_by_nobody(server) -> None:
    assert ask(server[0], "/media/0.png", {})[1]["cache-control"] == "private, no-store"


def test_a_photo_goes_with_its_session_though_nobody_else_comes(server) -> None:
    visitor = Visitor(f"http://127.0.0.1:{server[0]}", "size=512")
    visitor.open()
    visitor.upload("photo.png", encode_png(np.random.default_rng(0).random((3, 40, 60)).astype(np.float32)))
    assert visitor.drag("1 2; 3 4")["stages"]
    assert visitor.page
    visitor.page.close()  # the live channel stays: it asks what nobody may know any more
    deadline = time.monotonic() + 30
    while True:
        try:
            visitor.drag("1 2; 3 4")
        except ConnectionError as gone:
            assert '"gone": true' in str(gone)
            break
        assert time.monotonic() < deadline
        time.sleep(1)
    visitor.close()


def test_the_server_stops_in_time_though_an_upload_goes_on(server) -> None:
    """The last of this file: it ends the server."""
    port, process = server
    visitor = Visitor(f"http://127.0.0.1:{port}", "size=512")
    visitor.open()
    place, token = visitor.place_for("photo.png")
    head = f"PUT {place.upload_url} HTTP/1.1\r\nHost: a\r\nX-Xsrftoken: {token}\r\nCookie: _streamlit_xsrf={token}\r\n"
    body = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 15000000\r\n\r\n--x\r\n"
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall((head + body).encode())
        slow.settimeout(1)
        with pytest.raises(TimeoutError):  # it is being received
            slow.recv(1)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        visitor.close()
        while process.poll() is None and time.monotonic() - began < 20:  # fast enough to be heard out for two minutes
            with contextlib.suppress(OSError):
                slow.sendall(bytes(20_000))
            time.sleep(0.2)
    assert time.monotonic() - began < 8
