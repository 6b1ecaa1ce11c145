"""Inline values: numbers as a reader sees them, each a link to the records behind it."""

import re
import string
from dataclasses import dataclass

from ..errors import printable

RECORDS_PAGE = "/chapters/records.qmd"
NBSP = "\u00a0"

# What may mean something to Markdown, HTML, or Quarto; an entity never does, in a table neither.
_ACTIVE = {ord(c): f"&#{ord(c)};" for c in string.punctuation if c not in ",.:;()/-"}


@dataclass(frozen=True)
class Value:
    """A number with its unit, as text, and where its evidence stands.

    In a page, `{python} name` shows it as a link; `str(value)` is the bare text, for titles and figures.

    Attributes:
        text: what the reader sees.
        target: link target, or None for a value that needs none.
    """

    text: str
    target: str | None = None

    def __str__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"[{self.text}]({self.target}){{.value}}" if self.target else self.text


def literal(text: str) -> str:
    """Return Markdown that shows text as it is: for names of classes, folders and machines, which are data."""
    shown = printable(text).translate(_ACTIVE)
    # no typographer's dash or dots
    return shown.replace("--", "&#45;&#45;").replace("...", "&#46;&#46;&#46;")


def code(text: str) -> str:
    """Return Markdown that shows text as code where it is a plain name or number, and as plain words where it is not."""
    plain = re.fullmatch(r"[\w.,:;/+=-]+", str(text), re.ASCII)
    return f"`{text}`" if plain else literal(str(text))


def record_link(anchor: str) -> str:
    """Return the link to an anchor on the page of records."""
    return f"{RECORDS_PAGE}#{anchor}"


def percent(share: float, decimals: int = 1) -> str:
    """Format a share (0..1) as per cent: 0.731 -> "73.1 %"."""
    return f"{100 * share:.{decimals}f}{NBSP}%"


def points(difference: float) -> str:
    """Format a difference of shares as percentage points with its sign: 0.201 -> "+20.1 points"."""
    return f"{signed(difference)}{NBSP}points"


def signed(difference: float) -> str:
    """Format a difference of shares in points, with a sign and no unit: -0.03 -> "−3.0" (a true minus sign)."""
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return text if text.strip("+−0.") else text[1:]  # zero has no sign


def count(number: float) -> str:
    """Format a whole number with thousands separators: 5000 -> "5,000"."""
    return f"{round(number):,}"


def capital(text: str) -> str:
    """Return text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def listing(items: list[str], last: str = "and") -> str:
    """Join words as a sentence does: "a, b and c"."""
    items = list(items)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"
