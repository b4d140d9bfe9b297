"""No regular expression of the project can be made to run away: each is tried on the worst texts of its own alphabet."""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.app.visits import ROOT

ROOMS = ("cnn_core", "instruments", "live", "server", "ui", "pages", "benchmarks")
CALLS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
LONG, SECONDS = 8_000, 0.1  # characters; of processor time, where a pattern that backtracks needs more
COMMON = "1a. \n"  # what most classes hold


def files() -> list[Path]:
    return [ROOT / "app.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]


def patterns() -> Iterator[tuple[str, str, int, bool]]:
    """(where, pattern, flags, whether it is looked for anywhere in a text) of every call of `re` in the source; those put together at run time stand in their module."""
    for path in files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args):
                continue
            scans = node.func.attr not in ("compile", "match", "fullmatch") or scanned(path, node)
            first, where = node.args[0], f"{path.relative_to(ROOT)}:{node.lineno}"
            flags = 0
            for part in ast.walk(node):
                if isinstance(part, ast.Attribute) and isinstance(getattr(re, part.attr, None), re.RegexFlag):
                    flags |= getattr(re, part.attr)
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield where, first.value, flags, scans
            elif isinstance(first, ast.Constant) and isinstance(first.value, bytes):
                yield where, first.value.decode("latin-1"), flags, scans
            else:
                yield where, put_together(path, first), flags, scans


def scanned(path: Path, compiled: ast.Call) -> bool:
    """Whether a compiled pattern's name is used to look for it anywhere, not only at the beginning."""
    tree = ast.parse(path.read_text("utf-8"))
    line = next((n for n in ast.walk(tree) if isinstance(n, ast.Assign) and n.lineno == compiled.lineno), None)
    names = {target.id for target in line.targets if isinstance(target, ast.Name)} if line else set()
    uses = (n.func for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))
    looks = CALLS - {"compile", "match", "fullmatch"}
    return any(isinstance(use.value, ast.Name) and use.value.id in names and use.attr in looks for use in uses)


def put_together(path: Path, expression: ast.expr) -> str:
    """The text of an f-string from the names of its module, or with an x for what is known only when it runs."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    names = vars(importlib.import_module(module))
    if isinstance(expression, ast.Name) and isinstance(names.get(expression.id), str):
        return str(names[expression.id])
    assert isinstance(expression, ast.JoinedStr), f"{path}: a pattern must be a literal"
    parts = []
    for part in expression.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            assert isinstance(part, ast.FormattedValue)
            name = part.value.id if isinstance(part.value, ast.Name) else ""
            parts.append(names[name] if isinstance(names.get(name), str) else "x")
    return "".join(parts)


def alphabet(pattern: str) -> list[str]:
    """Pieces of texts that a pattern may dwell on: its own characters and runs of them, and what its classes stand for."""
    own = {letter for letter in re.sub(r"\\[a-zA-Z]", "", pattern) if letter.isprintable() or letter.isspace()}
    words = set(re.findall(r"[^\W\d_]{2,40}", re.sub(r"\\[a-zA-Z]", " ", pattern)))
    return sorted({*own, *words, *COMMON})


def attacks(pattern: str) -> Iterator[str]:
    """Texts of 8,000 characters: one piece again and again, two in turn, or runs of two, with an end that does not match."""
    for first, second in product(alphabet(pattern), repeat=2):
        for text in (first + second) * LONG, first + second * LONG, first * (LONG // 2) + second * LONG:
            yield text[:LONG] + "\x00"


def slow(pattern: str, flags: int, scans: bool) -> str | None:
    """The beginning of a text on which the pattern takes longer than it may, if there is one."""
    compiled = re.compile(pattern, flags)
    for text in dict.fromkeys(attacks(pattern)):
        for way in (compiled.search,) if scans else (compiled.match, compiled.fullmatch):
            if max(took(way, text[-500:]), took(way, text[:500])) > SECONDS / 256 or took(way, text) > SECONDS:
                return text[:40]
    return None


def took(way: Callable[[str], object], text: str) -> float:
    """Seconds on the processor, the better of two if the first was slow."""
    times = []
    for _ in range(2):
        began = time.thread_time()
        way(text)
        times.append(time.thread_time() - began)
        if times[0] < SECONDS / 256 or times[0] > 4 * SECONDS:
            break
    return min(times)


FOUND = list(patterns())


@pytest.mark.parametrize(("where", "pattern", "flags", "scans"), FOUND, ids=[where for where, *_ in FOUND])
def test_no_pattern_runs_away(where, pattern, flags, scans) -> None:
    assert slow(pattern, flags, scans) is None, where


def test_patterns_are_found_and_those_that_backtrack_are_known() -> None:
    assert len(FOUND) > 8
    assert slow(r"\d+\.?\d*x", 0, False)
    assert slow(r"(\d+)\s*[x×,\s]\s*(\d+)\s*[x×,\s]\s*(\d+)", 0, False)


def test_no_pattern_of_the_server_ends_before_a_line_break() -> None:
    """A $ accepts a line break behind it: /metrics%0A would be another path."""
    ends = [where for where, pattern, flags, _ in FOUND if pattern.endswith("$") and not flags & re.MULTILINE]
    assert ends == []
