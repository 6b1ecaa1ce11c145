"""Looks at every page of a rendered site in one browser, several pages at a time, and writes down what it found."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

from renderer import chromium
from renderer.server import serving

AT_ONCE = 4
PHONE, SCREENS = (320, 390), ((1280, 720), (1920, 1080))
WINDOW = {"width": 1280, "height": 720}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = {
    "runOnly": [*WCAG, "best-practice"],
    "rules": {"target-size": {"enabled": True}},  # axe leaves it off until it is asked for
    "resultTypes": ["violations"],
    "preload": False,
}
# What another theme changes.
AXE_DARK = AXE | {"runOnly": ["color-contrast"], "rules": {}}
# What another width changes: what must scroll, and how close things lie.
AXE_PHONE = AXE | {"runOnly": ["scrollable-region-focusable", "target-size"], "rules": {}}
OPEN_ALL = """() => {
  document.querySelectorAll("details").forEach((item) => { item.open = true; });
  document.querySelectorAll(".tab-pane, .callout-collapse").forEach((item) => item.classList.add("active", "show"));
}"""
# Of many things alike, the first ones stand for all: axe would take minutes for a thousand rows from one template.
THIN = """() => {
  for (const parent of document.querySelectorAll("main, main *")) {
    const seen = {};
    for (const child of [...parent.children]) {
      const kind = `${child.tagName}.${child.className}`;
      seen[kind] = (seen[kind] ?? 0) + 1;
      if (seen[kind] > 6) child.remove();
    }
  }
}"""
IMAGES = """() => Promise.all([...document.images].map(async (image) => {
  image.loading = "eager";
  await image.decode().catch(() => 0);
  return [image.getAttribute("src"), image.naturalWidth, image.alt];
}))"""
# Every control that is shown, given the keyboard's focus: is it marked, and does nothing jump the queue?
FOCUS = """() => {
  const controls = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter((item) => item.checkVisibility() && !item.disabled && item.tabIndex >= 0);
  const found = [];
  for (const item of controls) {
    const about = item.outerHTML.slice(0, 90);
    const { boxShadow: shadow, borderColor: border } = getComputedStyle(item);
    item.focus({ focusVisible: true, preventScroll: true });
    if (document.activeElement !== item) { found.push(`takes no focus: ${about}`); continue; }
    const style = getComputedStyle(item);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    if (!outlined && style.boxShadow === shadow && style.borderColor === border) found.push(`focus not shown: ${about}`);
    if (item.tabIndex > 0) found.push(`out of order: ${about}`);
  }
  return found;
}"""
MOVING = """() => [...document.querySelectorAll("*")].filter((item) => {
  const style = getComputedStyle(item), long = (times) => times.split(",").some((time) => parseFloat(time) > 0.001);
  return long(style.transitionDuration) || (style.animationName !== "none" && long(style.animationDuration));
}).map((item) => item.outerHTML.slice(0, 90)).concat(
  getComputedStyle(document.documentElement).scrollBehavior === "smooth" ? ["scrolls smoothly"] : [])"""
HIDDEN = """() => {
  return [...document.querySelectorAll("main :is(p, li, h1, h2, h3, td, th, pre, figcaption)")]
    .filter((item) => item.textContent.trim() && !item.closest("nav"))
    // The slider needs its script; in its place stands a table, which test_site_interactive.py looks at.
    .filter((item) => !item.checkVisibility() && !item.closest("details, .light-content, .dark-content, .worth[hidden]"))
    .map((item) => item.textContent.trim().slice(0, 60));
}"""


# A picture that has a drawing for this width has put it in the place of the other one.
SWITCHED = """() => [...document.querySelectorAll("main picture")].every((picture) => {
  const image = picture.querySelector("img");
  const source = [...picture.querySelectorAll("source")].find((one) => matchMedia(one.media).matches);
  return !source || !image.checkVisibility() || image.currentSrc === new URL(source.srcset, document.baseURI).href;
})"""


# Text in an SVG of Matplotlib's is drawn: a glyph is 100 units high, times the scale of its group, times that of the picture.
SMALLEST = """() => Promise.all([...document.querySelectorAll("main img")]
  .filter((image) => image.checkVisibility() && image.currentSrc.endsWith(".svg")).map(async (image) => {
    await image.decode();
    const drawing = await (await fetch(image.currentSrc)).text();
    const shown = image.getBoundingClientRect().width / Number(/viewBox="0 0 ([\\d.]+)/.exec(drawing)[1]);
    const scales = [...drawing.matchAll(/scale\\(([\\d.]+) -/g)].map((found) => 100 * Number(found[1]) * shown);
    return [image.currentSrc.split("/").pop(), Math.min(...scales)];
  }))"""


@dataclass
class Sight:
    """What was seen on one page.

    Attributes:
        faults: console errors, failed requests and requests to other hosts.
        axe: violations by theme and width.
        wide: widths at which the page is wider than the window, with its width.
        images: source, natural width and alternative text of each picture.
        focus: controls that the keyboard cannot reach or that do not show it.
        small: at phone width, the height in pixels of the smallest text in each figure.
        moving: what moves although the reader asked for less motion.
        hidden: text that a reader without JavaScript does not see.
        weight: bytes of everything but pictures.
        head: title, language, description and other tags of the head.
    """

    faults: list[str] = field(default_factory=list)
    axe: dict[str, list[str]] = field(default_factory=dict)
    wide: dict[int, int] = field(default_factory=dict)
    images: list = field(default_factory=list)
    focus: list[str] = field(default_factory=list)
    small: list = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    weight: int = 0
    head: dict = field(default_factory=dict)


def survey(site: Path, names: list[str]) -> dict[str, Sight]:
    """Look at these pages.

    It runs in a thread of its own, as other tests of the same run use Playwright's other interface.
    """
    with serving(site) as address, ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _survey(address, names)).result()


async def _survey(address: str, names: list[str]) -> dict[str, Sight]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.find(), args=chromium.arguments())
        options = {
            scheme: {"viewport": WINDOW, "color_scheme": scheme, "reduced_motion": "reduce"}
            for scheme in ("light", "dark")
        }
        options["plain"] = {"java_script_enabled": False, "viewport": {"width": 320, "height": 700}}
        contexts = {name: await browser.new_context(**chosen) for name, chosen in options.items()}
        # Tabs go from page to page: a new tab for each page would be a new process, and take twice as long.
        free: asyncio.Queue[dict[str, Tab]] = asyncio.Queue()
        for _ in range(AT_ONCE):
            free.put_nowait(
                {name: Tab(await context.new_page(), address) for name, context in contexts.items()}
            )

        async def one(name: str) -> Sight:
            tabs = await free.get()
            try:
                return await _look(tabs, address + name)
            finally:
                free.put_nowait(tabs)

        sights = await asyncio.gather(*(one(name) for name in names))
        await browser.close()
    return dict(zip(names, sights, strict=True))


class Tab:
    """A tab of the browser that writes down what its page complains of and asks for.

    Attributes:
        page: Playwright's handle of the tab.
        sight: where it is written; a new one for each page that is looked at.
        sizes: bytes of each answer that is no picture and no font.
    """

    def __init__(self, page, address: str):
        self.page, self.sight, self.sizes = page, Sight(), []

        def answered(response):
            if response.status >= 400:
                self.sight.faults.append(f"{response.status} {response.url}")
            if response.request.resource_type not in ("image", "font"):
                self.sizes.append(int(response.headers.get("content-length", 0)))

        def asked(request):
            if not request.url.startswith((address, "data:", "blob:")):
                self.sight.faults.append(f"asked {request.url}")

        page.on("console", lambda message: message.type == "error" and self.sight.faults.append(message.text))
        page.on("pageerror", lambda error: self.sight.faults.append(str(error)))
        page.on("request", asked)
        page.on("response", answered)

    async def to(self, url: str, sight: Sight, until: str):
        """Go to a page and write what happens there into `sight`; gives Playwright's handle."""
        self.sight, self.sizes = sight, []
        await self.page.goto(url, wait_until=until, timeout=120_000)
        return self.page


async def _look(tabs: dict[str, Tab], url: str) -> Sight:
    sight = Sight()
    for scheme in ("light", "dark"):
        page = await tabs[scheme].to(url, sight, "networkidle")
        if not await page.evaluate(
            "(dark) => document.body.classList.contains('quarto-dark') === dark", scheme == "dark"
        ):
            sight.faults.append(f"does not follow the {scheme} scheme")
        if scheme == "light":
            sight.weight = sum(tabs[scheme].sizes)
            await _measure(page, sight)
        await page.evaluate(OPEN_ALL)
        if scheme == "light":
            await _narrow(page, sight)
        await page.evaluate(THIN)
        sight.axe[scheme] = await _axe(page, AXE if scheme == "light" else AXE_DARK)
        if scheme == "light":
            await page.set_viewport_size({"width": min(PHONE), "height": 700})
            sight.axe["phone"] = await _axe(page, AXE_PHONE)
            await page.set_viewport_size(WINDOW)
    page = await tabs["plain"].to(url, sight, "load")
    sight.hidden = await page.evaluate(HIDDEN)
    if await page.evaluate("document.documentElement.scrollWidth") > 320:
        sight.hidden.append("wider than a phone without JavaScript")
    return sight


async def _measure(page, sight: Sight) -> None:
    sight.head = await page.evaluate(
        """() => ({
          title: document.title, lang: document.documentElement.lang,
          icon: document.querySelector("link[rel=icon]")?.getAttribute("href"),
          ...Object.fromEntries([...document.querySelectorAll("meta[content]")].map(
            (tag) => [tag.name || tag.getAttribute("property"), tag.content])),
        })"""
    )
    sight.moving = await page.evaluate(MOVING)
    await page.keyboard.press("Tab")
    sight.focus = await page.evaluate(FOCUS)
    await page.evaluate("document.activeElement.blur()")
    sight.images = await page.evaluate(IMAGES)


async def _narrow(page, sight: Sight) -> None:
    for width, height in (*SCREENS, *((width, 700) for width in PHONE)):
        await page.set_viewport_size({"width": width, "height": height})
        found = await page.evaluate("document.documentElement.scrollWidth")
        if found > width:
            sight.wide[width] = found
        if width == max(PHONE):
            await page.wait_for_function(SWITCHED, polling=50)
            sight.small = await page.evaluate(SMALLEST)
    await page.set_viewport_size(WINDOW)


async def _axe(page, options: dict) -> list[str]:
    found = (await Axe().run(page, options=options)).response["violations"]
    return [
        f"{rule['id']}: {json.dumps(node['target'])} {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"]
    ]
