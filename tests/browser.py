"""The Chromium that the browser tests drive; ``python -m tests.browser`` installs it if need be."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.debian import install as install_package

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> Path | None:
    """The system's Chromium, else Playwright's own, else None."""
    for name in _NAMES:
        if found := shutil.which(name):
            return Path(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def main() -> None:
    """Have a Chromium, or fail with a sentence that says what to install."""
    for install in (_nothing, _with_apt, _with_playwright):
        install()
        if found := executable():
            print(f"== Browser: {found}")  # noqa: T201
            return
    sys.exit(
        "The browser tests need Chromium and none could be installed: install the package "
        "`chromium` of your system, then run `make test` again."
    )


def _nothing() -> None:
    """The usual case: it is there."""


def _with_apt() -> None:
    install_package("chromium")


def _with_playwright() -> None:
    print("== Installing Chromium with Playwright")  # noqa: T201
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])


if __name__ == "__main__":
    main()
