"""Does a probability of 70 % mean right seven times in ten?"""

import numpy as np
from matplotlib.figure import Figure

from ...analysis.temperature import arm_calibration, scaled
from ...metrics import ECE_BINS
from ...study import Study
from .style import canvas, colour, marker


def reliability(
    study: Study, strategies: list[str], n_labels: int, theme: str = "light", size: str = "page"
) -> Figure:
    """Accuracy against confidence of the test images in equal-width bins, seeds pooled; the diagonal is perfect calibration.

    Bins with fewer than 30 images are left out: their accuracy is noise.
    """
    with canvas(theme, size, 0.62 if size == "page" else 0.44) as (figure, axis, face):
        _diagonal(axis, face)
        for name in strategies:
            _curve(axis, study, name, n_labels, None, color=colour(name, theme), marker=marker(name))
        axis.legend(loc="upper left", frameon=False)
    return figure


def reliability_scaled(
    study: Study, strategy: str, n_labels: int, theme: str = "light", size: str = "page"
) -> Figure:
    """As `reliability`, for one strategy, as it is and after each run's own temperature, fitted on its validation images."""
    with canvas(theme, size, 0.62 if size == "page" else 0.44) as (figure, axis, face):
        _diagonal(axis, face)
        tone = colour(strategy, theme)
        _curve(axis, study, strategy, n_labels, None, color=tone, marker=marker(strategy), words="as it is")
        temperatures = [c.temperature for c in arm_calibration(study, strategy, n_labels)]
        _curve(
            axis, study, strategy, n_labels, temperatures, color=face.ink, marker=".", linestyle=":",
            words="after temperature scaling",
        )  # fmt: skip
        axis.legend(loc="upper left", frameon=False)
    return figure


def _diagonal(axis, face):
    axis.plot([0, 100], [0, 100], color=face.muted, linewidth=1, linestyle="--")
    axis.set_xlabel("confidence: probability of the predicted class (%)")
    axis.set_ylabel("test accuracy (%)")
    axis.set_xlim(0, 100)
    axis.set_ylim(0, 100)


def _curve(axis, study, name, n_labels, temperatures, words: str | None = None, **options):
    log_p, y = study.test_predictions(name, n_labels)
    states = [scaled(p, t) for p, t in zip(log_p, temperatures or [1.0] * len(log_p), strict=True)]
    flat = np.concatenate(states)
    confidence = np.exp(flat.max(axis=1))
    right = flat.argmax(axis=1) == np.tile(y, len(log_p))
    index = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    filled = [b for b in range(ECE_BINS) if (index == b).sum() >= 30]
    axis.plot(
        [100 * confidence[index == b].mean() for b in filled],
        [100 * right[index == b].mean() for b in filled],
        label=words or study.arm(name, n_labels).strategy.label, **options,
    )  # fmt: skip
