"""Which faults would the tests see? Changes one place of the code at a time, at random, and runs the tests that reach it.

Run with `make mutants`, or `python -m tests.mutants --count 300 --seed 1`. The tests without a browser are run once under
coverage, to learn which of them reach which line, and how long each takes; then each mutant, in a copy of the tree, is shown
to the tests that reach its line until one fails: first those of its own room, the quickest first. Printed are the tests that
killed, the survivors and the share killed. `tests/equivalent_mutants.txt` lists changes that change nothing.

While you write tests for survivors: `--again FILE` takes the mutants whose names stand in the file, one a line as they are
printed, and `--tests tests/core/test_x.py` shows them to these tests only.
"""

import argparse
import itertools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from queue import Queue

import coverage

from tests.mutations import ROOMS, ROOT, Mutant, every, known, sample

TESTS = [f"tests/{room}" for room in ("core", "instruments", "live", "server", "app", "components")]
OWN = {"cnn_core": ("tests/core/",), "ui": ("tests/app/", "tests/components/")}
LINKS = ("tests/app/test_links.py", "tests/app/test_documents.py")
MOST = 30.0  # seconds of tests that one mutant is shown
Reach = dict[str, dict[str, list[str]]]


def copy(folder: Path) -> Path:
    """A copy of what the tests need, with byte code that is checked by content: mutants come and go within a second."""
    left_out = shutil.ignore_patterns(".git", ".venv*", ".oracle*", ".tools", "node_modules", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, folder, ignore=left_out)
    compiled = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", *ROOMS]
    subprocess.run(compiled, cwd=folder, check=True)
    return folder


def reach(folder: Path, tests: Sequence[str] = (*ROOMS, *TESTS)) -> tuple[Reach, dict[str, float]]:
    """By file and line: the tests that run it (by line "": those that run any of the file); and the seconds of each test."""
    settings, notes = folder / ".coveragerc", folder / "seconds.json"
    settings.write_text(f"[run]\nsource = {','.join(ROOMS)}\ncore = ctrace\n")
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "tests.mutants_run", "--learn", str(notes), *tests]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if not notes.exists():
        sys.exit(f"The tests could not be run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    told = json.loads(notes.read_text())
    if told["failed"]:
        print("Left out, for they fail before anything is changed:", *told["failed"], sep="\n  ", flush=True)
    seconds: dict[str, float] = told["seconds"]
    if len(told["failed"]) > len(seconds) / 50:
        sys.exit(f"Too many to go on.\n{done.stdout[-3000:]}")
    data = coverage.CoverageData(str(folder / ".coverage"))
    data.read()
    reached: Reach = {}
    for file in data.measured_files():
        lines = {str(n): [c for c in found if c in seconds] for n, found in data.contexts_by_lineno(file).items()}
        lines[""] = sorted({test for found in lines.values() for test in found})
        reached[str(Path(file).resolve().relative_to(folder.resolve()))] = lines
    return reached, seconds


def known_reach(file: Path, folder: Path) -> tuple[Reach, dict[str, float]]:
    """What was kept, and what test files reach that are new since; kept again."""
    reached, seconds = json.loads(file.read_text()) if file.exists() else ({}, {})
    if seconds:
        old = {test.split("::")[0] for test in seconds}
        new = [str(path.relative_to(folder)) for part in TESTS for path in sorted((folder / part).glob("test_*.py"))]
        new = [path for path in new if path not in old]
        more, further = reach(folder, new) if new else ({}, {})
    else:
        more, further = reach(folder)
    for path, lines in more.items():
        for line, found in lines.items():
            held = reached.setdefault(path, {}).setdefault(line, [])
            held.extend(test for test in found if test not in held)
    seconds |= further
    file.write_text(json.dumps([reached, seconds]))
    return reached, seconds


@cache
def importers(path: str) -> frozenset[str]:
    """Files that name a module of the code in an import, alone or after its package."""
    package, name = path.removesuffix(".py").rsplit("/", 1)
    package = re.escape(package.replace("/", "."))
    wanted = re.compile(
        rf"^ *(from {package}\.{name} |import {package}\.{name}\b|from {package} import .*\b{name}\b)", re.M
    )
    files = [file for part in (*ROOMS, *TESTS) for file in (ROOT / part).rglob("*.py")]
    return frozenset(str(file.relative_to(ROOT)) for file in files if wanted.search(file.read_text("utf-8")))


def tests_for(mutant: Mutant, reached: Reach, seconds: dict[str, float]) -> list[list[str]]:
    """The tests that reach the mutant's line, then those that reach its file; of each those first that are about the file, by their
    name or since they import it, then those of its own room, the quickest first, as many as there is time for.

    A line behind a cache runs in the first test that needs it, though others see what it made. What runs as a module is loaded
    belongs to the tests that import it, then to those that import who does.
    """
    lines, files = reached.get(mutant.path, {}), {test: test.split("::")[0] for test in seconds}
    own, path = importers(mutant.path), Path(mutant.path)
    about = (
        own | {file for file in files.values() if Path(file).stem.removeprefix("test_") in path.stem} | {mutant.path}
    )
    first = set(lines.get(str(mutant.statement), []))
    found = first.union(lines.get("", []))
    if not mutant.statement or not found:  # links hold the settings, and documents the bounds
        first = {test for test in seconds if files[test] in about}
        further = own.union(*map(importers, own), LINKS)
        found |= first | {test for test in seconds if files[test] in further}
    room = mutant.path.split("/")[0]
    near = (*OWN.get(room, (f"tests/{room}/",)), f"{room}/")

    def place(test: str) -> tuple[bool, bool, bool]:
        return test not in first, files[test] not in about, not test.startswith(near)

    ordered = sorted(found, key=lambda test: (place(test), seconds[test], test))
    spent = itertools.accumulate(seconds[test] for test in ordered)
    ordered = [test for test, until in zip(ordered, spent, strict=True) if until <= MOST]
    return [list(group) for _, group in itertools.groupby(ordered, place)]


class Runner:
    """A process in a copy of the tree that has loaded what the tests need from elsewhere, and forks for each mutant."""

    def __init__(self, folder: Path, seconds: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-B", "-m", "tests.mutants_run", "--seconds", str(seconds)]
        self._process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, tests: list[str]) -> str:
        """The test that failed; empty when none did."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(tests), file=self._process.stdin, flush=True)
        return str(json.loads(self._process.stdout.readline()))

    def killer(self, mutant: Mutant, groups: list[list[str]]) -> str:
        """The test that fails with the change made and passes without it; empty when there is none."""
        for tests in groups:
            while tests and (failed := self._changed(mutant, tests)):
                if failed not in tests or not self(tests[: tests.index(failed) + 1]):
                    return failed
                tests = [test for test in tests if test != failed]  # it depends on the order, the time or luck
        return ""

    def _changed(self, mutant: Mutant, tests: list[str]) -> str:
        path = self.folder / mutant.path
        original = path.read_bytes()
        path.write_bytes(mutant.source)
        try:
            return self(tests)
        finally:
            path.write_bytes(original)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--again", type=Path, help="a file with names of mutants: only these")
    parser.add_argument("--tests", nargs="+", help="show the mutants to these tests only")
    parser.add_argument("--reach", type=Path, help="where to keep which tests reach which line, until the code changes")
    given = parser.parse_args()
    chosen = sample(given.count, given.seed)
    if given.again:
        names = given.again.read_text("utf-8").splitlines()
        chosen = [one for one in every() if one.name in names and one.name not in known()]
    else:
        here = {one.name for one in every()}
        print(*(f"No longer there: {name}" for name in known() if name not in here), sep="\n", end="")

    with tempfile.TemporaryDirectory() as temporary:
        folders = [copy(Path(temporary) / str(number)) for number in range(given.workers)]
        if given.tests:
            reached, seconds = Reach(), dict[str, float]()
        else:
            reached, seconds = known_reach(given.reach or Path(temporary) / "reach.json", folders[0])
        notes = Path(temporary) / "seconds.json"
        notes.write_text(json.dumps(seconds))
        runners = [Runner(folder, notes) for folder in folders]
        free: Queue[Runner] = Queue()
        for runner in runners:
            free.put(runner)

        def judge(mutant: Mutant) -> bool:
            started = time.monotonic()
            runner = free.get()
            try:
                groups = [given.tests] if given.tests else tests_for(mutant, reached, seconds)
                killer = runner.killer(mutant, groups)
            finally:
                free.put(runner)
            took, asked = time.monotonic() - started, sum(map(len, groups))
            verdict = f"killed by {killer}" if killer else f"SURVIVED {asked} tests"
            print(f"{took:5.1f} s  {mutant.line:4} {mutant.name} | {verdict}", flush=True)
            return bool(killer)

        began = time.monotonic()
        with ThreadPoolExecutor(given.workers) as pool:
            results = list(pool.map(judge, chosen))
        took = time.monotonic() - began
        for runner in runners:
            runner.close()
    survivors = [one.name for one, dead in zip(chosen, results, strict=True) if not dead]
    print(f"Seed {given.seed}: {sum(results)} of {len(chosen)} killed, {sum(results) / len(chosen):.1%}, "
          f"{took * given.workers / len(chosen):.1f} s each.")  # fmt: skip
    print("Survivors, as tests/equivalent_mutants.txt would hold them:", *survivors, sep="\n")


if __name__ == "__main__":
    main()
