"""Every cited key has an entry and a fact, every entry is cited, and entries say where the work can be found."""

import json
import re
from pathlib import Path

import passages
import pypandoc
import pytest
from typed_numbers import NAME

from transferstudy.report import literature

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.qmd"), *ROOT.glob("chapters/*.qmd")])
BIBLIOGRAPHY = (ROOT / "references.bib").read_text(encoding="utf-8")
CROSS_REFERENCE = re.compile(r"(fig|tbl|sec|eq|lst)-")
# Where a reader can fetch or order the work: a DOI or an address. Pandoc makes an address of an arXiv number.
ADDRESSES = ("DOI", "URL")
VENUES = ("container-title", "publisher")


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


def keys_in_words() -> dict[str, set[str]]:
    """Return the keys that cards and the modules behind tables and sentences cite: their words end up on pages."""
    sources = [*ROOT.glob("cards/*.yaml"), *(ROOT / "code/transferstudy/report").rglob("*.py")]
    sources.remove(ROOT / literature.SOURCE)
    found = {}
    for source in sources:
        text = source.read_text(encoding="utf-8")
        keys = set(re.findall(r"\[@([a-z]+\d{4}\w*)", text)) | set(
            re.findall(r"^citation: (\w+)$", text, re.MULTILINE)
        )
        if keys:
            found[source.relative_to(ROOT).as_posix()] = keys
    return found


CITED = {page.relative_to(ROOT).as_posix(): cited_keys(page.read_text(encoding="utf-8")) for page in PAGES}
CITED |= keys_in_words()
ENTRIES = entries()
FACTS: dict[str, list[literature.Fact]] = {}
for row in literature.facts():
    FACTS.setdefault(row.key, []).append(row)


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
    assert all(author.get("family") or author.get("literal") for author in entry["author"])
    assert entry.get("title"), "no title"
    assert re.fullmatch(r"(19|20)\d\d", str(entry.get("issued", {}).get("date-parts", [[""]])[0][0])), (
        "no year"
    )
    assert any(entry.get(field) for field in ADDRESSES), "neither DOI nor arXiv number nor address"
    assert any(entry.get(field) for field in VENUES), "no venue"


@pytest.mark.parametrize("page", CITED)
def test_every_cited_key_has_a_fact(page):
    missing = CITED[page] - set(FACTS)
    assert not missing, f"{page} cites {sorted(missing)}: say in {literature.SOURCE} for what"


def test_no_fact_is_without_a_citation():
    unused = set(FACTS) - set().union(*CITED.values())
    assert not unused, f"{literature.SOURCE} has rows for works that no page cites: {sorted(unused)}"


@pytest.mark.parametrize("key", FACTS)
def test_a_fact_says_where_it_stands_and_how_it_was_checked(key):
    for fact in FACTS[key]:
        assert len(fact.fact.split()) >= 2
        assert fact.where.strip()
        assert fact.checked in literature.CHECKED
        assert fact.seen.strip()
    assert len({fact.fact for fact in FACTS[key]}) == len(FACTS[key]), "the same fact twice"


class _Keyed(passages._Page):
    """Reads a page like the search for typed numbers does, but keeps the keys of citations."""

    def inline(self, kind: str, content) -> str:
        if kind != "Cite":
            return super().inline(kind, content)
        keys = [cite["citationId"] for cite in content[0]]
        return "".join(f"⟦{key}⟧" for key in keys if not CROSS_REFERENCE.match(key))


def unbacked_numbers(name: str, text: str, facts: dict[str, str], monkeypatch) -> list[str]:
    """Return the numbers in cited sentences that stand in no fact of the works cited there."""
    monkeypatch.setattr(passages, "_Page", _Keyed)
    monkeypatch.setattr(passages, "CITATION", "⟦")
    found = []
    for passage in passages.page_passages(name, text):
        keys = re.findall(r"⟦(\w+)⟧", passage.text)
        if not keys:
            continue
        sentence = NAME.sub(" · ", re.sub(r"⟦\w+⟧", "", passage.text))
        for number in re.findall(r"\d[\d,.]*\d|\d", sentence):
            whole = rf"(?<![\d.,]){re.escape(number)}(?![.,]?\d)"
            if not any(re.search(whole, facts.get(key, "")) for key in keys):
                found.append(f"{number} in: {passage.text}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_number_from_the_literature_stands_in_the_fact_it_is_cited_for(page, monkeypatch):
    facts = {key: " ".join(fact.fact for fact in rows) for key, rows in FACTS.items()}
    unbacked = unbacked_numbers(page.name, page.read_text(encoding="utf-8"), facts, monkeypatch)
    assert not unbacked, f"no row of {literature.SOURCE} has: " + "; ".join(unbacked)


def test_a_number_that_no_fact_has_is_found(monkeypatch):
    facts = {"a2020": "It reached 91.5 % of 1,000 images.", "b2021": "Two sets."}
    text = "It reached 91.5 % of 1,000 [@a2020]. It reached 91 % [@a2020]. It cost 5 points [@b2021]. We have 7.\n"
    found = unbacked_numbers("page.qmd", text, facts, monkeypatch)
    assert [line.split()[0] for line in found] == ["91", "5"]


def test_the_deck_cites_few_enough_works_for_one_slide():
    assert 1 <= len(CITED["slides.qmd"]) <= 8


def test_the_literature_chapter_is_an_argument_from_many_sources():
    assert len(CITED["chapters/transfer-learning.qmd"]) >= 35
    assert len(set().union(*CITED.values())) >= 35


def test_reader_of_keys_knows_citations_from_cross_references():
    text = '---\nnocite: "@hidden"\n---\nSee @fig-one and [@first; @second, p. 2], not `@code`.\n\n```{python}\n@cell\n```\n'
    assert cited_keys(text) == {"first", "second"}
