"""Accuracy against confidence, bin by bin, with intervals: the numbers behind a reliability diagram."""

from dataclasses import dataclass

import numpy as np

from ...results.metrics import ECE_BINS
from .crossed import estimate

MIN_IMAGES = 30  # predictions in a bin; with fewer its accuracy is noise


@dataclass(frozen=True)
class Bin:
    """One bin of confidence.

    Attributes:
        confidence: mean probability of the predicted class, 0..1.
        accuracy: share of predictions that are right, 0..1.
        low, high: interval of the accuracy over seeds and test images, cut to 0..1.
        predictions: how many fell into the bin, all seeds together.
    """

    confidence: float
    accuracy: float
    low: float
    high: float
    predictions: int


def reliability_bins(log_p: np.ndarray, y: np.ndarray, bins: int = ECE_BINS) -> list[Bin]:
    """Return the filled bins of a reliability diagram, seeds pooled (Guo et al. 2017, arXiv:1706.04599, section 2).

    Confidence is cut into bins of equal width, as for the expected calibration error. Bins with fewer than 30 predictions
    are left out. An accuracy within a bin is hits divided by predictions, both random; its interval is that of the mean of
    (hit - accuracy) / predictions (the linearised ratio, Cochran 1977, Sampling Techniques, section 6).

    Args:
        log_p: log-probabilities (seeds, images, classes).
        y: labels (images,).
        bins: number of bins.
    """
    confidence, right = np.exp(log_p.max(axis=2)), log_p.argmax(axis=2) == y
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    found = []
    for b in range(bins):
        inside = index == b
        if inside.sum() < MIN_IMAGES:
            continue
        accuracy = right[inside].mean()
        ends = estimate(accuracy + inside * (right - accuracy) / inside.mean()).interval()
        low, high = np.clip(ends, 0, 1).tolist()
        found.append(Bin(float(confidence[inside].mean()), float(accuracy), low, high, int(inside.sum())))
    return found
