"""Navbar, sidebar, footer and the previous and next page, from ``_quarto.yml``."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path

from renderer import pandoc, text
from renderer.errors import RenderError
from renderer.project import CONFIG, Project


@dataclass
class Item:
    """An entry: a link (``href``, relative to the site's root or elsewhere), or a titled group of entries."""

    text: str
    href: str = ""
    children: list[Item] = field(default_factory=list)


class Navigation:
    """What every page of a project shares.

    Raises:
        RenderError: an entry that leads to no page.
    """

    def __init__(self, project: Project):
        self.project = project
        website = project.website
        self.title = website.get("title", "")
        navbar = website.get("navbar", {})
        sidebar = website.get("sidebar", {})
        self.left = [self._item(entry) for entry in navbar.get("left", [])]
        self.right = [self._item(entry) for entry in navbar.get("right", [])]
        self.sidebar = [self._item(entry) for entry in sidebar.get("contents", [])]
        self.search = website.get("search", True) is not False
        footer = website.get("page-footer", {})
        footer = footer if isinstance(footer, dict) else {"center": footer}
        self.footer = {
            side: self._footer(footer[side]) for side in ("left", "center", "right") if footer.get(side)
        }
        self.order = [item for item in self._flat(self.sidebar) if item.href.endswith(".html")]

    def neighbours(self, href: str) -> tuple[Item | None, Item | None]:
        """The previous and the next page in the order of the sidebar."""
        places = [i for i, item in enumerate(self.order) if item.href == href]
        if not places or not self.project.website.get("page-navigation"):
            return None, None
        i = places[0]
        return (self.order[i - 1] if i else None), (self.order[i + 1] if i + 1 < len(self.order) else None)

    def _flat(self, items: list[Item]) -> list[Item]:
        return [one for item in items for one in ([item] if item.href else []) + self._flat(item.children)]

    def _item(self, entry) -> Item:
        if isinstance(entry, str):
            entry = {"href": entry}
        if "section" in entry:
            section = entry["section"]
            named = {"href": section} if str(section).endswith(".qmd") else {"text": section}
            item = self._item({**named, **({"href": entry["href"]} if "href" in entry else {})})
            item.children = [self._item(child) for child in entry.get("contents", [])]
            return item
        href, text = str(entry.get("href", "")), entry.get("text")
        if href.endswith(".qmd"):
            page = self.project.pages.get(Path(href.lstrip("/")))
            if page is None:
                raise RenderError(
                    f"navigation leads to no page: `{href}`", CONFIG, self._line(href), "mend the path"
                )
            text = text or page.source.meta.get("title") or href
            href = page.output.as_posix()
        elif not text:
            raise RenderError(f"the entry `{href}` has no text", CONFIG, self._line(href), "add `text:`")
        return Item(pandoc.inline_html(text), href)

    def _footer(self, markdown: str) -> str:
        """Markdown to HTML; links to pages become links from the site's root, marked for each page."""
        html = pandoc.inline_html(markdown)
        return re.sub(r'href="/?([^":]+)\.qmd', r'href="root:\1.html', html)

    def _line(self, needle: str) -> int | None:
        lines = text.read(self.project.root, CONFIG).split("\n")
        return next((i for i, line in enumerate(lines, 1) if needle in line), None)


def relative(href: str, page: str, rooted: str | None = None) -> str:
    """A link from one page of the site to another.

    Args:
        href: where to, from the site's root, or an address elsewhere.
        page: the page that has the link, from the site's root.
        rooted: the site's path on its server, for a page that is shown under any address (404).
    """
    if re.match(r"^([a-z][a-z0-9+.-]*:|#|//)", href):
        return href
    if rooted is not None:
        return rooted + href
    return posixpath.relpath(href, posixpath.dirname(page) or ".")
