"""Images in, arrays out: data sets from wherever they are, their splits, batches with augmentation."""

from .dataset import ImageData
from .loading import load
from .splits import Split, draw

__all__ = ["ImageData", "Split", "draw", "load"]
