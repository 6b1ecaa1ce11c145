"""Every feature that the pages may use comes out as Quarto would write it: same addresses, anchors and numbers."""

import pytest
from bs4 import BeautifulSoup
from sitefixtures import fixture_site


@pytest.fixture(scope="module")
def site():
    return fixture_site()


@pytest.fixture(scope="module")
def features(site):
    return BeautifulSoup((site / "chapters/features.html").read_text(), "html.parser")


@pytest.fixture(scope="module")
def index(site):
    return BeautifulSoup((site / "index.html").read_text(), "html.parser")


@pytest.fixture(scope="module")
def deck(site):
    return BeautifulSoup((site / "slides.html").read_text(), "html.parser")


def text(tag) -> str:
    return " ".join(tag.get_text().split())


def test_every_page_has_its_address(site):
    pages = {
        path.relative_to(site).as_posix() for path in site.rglob("*.html") if "site_libs" not in path.parts
    }
    assert pages == {
        "404.html",
        "chapters/features.html",
        "chapters/plain.html",
        "index.html",
        "records.html",
        "slides.html",
    }


def test_title_block_and_head(site, index):
    plain = BeautifulSoup((site / "chapters/plain.html").read_text(), "html.parser")
    assert index.title.string == "A small report"
    assert plain.title.string == "A page without code – A small report"
    assert index.find("meta", attrs={"name": "description"})["content"] == "The page that greets the reader."
    assert text(plain.select_one(".quarto-title-meta")) == "A. Author, B. Author · February 3, 2024"
    assert plain.select_one(".abstract em").string == "short"


def test_inline_values(features):
    values = features.find(id="values")
    assert text(values.p).startswith(r"Plain 3, text a*b_c [x] \\ `tick`, linked 91.2 %, computed 6.")
    assert values.p.find("a", string="91.2 %")["href"] == "../records.html#arm-one"
    assert text(features.find(id="sec-values").h3) == "A heading with 3 values"
    assert text(features.find(id="tbl-arms").figcaption) == "Table 1: Accuracy of 3 arms."
    assert "91.2 %" in text(features.find(id="footnotes"))


def test_references_are_numbered_per_page_and_linked(features, index):
    said = features.find(id="sec-values").p
    assert text(said) == "See Section 1.1, Table 1, Table 2, 1, Equation 1 and Figs. 1."
    assert [link["href"] for link in said.find_all("a")] == [
        "#sec-values",
        "#tbl-arms",
        "#tbl-inline",
        "#eq-loss",
        "#eq-loss",
        "#fig-plain",
    ]
    assert features.find(id="eq-loss").math is not None
    assert (
        text(index.find(id="fig-curve").figcaption)
        == "Figure 1: Accuracy against labels; the last value is 91.2 %."
    )


def test_figures_have_a_light_and_a_dark_picture_with_alternative_text(site, index):
    figure = index.find(id="fig-curve")
    for theme in ("light", "dark"):
        image = figure.select_one(f".{theme}-content img")
        assert image["alt"].startswith("Accuracy against the number")
        assert (site / image["src"]).is_file()
    assert int(image["width"]) > 300


def test_cell_options(features):
    code = features.find(id="code")
    first, plain, hidden = code.select("pre.cell-code")
    assert text(code.details.summary) == "Open code"
    assert code.details.has_attr("open")
    assert "#|" not in first.get_text()
    assert text(code.select(".cell-output-stdout")[0]) == "42 and some text"
    assert text(code.select_one(".cell-output-display")) == "8"
    assert plain.parent.parent["id"] == "shown"
    assert plain.find_parent("details") is None
    assert text(code.select(".cell-output-stdout")[1]).startswith("step 2 red line")
    assert "kept off the page" not in code.get_text().replace(plain.get_text(), "")
    assert "never run" in hidden.get_text()
    assert text(code.ul) == "as it is one two"
    assert "nowhere to be seen" not in features.get_text()


def test_callouts(features):
    callouts = features.select(".callout")
    assert [item["class"][2] for item in callouts] == [
        "callout-tip",
        "callout-warning",
        "callout-important",
        "callout-caution",
    ]
    titles = [text(item.select_one(".callout-title-container")) for item in callouts]
    assert titles == ["Tip: A title with marks", "Warning: Mind the gap", "Important", "Caution: Folded"]
    assert not callouts[3].details.has_attr("open")


def test_tabs_leave_no_headings(features):
    tabs = features.select("[role=tab]")
    assert [text(tab) for tab in tabs] == ["First", "Second"]
    assert features.find(id=tabs[1]["aria-controls"]).find(id="in-tab") is not None
    assert "First" not in text(features.find(id="TOC"))


def test_columns_keep_their_widths(features):
    assert [column["style"] for column in features.select(".column")] == ["width:40%;", "width:60%;"]


def test_citations_and_their_list(features):
    assert {entry["id"] for entry in features.select(".csl-entry")} == {"ref-lecun1998", "ref-yosinski2014"}
    assert text(features.find(id="quarto-bibliography").h2) == "References"


def test_sections_are_numbered_on_request(site):
    plain = BeautifulSoup((site / "chapters/plain.html").read_text(), "html.parser")
    assert [text(heading) for heading in plain.select("main h2, main h3")] == [
        "1 First",
        "1.1 Inner",
        "2 Second",
        "Unnumbered",
    ]


def test_navigation(site, features, index):
    sidebar = features.find(id="quarto-sidebar")
    assert text(sidebar.find("a", attrs={"aria-current": "page"})) == "Every feature with code"
    assert [link["href"] for link in sidebar.select("a")][:3] == [
        "../index.html",
        "features.html",
        "plain.html",
    ]
    assert features.find("a", rel="prev")["href"] == "../index.html"
    assert features.find("a", rel="next")["href"] == "plain.html"
    assert index.find("a", rel="prev") is None
    assert index.select_one("nav.top a")["href"] == "slides.html"
    assert [link["href"] for link in features.select("#TOC > ul > li > a")] == [
        "#values",
        "#code",
        "#tables",
        "#sec-tabs",
    ]
    assert features.select_one("footer a")["href"] == "../records.html"


def test_the_page_for_missing_pages_works_under_any_address(site):
    page = BeautifulSoup((site / "404.html").read_text(), "html.parser")
    assert all(
        link["href"].startswith("/") for link in page.select("#quarto-sidebar a, head link[rel=stylesheet]")
    )


def test_deck_slides_notes_and_references(deck):
    slides = deck.select(".slides > section")
    assert [slide["id"] for slide in slides] == ["title-slide", "the-question", "result", "references"]
    assert all(slide.select_one("aside.notes").get_text(strip=True) for slide in slides)
    assert text(slides[1].select_one("aside.notes")) == "Say 91.2 % aloud."
    assert slides[3].select_one("#refs .csl-entry") is not None
    assert deck.find("meta", attrs={"name": "viewport"})["content"] == "width=device-width, initial-scale=1"


def test_wide_tables_scroll_and_can_be_reached_by_keyboard(features):
    for table in features.select("main table"):
        box = table.parent
        assert (box["class"], box["tabindex"]) == (["table-scroll"], "0")
        assert box["aria-label"].startswith("Table")
