"""A power law through a learning curve, and what it says about sizes beyond."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

RESAMPLES = 400
LEAST = 3  # sizes that a curve of three numbers needs
_BOUNDS = ([0.0, 0.0, 0.05], [1.0, 1.0, 2.0])


@dataclass(frozen=True)
class Curve:
    """Accuracy at n labels is 1 - floor - scale * (n / first)^-rate.

    The form with a floor is the one that fits image classifiers best in most comparisons (Hestness et al. 2017,
    arXiv:1712.00409; Viering and Loog 2021, arXiv:2103.10948, section 4).

    Attributes:
        floor: error that more labels do not remove, 0..1.
        scale: error above the floor at `first` labels, 0..1.
        rate: how fast it falls.
        first: the smallest size.
    """

    floor: float
    scale: float
    rate: float
    first: float

    def accuracy(self, n) -> np.ndarray:
        """Return the accuracy (0..1) at `n` labels."""
        return 1 - self.floor - self.scale * (np.asarray(n, float) / self.first) ** -self.rate


def fit(sizes, accuracy) -> Curve:
    """Return the power law nearest to measured accuracies, by least squares.

    Args:
        sizes: numbers of labels, rising; at least three.
        accuracy: measured, 0..1.

    Raises:
        ValueError: fewer than three sizes.
    """
    sizes, error = np.asarray(sizes, float), 1 - np.asarray(accuracy, float)
    if len(sizes) < LEAST:
        raise ValueError(f"{len(sizes)} sizes: a power law with a floor needs {LEAST}")
    drop = max(1e-3, float(error[0] - error[-1]))
    start = [max(1e-3, min(0.9, float(error[-1]) * 0.5)), min(0.99, drop + float(error[-1]) * 0.5), 0.5]

    def off(p):
        return p[0] + p[1] * (sizes / sizes[0]) ** -p[2] - error

    found = least_squares(
        off, np.clip(start, np.array(_BOUNDS[0]) + 1e-6, np.array(_BOUNDS[1]) - 1e-6), bounds=_BOUNDS
    )
    return Curve(*map(float, found.x), float(sizes[0]))


def predicted(sizes, right: list[np.ndarray], target: int, groups: np.ndarray | None = None, seed: int = 0):
    """Return what the curve through resampled accuracies says at a size: middle, low and high of 95 %.

    Pictures (or groups of them) are drawn anew with replacement, the same ones at every size, and so are the seeds of each
    size; a curve is fitted to each draw (the bootstrap, Efron 1979, doi:10.1214/aos/1176344552).

    Args:
        sizes: numbers of labels, rising; at least three.
        right: of each size, bool (seeds, pictures): what was recognised.
        target: number of labels to predict.
        groups: (pictures,): what belongs together, or None.
        seed: of the draws.

    Returns:
        (middle, low, high) of the accuracy, 0..1.
    """
    rng = np.random.default_rng(seed)
    pictures = right[0].shape[1]
    _, member = np.unique(np.arange(pictures) if groups is None else groups, return_inverse=True)
    count = int(member.max()) + 1
    values = []
    for _ in range(RESAMPLES):
        weight = rng.multinomial(count, np.full(count, 1 / count))[member].astype(float)
        weight /= weight.sum()
        drawn = [r[rng.integers(0, len(r), len(r))].mean(axis=0) @ weight for r in right]
        values.append(float(fit(sizes, drawn).accuracy(target)))
    low, middle, high = np.clip(np.quantile(values, [0.025, 0.5, 0.975]), 0, 1).tolist()
    return middle, low, high
