"""Checks that a rendered site is whole: every link, picture, script and anchor leads somewhere inside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from renderer.errors import RenderError, RenderErrors

LINKS = ("href", "src", "poster", "data-src", "data-background-image", "data-background-video")
LOADED = {"img", "iframe", "video", "audio", "source", "embed", "object", "script", "track", "input"}
LOADING_RELS = {"stylesheet", "preconnect", "dns-prefetch", "preload", "prefetch", "modulepreload", "icon"}
CARD_PICTURES = "meta[property='og:image'], meta[name='twitter:image']"
RUNS = re.compile(r"[\s\x00-\x1f]*(javascript|vbscript|data:text/html)\s*[:;,]?", re.IGNORECASE)
FURNITURE = re.compile(r"javascript:\s*(void\(0\))?;?$")  # Quarto's menus
UNRESOLVED = re.compile(r"\?@[\w-]+|\?\?\?|\[\?\]")


def is_elsewhere(url: str) -> bool:
    """Whether a browser would ask another host for this address."""
    return bool(re.match(r"^\s*(https?:)?//", url, re.IGNORECASE))


def addresses(soup: BeautifulSoup) -> Iterator[tuple[object, str, str]]:
    """Every (tag, attribute, address) of a page."""
    for tag in soup.find_all(True):
        for name in LINKS:
            if tag.has_attr(name):
                yield tag, name, tag[name].strip()
        if tag.has_attr("srcset"):
            for candidate in tag["srcset"].split(","):
                yield tag, "srcset", candidate.split()[0]


def loads(tag, attribute: str) -> bool:
    """Whether a browser fetches this address by itself, without a click."""
    if tag.name == "link":
        return bool(LOADING_RELS & set(tag.get("rel", [])))
    return tag.name in LOADED or attribute.startswith("data-background") or attribute == "srcset"


class Checker:
    """Checks one site.

    Args:
        site: the folder of the site.
        prefix: the site's path on its server, for links that begin with ``/``.
        sources: the folder of the pages' sources, if only some pages were rendered: links to the others may wait for theirs.
    """

    def __init__(self, site: Path, prefix: str = "/", sources: Path | None = None):
        self.site, self.prefix, self.sources = site, prefix, sources
        self._soups: dict[Path, BeautifulSoup] = {}
        self._anchors: dict[Path, set[str]] = {}

    def check(self, pages: list[Path]) -> None:
        """Check these pages.

        Raises:
            RenderErrors: every page and target at fault.
        """
        errors = [
            RenderError(fault, page.relative_to(self.site)) for page in pages for fault in self.faults(page)
        ]
        if errors:
            raise RenderErrors(errors)

    def faults(self, page: Path) -> list[str]:
        """What is wrong with one page, in words."""
        soup, found = self._soup(page), []
        for tag, attribute, url in addresses(soup):
            if RUNS.match(url) and not FURNITURE.match(url):
                found.append(f"`{attribute}` of `<{tag.name}>` would run a script: {url[:60]}")
            elif is_elsewhere(url):
                if loads(tag, attribute):
                    found.append(f"`<{tag.name}>` would be loaded from another host: {url}")
            elif not re.match(r"^[a-z][a-z0-9+.-]*:", url, re.IGNORECASE) and url:
                fault = self._target(page, url)
                if fault:
                    found.append(f"broken `{attribute}` of `<{tag.name}>`: {url} ({fault})")
        for tag in soup.select(CARD_PICTURES):
            fault = self._target(page, urlsplit(tag["content"]).path)
            if fault:
                found.append(f"broken picture of the card: {tag['content']} ({fault})")
        text = " ".join(
            piece
            for piece in soup.find_all(string=True)
            if piece.parent.name not in ("script", "style", "code")
        )
        found += [f"unresolved reference or citation: {mark}" for mark in UNRESOLVED.findall(text)]
        return found

    def _target(self, page: Path, url: str) -> str:
        parts = urlsplit(url)
        path = unquote(parts.path)
        if not path:
            file = page
        elif path.startswith("/"):
            if not path.startswith(self.prefix):
                return f"outside the site, which is served at {self.prefix}"
            file = self.site / path[len(self.prefix) :]
        else:
            file = Path(posixpath.normpath(posixpath.join(page.parent.as_posix(), path)))
        if not file.resolve().is_relative_to(self.site.resolve()):
            return "outside the site"
        if file.is_dir():
            file = file / "index.html"
        if not file.is_file():
            return "" if self._is_awaited(file) else "no such file"
        anchor = unquote(parts.fragment).removeprefix("/")
        if (
            anchor
            and file.suffix == ".html"
            and anchor not in self._ids(file)
            and not anchor.startswith(":~:")
        ):
            return "no such anchor"
        return ""

    def _is_awaited(self, file: Path) -> bool:
        return bool(
            self.sources
            and file.suffix == ".html"
            and (self.sources / file.relative_to(self.site)).with_suffix(".qmd").is_file()
        )

    def _soup(self, page: Path) -> BeautifulSoup:
        if page not in self._soups:
            self._soups[page] = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        return self._soups[page]

    def _ids(self, page: Path) -> set[str]:
        if page not in self._anchors:
            soup = self._soup(page)
            self._anchors[page] = {tag["id"] for tag in soup.find_all(id=True)} | {
                tag["name"] for tag in soup.find_all("a", attrs={"name": True})
            }
        return self._anchors[page]
