"""The last step of every render, whoever rendered: cut ties to other hosts, mend the furniture, check the links.

Quarto runs this file as a script (``project: post-render:``); the embedded renderer calls :func:`finish`.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

if (
    __name__ == "__main__"
):  # run by its path: make the package importable without putting its modules on the path
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from urllib.parse import urlsplit

import yaml
from bs4 import BeautifulSoup

from renderer import furniture, glossary, links, narrow, text
from renderer.errors import RenderError
from renderer.mend import mend, near_card

IMPORT = re.compile(r"@import\s*(?:url\(\s*)?(?P<quote>[\"']?)(?:https?:)?//[^\"')]*(?P=quote)\s*\)?[^;]*;")
FINISHED = "examples"  # sites within the site, finished when they were made
CSS_URL = re.compile(r"url\(\s*[\"']?((?:https?:)?//[^\"')]+)")


def finish(
    site: Path, pages: list[Path] | None = None, prefix: str = "/", sources: Path | None = None
) -> None:
    """Mend and check a rendered site in place.

    Args:
        site: the folder of the site.
        pages: the pages to mend and check; all of them if None.
        prefix: the site's path on its server.
        sources: the project's folder, where the other pages may not be rendered yet.

    Raises:
        RenderError: a page loads something from another host that cannot be cut, or a link leads nowhere.
    """
    for sheet in site.rglob("*.css"):
        _cut_style(sheet, site)
    for drawing in site.rglob("*.svg"):
        narrow.unpack(drawing)
    pages = sorted(site.rglob("*.html")) if pages is None else pages
    pages = [page for page in pages if "site_libs" not in page.relative_to(site).parts]
    terms = glossary.terms(site)
    for page in pages:
        if page.relative_to(site).parts[0] == FINISHED:
            continue
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        place = page.relative_to(site)
        up = "../" * len(place.parts[1:])
        found = [mend(soup), near_card(soup, up), glossary.link(soup, terms, up)]
        found += [narrow.offer(soup, page), furniture.current(soup, place.as_posix())]
        if any(found):
            page.write_text(soup.decode(formatter="minimal"), encoding="utf-8")
    links.Checker(site, prefix, sources).check(pages)


def _cut_style(sheet: Path, site: Path) -> None:
    text = sheet.read_text(encoding="utf-8")
    cut = IMPORT.sub("", text)
    if cut != text:
        sheet.write_text(cut, encoding="utf-8")
    left = CSS_URL.search(cut)
    if left:
        raise RenderError(
            f"loads from another host: {left[1]}", sheet.relative_to(site), mend="keep the file here"
        )


def site_path(root: Path) -> str:
    """The site's path on its server, by ``site-url`` in ``_quarto.yml.local``, else in ``_quarto.yml``, else ``/``."""
    address = "/"
    for name in ("_quarto.yml", "_quarto.yml.local"):
        if (root / name).is_file():
            config = yaml.safe_load(text.read(root, name)) or {}
            address = config.get("website", {}).get("site-url", address)
    return urlsplit(address).path.rstrip("/") + "/"


def main() -> int:
    """What Quarto calls: the site's folder and the rendered pages are in the environment."""
    root = Path(os.environ.get("QUARTO_PROJECT_ROOT", "."))
    site = Path(os.environ.get("QUARTO_PROJECT_OUTPUT_DIR", "_site"))
    site = site if site.is_absolute() else root / site
    named = os.environ.get("QUARTO_PROJECT_OUTPUT_FILES", "").split()
    pages = [root / name for name in named if name.endswith(".html")]
    whole = os.environ.get("QUARTO_PROJECT_RENDER_ALL") == "1" or not pages
    try:
        finish(site, None if whole else pages, site_path(root), None if whole else root)
    except RenderError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
