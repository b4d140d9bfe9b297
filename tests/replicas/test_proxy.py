"""The proxy of deploy/ before three small servers: what it keeps, what it tells, whom it lets in, and where it sends them."""

import json
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.replicas.proxy import Proxy
from tests.replicas.stub import ANSWER, PUBLIC, Stub

SESSION = "0d9a6c52-4f0b-4f66-8a17-cc1f3f2f9a11"
UPLOAD = f"/_stcore/upload_file/{SESSION}/file-1"
STUDENTS = 300


@pytest.fixture
def stubs() -> Iterator[list[Stub]]:
    with ExitStack() as stack:
        running = [stack.enter_context(Stub()) for _ in range(3)]
        yield running
        for stub in running:
            stub.server.should_exit = stub.server.force_exit = True


@pytest.fixture
def proxy(tmp_path: Path, stubs: list[Stub]) -> Iterator[Proxy]:
    with Proxy(tmp_path, [stub.place for stub in stubs]) as running:
        yield running


def ask(base: str, path: str, cookie: str = "", method: str = "GET", body: bytes | None = None, **more: Any) -> Any:
    """Status, headers and what the stub says of itself."""
    request = urllib.request.Request(base + path, body, {"Cookie": cookie, **more.pop("headers", {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10, **more) as answer:
            return answer.status, answer.headers, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def visit(proxy: Proxy, cookie: str = "") -> tuple[str, int]:
    """Open the page; returns the cookie to use from now on, and the port of the replica that answered."""
    status, headers, said = ask(proxy.base, "/kernel?kernel=1", cookie)
    assert status == 200
    return headers["Set-Cookie"].split(";")[0], said["port"]


def dial(proxy: Proxy, path: str, cookie: str = "", **more: Any) -> ClientConnection:
    more = {"open_timeout": 10, "close_timeout": 0.2, "legacy": True, "proxy": None} | more
    return connect(f"ws://{proxy.host}{path}", additional_headers={"Cookie": cookie}, **more)


def port_behind(connection: ClientConnection) -> int:
    connection.send("who")
    return int(str(connection.recv(timeout=10)).split()[0])


def raw(host: str, head: str) -> socket.socket:
    """A connection on which this much was sent."""
    name, port = host.split(":")
    sock = socket.create_connection((name, int(port)), timeout=15)
    sock.sendall(head.encode())
    return sock


def closed_after(sock: socket.socket) -> float:
    """Seconds until the other side ends the connection."""
    start = time.monotonic()
    try:
        while sock.recv(65536):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - start


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_photo_passes_as_it_comes_and_is_never_on_disk(tmp_path, proxy, stubs) -> None:
    cookie, _ = visit(proxy)
    size, sent = 6_000_000, 3_000_000
    for own in (cookie, ""):
        before = sum(stub.received for stub in stubs)
        head = f"PUT {UPLOAD} HTTP/1.1\r\nHost: {proxy.host}\r\nCookie: {own}\r\nContent-Length: {size}\r\n\r\n"
        with raw(proxy.host, head) as sock:
            sock.sendall(b"\xff" * sent)
            until = time.monotonic() + 5
            while (got := sum(stub.received for stub in stubs) - before) < sent * 0.9 and time.monotonic() < until:
                time.sleep(0.01)
            assert got > sent * 0.9  # half of it is there while the other half has not been sent
            assert files(proxy.bodies) == []
            sock.sendall(b"\xff" * (size - sent))
            assert b" 200 " in sock.recv(100)
        assert sum(stub.received for stub in stubs) - before == size
    with raw(proxy.host, f"GET /media/large HTTP/1.1\r\nHost: {proxy.host}\r\nConnection: close\r\n\r\n") as sock:
        sock.recv(1000)
        time.sleep(0.5)  # a browser that reads slowly
        assert files(tmp_path / "answers") == []
        got = 0
        while chunk := sock.recv(1 << 20):
            got += len(chunk)
    assert got > ANSWER - 1000


def test_no_log_names_a_session_or_the_settings(proxy, stubs) -> None:
    cookie, port = visit(proxy)
    for path in (
        UPLOAD,
        f"/_stcore/upload_file%2F{SESSION}/a",
        f"//_stcore/./upload_file/{SESSION}/b?x=secret-setting",
    ):
        ask(proxy.base, path, cookie, "PUT", b"pixels")
    ask(proxy.base, f"/kernel?kernel=secret-setting&x={SESSION}", cookie, headers={"Referer": f"http://x/{SESSION}"})
    with raw(proxy.host, f"PUT {UPLOAD} HTTP/1.1\r\nHost: {proxy.host}\r\nContent-Length: 51400000\r\n\r\n") as sock:
        assert b" 413 " in sock.recv(100)
    next(stub for stub in stubs if stub.port == port).stop()
    assert ask(proxy.base, UPLOAD, cookie, "PUT", b"pixels")[0] == 502  # and its error is logged nowhere
    assert ask(proxy.base, f"/kernel?kernel=secret-setting&x={SESSION}", cookie)[0] == 200
    text = proxy.log.read_text("utf-8")
    assert SESSION[:4] not in text
    assert "secret" not in text
    assert re.search(r"^127\.0\.0\.1 \[\S+\] PUT /_stcore/upload_file 413 ", text, re.M)
    assert re.search(r" GET /kernel 200 \d+ [\d.]+ replica=[123] tried=", text)


def test_what_belongs_to_one_visitor_is_kept_by_no_cache(proxy) -> None:
    kept = {}
    for path in ("/media/0a1b.csv", "/media/public", "/else/x", "/kernel", "/static/js/a.js"):
        kept[path] = ask(proxy.base, path)[1].get_all("Cache-Control")
    kept[UPLOAD] = ask(proxy.base, UPLOAD, method="PUT", body=b"x")[1].get_all("Cache-Control")
    private = ["private, no-store"]
    assert kept == {
        "/media/0a1b.csv": private,
        "/media/public": private,
        "/else/x": private,
        UPLOAD: private,
        "/kernel": ["no-cache"],
        "/static/js/a.js": [PUBLIC],
    }


def test_both_sockets_of_a_visitor_reach_its_replica_and_the_client_is_named_by_the_proxy_alone(proxy) -> None:
    for _ in range(6):
        cookie, port = visit(proxy)
        assert re.fullmatch(r"cnn_replica=[123]\.[0-9a-f]{32}", cookie)
        with (
            dial(proxy, "/live", cookie) as live,
            dial(proxy, "/_stcore/stream", cookie, subprotocols=["streamlit"]) as page,
        ):
            assert port_behind(live) == port_behind(page) == port
            assert page.subprotocol == "streamlit"
        forged = {"X-Forwarded-For": "8.8.8.8", "X-Forwarded-Proto": "https", "X-Replica": "18509"}
        said = ask(proxy.base, "/kernel", cookie, headers=forged)[2]
        assert (said["port"], said["headers"]["x-forwarded-for"]) == (port, "127.0.0.1")
        assert (said["headers"]["x-forwarded-proto"], said["headers"]["host"]) == ("http", proxy.host)
        assert "x-replica" not in said["headers"]


@pytest.mark.parametrize(
    "cookie", ["cnn_replica=9." + "a" * 32, "cnn_replica=1.%0d%0aSet-Cookie:x", "cnn_replica=18501"]
)
def test_a_cookie_that_nobody_gave_is_replaced(proxy, cookie) -> None:
    new, port = visit(proxy, cookie)
    assert re.fullmatch(r"cnn_replica=[123]\.[0-9a-f]{32}", new)
    assert visit(proxy, new) == (new, port)


def test_new_visitors_go_to_the_emptiest_replica(proxy, stubs) -> None:
    full, port = visit(proxy)
    with ExitStack() as stack:
        for _ in range(12):
            assert port_behind(stack.enter_context(dial(proxy, "/live", full))) == port
        came: Counter[int] = Counter()
        for number in range(12):
            cookie, own = visit(proxy)
            came[own] += 1
            stack.enter_context(dial(proxy, "/live" if number % 2 else "/_stcore/stream", cookie))
        assert came == {stub.port: 6 for stub in stubs if stub.port != port}


def test_a_gone_replica_moves_its_visitors_to_one_place_each_and_they_stay_there(tmp_path, stubs) -> None:
    with Proxy(tmp_path, [stub.place for stub in stubs], shorten={"fail_timeout=5s": "fail_timeout=1s"}) as proxy:
        own: dict[str, int] = dict(visit(proxy) for _ in range(24))
        gone = stubs[0].port
        assert set(own.values()) == {stub.port for stub in stubs}
        stubs[0].stop()
        moved: dict[str, int] = {}
        for cookie, port in own.items():
            new, now = visit(proxy, cookie)
            with dial(proxy, "/live", cookie) as live, dial(proxy, "/_stcore/stream", cookie) as page:
                assert port_behind(live) == port_behind(page) == now  # whichever is asked first
            assert (now == port) is (port != gone)
            assert new.split(".")[1] == cookie.split(".")[1]
            moved[new] = now
        assert len(set(moved.values())) == 2
        with Stub(gone):
            time.sleep(2.1)  # nginx counts whole seconds, then it asks again
            assert all(visit(proxy, cookie) == (cookie, port) for cookie, port in moved.items())
            assert gone in {visit(proxy)[1] for _ in range(6)}


def test_a_refusal_of_the_app_moves_nobody(proxy, stubs) -> None:
    cookie, port = visit(proxy)
    for stub in stubs:
        stub.refuse = True
        stub.asked.clear()
    with pytest.raises(InvalidStatus) as refused:
        dial(proxy, "/live", cookie)
    assert refused.value.response.status_code == 403
    assert "Set-Cookie" not in refused.value.response.headers
    assert {stub.port: stub.asked for stub in stubs if stub.asked} == {port: ["/live"]}
    assert ask(proxy.base, "/busy", cookie)[0] == 503
    assert {stub.port: stub.asked for stub in stubs if stub.asked} == {port: ["/live", "/busy"]}
    assert visit(proxy, cookie) == (cookie, port)


def test_replicas_that_nobody_knows_stop_neither_the_proxy_nor_its_visitors(tmp_path, stubs) -> None:
    with Proxy(tmp_path, ["nobody.invalid:8501", stubs[1].place, "127.0.0.1:1"]) as proxy:
        for _ in range(4):
            cookie, port = visit(proxy)
            assert port == stubs[1].port
            with dial(proxy, "/live", cookie) as live:
                assert port_behind(live) == port


def test_three_hundred_students_behind_one_address_fit_and_one_address_does_not_fill_a_replica(proxy) -> None:
    cookie, port = visit(proxy)
    head = (
        f"GET /live HTTP/1.1\r\nHost: {proxy.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )
    with ExitStack() as stack:

        def answers(count: int, own: str) -> Counter[bytes]:
            new = [stack.enter_context(raw(proxy.host, f"{head}Cookie: {own}\r\n\r\n")) for _ in range(count)]
            return Counter(sock.recv(300)[9:12] for sock in new)

        assert answers(2 * STUDENTS, "") == {b"101": 2 * STUDENTS}
        start = time.monotonic()
        assert visit(proxy, cookie) == (cookie, port)
        with dial(proxy, "/live", cookie) as live:
            assert port_behind(live) == port
        assert time.monotonic() - start < 2
        got = answers(400, cookie)
        assert got[b"429"] >= 190
        assert got[b"101"] + got[b"429"] == 400
        assert visit(proxy, cookie) == (cookie, port)  # pages are not sockets


def test_half_requests_and_silent_uploads_end_and_one_that_waits_for_its_turn_does_not(tmp_path, stubs) -> None:
    short = {
        "client_header_timeout 10s": "client_header_timeout 1s",
        "client_body_timeout 10s": "client_body_timeout 1s",
    }
    with Proxy(tmp_path, [stub.place for stub in stubs], shorten=short) as proxy:
        for head in (
            f"GET /kernel HTTP/1.1\r\nHost: {proxy.host}\r\n",
            f"PUT {UPLOAD} HTTP/1.1\r\nHost: {proxy.host}\r\nContent-Length: 1000000\r\n\r\n",
        ):
            with raw(proxy.host, head) as sock:
                assert closed_after(sock) < 4
        assert ask(proxy.base, f"/_stcore/upload_file/{SESSION}/late", method="PUT", body=bytes(20_000_000))[0] == 200


def test_only_uploads_have_a_body(proxy, stubs) -> None:
    assert ask(proxy.base, "/kernel", method="POST")[0] == 405
    for method in ("GET", "POST", "PUT"):
        assert ask(proxy.base, "/kernel", method=method, body=b"x" * 1000)[0] == 413
    assert ask(proxy.base, UPLOAD, method="DELETE")[0] == 200
    assert sum(stub.received for stub in stubs) == 0


def test_the_camera_gets_the_tls_that_it_needs(tmp_path, stubs) -> None:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.fail("openssl is missing: install it with your system's packages.")
    certificates = tmp_path / "tls" / "certificates"
    certificates.mkdir(parents=True)
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=class.example.org"]
    make += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificates / "privkey.pem"]
    subprocess.run([*make, "-out", certificates / "fullchain.pem"], check=True, capture_output=True)
    trusting = ssl.create_default_context(cafile=certificates / "fullchain.pem")
    with Proxy(tmp_path, [stub.place for stub in stubs], tls=True) as proxy:
        base = f"https://{proxy.tls_host}"
        status, headers, said = ask(base, "/kernel", context=trusting)
        assert (status, said["headers"]["x-forwarded-proto"]) == (200, "https")
        assert headers["Set-Cookie"].endswith("; HttpOnly; SameSite=Lax; Secure")
        cookie = headers["Set-Cookie"].split(";")[0]
        with connect(
            f"wss://{proxy.tls_host}/live", ssl=trusting, additional_headers={"Cookie": cookie}, proxy=None, legacy=True
        ) as live:
            assert port_behind(live) == said["port"]
        with raw(proxy.host, "GET /kernel?kernel=1 HTTP/1.1\r\nHost: class.example.org:8080\r\n\r\n") as sock:
            answer = sock.recv(2000).decode()
        assert " 308 " in answer
        assert "Location: https://class.example.org/kernel?kernel=1\r\n" in answer
