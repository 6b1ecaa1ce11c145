"""Accuracy against confidence, bin by bin, with bootstrap intervals: the numbers behind a reliability diagram."""

from dataclasses import dataclass

import numpy as np

from ..metrics import ECE_BINS
from .bootstrap import interval

MIN_IMAGES = 30  # predictions in a bin; with fewer its accuracy is noise


@dataclass(frozen=True)
class Bin:
    """One bin of confidence.

    Attributes:
        confidence: mean probability of the predicted class, 0..1.
        accuracy: share of predictions that are right, 0..1.
        low, high: bootstrap interval of the accuracy over seeds and test images.
        predictions: how many fell into the bin, all seeds together.
    """

    confidence: float
    accuracy: float
    low: float
    high: float
    predictions: int


def reliability_bins(
    log_p: np.ndarray, y: np.ndarray, bins: int = ECE_BINS, resamples: int = 500
) -> list[Bin]:
    """Return the filled bins of a reliability diagram, seeds pooled (Guo et al. 2017, arXiv:1706.04599, section 2).

    Confidence is cut into bins of equal width, as for the expected calibration error. A resample draws test images, the
    same for all seeds, and seeds; with one seed only images. Bins with fewer than 30 predictions are left out.

    Args:
        log_p: log-probabilities (seeds, images, classes).
        y: labels (images,).
        bins: number of bins.
        resamples: of the bootstrap.
    """
    confidence, right = np.exp(log_p.max(axis=2)), log_p.argmax(axis=2) == y
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    seeds, images = right.shape
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(images, np.full(images, 1 / images), size=resamples).astype(np.float32)
    picked = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    found = []
    for b in range(bins):
        inside = index == b
        if inside.sum() < MIN_IMAGES:
            continue
        count = (drawn @ inside.T.astype(np.float32) * picked).sum(axis=1)
        hits = (drawn @ (inside & right).T.astype(np.float32) * picked).sum(axis=1)
        kept = count > 0
        low, high = interval(hits[kept] / count[kept])
        found.append(
            Bin(float(confidence[inside].mean()), float(right[inside].mean()), low, high, int(inside.sum()))
        )
    return found
