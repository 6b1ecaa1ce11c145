"""Mends of what Quarto puts around a page: its menus, its search, its links to the page itself.

Each step takes a parsed page, changes it in place and says whether it changed anything.
"""

from __future__ import annotations

import json
import posixpath
from urllib.parse import unquote

from bs4 import BeautifulSoup

from renderer import links

LATE_NAMES = {
    ".aa-DetachedSearchButton": "Search",
    ".aa-Input": "Search",
    ".slide-menu-button a": "Slide menu",
}
# What scripts make or change after the page is loaded, a script mends:
# - Quarto's search and slide menu get names;
# - the search's frame calls itself a combobox, but is none: it has a button or a field inside, and leads nowhere;
# - what we made a button answers to the keys of one;
# - on the first page Quarto shortens every address that ends in index.html, so that a link to a place on the page, such as
#   the one past the menus, would load the page anew.
SCRIPT = """(() => {
  const names = %s;
  addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.matches?.("[role=button]:not(button, input)")) {
      event.preventDefault();
      event.target.click();
    }
  });
  const mend = () => {
    for (const frame of document.querySelectorAll(".aa-Autocomplete"))
      for (const name of ["role", "aria-expanded", "aria-haspopup", "aria-labelledby", "aria-owns", "aria-controls"])
        if (frame.hasAttribute(name)) frame.removeAttribute(name);
    for (const [selector, label] of Object.entries(names))
      for (const item of document.querySelectorAll(selector))
        if (!item.getAttribute("aria-label")) { item.removeAttribute("aria-labelledby"); item.ariaLabel = label; }
  };
  new MutationObserver(mend).observe(document.documentElement,
    { childList: true, subtree: true, attributes: true, attributeFilter: ["role", "aria-expanded", "aria-labelledby"] });
  mend();
  const here = [...document.querySelectorAll("a[href^='#']")].map((link) => [link, link.getAttribute("href")]);
  addEventListener("load", () => {
    for (const [link, address] of here) if (link.getAttribute("href") !== address) link.setAttribute("href", address);
  });
})();"""


def toggles(soup: BeautifulSoup) -> bool:
    """What opens and closes a menu is a button with a name of its own; Quarto calls it navigation, or a menu."""
    changed = False
    for button in soup.select("button.navbar-toggler[role], .quarto-secondary-nav button[role]"):
        del button["role"]
        changed = True
    for link in soup.select("a[role=navigation]"):
        changed = True
        if link.find_parent(class_="quarto-secondary-nav"):
            # the button beside it does the same, and the page has its heading
            link["role"], link["aria-hidden"] = "presentation", "true"
            continue
        link["role"], link["tabindex"] = "button", "0"
        section = link.find_parent(class_="sidebar-item-section")
        title = section.select_one(".menu-text") if section else None
        if title and link.get("aria-label"):
            link["aria-label"] = f"{link['aria-label']}: {title.get_text(strip=True)}"
    return changed


def current(soup: BeautifulSoup, page: str) -> bool:
    """Mark the links of the menus that lead to this page, and no others: Quarto marks the first that the sidebar has too.

    Args:
        soup: the page, changed in place.
        page: its path, from the site's root.
    """
    changed = False
    for link in soup.select("nav.navbar a.nav-link[href], #quarto-sidebar a.sidebar-link[href]"):
        address = unquote(link["href"].split("#")[0].split("?")[0])
        goal = posixpath.normpath(posixpath.join(posixpath.dirname(page), address))
        own = bool(address) and not links.is_elsewhere(address) and goal == page
        classes = [name for name in link.get("class", []) if name != "active"] + ["active"] * own
        if (link.get("aria-current") == "page") is own and sorted(classes) == sorted(link.get("class", [])):
            continue
        link["class"] = classes
        if own:
            link["aria-current"] = "page"
        else:
            del link["aria-current"]
        changed = True
    return changed


def late(soup: BeautifulSoup) -> bool:
    """Put the script that mends what scripts make at the end of a page that Quarto made."""
    quarto = soup.select(
        "#quarto-search, .callout-header[role=button], a[role=button], script[src*='quarto-nav']"
    ) or soup.select("script[src*='reveal-menu'], script[src*='/menu.js']")
    if not quarto or soup.find(id="accessible-names"):
        return False
    script = soup.new_tag("script", id="accessible-names")
    script.string = SCRIPT % json.dumps(LATE_NAMES)
    soup.body.append(script)
    return True
