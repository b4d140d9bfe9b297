"""Addresses that people write by hand, and where what they mean stands: home has the app's own address."""

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route


async def home(request: Request) -> RedirectResponse:
    """From `/home` to what it lies in, whatever stands before both; settings go along."""
    return RedirectResponse(f"./?{request.url.query}" if request.url.query else "./")


def routes(base_path: str) -> list[Route]:
    """At the root and under the base path, where Streamlit serves the app too."""
    base = base_path.strip("/")
    return [Route(path, home) for path in {"/home", f"/{base}/home" if base else "/home"}]
