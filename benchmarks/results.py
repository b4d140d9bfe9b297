"""Writes one benchmark's lines into RESULTS.md, below its title and this kind of machine, and leaves all others; and what all share."""

import os
import platform
import re
from pathlib import Path

import numpy as np

from cnn_core.correlation import cache_bytes

RESULTS = Path(__file__).with_name("RESULTS.md")
CPUINFO = Path("/proc/cpuinfo")
VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}  # widest first, as Linux names them


def processor() -> str:
    """The kind of machine, on which times depend: processor, vector width, L2 cache of a core."""
    text = CPUINFO.read_text("utf-8") if CPUINFO.exists() else ""
    told = {
        name.strip(): value.strip()
        for name, colon, value in (line.partition(":") for line in text.splitlines())
        if colon
    }
    flags = told.get("flags", told.get("Features", "")).split()
    vectors = next((name for flag, name in VECTORS.items() if flag in flags), "vectors unknown")
    name = told.get("model name", platform.processor() or platform.machine())
    return f"{name}, {vectors}, {cache_bytes() >> 10} kB of L2"


def machine() -> str:
    """Where and on what this runs, and how many programs had wanted a core in the last minute, this one among them."""
    load = f"load {os.getloadavg()[0]:.1f}"
    return f"{platform.machine()}, {os.cpu_count()} cores, {load}, Python {platform.python_version()}"


def beside_goal(ratio: float, goal: float) -> str:
    """A ratio, which is to be low, with its goal, and whether that was missed.

    >>> beside_goal(0.746, 0.65), beside_goal(0.6, 0.65)
    ('0.75 (goal 0.65: missed)', '0.60 (goal 0.65)')
    """
    return f"{ratio:.2f} (goal {goal:g}{': missed' if ratio > goal else ''})"


def touch_memory() -> None:
    """Use 4 GB once: a virtual machine is given memory when it first touches it, which takes longer than the work."""
    np.ones(1 << 29)


def placed(text: str, title: str, kind: str, lines: list[str]) -> str:
    """The text with these lines below title and kind, in place of what stood there; other titles and kinds stay.

    >>> print(placed("# M\\n\\n## A\\n\\n### x\\n\\nold\\n\\n### y\\n\\nstays\\n", "A", "x", ["new"]).replace("\\n\\n", "\\n"))
    # M
    ## A
    ### x
    new
    ### y
    stays
    <BLANKLINE>
    """
    part = f"### {kind}\n\n" + "\n".join(lines).strip() + "\n\n"
    section = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if section is None:
        return f"{text.rstrip()}\n\n## {title}\n\n{part.rstrip()}\n"
    old = re.compile(rf"^### {re.escape(kind)}\n.*?(?=^### |\Z)", re.MULTILINE | re.DOTALL)
    whole = section[0].rstrip() + "\n\n"
    whole = old.sub(lambda _: part, whole) if old.search(whole) else whole + part
    return (text[: section.start()] + whole + text[section.end() :]).rstrip() + "\n"


def write(title: str, lines: list[str]) -> None:
    """Put the lines below this title and this kind of machine, in place of what stood there."""
    text = RESULTS.read_text("utf-8") if RESULTS.exists() else "# Measured\n"
    RESULTS.write_text(placed(text, title, processor(), lines), "utf-8")
