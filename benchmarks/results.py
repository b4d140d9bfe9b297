"""Writes one benchmark's lines into its section of RESULTS.md and leaves the others as they are; and what all share."""

import os
import platform
import re
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).with_name("RESULTS.md")


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def touch_memory() -> None:
    """Use 4 GB once: a virtual machine is given memory when it first touches it, which takes longer than the work."""
    np.ones(1 << 29)


def write(title: str, lines: list[str]) -> None:
    """Put the lines below the heading of this title, in place of what stood there."""
    text = RESULTS.read_text("utf-8") if RESULTS.exists() else "# Measured\n"
    section = f"## {title}\n\n" + "\n".join(lines).strip() + "\n"
    old = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    text = old.sub(lambda _: section + "\n", text) if old.search(text) else f"{text.rstrip()}\n\n{section}"
    RESULTS.write_text(text.rstrip() + "\n", "utf-8")
