"""Small faults that a person might make, one place of the code at a time: for `python -m tests.mutants`."""

import ast
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("cnn_core", "instruments", "live", "server", "ui")
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.txt"
LEFT_OUT = ("ui/programs", "ui/shell.py", "__init__.py", "cnn_core/train_")

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
COMPUTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
            ast.Mod: ast.Add, ast.Pow: ast.Mult, ast.MatMult: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # fmt: skip


class Mutant(NamedTuple):
    """One change: the file as it would be, and the change in words."""

    path: str
    line: int
    statement: int  # line at which its statement begins; 0 for what runs as the module is loaded
    text: str  # of the line, as it stands
    change: str
    source: bytes
    number: int  # among the changes of this file that read the same: from 1 on

    @property
    def name(self) -> str:
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{self.path}: {self.text}: {self.change}{again}"


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, str]]:
    """What could stand at a node instead: the node that is replaced, its replacement, and words for it."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
        other = COMPARED[type(node.ops[0])]
        yield (
            node,
            ast.Compare(node.left, [other()], node.comparators),
            f"{type(node.ops[0]).__name__} -> {other.__name__}",
        )
    elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED:
        sign = COMPUTED[type(node.op)]
        yield node, ast.BinOp(node.left, sign(), node.right), f"{type(node.op).__name__} -> {sign.__name__}"
    elif isinstance(node, ast.AugAssign) and type(node.op) in COMPUTED:
        sign = COMPUTED[type(node.op)]
        yield node, ast.AugAssign(node.target, sign(), node.value), f"{type(node.op).__name__}= -> {sign.__name__}="
    elif isinstance(node, ast.BoolOp):
        join = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield node, ast.BoolOp(join(), node.values), f"{type(node.op).__name__} -> {join.__name__}"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node, node.operand, f"{type(node.op).__name__} left out"
    elif isinstance(node, ast.IfExp | ast.If | ast.While):
        yield node.test, ast.UnaryOp(ast.Not(), node.test), "condition turned round"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield node, ast.Constant(not node.value), f"{node.value} -> {not node.value}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        larger = node.value + 1 if isinstance(node.value, int) else node.value * 2 or 1.0
        yield node, ast.Constant(larger), f"{node.value} -> {larger}"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        yield node, ast.Pass(), "statement left out"
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield node, ast.Return(ast.Constant(None)), "returns None"


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _statements(node: ast.AST, line: int, *, within: bool) -> Iterator[tuple[int, int]]:
    """For the id of each node: where its statement begins, or 0 outside of functions."""
    for name, value in ast.iter_fields(node):
        inside = within or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and name == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                starts = isinstance(child, ast.stmt) or (isinstance(node, ast.Lambda) and name == "body")
                here = (child.lineno if starts else line) if inside else 0  # type: ignore[attr-defined]
                yield id(child), here
                yield from _statements(child, here, within=inside)


def mutants(path: Path) -> Iterator[Mutant]:
    """All changes of a file; none in annotations. Only the changed node is written anew, the rest stays as it is."""
    source = path.read_bytes()
    lines = source.splitlines(keepends=True)
    starts = [sum(map(len, lines[:n])) for n in range(len(lines) + 1)]
    tree = ast.parse(source)
    hints = {id(inner) for holder in ast.walk(tree) for part in ("annotation", "returns")
             if (hint := getattr(holder, part, None)) is not None for inner in ast.walk(hint)}  # fmt: skip
    # Python 3.11 does not know where in an f-string a node stands: the whole f-string is written anew.
    texts = {id(inner): text for text in reversed([node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)])
             for inner in ast.walk(text)}  # fmt: skip
    statements = dict(_statements(tree, 0, within=False))
    alike = Counter[tuple[str, str]]()
    for node in ast.walk(tree):
        if id(node) in hints:
            continue
        for old, new, words in changes(node):
            held = texts.get(id(old), old)
            start, end = (starts[line - 1] + column for line, column in (
                (held.lineno, held.col_offset), (held.end_lineno, held.end_col_offset)))  # type: ignore[attr-defined]  # fmt: skip
            if held is old:
                written = new
            else:  # a copy, for the tree serves the next mutant too
                number = next(n for n, inner in enumerate(ast.walk(held)) if inner is old)
                again = ast.parse(b"(" + source[start:end] + b")", mode="eval").body
                written = _Swap(list(ast.walk(again))[number], new).visit(again)
            text = ast.unparse(ast.fix_missing_locations(written)).encode()
            if isinstance(new, ast.expr) and not isinstance(new, ast.Constant):
                text = b"(" + text + b")"
            place = held.lineno  # type: ignore[attr-defined]
            shown = lines[place - 1].decode().strip()
            name = str(path.relative_to(ROOT))
            alike[shown, words] += 1
            changed = source[:start] + text + source[end:]
            yield Mutant(name, place, statements[id(node)], shown, words, changed, alike[shown, words])


def every() -> list[Mutant]:
    """All changes of all rooms."""
    files = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return [one for path in files if not any(part in path.as_posix() for part in LEFT_OUT) for one in mutants(path)]


def known() -> list[str]:
    """Names of changes that change nothing; lines that begin with # say why."""
    lines = EQUIVALENT.read_text("utf-8").splitlines() if EQUIVALENT.exists() else []
    return [line for line in lines if line and not line.startswith("#")]


def sample(count: int, seed: int) -> list[Mutant]:
    """So many changes of all there are, the same for the same tree and seed; without those that change nothing."""
    equivalent = set(known())
    chosen = every()
    random.Random(seed).shuffle(chosen)
    return [one for one in chosen if one.name not in equivalent][:count]
