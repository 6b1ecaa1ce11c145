"""Citations: every key that a page cites has an entry, every entry is cited, and entries say where the work can be found."""

import json
import re
from pathlib import Path

import pypandoc
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.qmd"), *ROOT.glob("chapters/*.qmd")])
BIBLIOGRAPHY = (ROOT / "references.bib").read_text(encoding="utf-8")
CROSS_REFERENCE = re.compile(r"(fig|tbl|sec|eq|lst)-")
# Where a reader can fetch or order the work.
ADDRESSES = ("DOI", "URL")
VENUES = ("container-title", "publisher", "genre", "URL", "DOI")


def cited_keys(text: str) -> set[str]:
    """Return the keys that Markdown text cites, cross-references and `nocite` left out."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)
    body = re.sub(r"^```+\{.*?^```+\s*$", "", body, flags=re.DOTALL | re.MULTILINE)
    found: set[str] = set()

    def walk(node):
        if isinstance(node, dict):
            if node.get("t") == "Cite":
                found.update(citation["citationId"] for citation in node["c"][0])
            node = list(node.values())
        if isinstance(node, list):
            for item in node:
                walk(item)

    walk(json.loads(pypandoc.convert_text(body, "json", format="markdown"))["blocks"])
    return {key for key in found if not CROSS_REFERENCE.match(key)}


def entries() -> dict[str, dict]:
    """Return the bibliography as CSL records by key, as citeproc will see them."""
    records = json.loads(pypandoc.convert_text(BIBLIOGRAPHY, "csljson", format="biblatex"))
    return {record["id"]: record for record in records}


CITED = {page.relative_to(ROOT).as_posix(): cited_keys(page.read_text(encoding="utf-8")) for page in PAGES}
ENTRIES = entries()


@pytest.mark.parametrize("page", CITED)
def test_every_cited_key_has_an_entry(page):
    missing = CITED[page] - set(ENTRIES)
    assert not missing, f"{page} cites {sorted(missing)}, which references.bib does not have"


def test_every_entry_is_cited():
    unused = set(ENTRIES) - set().union(*CITED.values())
    assert not unused, f"references.bib has entries that no page cites: {sorted(unused)}"


def test_no_key_stands_twice():
    keys = re.findall(r"^@\w+\{([^,\s]+),", BIBLIOGRAPHY, flags=re.MULTILINE)
    assert len(keys) == len(set(keys)) == len(ENTRIES)


@pytest.mark.parametrize("key", ENTRIES)
def test_entry_can_be_found(key):
    entry = ENTRIES[key]
    assert entry.get("author"), "no author"
    assert entry.get("title"), "no title"
    assert entry.get("issued", {}).get("date-parts"), "no year"
    assert any(entry.get(field) for field in ADDRESSES), "neither DOI nor arXiv number nor address"
    assert any(entry.get(field) for field in VENUES), "no venue"


def test_the_deck_cites_few_enough_works_for_one_slide():
    assert 1 <= len(CITED["slides.qmd"]) <= 8


def test_the_literature_chapter_is_an_argument_from_many_sources():
    assert len(CITED["chapters/transfer-learning.qmd"]) >= 20


def test_reader_of_keys_knows_citations_from_cross_references():
    text = '---\nnocite: "@hidden"\n---\nSee @fig-one and [@first; @second, p. 2], not `@code`.\n\n```{python}\n@cell\n```\n'
    assert cited_keys(text) == {"first", "second"}
