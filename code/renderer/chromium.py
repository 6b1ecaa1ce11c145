"""Finds a Chromium and prints pages with it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from renderer.errors import RenderError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "~/.cache/ms-playwright/chromium-*/chrome-linux*/chrome",
    "~/Library/Caches/ms-playwright/chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find() -> str:
    """The path of a Chromium: CHROMIUM, one on PATH, or Playwright's.

    Raises:
        RenderError: there is none; says what installs one.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        found = shutil.which(named)
        if not found:
            raise RenderError(
                f"CHROMIUM={named} is no program", mend="set CHROMIUM to the path of a Chromium"
            )
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
    options = ["--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    return options + (["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium, driven by Playwright; nothing is downloaded.

    Raises:
        RenderError: there is no Chromium, or it does not start.
    """
    from playwright.sync_api import Error, sync_playwright

    program = find()
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=program, args=arguments())
        except Error as error:
            raise RenderError(f"{program} does not start: {error.message.splitlines()[0]}") from None
        try:
            yield started
        finally:
            started.close()


def print_deck(url: str, target: Path) -> None:
    """Print a reveal.js deck to PDF, one page a slide.

    Raises:
        RenderError: no Chromium, or the deck did not lay itself out for printing.
    """
    from playwright.sync_api import Error
    from pypdf import PdfReader

    with browser() as chromium:
        page = chromium.new_page()
        try:
            page.goto(f"{url}?print-pdf", wait_until="networkidle")
            page.wait_for_function(
                "document.querySelectorAll('.pdf-page').length === Reveal.getTotalSlides()"
            )
            page.evaluate("document.fonts.ready")
            slides = page.evaluate("Reveal.getTotalSlides()")
            # reveal.js lays its pages out over several frames; on a busy machine the first print may come too early.
            for _ in range(5):
                page.pdf(path=target, prefer_css_page_size=True, print_background=True)
                if len(PdfReader(target).pages) == slides:
                    return
                page.wait_for_timeout(1000)
        except Error as error:
            raise RenderError(f"the deck could not be printed: {error.message.splitlines()[0]}") from None
    target.unlink()
    raise RenderError(
        f"the deck has {slides} slides, but Chromium printed another number of pages; try again"
    )
