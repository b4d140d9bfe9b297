"""The app's style stands in the page from its first byte: sent with the first run, it would move what is already drawn. So does
what is to run before Streamlit does."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A page that is to be written into must come whole, as it is: not "as you know it", and not packed.
_LEFT_OUT = (b"if-none-match", b"if-modified-since", b"accept-encoding")


class Styled:
    """ASGI middleware that writes a style sheet and a script into HTML pages, behind all that scripts put into their head.

    Args:
        app: what it stands before.
        css: the sheet's text.
        asked: what is added to it in pages whose address asks for it, by the key that is "true" there.
        script: an HTML element that runs before the page's modules.
    """

    def __init__(self, app: ASGIApp, css: str, asked: Mapping[str, str], script: str) -> None:
        self.app, self.css, self.asked, self.script = app, css, asked, script

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or "text/html" not in Headers(scope=scope).get("accept", "")
        ):
            await self.app(scope, receive, send)
            return
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        css = self.css + "".join(more for key, more in self.asked.items() if query.get(key) == "true")
        style = f"<style>\n{css}</style>\n{self.script}\n</body>".encode()
        scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in _LEFT_OUT]}
        held: Message | None = None  # the start of an HTML page whose body is to come
        body = bytearray()

        async def styled(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_page(message):
                held = message
            elif message["type"] == "http.response.body" and held is not None:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    page = bytes(body).replace(b"</body>", style, 1)
                    headers = MutableHeaders(scope=held)
                    headers["content-length"] = str(len(page))
                    for name in ("etag", "last-modified", "accept-ranges"):
                        del headers[name]
                    await send(held)
                    await send({"type": "http.response.body", "body": page})
            else:
                await send(message)

        await self.app(scope, receive, styled)


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return bool(
        start["status"] == 200
        and headers.get("content-type", "").startswith("text/html")
        and "content-encoding" not in headers
    )
