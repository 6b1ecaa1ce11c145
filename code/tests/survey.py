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
    gate = asyncio.Semaphore(AT_ONCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.find(), args=chromium.arguments())

        async def one(name: str) -> Sight:
            async with gate:
                return await _look(browser, address, name)

        sights = await asyncio.gather(*(one(name) for name in names))
        await browser.close()
    return dict(zip(names, sights, strict=True))


async def _look(browser, address: str, name: str) -> Sight:
    sight = Sight()
    for scheme in ("light", "dark"):
        context = await browser.new_context(viewport=WINDOW, color_scheme=scheme, reduced_motion="reduce")
        page = await context.new_page()
        sizes = _watch(page, address, sight)
        await page.goto(address + name, wait_until="networkidle", timeout=120_000)
        if not await page.evaluate(
            "(dark) => document.body.classList.contains('quarto-dark') === dark", scheme == "dark"
        ):
            sight.faults.append(f"does not follow the {scheme} scheme")
        if scheme == "light":
            sight.weight = sum(sizes)
            await _measure(page, sight)
        await page.evaluate(OPEN_ALL)
        if scheme == "light":
            await _narrow(page, sight)
        await page.evaluate(THIN)
        sight.axe[scheme] = await _axe(page, AXE if scheme == "light" else AXE_DARK)
        if scheme == "light":
            await page.set_viewport_size({"width": min(PHONE), "height": 700})
            sight.axe["phone"] = await _axe(page, AXE_PHONE)
        await context.close()
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 700})
    page = await context.new_page()
    await page.goto(address + name)
    sight.hidden = await page.evaluate(HIDDEN)
    if await page.evaluate("document.documentElement.scrollWidth") > 320:
        sight.hidden.append("wider than a phone without JavaScript")
    await context.close()
    return sight


def _watch(page, address: str, sight: Sight) -> list[int]:
    """Note errors and requests; gives a list that fills with the size of each answer that is no picture."""
    sizes: list[int] = []

    def answered(response):
        if response.status >= 400:
            sight.faults.append(f"{response.status} {response.url}")
        if response.request.resource_type not in ("image", "font"):
            sizes.append(int(response.headers.get("content-length", 0)))

    def asked(request):
        if not request.url.startswith((address, "data:", "blob:")):
            sight.faults.append(f"asked {request.url}")

    page.on("console", lambda message: message.type == "error" and sight.faults.append(message.text))
    page.on("pageerror", lambda error: sight.faults.append(str(error)))
    page.on("request", asked)
    page.on("response", answered)
    return sizes


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
            sight.small = await page.evaluate(SMALLEST)
    await page.set_viewport_size(WINDOW)


async def _axe(page, options: dict) -> list[str]:
    found = (await Axe().run(page, options=options)).response["violations"]
    return [
        f"{rule['id']}: {json.dumps(node['target'])} {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"]
    ]
