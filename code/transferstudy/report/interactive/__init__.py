"""Pieces of pages that readers can move: numbers computed here, embedded as JSON, looked up by a few lines of JavaScript.

Without JavaScript a page shows what stands in its HTML: the table of measured sizes, or the explorer's first view.
"""

from .explore import Explorer
from .worth import worth, worth_note, worth_table

__all__ = ["Explorer", "worth", "worth_note", "worth_table"]
