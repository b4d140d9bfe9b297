"""Find a Chromium or Chrome for the browser tests, or install one: `python tests/browser/chromium.py`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """Path of a browser: CHROME if set, an installed one, or the one that Playwright downloaded."""
    if os.environ.get("CHROME"):
        return os.environ["CHROME"]
    for name in NAMES:
        if path := shutil.which(name):
            return path
    for place in PLACES:
        if Path(place).exists():
            return place
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """Try Playwright's download, then the system's package."""
    attempts = [[sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]]
    if shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        attempts.append([*root, "sh", "-c", "apt-get update -q && apt-get install -y -q chromium"])
    for command in attempts:
        print("Installing a browser for the tests:", " ".join(command), flush=True)
        if subprocess.run(command, check=False, timeout=900).returncode == 0 and find():
            return


if __name__ == "__main__":
    if not find():
        install()
    if not (path := find()):
        sys.exit("No Chromium or Chrome found, and none could be installed: install one, or set CHROME to its path.")
    print("Browser:", path)
