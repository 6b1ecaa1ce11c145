"""Figures for chapters and slides.

Each function takes results or images and returns a Matplotlib figure, in `theme` "light" or "dark" and at `size` "page"
or "slide". None of them reads a file or computes a statistic.
"""

from .arms import arms_at, cost
from .calibration import reliability
from .classes import class_accuracy, confusion
from .curves import gain, learning_curves, training_curves
from .images import examples, prediction, preprocessing, views
from .network import layers

__all__ = [
    "arms_at",
    "class_accuracy",
    "confusion",
    "cost",
    "examples",
    "gain",
    "layers",
    "learning_curves",
    "prediction",
    "preprocessing",
    "reliability",
    "training_curves",
    "views",
]
