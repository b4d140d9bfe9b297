"""Which faults would the tests see? Changes one place of the code at a time, at random, and runs the tests that reach it.

Run with `make mutants`, or `python -m tests.mutants --count 300 --seed 1`. The tests without a browser are run once under
coverage, to learn which of them reach which line; then each mutant, in a copy of the tree, is shown to those tests until one
fails. Printed are the survivors and the share killed. `tests/equivalent_mutants.txt` lists changes that change nothing.
"""

import argparse
import ast
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

import coverage

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("cnn_core", "instruments", "live", "server", "ui")
TESTS = [f"tests/{room}" for room in ("core", "instruments", "live", "server", "app")]
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.txt"
LEFT_OUT = ("ui/programs", "ui/shell.py", "__init__.py")
SECONDS = 150  # for one mutant; one that makes the tests hang is killed
BATCH = 12  # test functions in one run of pytest: the first batch kills most

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
COMPUTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
            ast.Mod: ast.Add, ast.Pow: ast.Mult, ast.MatMult: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # fmt: skip


class Mutant(NamedTuple):
    """One change: the file as it would be, and the change in words."""

    path: str
    line: int
    text: str  # of the line, as it stands
    change: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.path}: {self.text}: {self.change}"


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """What a node could be instead, each with words for it."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
        other = COMPARED[type(node.ops[0])]
        yield ast.Compare(node.left, [other()], node.comparators), f"{type(node.ops[0]).__name__} -> {other.__name__}"
    elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED:
        other = COMPUTED[type(node.op)]
        yield ast.BinOp(node.left, other(), node.right), f"{type(node.op).__name__} -> {other.__name__}"
    elif isinstance(node, ast.AugAssign) and type(node.op) in COMPUTED:
        other = COMPUTED[type(node.op)]
        yield ast.AugAssign(node.target, other(), node.value), f"{type(node.op).__name__}= -> {other.__name__}="
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield ast.BoolOp(other(), node.values), f"{type(node.op).__name__} -> {other.__name__}"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand, f"{type(node.op).__name__} left out"
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse), "condition turned round"
    elif isinstance(node, ast.If | ast.While):
        yield type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse), "condition turned round"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value), f"{node.value} -> {not node.value}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1), f"{node.value} -> {node.value + 1}"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        yield ast.Pass(), "statement left out"
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield ast.Return(ast.Constant(None)), "returns None"


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.copy_location(self.new, node) if node is self.old else self.generic_visit(node)


def places(tree: ast.Module) -> list[ast.AST]:
    """The nodes that can be changed: none in annotations."""
    hints = {id(inner) for holder in ast.walk(tree) for part in ("annotation", "returns")
             if (hint := getattr(holder, part, None)) is not None for inner in ast.walk(hint)}  # fmt: skip
    return [node for node in ast.walk(tree) if id(node) not in hints and any(changes(node))]


def mutant(path: Path, number: int) -> Mutant:
    """The change of the place with this number in a file."""
    source = path.read_text("utf-8")
    tree = ast.parse(source)
    node = places(tree)[number]
    new, words = next(changes(node))
    text = source.splitlines()[node.lineno - 1].strip()  # type: ignore[attr-defined]
    changed = ast.unparse(ast.fix_missing_locations(_Swap(node, new).visit(tree)))
    return Mutant(str(path.relative_to(ROOT)), node.lineno, text, words, changed)  # type: ignore[attr-defined]


def sample(count: int, seed: int) -> list[Mutant]:
    """So many changes of all there are, the same for the same tree and seed; without those that change nothing."""
    known = set(EQUIVALENT.read_text("utf-8").splitlines()) if EQUIVALENT.exists() else set()
    files = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if not _left_out(path))
    every = [(path, n) for path in files for n in range(len(places(ast.parse(path.read_text("utf-8")))))]
    random.Random(seed).shuffle(every)
    chosen: list[Mutant] = []
    for path, number in every:
        one = mutant(path, number)
        if one.name not in known:
            chosen.append(one)
        if len(chosen) == count:
            break
    return chosen


def _left_out(path: Path) -> bool:
    name = str(path.relative_to(ROOT))
    return any(part in name for part in LEFT_OUT)


def reach(folder: Path) -> dict[str, dict[int, list[str]]]:
    """By file and line: the test functions that run it, soonest done first."""
    settings = folder / ".coveragerc"
    settings.write_text(f"[run]\ndynamic_context = test_function\nsource = {','.join(ROOMS)}\nconcurrency = thread\n")
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", "-q", "-p", "no:xdist",
               "--durations=0", "--durations-min=0", *TESTS]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"The tests fail before anything is changed:\n{done.stdout[-3000:]}")
    spent: dict[str, float] = {}
    for line in done.stdout.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] == "call" and words[0].endswith("s"):
            test = words[2].split("[")[0]
            spent[test] = spent.get(test, 0.0) + float(words[0][:-1])
    data = coverage.CoverageData(str(folder / ".coverage"))
    data.read()
    by_context = {test.replace("/", ".").replace(".py::", "."): test for test in spent}
    reached: dict[str, dict[int, list[str]]] = {}
    for file in data.measured_files():
        lines = data.contexts_by_lineno(file)
        tests = {n: {by_context[c] for c in contexts if c in by_context} for n, contexts in lines.items()}
        name = str(Path(file).resolve().relative_to(folder.resolve()))
        reached[name] = {n: sorted(found, key=lambda test: spent[test]) for n, found in tests.items()}
    return reached


def killed(mutant: Mutant, tests: list[str], folder: Path) -> bool:
    """Whether a test fails, or never ends, in this copy of the tree with the change made."""
    path = folder / mutant.path
    original = path.read_text("utf-8")
    ends = time.monotonic() + SECONDS
    path.write_text(mutant.source, "utf-8")
    try:
        groups = [[f"{mutant.path}"], *(tests[n : n + BATCH] for n in range(0, len(tests), BATCH))]
        for group in groups:
            command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *group]
            left = ends - time.monotonic()
            if left <= 0:
                return False
            try:
                code = subprocess.run(command, cwd=folder, capture_output=True, timeout=left).returncode
            except subprocess.TimeoutExpired:
                return True
            if code not in (0, 5):  # 5: no doctest in this file
                return True
    finally:
        path.write_text(original, "utf-8")
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="start of the paths to change")
    given = parser.parse_args()
    chosen = [one for one in sample(given.count, given.seed) if one.path.startswith(given.only)]
    with tempfile.TemporaryDirectory() as temporary:
        folders: Queue[Path] = Queue()
        for number in range(given.workers):
            folder = Path(temporary) / str(number)
            left_out = shutil.ignore_patterns(
                ".git", ".venv*", ".oracle*", "node_modules", "__pycache__", ".*_cache", "docs"
            )
            shutil.copytree(ROOT, folder, ignore=left_out)
            folders.put(folder)
        reached = reach(Path(temporary) / "0")

        def judge(mutant: Mutant) -> bool:
            folder = folders.get()
            try:
                tests = reached.get(mutant.path, {}).get(mutant.line, [])
                dead = killed(mutant, tests, folder)
            finally:
                folders.put(folder)
            print(
                "killed  " if dead else "SURVIVED",
                f"{mutant.path}:{mutant.line}",
                mutant.change,
                "|",
                mutant.text,
                flush=True,
            )
            return dead

        with ThreadPoolExecutor(given.workers) as pool:
            results = list(pool.map(judge, chosen))
    survivors = [one.name for one, dead in zip(chosen, results, strict=True) if not dead]
    print(json.dumps({"seed": given.seed, "mutants": len(chosen), "killed": sum(results)}))
    print(
        f"{sum(results) / len(chosen):.1%} killed. Survivors, as tests/equivalent_mutants.txt would hold them:",
        *survivors,
        sep="\n",
    )


if __name__ == "__main__":
    main()
