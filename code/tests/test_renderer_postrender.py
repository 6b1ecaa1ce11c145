"""The step that both renderers share, on pages as Quarto writes them."""

import base64
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from renderer import postrender
from renderer.errors import RenderError

SCRIPT = Path(postrender.__file__)
QUARTO = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1.0, maximum-scale=1.0, user-scalable=no">
<script src="https://cdnjs.cloudflare.com/ajax/libs/require.js/2.3.6/require.min.js"></script>
<script src="https://cdnjs.cloudflare.com/ajax/libs/jquery/3.5.1/jquery.min.js" data-relocate-top="true"></script>
<script type="application/javascript">define('jquery', [],function() {return window.jQuery;})</script>
<link rel="preconnect" href="https://fonts.gstatic.com">
<link rel="stylesheet" href="site_libs/a.css">
<script>if (1 < 2 && "a" > "b") { window.x = "<p>"; }</script>
</head><body>
<nav class="navbar"><a class="quarto-navigation-tool" href="https://example.org" aria-label=""><i class="bi bi-github"></i></a></nav>
<div id="quarto-search"></div>
<nav class="quarto-secondary-nav"></nav><nav id="quarto-sidebar"></nav>
<nav id="TOC" role="doc-toc"><h2 id="toc-title">On this page</h2></nav>
<main><div class="callout-header" aria-expanded="false" aria-label="Toggle callout">Folded</div>
<p id="p">A &lt;b&gt; &amp; c</p><a href="other.html#there">x</a> <a href="https://example.org/">out</a>
<p><math display="block"><mi>x</mi></math></p>
<figure><figcaption>Table 1: All</figcaption><table><thead><tr><th></th><th>a</th></tr></thead><tr><td>1</td><td>2</td></tr></table></figure><pre><code>x</code></pre></main>
</body></html>
"""


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "_site"
    (folder / "site_libs").mkdir(parents=True)
    (folder / "site_libs/a.css").write_text(
        '@import url("https://fonts.googleapis.com/css2?family=X:wght@300;400");@import"https://fonts.bunny.net/y";\nb { top: 0 }\n'
    )
    (folder / "index.html").write_text(QUARTO)
    (folder / "other.html").write_text('<html><body><p id="there">x</p></body></html>')
    return folder


def index(site):
    return BeautifulSoup((site / "index.html").read_text(), "html.parser")


def test_ties_to_other_hosts_are_cut_and_links_stay(site):
    postrender.finish(site)
    soup = index(site)
    assert [tag.get("src") for tag in soup.head.find_all("script")] == [None]
    assert soup.find("link", rel="preconnect") is None
    assert soup.find("link", rel="stylesheet")["href"] == "site_libs/a.css"
    assert soup.find("a", string="out")["href"] == "https://example.org/"
    assert "fonts" not in (site / "site_libs/a.css").read_text()
    assert "b { top: 0 }" in (site / "site_libs/a.css").read_text()


def test_furniture_is_named_and_zoom_allowed(site):
    postrender.finish(site)
    soup = index(site)
    assert soup.select_one(".quarto-navigation-tool")["aria-label"] == "Github"
    labels = [tag.get("aria-label") or tag.get("aria-labelledby") for tag in soup.find_all("nav")]
    assert labels == ["Main", "Page", "Chapters", "On this page"]
    assert soup.find("meta", attrs={"name": "viewport"})["content"] == "width=device-width, initial-scale=1.0"
    assert ".aa-Autocomplete" in soup.find(id="accessible-names").string
    folded = soup.select_one(".callout-header")
    assert (folded["role"], folded["tabindex"], folded.get("aria-label")) == ("button", "0", None)
    assert soup.find("table").parent["aria-label"] == "Table 1: All"
    assert soup.find("pre")["tabindex"] == "0"
    assert soup.find("link", rel="icon")["href"] == "data:,"
    assert [soup.find("math").parent[name] for name in ("tabindex", "aria-label")] == ["0", "Equation"]
    assert [cell.name for cell in soup.thead.find_all(True)] == ["tr", "td", "th"]


def test_menus_can_be_skipped_and_cards_are_found_near(site):
    head = '<meta property="og:description" content="About it."><meta property="og:image" content="/social/card.png">'
    page = QUARTO.replace("</head>", f"{head}</head>").replace(
        "<main>", '<main id="quarto-document-content">'
    )
    (site / "chapters").mkdir()
    (site / "chapters/one.html").write_text(
        page.replace("other.html", "../other.html").replace("site_libs", "../site_libs")
    )
    (site / "social").mkdir()
    with pytest.raises(RenderError, match=r"broken picture of the card: ../social/card.png \(no such file\)"):
        postrender.finish(site)
    (site / "social/card.png").write_text("x")
    postrender.finish(site)
    soup = BeautifulSoup((site / "chapters/one.html").read_text(), "html.parser")
    assert soup.body.find(True)["href"] == "#quarto-document-content"
    assert soup.find("meta", attrs={"name": "description"})["content"] == "About it."
    assert len(soup.find_all("a", class_="skip")) == 1


def test_text_and_scripts_come_through_unharmed_and_twice_is_once(site):
    postrender.finish(site)
    once = (site / "index.html").read_text()
    assert 'if (1 < 2 && "a" > "b") { window.x = "<p>"; }' in once
    assert "A &lt;b&gt; &amp; c" in once
    postrender.finish(site)
    assert (site / "index.html").read_text() == once


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ('<a href="none.html">x</a>', "none.html (no such file)"),
        ('<a href="other.html#none">x</a>', "other.html#none (no such anchor)"),
        ('<a href="#none">x</a>', "#none (no such anchor)"),
        ('<a href="/elsewhere/x.html">x</a>', "no such file"),
        ('<a href="../out.html">x</a>', "outside the site"),
        ('<img src="none.png" alt="x">', "none.png"),
        ('<img srcset="none2.png 2x" src="data:," alt="x">', "none2.png"),
        ('<script src="none.js"></script>', "none.js"),
        (
            '<img src="https://example.org/a.png" alt="x">',
            "loaded from another host: https://example.org/a.png",
        ),
        ('<iframe src="//example.org/"></iframe>', "another host"),
        ("<p>see <strong>?@fig-x</strong></p>", "?@fig-x"),
        ("<p>as (<strong>nobody?</strong>) [?] says</p>", "[?]"),
    ],
)
def test_broken_links_are_named_with_their_page(site, broken, words):
    (site / "index.html").write_text(QUARTO.replace("<main>", f"<main>{broken}"))
    with pytest.raises(RenderError) as error:
        postrender.finish(site)
    assert str(error.value).startswith("index.html: ")
    assert words in str(error.value)


def test_links_within_a_deck_are_understood(site):
    (site / "other.html").write_text(
        '<html><body><section id="there"><a href="#/there">x</a></section></body></html>'
    )
    postrender.finish(site)


def test_links_from_the_root_follow_the_address_of_the_site(site):
    (site / "404.html").write_text('<html><body><a href="/report/other.html#there">x</a></body></html>')
    postrender.finish(site, prefix="/report/")
    with pytest.raises(RenderError, match=r"404.html: .*no such file"):
        postrender.finish(site)


def test_styles_that_load_from_elsewhere_are_refused(site):
    (site / "site_libs/a.css").write_text("b { background: url(https://example.org/a.png) }")
    with pytest.raises(RenderError, match=r"a.css: loads from another host: https://example.org/a.png"):
        postrender.finish(site)


@pytest.mark.parametrize(("target", "status"), [("later.html#x", 0), ("none.html", 2)])
def test_one_page_may_link_to_pages_that_are_not_rendered_yet(site, tmp_path, monkeypatch, target, status):
    """`quarto render index.qmd` in a fresh clone; a page without a source is a broken link still."""
    (tmp_path / "later.qmd").write_text("# Later")
    (site / "index.html").write_text(QUARTO.replace("other.html#there", target))
    monkeypatch.setenv("QUARTO_PROJECT_ROOT", str(tmp_path))
    monkeypatch.setenv("QUARTO_PROJECT_OUTPUT_DIR", str(site))
    monkeypatch.setenv("QUARTO_PROJECT_OUTPUT_FILES", str(site / "index.html"))
    monkeypatch.delenv("QUARTO_PROJECT_RENDER_ALL", raising=False)
    assert postrender.main() == status
    monkeypatch.setenv("QUARTO_PROJECT_RENDER_ALL", "1")
    assert postrender.main() == 2


@pytest.mark.parametrize(("target", "status"), [("other.html#there", 0), ("none.html", 2)])
def test_quarto_runs_it_as_a_script(site, tmp_path, target, status):
    (tmp_path / "_quarto.yml").write_text("website:\n  site-url: https://example.org/report\n")
    (site / "index.html").write_text(QUARTO.replace("other.html#there", target))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {
        "QUARTO_PROJECT_OUTPUT_DIR": str(site),
        "QUARTO_PROJECT_RENDER_ALL": "1",
        "QUARTO_PROJECT_OUTPUT_FILES": "_site/index.html\n_site/other.html",
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "require.js" not in (site / "index.html").read_text()
    assert ("index.html: broken" in done.stderr) == bool(status)


def carrying(narrow: bytes | str) -> str:
    """A drawing that carries another one, as `report.show` writes it."""
    packed = narrow if isinstance(narrow, str) else base64.b64encode(zlib.compress(narrow)).decode()
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 532.8 300">'
        f'<metadata id="narrow-drawing">{packed}</metadata><g/></svg>'
    )


NARROW = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 244.8 318.24"/>'


def test_a_figures_drawing_for_phones_becomes_a_file_that_phones_are_offered(site):
    figures = site / "a b_files"
    figures.mkdir()
    (figures / "fig.svg").write_text(carrying(NARROW))
    (figures / "plain.svg").write_text("<svg/>")
    both = '<main><img src="a%20b_files/fig.svg" alt="x"/><img src="a%20b_files/plain.svg" alt="y"/>'
    (site / "index.html").write_text(QUARTO.replace("<main>", both))
    for _ in range(2):  # as when one page is rendered again
        postrender.finish(site)
        first, second = index(site).select("main img")
        assert second.parent.name == "main"
        assert first.parent.name == "picture"
        assert [dict(source.attrs) for source in first.parent.select("source")] == [
            {
                "media": "(max-width: 599.98px)",
                "srcset": "a%20b_files/fig-narrow.svg",
                "width": "326",
                "height": "424",
            }
        ]
        assert (figures / "fig-narrow.svg").read_bytes() == NARROW
        assert "metadata" not in (figures / "fig.svg").read_text()


def test_a_damaged_drawing_for_phones_is_named(site):
    (site / "fig.svg").write_text(carrying("AAAA"))
    with pytest.raises(RenderError, match=r"fig\.svg: its drawing for narrow screens is damaged"):
        postrender.finish(site)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " JavaScript:x", "data:text/html,x", "vbscript:x"]
)
def test_a_link_that_runs_a_script_is_refused(site, address):
    (site / "index.html").write_text(QUARTO.replace("<main>", f'<main><a href="{address}">x</a>'))
    with pytest.raises(RenderError, match=r"index\.html: `href` of `<a>` would run a script"):
        postrender.finish(site)
