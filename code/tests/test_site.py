"""What the rendered site and deck do in a reader's browser: the fixture's and the real report's.

What has to hold of every page (axe, width, keyboard, weight and so on) is in test_everyone.py.

The report is rendered by whatever `make report` chooses, so the same tests look at Quarto's output where there is one.
"""

import itertools
import re
from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from pypdf import PdfReader
from sitefixtures import command, fixture_site
from survey import AXE, MOVING, SCREENS, WCAG

from renderer import chromium
from renderer.server import serving

STAGE = (1280, 720)
SLIDES = {"fixture": 4, "report": 10}
THEME = "#theme, .quarto-color-scheme-toggle"
SEARCH = "#search-open, .aa-DetachedSearchButton, #quarto-search button"
SEARCH_FIELD = "#search-words, .aa-Input"
SEARCH_HIT = "#search-results a, .aa-Panel .search-result-link, .aa-Panel a"
# What lies outside the stage, or is written too small to read from the back of a room, on the slide that is shown.
MISPLACED = """([width, height]) => {
  const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale();
  const stage = document.querySelector(".slides").getBoundingClientRect();
  const found = [];
  const check = (rect, what) => {
    const [left, top] = [(rect.left - stage.left) / scale, (rect.top - stage.top) / scale];
    const [right, bottom] = [left + rect.width / scale, top + rect.height / scale];
    if (rect.width && (left < -1 || top < -1 || right > width + 1 || bottom > height + 1))
      found.push(`${what}: ${[left, top, right, bottom].map(Math.round)}`);
  };
  if (slide.scrollWidth > width + 1 || slide.scrollHeight > height + 1)
    found.push(`slide of ${slide.scrollWidth} by ${slide.scrollHeight}`);
  for (const item of slide.querySelectorAll("img, svg, table, pre, math, figure"))
    if (!item.closest("aside.notes")) check(item.getBoundingClientRect(), item.tagName);
  const texts = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!text.data.trim() || text.parentElement.closest("aside.notes, style, script, math")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    check(range.getBoundingClientRect(), text.data.trim().slice(0, 40));
    if (parseFloat(getComputedStyle(text.parentElement).fontSize) < 16) found.push(`too small: ${text.data.trim()}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium.browser() as started:
        yield started


@pytest.fixture(scope="module")
def pages(site) -> list[str]:
    found = [
        path.relative_to(site).as_posix()
        for path in sorted(site.rglob("*.html"))
        if "site_libs" not in path.parts
    ]
    assert {"index.html", "slides.html", "404.html"} <= set(found)
    return [name for name in found if not name.endswith("slides.html")]


@pytest.fixture
def opened(browser, address):
    """Opens pages; fails at the end if one wrote an error or asked another host for anything."""
    faults, contexts = [], []

    def open_page(name: str, width: int = 1280, height: int = 720, scheme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: message.type == "error" and faults.append(f"{name}: {message.text}")
        )
        page.on("pageerror", lambda error: faults.append(f"{name}: {error}"))
        page.on(
            "request",
            lambda request: (
                request.url.startswith((address, "data:", "blob:"))
                or faults.append(f"{name} asked {request.url}")
            ),
        )
        page.on(
            "response",
            lambda answer: answer.status < 400 or faults.append(f"{name}: {answer.status} {answer.url}"),
        )
        page.goto(address + name)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def deck(opened):
    page = opened("slides.html", *STAGE)
    page.wait_for_function("window.Reveal?.isReady()")
    return page


def axe(page) -> list[str]:
    # of axe's own advice, half is about pages that scroll: landmarks, one first heading
    found = Axe().run(page, options=AXE | {"runOnly": WCAG}).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['html'][:160]}" for rule in found for node in rule["nodes"]
    ]


def slides(page):
    """Goes through the deck; gives each slide's number."""
    for number in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate(f"Reveal.slide({number})")
        page.wait_for_function(f"Reveal.getIndices().h === {number}")
        yield number + 1


def test_the_theme_switch_swaps_colours_and_figures_and_is_remembered(opened, site, pages):
    name = next(name for name in pages if "dark-content" in (site / name).read_text())
    page = opened(name)
    shown = "[...document.querySelectorAll('img')].filter((i) => i.checkVisibility()).map((i) => i.src)"
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(shown), page.evaluate(paper)
    page.locator(THEME).first.click()
    page.wait_for_function("document.body.classList.contains('quarto-dark')")
    dark = page.evaluate(shown), page.evaluate(paper)
    assert len(light[0]) == len(dark[0])
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    page.reload()
    assert page.evaluate("document.body.classList.contains('quarto-dark')")


def test_search_finds_a_word_with_the_keyboard_alone(opened, kind):
    page = opened("index.html")
    word, target = ("aardvark", "chapters/plain.html") if kind == "fixture" else ("calibration", "chapters/")
    page.locator("body").press("/")
    page.locator(SEARCH_FIELD).first.wait_for()
    page.keyboard.type(word, delay=30)
    hit = page.locator(SEARCH_HIT).first
    hit.wait_for()
    assert target in hit.evaluate("(link) => link.href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{target}*")


def test_a_drawer_holds_the_chapters_on_a_phone(opened, site):
    if 'id="menu"' not in (site / "index.html").read_text():
        opener = ".quarto-secondary-nav button"
    else:
        opener = "#menu"
    page = opened("index.html", width=390, height=800)
    link = page.locator("#quarto-sidebar a[href*='chapters/']").first
    assert not link.is_visible()
    page.locator(opener).first.click()
    link.wait_for(state="visible")
    link.click()
    page.wait_for_url("**/chapters/*")


def test_tabs_answer_to_click_and_arrow(browser):
    with serving(fixture_site()) as url:
        page = browser.new_page()
        page.goto(url + "chapters/features.html")
        first, second = page.locator("[role=tab]").all()
        second.click()
        assert page.locator("#in-tab").is_visible()
        page.keyboard.press("ArrowLeft")
        assert first.evaluate("(tab) => tab === document.activeElement && tab.ariaSelected === 'true'")
        page.goto(url + "chapters/plain.html")
        page.goto(url + "chapters/features.html#in-tab")
        page.locator("#in-tab").wait_for(state="visible")
        page.close()


def test_no_page_shows_how_python_writes_a_text_or_leaves_its_marks_as_they_are(site):
    """An inline value that is plain text shows its escapes and asterisks: whoever means Markdown says so."""
    found = {}
    for path in site.rglob("*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for part in page(["script", "style", "pre", "code", "math"]):
            part.decompose()
        raw = re.findall(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\*[A-Z][\w ,-]*\*", page.get_text())
        if raw:
            found[path.name] = raw
    assert found == {}


def test_no_id_stands_twice_on_a_page(site, pages):
    """A heading and the label of a cell may meet; a link then leads to whichever comes first."""
    found = {}
    for name in pages:
        page = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
        ids = Counter(tag["id"] for tag in page.find_all(id=True) if tag.name not in ("link", "style"))
        if twice := [key for key, count in ids.items() if count > 1]:
            found[name] = twice
    assert found == {}


def test_the_deck_has_its_slides(deck, kind):
    assert deck.evaluate("Reveal.getTotalSlides()") == SLIDES[kind]
    assert deck.evaluate("[Reveal.getConfig().width, Reveal.getConfig().height]") == list(STAGE)


def test_every_slide_has_speaker_notes_and_a_slide_with_a_title(deck):
    sections = deck.locator(".slides > section")
    for i in range(sections.count()):
        assert sections.nth(i).locator("h1, h2").count() == 1, i
        notes = sections.nth(i).locator("aside.notes")
        assert notes.count() == 1 or sections.nth(i).get_attribute("data-notes"), i


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_slide(opened, scheme):
    page = opened("slides.html", *STAGE, scheme=scheme)
    page.wait_for_function("window.Reveal?.isReady()")
    assert {number: found for number in slides(page) if (found := axe(page))} == {}


def test_the_deck_fits_every_screen(opened):
    for width, height in SCREENS:
        page = opened("slides.html", width, height)
        page.wait_for_function("window.Reveal?.isReady()")
        stage = page.locator(".slides").bounding_box()
        assert stage["x"] >= -1 and stage["x"] + stage["width"] <= width + 1, (width, height)
        assert stage["y"] >= -1 and stage["y"] + stage["height"] <= height + 1, (width, height)
        assert {number: found for number in slides(page) if (found := page.evaluate(MISPLACED, STAGE))} == {}


def test_on_a_phone_the_slides_stand_below_each_other(opened, kind):
    page = opened("slides.html", 320, 640)
    page.wait_for_function("window.Reveal?.isReady()")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    boxes = [slide.bounding_box() for slide in page.locator(".slides section").all()]
    assert len(boxes) == SLIDES[kind]
    assert all(box["x"] >= -1 and box["x"] + box["width"] <= 321 for box in boxes)
    assert all(above["y"] < below["y"] for above, below in itertools.pairwise(boxes))


def test_a_slide_appears_at_once_for_readers_who_asked_for_less_motion(browser, address):
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.goto(address + "slides.html")
    page.wait_for_function("window.Reveal?.isReady()")
    assert page.evaluate(MOVING) == []
    context.close()


def test_the_deck_is_light_and_says_what_it_is(browser, address):
    page, sizes = browser.new_page(), []
    page.on(
        "response",
        lambda answer: (
            answer.request.resource_type == "image"
            or sizes.append(int(answer.headers.get("content-length", 0)))
        ),
    )
    page.goto(address + "slides.html", wait_until="networkidle")
    assert 0 < sum(sizes) < 1_000_000
    head = {
        name: page.locator(f"head {tag}").first.get_attribute("content")
        for name, tag in {
            "about": "meta[name=description]",
            "title": "meta[property='og:title']",
            "picture": "meta[property='og:image']",
        }.items()
    }
    assert all(head.values()), head
    assert page.locator("html").get_attribute("lang") == "en"
    page.close()


def test_the_deck_prints_one_landscape_page_a_slide(site, kind):
    assert command(site.parent, "slides-pdf").returncode == 0
    printed = PdfReader(site / "slides.pdf").pages
    assert len(printed) == SLIDES[kind]
    assert all(page.mediabox.width > page.mediabox.height for page in printed)
    assert all(page.extract_text().strip() for page in printed)
