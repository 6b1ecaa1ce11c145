"""Finds a Chromium and prints pages with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from renderer.errors import RenderError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "~/.cache/ms-playwright/chromium-*/chrome-linux*/chrome",
    "~/Library/Caches/ms-playwright/chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
PRINT_SECONDS = 120


def find() -> str:
    """The path of a Chromium: CHROMIUM, one on PATH, or Playwright's.

    Raises:
        RenderError: there is none; says what installs one.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        found = shutil.which(named)
        if not found:
            raise RenderError(f"CHROMIUM={named} is no program", mend="set CHROMIUM to the path of a Chromium")
        return found
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    browsers = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    places = (*PLACES, *([f"{browsers}/chromium-*/chrome-linux*/chrome"] if browsers else []))
    for pattern in places:
        path = Path(pattern).expanduser()
        matches = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
        if matches:
            return str(matches[-1])
    raise RenderError(
        "no Chromium was found",
        mend="apt-get install chromium, or python -m playwright install --with-deps chromium, or set CHROMIUM",
    )


def arguments() -> list[str]:
    """Options for a headless run; root may not use the sandbox, and containers have a small /dev/shm."""
    options = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    return options + (["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])


def print_pdf(url: str, target: Path) -> None:
    """Print a page to PDF.

    Raises:
        RenderError: no Chromium, or it failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        printed = Path(scratch) / "printed.pdf"
        command = [
            find(),
            *arguments(),
            f"--user-data-dir={scratch}/profile",
            "--no-pdf-header-footer",
            "--virtual-time-budget=15000",
            f"--print-to-pdf={printed}",
            url,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PRINT_SECONDS, check=False)
            told = done.stderr.strip().splitlines()
        except subprocess.TimeoutExpired:
            told = [f"it did not end within {PRINT_SECONDS} seconds"]
        if not printed.is_file():
            raise RenderError(f"Chromium printed nothing: {' '.join(told[-1:])}")
        shutil.copyfile(printed, target)
