"""Every page, for everyone: assistive technology, keyboard, phone, dark theme, less motion, no script, few bytes.

The report is rendered by whatever `make report` chooses, so the same tests look at Quarto's output where there is one.
"""

import pytest
from survey import PHONE, SCREENS, Sight, survey

from renderer import chromium
from renderer.links import Checker

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def seen(site) -> dict[str, Sight]:
    """What each page looks like; the deck has tests of its own."""
    pages = [path.relative_to(site) for path in sorted(site.rglob("*.html"))]
    names = [page.as_posix() for page in pages if "site_libs" not in page.parts]
    assert {"index.html", "slides.html", "404.html"} <= set(names)
    return survey(site, [name for name in names if looked_at(name)])


def looked_at(name: str) -> bool:
    """Of a study under `examples/` two pages stand for all: they come from one template and have every kind of figure."""
    if name.startswith("examples/"):
        return name.endswith(("/index.html", "/mistakes.html"))
    return name != "slides.html"


def own(seen: dict[str, Sight]) -> dict[str, Sight]:
    """The site's own pages, without the studies of other pictures, which are sites of their own."""
    return {name: sight for name, sight in seen.items() if not name.startswith("examples/")}


def of(seen: dict[str, Sight], name: str) -> dict:
    """One kind of finding, of the pages that have any."""
    return {page: found for page, sight in seen.items() if (found := getattr(sight, name))}


def test_pages_write_no_error_and_ask_no_other_host(seen):
    assert of(seen, "faults") == {}


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_axe_finds_nothing(seen, view):
    assert {page: sight.axe[view] for page, sight in seen.items() if sight.axe[view]} == {}


def test_nothing_is_wider_than_the_window(seen):
    assert {*PHONE, *(width for width, _ in SCREENS)} >= {320, 1280, 1920}
    assert of(seen, "wide") == {}


def test_words_in_figures_can_be_read_on_a_phone(seen, kind):
    """At 390 pixels nothing in a figure is written smaller than 10."""
    measured = [entry for sight in seen.values() for entry in sight.small]
    assert len(measured) >= (2 if kind == "fixture" else 25)
    assert {name: round(size, 1) for name, size in measured if size < 10} == {}


def test_every_picture_is_there_and_described(seen):
    missing = {
        page: wrong
        for page, sight in seen.items()
        if (wrong := [image for image in sight.images if not image[1] or not image[2].strip()])
    }
    assert missing == {}


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(seen):
    assert of(seen, "focus") == {}


def test_nothing_moves_for_readers_who_asked_for_less_motion(seen):
    assert of(seen, "moving") == {}


def test_text_is_there_without_javascript(seen):
    assert of(seen, "hidden") == {}


def test_pages_are_light(seen):
    heavy = {page: sight.weight for page, sight in seen.items() if sight.weight >= MEGABYTE}
    assert heavy == {}
    assert all(sight.weight > 0 for sight in seen.values())


def test_every_page_says_what_it_is(seen, kind):
    heads = {page: sight.head for page, sight in own(seen).items()}
    assert {page for page, head in heads.items() if head["lang"] != "en" or not head["icon"]} == set()
    assert len({head["title"] for head in heads.values()}) == len(heads)
    if kind == "report":
        told = {page: head.get("description", "") for page, head in heads.items()}
        assert {page: text for page, text in told.items() if not 40 <= len(text) <= 200} == {}
        assert len(set(told.values())) == len(told)


def test_every_page_has_a_card_with_a_picture_from_the_results(seen, site, kind):
    for page, sight in own(seen).items():
        head = sight.head
        up = "../" * page.count("/")
        for prefix in ("og", "twitter"):
            assert head[f"{prefix}:title"] == head["title"], page
            assert head[f"{prefix}:description"] == head["description"], page
            assert head[f"{prefix}:image"] == f"{up}social/card.png", page
            assert head[f"{prefix}:image:alt"], page
        assert head["twitter:card"] == "summary_large_image", page
    assert (site / "social/card.png").stat().st_size > 1000


@pytest.fixture(scope="module")
def browser():
    with chromium.browser() as opened:
        yield opened


def test_the_first_stop_of_the_keyboard_leads_past_the_menus(address, browser):
    page = browser.new_page()
    page.goto(address + "index.html")
    page.keyboard.press("Tab")
    skip = page.evaluate(
        "[document.activeElement.className, document.activeElement.getBoundingClientRect().left]"
    )
    assert skip[0] == "skip"
    assert skip[1] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    page.close()


def test_a_lost_visitor_finds_back_from_any_depth(address, browser):
    page = browser.new_page()
    lost = []
    page.on("response", lambda answer: answer.status >= 400 and lost.append(answer.url))
    nowhere = f"{address}no/such/page/here.html"
    page.goto(nowhere)
    assert lost == [nowhere]
    page.locator("main a").first.click()
    page.wait_for_url(address + "index.html")
    page.close()


def test_every_link_picture_anchor_reference_and_citation_leads_somewhere(site):
    found = [path for path in sorted(site.rglob("*.html")) if "site_libs" not in path.relative_to(site).parts]
    checker = Checker(site)
    assert {page.name: faults for page in found if (faults := checker.faults(page))} == {}
