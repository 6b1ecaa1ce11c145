"""What the head of a page tells search engines and sites that show a card for a link, as Quarto writes it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from renderer import pandoc
from renderer.errors import RenderError
from renderer.project import CONFIG, Project

LONGEST = 200  # characters of a description on a card


def card_tags(project: Project, title: str, description: str) -> list[tuple[str, str, str]]:
    """The Open Graph and Twitter tags of a page.

    Args:
        project: the project.
        title: the page's title, as in the browser's tab.
        description: of the page, plain text.

    Returns:
        (``property`` or ``name``, key, content) of each tag. The address of the picture is absolute if the project has a
        ``site-url``; otherwise it is the path from the site's root, until `postrender` makes it one from the page.

    Raises:
        RenderError: the picture does not exist.
    """
    site, tags = project.website, []
    shared = {"title": title, "description": _cut(description)}
    if site.get("open-graph"):
        values = shared | {"site_name": site.get("title", "")} | _options(project, site["open-graph"])
        tags += [("property", f"og:{key}", value) for key, value in values.items() if value]
    if site.get("twitter-card"):
        values = shared | _options(project, site["twitter-card"])
        values = {key: value for key, value in values.items() if not key.startswith(("image:w", "image:h"))}
        values.setdefault("card", "summary_large_image" if "image" in values else "summary")
        tags += [("name", f"twitter:{key}", value) for key, value in values.items() if value]
    return tags


def _options(project: Project, options: dict | bool) -> dict[str, str]:
    if not isinstance(options, dict):
        return {}
    values = {key: pandoc.plain(options[key]) for key in ("title", "description") if key in options}
    if "card-style" in options:
        values["card"] = options["card-style"]
    if "image" in options:
        values |= _picture(project, str(options["image"]))
        values["image:alt"] = str(options.get("image-alt", ""))
    return values


def _picture(project: Project, name: str) -> dict[str, str]:
    file = project.root / name.lstrip("/")
    if not name.startswith("/"):
        raise RenderError(
            f"the path of the card's picture is seen from each page: `{name}`",
            CONFIG,
            mend="begin it with /, which is the project's root",
        )
    if not file.is_file():
        raise RenderError(f"no such picture for the card: `{name}`", CONFIG, mend="mend the path")
    address = project.website.get("site-url")
    if not address:
        return {"image": name}
    with Image.open(file) as picture:
        width, height = picture.size
    return {"image": address.rstrip("/") + name, "image:width": str(width), "image:height": str(height)}


def pictures(project: Project) -> set[Path]:
    """The files that cards and the browser's tab show, relative to the project's root."""
    site = project.website
    cards = [site[key] for key in ("open-graph", "twitter-card") if isinstance(site.get(key), dict)]
    names = [str(card["image"]) for card in cards if "image" in card]
    names += [str(site["favicon"])] if site.get("favicon") else []
    return {Path(name.lstrip("/")) for name in names}


def _cut(text: str) -> str:
    """At most `LONGEST` characters, ended at a word."""
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
