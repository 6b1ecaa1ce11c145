"""Images in, arrays out: data sets from wherever they are, their splits, batches with augmentation."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .dataset import ImageData
    from .loading import load
    from .splits import Split, draw

__all__ = ["ImageData", "Split", "draw", "load"]
_WHERE = {"ImageData": "dataset", "Split": "splits", "draw": "splits", "load": "loading"}


def __getattr__(name: str):
    """Import a module when something of it is asked for: commands that only look need no pixels."""
    if name in _WHERE:
        return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
