"""What Quarto puts around a page, after the shared step and with the report's styles: menus, search, links to the page itself.

The furniture here has Quarto's elements and classes and those of its rules that made trouble; its behaviour as a whole only
a real Quarto can show.
"""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from sitefixtures import ROOT

from renderer import chromium, postrender
from renderer.server import serving

CHAPTERS = {
    "index": "Welcome",
    "chapters/data": "The data",
    "chapters/results": "Results with a name that is long " * 2,
}
# In Quarto's words: what its style sheets and scripts do to this furniture.
RULES = """
html { font-size: 17px; }
body { margin: 0; font: 1rem/1.65 sans-serif; padding-top: 68px; }
body.quarto-dark a { color: #84b8ec; }
body.quarto-dark { background: #14181e; color: #e2e7ed; }
#quarto-header { position: fixed; top: 0; left: 0; right: 0; height: 68px; background: inherit; }
.headroom--unpinned { transform: translateY(-100%); }
.sidebar-item { line-height: 1rem; margin-top: .4rem; margin-bottom: .2em; }
.sidebar-item-container { display: flex; }
ul { list-style: none; }
.fixed-menu { position: fixed; }
@media (max-width: 991.98px) { .sidebar-menu-container { white-space: nowrap; min-width: 225px; } }
li.aa-Item[aria-selected="true"] .search-item, li.aa-Item[aria-selected="true"] .search-item p { background: #84b8ec; color: #fff; }
.callout-icon::before { content: ""; display: inline-block; width: 1rem; height: 1rem; background: #345; }
"""
SCRIPT = """
addEventListener("DOMContentLoaded", () => {
  for (const link of document.querySelectorAll("a")) if (link.href) link.href = link.href.replace(/\\/index\\.html(?=[?#]|$)/, "/");
  const frame = document.createElement("div");
  frame.className = "aa-Autocomplete";
  document.getElementById("quarto-search").append(frame);
  const again = () => { for (const [key, value] of Object.entries({ role: "combobox", "aria-expanded": "false",
    "aria-haspopup": "listbox", "aria-labelledby": "nowhere" })) frame.setAttribute(key, value); };
  again();
  frame.innerHTML = '<button type="button" class="aa-DetachedSearchButton" title="Search">?</button>';
  setTimeout(again, 100);
});
"""
RESULT = """<div id="quarto-search-results"><ul class="aa-List" role="listbox" aria-label="Results">
<li class="aa-Item" aria-selected="true" role="option"><div class="search-item">
<p class="search-result-text">a <mark class="search-match">word</mark></p></div></li></ul></div>"""


def entry(name: str, here: str, up: str) -> str:
    active = " active" if name == here else ""
    return (
        f'<li class="sidebar-item"><div class="sidebar-item-container"><a href="{up}{name}.html" '
        f'class="sidebar-item-text sidebar-link{active}"><span class="menu-text">{CHAPTERS[name]}</span></a></div></li>'
    )


def section(number: int, here: str, up: str, name: str) -> str:
    toggle = f'data-bs-target="#section-{number}" role="navigation" aria-expanded="true"'
    return (
        f'<li class="sidebar-item sidebar-item-section"><div class="sidebar-item-container">'
        f'<a class="sidebar-item-text sidebar-link text-start" {toggle}><span class="menu-text">Part {number}</span></a>'
        f'<a class="sidebar-item-toggle text-start" {toggle} aria-label="Toggle section"><i class="bi bi-chevron-right">&gt;</i></a>'
        f'</div><ul id="section-{number}">{entry(name, here, up)}</ul></li>'
    )


def page(here: str) -> str:
    up = "../" * here.count("/") or "./"
    parts = [section(k, here, up, name) for k, name in enumerate(list(CHAPTERS)[1:], 1)]
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{here}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{RULES}</style>
<link rel="stylesheet" href="{up}report.css"><link rel="stylesheet" href="{up}interactive.css">
<script>{SCRIPT}</script></head><body class="quarto-light nav-fixed">
<header id="quarto-header" class="headroom fixed-top"><nav class="navbar navbar-expand-lg">
<button class="navbar-toggler" type="button" role="menu" aria-expanded="false" aria-label="Toggle navigation">m</button>
<div id="quarto-search" title="Search"></div>
<ul class="navbar-nav"><li class="nav-item"><a class="nav-link active" href="{up}chapters/results.html" aria-current="page">Results</a></li>
<li class="nav-item"><a class="nav-link" href="{up}chapters/data.html">Data</a></li></ul></nav>
<nav class="quarto-secondary-nav"><button type="button" class="quarto-btn-toggle" role="button" aria-expanded="false"
aria-label="Toggle sidebar navigation">s</button><a class="flex-grow-1" role="navigation" aria-label="Toggle sidebar navigation">
<span class="quarto-secondary-nav-title"></span></a></nav></header>
<nav id="quarto-sidebar" class="sidebar sidebar-navigation"><div class="sidebar-menu-container">
<ul class="list-unstyled">{entry("index", here, up)}{"".join(parts)}</ul></div></nav>
<main class="content" id="quarto-document-content"><h1>{here}</h1>
<div class="callout callout-note"><span class="callout-icon"></span> Note</div>
<form class="explore-controls"><label>Strategy <select><option>one</option></select></label></form>
<p style="height: 300vh">Text.</p><p><a href="#quarto-document-content">Up</a></p></main></body></html>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quarto") / "_site"
    for name in CHAPTERS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.html").write_text(page(name))
    for style in ("report.css", "interactive.css"):
        shutil.copyfile(ROOT / "styles" / style, folder / style)
    postrender.finish(folder)
    return folder


def parsed(site, name: str) -> BeautifulSoup:
    return BeautifulSoup((site / f"{name}.html").read_text(), "html.parser")


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_menus_mark_this_page_and_no_other(site, name):
    soup = parsed(site, name)
    marked = [link["href"].strip("./") for link in soup.select("[aria-current=page]")]
    assert marked == [f"{name}.html"] * (1 if name == "index" else 2)
    assert [link["href"].strip("./") for link in soup.select("a.active")] == marked


def test_what_opens_a_menu_is_a_button_with_a_name_of_its_own(site):
    soup = parsed(site, "index")
    assert soup.select("[role=navigation], button[role]") == []
    names = [link["aria-label"] for link in soup.select("a.sidebar-item-toggle")]
    assert names == ["Toggle section: Part 1", "Toggle section: Part 2"]
    assert all(link["tabindex"] == "0" for link in soup.select("a[role=button]"))


def test_mending_twice_changes_nothing(site):
    before = {path: path.read_bytes() for path in site.rglob("*.html")}
    postrender.finish(site)
    assert before == {path: path.read_bytes() for path in site.rglob("*.html")}


@pytest.fixture(scope="module")
def opened(site):
    """Opens a page of the site in a window of a size."""
    with serving(site) as address, chromium.browser() as browser:

        def open_page(name: str, width: int = 1280):
            view = browser.new_page(viewport={"width": width, "height": 800})
            view.goto(address + name)
            view.wait_for_timeout(200)
            return view

        yield open_page


AXE_RULES = ["aria-required-attr", "aria-required-children", "aria-allowed-role", "nested-interactive", "landmark-unique",
             "target-size", "color-contrast", "aria-allowed-attr", "button-name"]  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_in_menus_search_and_callouts(opened, dark):
    view = opened("chapters/data.html")
    if dark:
        view.evaluate("document.body.classList.replace('quarto-light', 'quarto-dark')")
    view.evaluate(
        "(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)",
        RESULT,
    )
    options = {"runOnly": {"type": "rule", "values": AXE_RULES}, "resultTypes": ["violations"]}
    found = Axe().run(view, options=options).response["violations"]
    found = [(rule["id"], node["html"][:90]) for rule in found for node in rule["nodes"]]
    assert found == []


def test_a_phone_shows_the_whole_menu_with_entries_for_thumbs(opened):
    view = opened("index.html", 390)
    view.evaluate("document.getElementById('quarto-sidebar').classList.add('fixed-menu')")
    menu = view.locator("#quarto-sidebar").bounding_box()
    assert menu["x"] + menu["width"] <= 390
    assert view.evaluate("document.documentElement.scrollWidth") <= 390
    heights = [link.bounding_box()["height"] for link in view.locator("#quarto-sidebar a").all()]
    assert min(heights) >= 24


def test_the_skip_link_stays_on_the_first_page(opened):
    view = opened("index.html")
    view.evaluate("window.here = true")
    view.keyboard.press("Tab")
    view.keyboard.press("Enter")
    assert view.evaluate("window.here") is True, "the page was loaded anew"
    assert view.url.endswith("/index.html#quarto-document-content")


def test_a_section_opens_with_the_keyboard(opened):
    view = opened("chapters/data.html")
    toggle = view.locator("a.sidebar-item-toggle").first
    toggle.evaluate(
        "(link) => link.addEventListener('click', () => { window.pressed = (window.pressed ?? 0) + 1; })"
    )
    toggle.press("Enter")
    toggle.press(" ")
    assert view.evaluate("window.pressed") == 2


def test_the_explorers_controls_follow_the_header_away(opened):
    view = opened("chapters/data.html")
    top = "document.querySelector('.explore-controls').getBoundingClientRect().top"
    view.evaluate("window.scrollTo(0, 1500)")
    assert view.evaluate(top) == pytest.approx(68, abs=1)
    view.evaluate("document.getElementById('quarto-header').classList.add('headroom--unpinned')")
    assert view.evaluate(top) == pytest.approx(0, abs=1)
