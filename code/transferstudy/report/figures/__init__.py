"""Figures for chapters and slides.

Each function takes results or images and returns a Matplotlib figure, in `theme` "light" or "dark" and at `size` "page",
"slide" or "phone".
"""

from .calibration import reliability
from .classes import class_accuracy, confusion
from .cost import cost
from .curves import learning_curves, training_curves
from .gains import gain
from .images import examples, prediction, preprocessing, views
from .inside import change, cka, filters, maps, places
from .keras_mistakes import keras_mistakes
from .misclassified import mistakes
from .network import borrowed, layers, transfer
from .pairs import pairs
from .pretraining import pretraining
from .protocol import protocol
from .steps import depths, resolutions, robustness
from .twobytwo import two_by_two
