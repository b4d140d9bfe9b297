"""Who may open a socket, and the headers on every answer, on small apps in this process."""

import asyncio
import base64
import hashlib

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from server import headers
from server.headers import DENIAL, SecurityHeaders, content_security_policy, inline_script_hashes
from server.origins import Origins, allowed, readable, well_formed

INDEX = '<script src="a.js"></script><script>one</script><script type="module">\ntwo\n</script>'


def sha256(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_only_the_page_s_own_inline_scripts_run(monkeypatch) -> None:
    assert inline_script_hashes(INDEX) == [sha256("one"), sha256("\ntwo\n")]
    monkeypatch.delenv(headers.FRAME_ANCESTORS, raising=False)
    rules = dict(rule.split(" ", 1) for rule in content_security_policy(INDEX).split("; "))
    assert rules["script-src"] == f"'self' blob: {sha256('one')} {sha256(chr(10) + 'two' + chr(10))}"
    assert (rules["default-src"], rules["frame-ancestors"], rules["connect-src"]) == ("'none'", "'self'", "'self'")
    monkeypatch.setenv(headers.FRAME_ANCESTORS, "https://course.example")
    assert content_security_policy(INDEX).endswith("; frame-ancestors 'self' https://course.example")


@pytest.mark.parametrize(
    ("path", "private"),
    [("/", False), ("/media/a.png", True), ("/base/_stcore/upload_file/a/b", True), ("/_stcore/upload_files", False), ("/mediation/a", False)],
)  # fmt: skip
def test_every_answer_bears_the_headers_and_private_ones_are_not_stored(path, private) -> None:
    async def page(_) -> PlainTextResponse:
        return PlainTextResponse("page", headers={"Cache-Control": "public", "Referrer-Policy": "unsafe-url"})

    with TestClient(SecurityHeaders(Starlette(routes=[Route("/{path:path}", page)]), INDEX)) as client:
        answer = client.get(path)
    assert answer.text == "page"
    assert answer.headers["content-security-policy"] == content_security_policy(INDEX)
    assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == ("nosniff", "same-origin")
    assert answer.headers["cache-control"] == ("private, no-store" if private else "public")


@pytest.mark.parametrize(
    ("accept", "extensions"), [(False, {DENIAL: {}}), (True, {DENIAL: {}}), (False, {}), (False, None)]
)
def test_a_handshake_that_is_refused_is_answered_with_the_headers(accept, extensions) -> None:
    sent = []

    async def refuse(_, __, send) -> None:
        if accept:
            await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1008})

    async def send(message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/"} | ({} if extensions is None else {"extensions": extensions})
    asyncio.run(SecurityHeaders(refuse, INDEX)(scope, None, send))  # type: ignore[arg-type]
    kinds = [message["type"] for message in sent]
    if accept or not extensions:
        assert kinds == ["websocket.accept"] * accept + ["websocket.close"]
        return
    assert kinds == [f"{DENIAL}.start", f"{DENIAL}.body"]
    assert (sent[0]["status"], sent[1]["body"]) == (403, b"")
    assert b"nosniff" in dict(sent[0]["headers"]).values()


def test_what_has_no_answer_gets_no_headers() -> None:
    seen = []

    async def app(_, __, send) -> None:
        seen.append(send)

    own = object()
    asyncio.run(SecurityHeaders(app, INDEX)({"type": "lifespan"}, None, own))  # type: ignore[arg-type]
    assert seen == [own]


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "forwarded", "expected"),
    [
        ("http://a.example", "a.example", "ws", None, True), ("https://a.example", "a.example", "ws", None, True),
        ("http://a.example", "a.example", "wss", None, False), ("https://a.example", "a.example", "wss", None, True),
        ("http://a.example", "a.example", "https", None, False), ("http://a.example", "a.example", "ws", "https", False),
        ("https://a.example", "a.example", "ws", "https", True), ("http://a.example", "a.example", "ws", "http", True),
        ("http://a.example:81", "a.example", "ws", None, False), ("http://a.example:81", "a.example:81", "ws", None, True),
        ("ftp://a.example", "a.example", "ws", None, False), ("http://", "", "ws", None, False), ("http://a", None, "ws", None, False),
        (None, "a.example", "ws", None, False), ("null", "null", "ws", None, False), ("http://b.a.example", "a.example", "ws", None, False),
    ],
)  # fmt: skip
def test_only_the_app_s_own_pages_are_allowed(origin, host, scheme, forwarded, expected) -> None:
    given = {"origin": origin, "host": host, "x-forwarded-proto": forwarded}
    assert allowed({name: value for name, value in given.items() if value is not None}, scheme) is expected


@pytest.mark.parametrize(
    ("origin", "page", "address"),
    [
        ("http://a", True, True), ("https://a:8501", True, True), ("ftp://a", False, True), ("http://", False, True), ("http://a:0", False, True),
        ("http://a:x", False, False), ("http://[", False, False), ("http://a:70000", False, False), (None, False, True), ("", False, True),
    ],
)  # fmt: skip
def test_origins_of_pages_and_of_nothing(origin, page, address) -> None:
    assert (well_formed(origin), readable(origin)) == (page, address)


def test_odd_origins_are_turned_away_before_the_app_sees_them() -> None:
    async def page(_) -> PlainTextResponse:
        return PlainTextResponse("page")

    async def stream(socket) -> None:
        await socket.accept()
        await socket.send_text("open")
        await socket.close()

    app = Starlette(routes=[Route("/", page), WebSocketRoute("/", stream)])
    with TestClient(Origins(app)) as client:
        for origin, status in (("http://a", 200), ("null", 200), ("http://[", 400)):
            answer = client.get("/", headers={"origin": origin})
            assert (answer.status_code, answer.text) == (
                status,
                "page" if status == 200 else "This origin cannot be read.",
            )
        assert client.get("/").status_code == 200
        for given in ({}, {"origin": "http://a"}):
            with client.websocket_connect("/", headers=given) as socket:
                assert socket.receive_text() == "open"
        for origin in ("null", "http://[", "ftp://a"):
            with (
                pytest.raises(WebSocketDisconnect) as refused,
                client.websocket_connect("/", headers={"origin": origin}),
            ):
                pass
            assert refused.value.code == 1008
