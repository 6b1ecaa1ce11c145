"""Drawings for narrow screens: a figure's SVG may carry a second drawing of itself, which phones are shown instead.

A cell shows one picture, and Quarto takes no other; so the wide drawing holds the narrow one, packed, as metadata. After the
render it becomes a file of its own, and a browser loads whichever fits.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup

from renderer.errors import RenderError

BELOW = 600  # CSS pixels
CARRIED = re.compile(r'<metadata id="narrow-drawing">([A-Za-z0-9+/=\s]*)</metadata>')
PIXELS = 4 / 3  # of a point: the drawings give their size in points
SIZE = re.compile(r'<svg\b[^>]*?\bviewBox="0 0 ([\d.]+) ([\d.]+)"')
END = "-narrow.svg"


def unpack(drawing: Path) -> None:
    """Write the narrow drawing that an SVG carries beside it, and take it out of the wide one.

    Raises:
        RenderError: what it carries cannot be unpacked.
    """
    text = drawing.read_text(encoding="utf-8")
    found = CARRIED.search(text)
    if not found:
        return
    try:
        narrow = zlib.decompress(base64.b64decode(found[1], validate=True))
    except (binascii.Error, zlib.error):
        raise RenderError(
            "its drawing for narrow screens is damaged", drawing.name, mend="render with --force"
        ) from None
    drawing.with_name(drawing.stem + END).write_bytes(narrow)
    drawing.write_text(text[: found.start()] + text[found.end() :], encoding="utf-8")


def offer(soup: BeautifulSoup, page: Path) -> bool:
    """Let a page's pictures have their narrow drawings; whether anything changed.

    Args:
        soup: the page, changed in place.
        page: its file, from which the pictures' addresses are seen.
    """
    changed = False
    for image in soup.select("img[src$='.svg']"):
        if image.find_parent("picture"):
            continue
        narrow = page.parent / unquote(image["src"].removesuffix(".svg") + END)
        if not narrow.is_file():
            continue
        source = soup.new_tag(
            "source", attrs={"media": f"(max-width: {BELOW - 0.02}px)", "srcset": image["src"][:-4] + END}
        )
        if size := SIZE.search(narrow.read_text(encoding="utf-8")):
            source["width"], source["height"] = (str(round(float(side) * PIXELS)) for side in size.groups())
        image.wrap(soup.new_tag("picture"))
        image.insert_before(source)
        changed = True
    return changed
