"""Visit pages without a browser: a cold start, a deep link, then whatever the page shows."""

import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]


def visit(page: str, **query: str) -> AppTest:
    """Open a page through the shell with these URL parameters; fails on any exception."""
    app = AppTest.from_file(ROOT / "ui" / "shell.py", default_timeout=30)
    for name, value in query.items():  # the shell's own controls look at the link on the session's first run
        app.query_params[name] = value
    app.run()
    app.switch_page(f"../pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def components(app: AppTest, name: str) -> list[Any]:
    """Streamlit's messages of all components of a kind on the page."""
    protos = [element.proto for element in app.get("bidi_component")]
    return [proto for proto in protos if proto.component_name == f"cnn_{name}"]


def component(app: AppTest, name: str, number: int = 0) -> dict[str, Any]:
    """The data that a component was given; the first of its kind on the page unless another number is given."""
    protos = components(app, name)
    assert len(protos) > number, f"no component {name} number {number} on this page"
    return json.loads(protos[number].json)[0]


def table(app: AppTest, number: int = 0) -> dict[str, list[str]]:
    """The cells of a table by its headings."""
    tables = [element.value for element in app.markdown if element.value.startswith("| ")]
    rows = [line.replace("\\", "").strip("| ").split(" | ") for line in tables[number].splitlines()]
    return {heading: list(cells) for heading, *cells in zip(rows[0], *rows[2:], strict=True)}


def sentences(app: AppTest) -> str:
    """All text that the page says, with Markdown's escapes taken off."""
    parts = [element.value for kind in ("markdown", "error", "info", "caption") for element in app.get(kind)]
    return "\n".join(parts).replace("\\", "")
