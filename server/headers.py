"""Security headers on every response: what Streamlit needs and no more, nothing from another origin."""

import base64
import hashlib
import os
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Course pages that may show the app in a frame, as origins with spaces between them; unset: the app's own pages only.
FRAME_ANCESTORS = "CNN_VISUALISER_FRAME_ANCESTORS"
DENIAL = "websocket.http.response"  # ASGI's words for an answer to a handshake that is refused
_PRIVATE = re.compile(r"/(?:media|_stcore/upload_file)/")  # what belongs to one session


def inline_script_hashes(page: str) -> list[str]:
    """CSP sources for the inline scripts of an HTML page, so that no other inline script runs.

    >>> inline_script_hashes("<script>x</script><script src='a.js'></script>")
    ["'sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE='"]
    """
    scripts = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", page, re.S)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def content_security_policy(page: str) -> str:
    """The policy for an HTML page, Streamlit's. Components are modules made from blobs, styles are set from scripts."""
    inline = " ".join(inline_script_hashes(page))
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' blob: {inline}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'self'",
        "frame-ancestors": f"'self' {os.environ.get(FRAME_ANCESTORS, '')}".strip(),
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class SecurityHeaders:
    """ASGI middleware that adds the headers.

    Args:
        app: what it stands before.
        page: the HTML whose inline scripts may run.
    """

    def __init__(self, app: ASGIApp, page: str) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": content_security_policy(page),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
            "Cross-Origin-Opener-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept_private = _PRIVATE.search(scope.get("path", "")) is not None
        accepted = False

        async def send_with_headers(message: Message) -> None:
            nonlocal accepted
            accepted = accepted or message["type"] == "websocket.accept"
            if message["type"] == "websocket.close" and not accepted and DENIAL in scope.get("extensions", {}):
                # a refused handshake is a page too, which uvicorn would send without headers
                await send_with_headers({"type": f"{DENIAL}.start", "status": 403, "headers": []})
                message = {"type": f"{DENIAL}.body", "body": b""}
            if message["type"] in ("http.response.start", f"{DENIAL}.start"):
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
                if kept_private:
                    headers["Cache-Control"] = "private, no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] in ("http", "websocket") else send)
