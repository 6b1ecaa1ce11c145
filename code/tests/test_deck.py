"""The deck as an audience and a speaker meet it: one message a page, large enough, ten minutes long, offline, still."""

import re
from types import SimpleNamespace as Namespace

import pytest
from bs4 import BeautifulSoup
from fakes import STRENGTH, fake_manifest, fake_mistakes, fake_study
from sitefixtures import report_site

from renderer import chromium
from renderer.server import serving
from transferstudy import report
from transferstudy.report.claims import slides as sentences
from transferstudy.report.claims import words as wording
from transferstudy.report.sources import Source

PACE = 130  # words a minute
MINUTES = 10
TIME = re.compile(r"\s*Time (\d+):(\d\d)\. ")
SMALLEST = 20  # CSS pixels on a stage of 1280 by 720
LONGEST = 95  # characters of a heading: two lines, even in a wide font
# The size of every text on the slide that is shown, and every picture that is shown smaller than it was made.
TOO_SMALL = """(smallest) => {
  const slide = Reveal.getCurrentSlide(), found = [];
  const texts = document.createTreeWalker(slide.closest(".reveal"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, holder = text.parentElement;
    const other = holder.closest("aside, style, script, .aria-status") || (holder.closest("section") ?? slide) !== slide;
    if (!text.data.trim() || other || !holder.checkVisibility()) continue;
    const size = parseFloat(getComputedStyle(holder).fontSize);
    if (size < smallest) found.push(`${size} px: ${text.data.trim().slice(0, 40)}`);
  }
  for (const image of slide.querySelectorAll("img"))
    if (image.offsetWidth < image.naturalWidth - 1) found.push(`${image.alt.slice(0, 40)} is shrunk`);
  return found;
}"""


@pytest.fixture(scope="module")
def soup() -> BeautifulSoup:
    return BeautifulSoup((report_site() / "slides.html").read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def notes(soup) -> list[str]:
    """What is said to each page, inline values included."""
    said = []
    for section in soup.select(".slides > section"):
        aside = section.find("aside", class_="notes")
        said.append(aside.get_text(" ", strip=True) if aside else section["data-notes"])
    return said


@pytest.fixture(scope="module")
def address():
    with serving(report_site()) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    with chromium.browser() as started:
        yield started


def opened(browser, address: str, **context):
    """The deck in a fresh window, and the addresses that it asked for."""
    window = browser.new_context(viewport={"width": 1280, "height": 720}, **context)
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    page = window.new_page()
    page.goto(f"{address}slides.html")
    page.wait_for_function("window.Reveal?.isReady()")
    return page, asked


def test_read_aloud_the_notes_take_ten_minutes(notes):
    """Every page says how long it takes, takes about that long at 130 words a minute, and all together take ten minutes."""
    assert len(notes) == 10
    seconds, words = [], []
    for text in notes:
        stated = TIME.match(text)
        assert stated, f"no time at the start of {text[:40]!r}"
        seconds.append(60 * int(stated[1]) + int(stated[2]))
        words.append(len(text[stated.end() :].split()))
        assert abs(60 * words[-1] / PACE - seconds[-1]) <= 10, (
            f"{words[-1]} words in {seconds[-1]} s: {text[:40]!r}"
        )
    assert sum(seconds) == 60 * MINUTES
    assert abs(sum(words) - PACE * MINUTES) <= 50, sum(words)


def test_every_heading_is_a_sentence_of_its_own(soup):
    headings = [h.get_text(" ", strip=True) for h in soup.select(".slides > section > :is(h1, h2)")]
    assert len(set(headings)) == 10
    assert headings[0].endswith("?"), "the first page states the question"
    for heading in headings[1:]:
        assert 5 <= len(heading.split()) <= 18, heading
        assert len(heading) <= LONGEST, heading


def test_pages_are_pictures_more_than_lists(soup):
    pages = soup.select(".slides > section")[1:9]
    assert soup.select(".slides li") == []
    assert sum(bool(page.find("img")) for page in pages) >= 6


def test_nothing_is_too_small_to_read_from_the_back(browser, address):
    page, _ = opened(browser, address)
    small = {}
    for number in range(10):
        page.evaluate(f"Reveal.slide({number})")
        page.wait_for_function(f"Reveal.getIndices().h === {number}")
        if found := page.evaluate(TOO_SMALL, SMALLEST):
            small[number + 1] = found
    assert small == {}
    page.context.close()


def test_the_speaker_view_shows_the_notes_and_asks_no_other_host(browser, address, notes):
    page, asked = opened(browser, address)
    page.evaluate("Reveal.slide(4)")
    with page.context.expect_page() as popup:
        page.keyboard.press("s")
    view = popup.value
    view.locator(".speaker-controls-notes .value p").first.wait_for(timeout=20_000)
    shown = " ".join(view.locator(".speaker-controls-notes .value").inner_text().split())
    assert shown[:60] == " ".join(notes[4].split())[:60]
    assert [url for url in asked if not url.startswith((address, "about:", "blob:", "data:"))] == []
    page.context.close()


def test_nothing_moves_for_readers_who_asked_for_stillness(browser, address):
    page, _ = opened(browser, address, reduced_motion="reduce")
    moving = page.evaluate("""() => [...document.querySelectorAll(".reveal, .reveal *")].filter((item) => {
      const style = getComputedStyle(item);
      return style.transitionDuration.split(", ").some((s) => parseFloat(s) > 0) || style.animationName !== "none";
    }).map((item) => item.className)""")
    assert moving == []
    page.context.close()


def test_the_deck_keeps_its_light_look_in_a_dark_system_and_fits_a_phone(browser, address):
    """Its figures are made for a light ground, so the deck does not follow the system; it must stay legible there."""
    look = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('h1')).color]"
    light, _ = opened(browser, address)
    dark, _ = opened(browser, address, color_scheme="dark")
    assert light.evaluate(look) == dark.evaluate(look)
    dark.set_viewport_size({"width": 320, "height": 640})
    dark.wait_for_timeout(500)
    assert dark.evaluate("document.documentElement.scrollWidth") <= 320
    for page in (light, dark):
        page.context.close()


def test_a_printed_page_keeps_the_margins_of_a_slide(browser, address):
    page, _ = opened(browser, f"{address}")
    page.goto(f"{address}slides.html?print-pdf")
    page.wait_for_function("document.querySelectorAll('.pdf-page').length === 10")
    lefts = page.evaluate("""() => [...document.querySelectorAll(".pdf-page h2")].map((h) =>
      h.getBoundingClientRect().left - h.closest(".pdf-page").getBoundingClientRect().left)""")
    assert len(lefts) == 9
    assert all(left >= 60 for left in lefts), lefts
    page.context.close()


ARMS = ("random_features", "linear_probe", "finetune_all", "scratch_bn", "small_scratch", "small_finetune")
SIZES = (100, 500, 1000, 5000, 50000)


def grown(root, seeds: int = 5, strength: dict | None = None, sizes=SIZES):
    study = fake_study(
        root,
        [(n, k, 1 if k == 50000 else seeds) for n in ARMS for k in sizes],
        {**STRENGTH, **(strength or {})},
        600,
    )
    fake_manifest(root, "tiny-imagenet")
    return study


def test_headings_and_cards_follow_a_study_that_has_grown(tmp_path):
    """Five sizes, five seeds, the pretrained compact network: headings speak of the new ends and stay short."""
    c = report.claims
    study = grown(tmp_path / "a")
    assert c.slide_headline(study).startswith(
        "With 100 labels, transfer from Tiny ImageNet leads training from scratch by"
    )
    assert "With 50,000 labels" in c.slide_price(study)
    assert "points more take" in c.slide_price(study)
    assert "fewer the labels" in c.slide_trend(study) or "steadily" in c.slide_trend(study)
    limits = [limit for limit, _ in c.unknowns(study)]
    assert not any("size or start" in limit or "of 50,000 labels" in limit for limit in limits)
    assert c.saving(study).word == "Benefit"


def test_the_compact_network_is_called_unknown_as_far_as_it_was_not_run_pretrained(tmp_path):
    both = [("finetune_all", n, 2) for n in (500, 5000)] + [("scratch", n, 2) for n in (500, 5000)]
    runs = [[], [("small_finetune", 500, 2)], [("small_finetune", n, 2) for n in (500, 5000)]]
    said = []
    for number, extra in enumerate(runs):
        study = fake_study(tmp_path / str(number), [*both, *extra])
        said.append([limit for limit, _ in report.claims.unknowns(study)])
    assert "compact network: from scratch only" in said[0]
    assert "compact, pretrained: 500 labels only" in said[1]
    assert not any("compact" in limit for limit in said[2])


def test_a_heading_is_as_fine_as_the_figure_below_it():
    shown = [sentences._points(Namespace(mean=mean)) for mean in (0.2384, -0.0348, 0.0996, 0.0104)]
    assert shown == ["24 points", "3.5 points", "10 points", "1.0 points"]


def test_the_limits_have_the_range_of_all_weights_that_were_used():
    large = Source("VGG16", "Tiny ImageNet", 0.42, "tiny-imagenet-vgg16")
    small = Source("the compact network", "Tiny ImageNet", 0.387, "tiny-imagenet-compact")
    assert sentences._weights([large]) == "Tiny ImageNet weights, top-1 42\xa0%"
    assert sentences._weights([large, small]) == "Tiny ImageNet weights, top-1 39 to 42\xa0%"


@pytest.mark.parametrize(
    ("strength", "word"),
    [
        ({"small_scratch": 5.0}, "trails"),
        ({"small_scratch": 3.4, "finetune_all": 3.4}, "cannot be told apart|do equally"),
    ],
)
def test_headings_say_so_when_transfer_does_not_win(tmp_path, strength, word):
    study = grown(tmp_path / "a", 3, {**dict.fromkeys(ARMS, 0.3), **strength}, (100, 1000))
    headline, price = report.claims.slide_headline(study), report.claims.slide_price(study)
    assert re.search(word, headline), headline
    assert "more take" not in price, price
    assert report.claims.saving(study).word == "No clear benefit"
    assert max(len(headline), len(price)) <= LONGEST


def test_a_heading_says_no_more_than_the_verdict_of_the_plan(tmp_path, monkeypatch):
    """With enough seeds for a verdict, "undecided" in the plan is undecided on the slide, whatever the interval says."""
    study = grown(tmp_path / "a", 3, None, (100, 1000))
    assert "leads" in report.claims.slide_headline(study)
    for verdict, words in (
        ("undecided", "cannot be told apart"),
        ("equivalent", "do equally well"),
        ("worse", "trails"),
    ):
        monkeypatch.setattr(wording, "verdict", lambda *_, verdict=verdict: verdict)
        assert words in report.claims.slide_headline(study)


def test_the_pitfall_card_names_the_mistake_that_costs_most(tmp_path):
    fake_mistakes(tmp_path / "a")
    stored = report.mistakes.load(tmp_path / "a")
    card = report.mistakes.card(stored)
    least = min(stored.effects.values(), key=lambda e: e.difference.mean)
    assert f"−{abs(100 * least.difference.mean):.0f}" in card.number
    assert card.number.endswith(f"#mistake-{least.mistake}){{.value}}")
    fake_mistakes(tmp_path / "b", change=0.0)
    assert report.mistakes.card(report.mistakes.load(tmp_path / "b")) is None
