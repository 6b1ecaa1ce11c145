"""Figures for chapters and slides.

Each function takes results or images and returns a Matplotlib figure, in `theme` "light" or "dark" and at `size` "page"
or "slide". None of them reads a file or computes a statistic.
"""

from .arms import arms_at, cost
from .calibration import reliability, reliability_scaled
from .classes import class_accuracy, confusion
from .curves import gain, learning_curves, training_curves
from .images import examples, prediction, preprocessing, views
from .inside import change, cka, filters, maps, places
from .keras_mistakes import keras_mistakes
from .mistakes import mistakes
from .network import layers
from .pairs import pairs
from .pretraining import pretraining
from .steps import depths, resolutions, robustness

__all__ = [
    "arms_at",
    "change",
    "cka",
    "class_accuracy",
    "confusion",
    "cost",
    "depths",
    "examples",
    "filters",
    "gain",
    "keras_mistakes",
    "layers",
    "learning_curves",
    "maps",
    "mistakes",
    "pairs",
    "places",
    "prediction",
    "preprocessing",
    "pretraining",
    "reliability",
    "reliability_scaled",
    "resolutions",
    "robustness",
    "training_curves",
    "views",
]
