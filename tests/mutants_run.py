"""Runs tests for `python -m tests.mutants`, in a copy of the tree: once to learn, or again and again in forks of one process."""

import argparse
import contextlib
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import coverage
import hypothesis
import pytest

LOADED = ("numpy", "scipy.signal", "PIL.Image", "plotly.graph_objects", "streamlit.testing.v1", "starlette.testclient")
QUIET = ["-q", "--tb=no", "--no-header", "-p", "no:xdist", "-p", "no:cacheprovider",
         "-W", "ignore::pytest.PytestAssertRewriteWarning"]  # fmt: skip


class Learn:
    """Tells coverage which test runs, and notes how long each took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item):  # type: ignore[no-untyped-def]
        running = coverage.Coverage.current()
        assert running
        running.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            running.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


class Limit:
    """A test that takes ten times as long as it did, and ten seconds, hangs; the first that fails is noted."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            item.add_marker(pytest.mark.timeout(10 + 10 * self.seconds.get(item.nodeid, 1.0)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid


def learn(notes: Path, tests: list[str]) -> None:
    told = Learn()
    pytest.main([*QUIET, "--continue-on-collection-errors", *tests], plugins=[told])
    seconds = {test: took for test, took in told.seconds.items() if test not in told.failed}
    notes.write_text(json.dumps({"seconds": seconds, "failed": told.failed}))


def attempt(tests: list[str], seconds: dict[str, float]) -> str:
    """Runs these tests in a fork until one fails; its name, or nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        plugin = Limit(seconds)
        try:
            code: int = pytest.main(["-x", *QUIET, *tests], plugins=[plugin])
        except BaseException:  # what a test that hung has left open may break pytest's own end
            code = 1
        if code:
            os.write(writer, (plugin.failed or f"exit code {int(code)}").encode())
        os._exit(0)
    os.close(writer)
    ends = time.monotonic() + 60 + 10 * sum(seconds.get(test, 1.0) for test in tests)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > ends:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(reader)
            return "the clock"
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what it left running
    with os.fdopen(reader) as told:
        return told.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learn", type=Path, help="run the tests once under coverage, and write here what they took")
    parser.add_argument("--seconds", type=Path, help="what each test takes; then lists of tests are read, one a line")
    parser.add_argument("tests", nargs="*")
    given = parser.parse_args()
    if given.learn:
        learn(given.learn, given.tests)
        return
    for name in LOADED:
        importlib.import_module(name)
    quick = [hypothesis.Phase.explicit, hypothesis.Phase.generate]  # a failure is enough, it need not be small
    hypothesis.settings.register_profile("mutants", phases=quick, database=None)
    hypothesis.settings.load_profile("mutants")
    seconds = json.loads(given.seconds.read_text())
    for line in sys.stdin:
        print(json.dumps(attempt(json.loads(line), seconds)), flush=True)


if __name__ == "__main__":
    main()
