"""Does a probability of 70 % mean right seven times in ten?"""

import numpy as np
from matplotlib.figure import Figure

from ...metrics import ECE_BINS, normalised
from ...study import Study
from .style import canvas, colour, marker


def reliability(
    study: Study, strategies: list[str], n_labels: int, theme: str = "light", size: str = "page"
) -> Figure:
    """Accuracy against confidence of the test images in equal-width bins, seeds pooled; the diagonal is perfect calibration.

    Bins with fewer than 30 images are left out: their accuracy is noise.
    """
    with canvas(theme, size, 0.62 if size == "page" else 0.44) as (figure, axis, face):
        axis.plot([0, 100], [0, 100], color=face.muted, linewidth=1, linestyle="--")
        for name in strategies:
            log_p, y = study.test_predictions(name, n_labels)
            flat = normalised(log_p.reshape(-1, log_p.shape[-1]))
            confidence = np.exp(flat.max(axis=1))
            right = flat.argmax(axis=1) == np.tile(y, len(log_p))
            index = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
            filled = [b for b in range(ECE_BINS) if (index == b).sum() >= 30]
            axis.plot(
                [100 * confidence[index == b].mean() for b in filled],
                [100 * right[index == b].mean() for b in filled],
                marker=marker(name), color=colour(name, theme), label=study.arm(name, n_labels).strategy.label,
            )  # fmt: skip
        axis.set_xlabel("confidence: probability of the predicted class (%)")
        axis.set_ylabel("test accuracy (%)")
        axis.set_xlim(0, 100)
        axis.set_ylim(0, 100)
        axis.legend(loc="upper left", frameon=False)
    return figure
