"""The first use of a term on a page becomes a link to the glossary; its definition is the link's title.

The glossary is an ordinary page: a definition list in a division of class ``glossary``. A term is a span with an id, and other
forms of the word stand in its attribute ``also``. Whoever renders the page, the links are made from what was rendered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup, NavigableString

PAGE = "chapters/glossary.html"
CONTENT = "#quarto-document-content"
# Prose only: a heading, a link, code, a caption, a cell of a table or a name in italics stays as it is.
PROSE = ("p", "li")
NOT_IN = (
    "a", "abbr", "button", "code", "dl", "em", "figcaption", "figure", "form", "h1", "h2", "h3", "h4", "header", "kbd", "label",
    "math", "nav", "pre", "script", "style", "summary", "svg", "table",
)  # fmt: skip


@dataclass(frozen=True)
class Term:
    """An entry of the glossary.

    Attributes:
        key: its id on the page.
        definition: what it means, as plain text.
        words: a pattern that finds its forms.
    """

    key: str
    definition: str
    words: re.Pattern


def terms(site: Path) -> list[Term]:
    """Return the entries of a rendered site's glossary, in its order; none where there is no such page."""
    page = site / PAGE
    if not page.is_file():
        return []
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    found = []
    for entry in soup.select(".glossary dt span[id]"):
        definition = entry.find_parent("dt").find_next_sibling("dd")
        forms = [entry.get_text(), *filter(None, entry.get("data-also", "").split("|"))]
        forms = sorted((re.escape(" ".join(form.split())).replace(r"\ ", r"\s+") for form in forms), key=len)
        words = re.compile(rf"(?<![\w-])(?:{'|'.join(reversed(forms))})(?![\w-])", re.IGNORECASE)
        found.append(Term(entry["id"], " ".join(definition.get_text().split()), words))
    return found


def link(soup: BeautifulSoup, entries: list[Term], up: str) -> bool:
    """Link the first use of each term in a page's prose; whether anything changed. Linking twice changes nothing.

    Args:
        soup: the page, changed in place.
        entries: what `terms` returned.
        up: the way from the page to the site's folder, such as ``../``.
    """
    content = soup.select_one(CONTENT)
    if content is None or content.select_one(".glossary"):
        return False
    done = {str(tag["href"]).partition("#")[2] for tag in content.select("a.term")}
    left = [entry for entry in entries if entry.key not in done]
    changed = False
    for text in list(content.find_all(string=True)):
        if type(text) is not NavigableString or text.find_parent(PROSE) is None or text.find_parent(NOT_IN):
            continue
        while left and (hit := _first(text, left)):
            entry, match = hit
            before, after = text[: match.start()], NavigableString(text[match.end() :])
            tag = soup.new_tag(
                "a",
                attrs={"class": "term", "href": f"{up}{PAGE}#{entry.key}", "title": entry.definition},
            )
            tag.string = match[0]
            text.replace_with(NavigableString(before), tag, after)
            left.remove(entry)
            text, changed = after, True
    return changed


def _first(text: str, entries: list[Term]) -> tuple[Term, re.Match] | None:
    hits = [(entry, match) for entry in entries if (match := entry.words.search(text))]
    # of two that begin at one place, the longer one is meant: "training from scratch", not "training"
    return min(hits, key=lambda hit: (hit[1].start(), -hit[1].end()), default=None)
