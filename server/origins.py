"""Whose pages may open a socket: the app's own."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def allowed(headers: Mapping[str, str], scheme: str = "ws") -> bool:
    """Whether the page that asks is the app's own: its origin has the host that it asks for, over http or https.

    Args:
        headers: of the request, by small names.
        scheme: of the request, "ws" or "wss"; a proxy may have spoken TLS where the server does not.

    >>> allowed({"origin": "https://a.example", "host": "a.example"}), allowed({"origin": "https://b.example", "host": "a.example"})
    (True, False)
    >>> allowed({"host": "a.example"}), allowed({"origin": "http://[", "host": "a.example"})
    (False, False)
    """
    origin, host = headers.get("origin"), headers.get("host")
    secure = scheme in ("wss", "https") or headers.get("x-forwarded-proto") == "https"
    return (
        bool(host)
        and well_formed(origin)
        and urlsplit(origin).netloc == host
        and (urlsplit(origin).scheme in (("https",) if secure else ("http", "https")))
    )


def well_formed(origin: str | None) -> bool:
    """Whether this is the origin of a web page at all.

    >>> well_formed("http://a.example:8501"), well_formed("http://["), well_formed("null"), well_formed(None)
    (True, False, False, False)
    """
    try:
        parts = urlsplit(origin or "")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Origins:
    """ASGI middleware: refuses sockets from what is no web page's origin, on which Streamlit would stumble."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Headers(scope=scope).get("origin") if scope["type"] in ("http", "websocket") else None
        if scope["type"] == "websocket" and origin is not None and not well_formed(origin):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http" and not readable(origin):
            await PlainTextResponse("This origin cannot be read.", 400)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def readable(origin: str | None) -> bool:
    """Whether this can be taken apart as an address."""
    try:
        return bool(urlsplit(origin or "")) and (urlsplit(origin or "").port or 0) >= 0
    except ValueError:
        return False
