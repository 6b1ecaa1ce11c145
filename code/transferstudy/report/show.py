"""Small helpers of pages: draw a figure in both themes, print a model, run it on one image."""

import warnings
from collections.abc import Callable

import numpy as np

from ..data import ImageData, load
from .figures.style import THEMES


def show(figure: Callable, *arguments, **options) -> None:
    """Draw a figure of `report.figures` in the light and then the dark theme and show both.

    The two renderings belong to a cell with `renderings: [light, dark]`.
    """
    import matplotlib.pyplot as plt

    for theme in THEMES:
        figure(*arguments, theme=theme, size="page", **options)
        plt.show()


def show_slide(figure: Callable, *arguments, **options) -> None:
    """Draw a figure of `report.figures` at the size of a slide, in the light theme, and show it."""
    import matplotlib.pyplot as plt

    figure(*arguments, theme="light", size="slide", **options)
    plt.show()


def sample() -> ImageData:
    """Return the few hundred real images that the package carries."""
    return load("cifar10-sample")


def summary(model) -> str:
    """Return a Keras model as a plain-text table: layer, output shape, parameters, whether it learns.

    `model.summary()` displays HTML in a notebook, and with it scripts from another host; this prints on any page.
    """
    rows = [("layer", "output", "parameters", "learns")]
    for layer in model.layers:
        shape = layer.output.shape if hasattr(layer, "output") else ()
        learns = ("yes" if layer.trainable else "no") if layer.weights else ""
        rows.append((layer.name, "×".join(str(s) for s in shape[1:]), f"{layer.count_params():,}", learns))
    rows.append(("total", "", f"{model.count_params():,}", ""))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [
        f"{r[0]:<{widths[0]}}  {r[1]:<{widths[1]}}  {r[2]:>{widths[2]}}  {r[3]:<{widths[3]}}" for r in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def predict_one(model, image: np.ndarray) -> np.ndarray:
    """Return class probabilities, shape (classes,), that sum to one, of one uint8 image (side, side, 3)."""
    from ..rounding import log_softmax

    warnings.filterwarnings("ignore", category=UserWarning, module="keras")
    logits = model.predict(image[None], verbose=0)
    return np.exp(log_softmax(np.asarray(logits)))[0]
