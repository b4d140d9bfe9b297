"""The app's style in the pages that are served, and in nothing else."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from server.style import Styled

PAGE = "<html><head><title>é</title></head><body><p></p></body></html>"


def served(
    answer: Response, accept: bytes = b"text/html,*/*", method: str = "GET", query: bytes = b""
) -> tuple[dict[str, str], str, Scope]:
    """What comes through: headers, body, and the request as the app saw it."""
    messages, seen = [], {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update(scope)
        await answer(scope, receive, send)

    async def send(message) -> None:
        messages.append(message)

    headers = [(b"accept", accept), (b"if-none-match", b'"1"'), (b"accept-encoding", b"gzip"), (b"host", b"here")]
    scope = {"type": "http", "method": method, "headers": headers, "query_string": query}
    asyncio.run(Styled(app, "p { top: 0 }\n", {"large": "b { top: 1 }\n"}, "<script>x</script>")(scope, None, send))
    start, *bodies = messages
    body = b"".join(one["body"] for one in bodies).decode()
    return {name.decode(): value.decode() for name, value in start["headers"]}, body, seen


def test_a_page_carries_the_style_behind_what_scripts_write() -> None:
    headers, body, seen = served(Response(PAGE, media_type="text/html", headers={"etag": '"1"'}))
    assert body == PAGE.replace("</body>", "<style>\np { top: 0 }\n</style>\n<script>x</script>\n</body>", 1)
    assert headers["content-length"] == str(len(body.encode()))
    assert "etag" not in headers  # it is the page's without the style
    assert [name for name, _ in seen["headers"]] == [b"accept", b"host"]


@pytest.mark.parametrize("query", [b"large=true", b"x=%ff&large=true&y"])
def test_what_the_address_asks_for_is_there_from_the_first_byte(query) -> None:
    assert "p { top: 0 }\nb { top: 1 }\n</style>" in served(Response(PAGE, media_type="text/html"), query=query)[1]


@pytest.mark.parametrize("query", [b"large=false", b"larger=true", b"large", b"x=large=true"])
def test_what_is_not_asked_for_is_not_there(query) -> None:
    assert "b { top: 1 }" not in served(Response(PAGE, media_type="text/html"), query=query)[1]


@pytest.mark.parametrize(
    ("answer", "accept", "method"),
    [
        (PlainTextResponse(PAGE, headers={"etag": "1"}), b"text/html", "GET"),
        (Response(PAGE, media_type="text/html", headers={"etag": "1"}), b"*/*", "GET"),
        (Response(PAGE, media_type="text/html", headers={"etag": "1"}), b"text/html", "HEAD"),
        (Response(PAGE, 404, media_type="text/html", headers={"etag": "1"}), b"text/html", "GET"),
    ],
)
def test_all_else_passes_as_it_is(answer, accept, method) -> None:
    headers, body, _ = served(answer, accept, method)
    assert body in (PAGE, "")
    assert headers["etag"] == "1"
