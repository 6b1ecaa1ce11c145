"""Takes the README's pictures: a page of the report and a slide of the deck, from the site as it was last rendered.

Run by `make pictures`. It overwrites `docs/report.png` and `docs/deck.png`.
"""

import io
import sys
from pathlib import Path

from PIL import Image

from renderer import chromium
from renderer.errors import RenderError
from renderer.server import serving

SITE, PICTURES = Path("_site"), Path("docs")
SCALE = 1.5  # sharp on a dense screen, small enough for a repository


def main() -> int:
    """Take both; 0 if it went well, 2 with an explanation if not."""
    try:
        with serving(SITE) as address, chromium.browser() as browser:
            view = {"viewport": {"width": 1280, "height": 800}, "device_scale_factor": SCALE}
            page = browser.new_page(**view, color_scheme="light", reduced_motion="reduce")
            page.goto(f"{address}index.html", wait_until="networkidle")
            # the figure, and below the bar some lines of the answer above it
            page.locator("#fig-answer").first.evaluate("(item) => scrollTo(0, item.offsetTop - 300)")
            _keep(page.screenshot(), "report.png")
            deck = browser.new_page(viewport={"width": 1280, "height": 720}, device_scale_factor=SCALE)
            deck.goto(f"{address}slides.html", wait_until="networkidle")
            deck.wait_for_function("window.Reveal?.isReady()")
            # the first slide that shows something
            deck.evaluate("""() => Reveal.slide([...document.querySelectorAll(".slides > section")]
                .findIndex((slide) => slide.querySelector("img, svg")))""")
            deck.wait_for_timeout(500)
            _keep(deck.screenshot(), "deck.png")
    except RenderError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _keep(shot: bytes, name: str) -> None:
    """Store a screenshot with 256 colours: pages are flat, so it looks the same in a third of the bytes."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    picture = picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
