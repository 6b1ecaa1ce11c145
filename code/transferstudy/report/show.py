"""Small helpers of pages: draw a figure in both themes, print a model, run it on one image."""

import warnings
from collections import Counter
from collections.abc import Callable

import numpy as np
from scipy.special import softmax

from ..analysis.study import Study
from ..analysis.study import load as load_study
from ..data import ImageData, load
from ..errors import StudyError
from .figures.style import THEMES
from .figures.svg import svg, with_narrow


def show(figure: Callable, *arguments, **options) -> None:
    """Draw a figure of `report.figures` in the light and then the dark theme and show both, each with a drawing for phones.

    The two renderings belong to a cell with `renderings: [light, dark]`.
    """
    for theme in THEMES:
        wide, narrow = (_drawn(figure, arguments, options, theme, size) for size in ("page", "phone"))
        _display(with_narrow(wide, narrow))


def show_slide(figure: Callable, *arguments, **options) -> None:
    """Draw a figure of `report.figures` at the size of a slide, in the light theme, and show it."""
    _display(_drawn(figure, arguments, options, "light", "slide"))


_times: Counter = Counter()


def _drawn(figure: Callable, arguments: tuple, options: dict, theme: str, size: str) -> str:
    """One drawing as SVG, named by what it is and by how often this page has shown the like before."""
    import matplotlib.pyplot as plt

    name = f"{getattr(figure, '__name__', 'figure')} {theme} {size}"
    _times[name] += 1
    made = figure(*arguments, theme=theme, size=size, **options)
    try:
        return svg(made, f"{name} {_times[name]}")
    finally:
        plt.close(made)  # a notebook shows again what is left open


def _display(drawing: str) -> None:
    from IPython.display import display

    display({"image/svg+xml": drawing}, raw=True)


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


def load_trained(study: Study | None = None):
    """Return the kept model of a study, by default the report's: a real run's best state, weights stored in float16.

    Returns:
        Keras model from pixels (n, side, side, 3) in 0..255 to logits; its `record` attribute is the run's record.

    Raises:
        StudyError: no run of the study kept its weights, or the file is damaged.
    """
    from ..models.kept import rebuild  # brings Keras, which no other part of a page needs

    study = study or load_study()
    kept = [record for record in study.records.values() if record["model"]]
    if not kept:
        raise StudyError("no run of the study kept its weights; presets.toml names one under keep_model")
    return rebuild(study.store, kept[0])


def predict_one(model, image: np.ndarray) -> np.ndarray:
    """Return class probabilities, shape (classes,), that sum to one, of one uint8 image (side, side, 3)."""
    warnings.filterwarnings("ignore", category=UserWarning, module="keras")
    logits = model.predict(image[None], verbose=0)
    return softmax(np.asarray(logits, np.float64), axis=1)[0]
