"""Mends of a rendered page: ties to other hosts are cut; the furniture gets names, keys and a way past it.

Each step takes a parsed page, changes it in place and says whether it changed anything. Most of what is mended is Quarto's;
:mod:`renderer.furniture` has what only Quarto's pages have.
"""

from __future__ import annotations

from bs4 import BeautifulSoup

from renderer import furniture, links

CONTENT = "quarto-document-content"
LANDMARKS = {
    "nav.navbar": "Main",
    "nav.quarto-secondary-nav": "Page",
    "nav#quarto-sidebar": "Chapters",
    "nav#TOC": "On this page",
    "nav.page-navigation": "Previous and next page",
}


def mend(soup: BeautifulSoup) -> bool:
    """Apply every mend to a page; whether anything changed. Mending twice changes nothing."""
    steps = (
        _describe,
        _cut_ties,
        _skip_menus,
        _name_landmarks,
        _name_tools,
        _make_buttons,
        furniture.toggles,
        _allow_zoom,
        furniture.late,
        _scroll_tables,
        _scroll_code,
        _scroll_equations,
        _no_empty_heads,
        _no_icon,
    )
    changed = [step(soup) for step in steps]
    return any(changed)


def _describe(soup: BeautifulSoup) -> bool:
    """Quarto's decks keep their description for the card; search engines look for it elsewhere."""
    told = soup.find("meta", attrs={"property": "og:description"})
    if told is None or soup.find("meta", attrs={"name": "description"}):
        return False
    told.insert_before(soup.new_tag("meta", attrs={"name": "description", "content": told["content"]}), "\n")
    return True


def near_card(soup: BeautifulSoup, up: str) -> bool:
    """Without the site's address, the card's picture is at least named as seen from the page, wherever the site lies."""
    tags = [tag for tag in soup.select(links.CARD_PICTURES) if tag["content"].startswith("/")]
    for tag in tags:
        tag["content"] = up + tag["content"].lstrip("/")
    return bool(tags)


def _cut_ties(soup: BeautifulSoup) -> bool:
    cut = False
    for tag in soup.find_all(["script", "link"]):
        address = tag.get("src") or tag.get("href") or ""
        foreign = links.is_elsewhere(address) and links.loads(tag, "src")
        # Quarto follows require.js with a line that needs it
        orphan = tag.name == "script" and not address and tag.get_text().strip().startswith("define('jquery'")
        if foreign or orphan:
            tag.decompose()
            cut = True
    return cut


def _skip_menus(soup: BeautifulSoup) -> bool:
    """The keyboard's first stop leads past the menus; Quarto has no such link."""
    if soup.body is None or soup.find(id=CONTENT) is None or soup.find("a", class_="skip"):
        return False
    link = soup.new_tag("a", attrs={"class": "skip", "href": f"#{CONTENT}"})
    link.string = "Skip to the content"
    soup.body.insert(0, link)
    return True


def _name_landmarks(soup: BeautifulSoup) -> bool:
    named = False
    for selector, label in LANDMARKS.items():
        for tag in soup.select(selector):
            if tag.get("aria-label") != label and not tag.get("aria-labelledby"):
                tag["aria-label"] = label
                named = True
    return named


def _name_tools(soup: BeautifulSoup) -> bool:
    named = False
    for tag in soup.select("a, button"):
        if tag.get("aria-label") != "" and not (tag.select("i.bi") and not tag.get_text(strip=True)):
            continue
        if tag.get("aria-label") or tag.get("title"):
            continue
        icon = next(
            (name[3:] for item in tag.select("i.bi") for name in item["class"] if name.startswith("bi-")), ""
        )
        label = tag.get_text(strip=True) or icon.replace("-", " ").capitalize() or tag.get("href", "")
        if label:
            tag["aria-label"] = label
            named = True
    return named


def _make_buttons(soup: BeautifulSoup) -> bool:
    """The head of a folded callout is a button: for the keyboard and for screen readers, under its own title."""
    heads = soup.select(".callout-header[aria-expanded]:not([role])")
    for head in heads:
        head["role"], head["tabindex"] = "button", "0"
        del head["aria-label"]
    return bool(heads)


def _allow_zoom(soup: BeautifulSoup) -> bool:
    changed = False
    for tag in soup.find_all("meta", attrs={"name": "viewport"}):
        kept = [part.strip() for part in tag["content"].split(",")]
        kept = [
            part for part in kept if not part.startswith(("maximum-scale", "user-scalable", "minimum-scale"))
        ]
        if ", ".join(kept) != tag["content"] and len(kept) < tag["content"].count(",") + 1:
            tag["content"] = ", ".join(kept)
            changed = True
    return changed


def _scroll_tables(soup: BeautifulSoup) -> bool:
    """A wide table scrolls in a box of its own, which the keyboard can reach."""
    changed = False
    for table in soup.select("main table"):
        if table.find_parent(class_="table-scroll") or table.find_parent("table"):
            continue
        figure = table.find_parent("figure")
        caption = table.find("caption") or (figure.find("figcaption") if figure else None)
        label = " ".join(caption.get_text(" ", strip=True).split()) if caption else "Table"
        box = soup.new_tag(
            "div", attrs={"class": "table-scroll", "role": "group", "tabindex": "0", "aria-label": label}
        )
        table.wrap(box)
        changed = True
    return changed


def _scroll_code(soup: BeautifulSoup) -> bool:
    changed = False
    for block in soup.select("main pre:not([tabindex])"):
        block["tabindex"] = "0"
        changed = True
    return changed


def _scroll_equations(soup: BeautifulSoup) -> bool:
    """An equation that is wider than a phone scrolls, so the keyboard must reach it."""
    changed = False
    for formula in soup.select("main math[display=block]"):
        line = formula.find_parent(["p", "span"])
        if line is not None and not line.has_attr("tabindex"):
            line["tabindex"], line["role"], line["aria-label"] = "0", "group", "Equation"
            changed = True
    return changed


def _no_empty_heads(soup: BeautifulSoup) -> bool:
    """A head that says nothing is no head: the corner above row names becomes an empty cell."""
    heads = [
        head for head in soup.select("main th") if not head.get_text(strip=True) and not head.find("img")
    ]
    for head in heads:
        head.name = "td"
        del head["scope"]
    return bool(heads)


def _no_icon(soup: BeautifulSoup) -> bool:
    """Without an icon of its own, a page makes the browser ask for one that is not there."""
    if soup.head is None or soup.find("link", rel="icon"):
        return False
    soup.head.append(soup.new_tag("link", rel="icon", href="data:,"))
    return True
