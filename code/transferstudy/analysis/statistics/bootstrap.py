"""The bootstrap over seeds and test images: resampled means, intervals and p-values."""

import numpy as np

from ...plan.declared import CONFIDENCE, RESAMPLES


def resampled_means(gain: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Return bootstrap resamples of the mean over seeds and test images.

    Seeds and test images are drawn anew, with replacement, in each resample, so the spread covers both what the draw of
    images, weights and order does and the finite test set (Efron 1979, doi:10.1214/aos/1176344552, two-way). Drawing S
    seeds from S understates their variance by (S - 1) / S; the part of a resample that comes from the draw of seeds is
    stretched by sqrt(S / (S - 1)) to make up for it (Hesterberg 2015, arXiv:1411.5279, on intervals that are too narrow).
    With one seed only images are drawn.

    Args:
        gain: (seeds, images), 1 where only a is right, -1 where only b is, else 0; or 0 and 1 for one arm. Groups of images that
            are sampled together take the place of images (`crossed.by_group`).
        resamples: number of resamples.
        seed: of the bootstrap.

    Returns:
        float64 (resamples,).
    """
    rng = np.random.default_rng(seed)
    n_seeds, n_images = gain.shape
    # Images on which all seeds behave alike are interchangeable: drawing images is drawing counts of such patterns.
    patterns, counts = np.unique(gain.T, axis=0, return_counts=True)
    drawn = rng.multinomial(n_images, counts / n_images, size=resamples) / n_images
    per_seed = drawn @ patterns  # all seeds of a resample see the same images
    means = per_seed.mean(axis=1)
    if n_seeds > 1:
        picked = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=resamples) / n_seeds
        stretch = np.sqrt(n_seeds / (n_seeds - 1))
        means = means + stretch * (per_seed * (picked - 1 / n_seeds)).sum(axis=1)
    return means


def interval(means: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the percentile interval of resampled values, (low, high)."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def p_value(means: np.ndarray) -> float:
    """Return the two-sided p-value of "the mean is zero" that belongs to the percentile interval.

    It is the smallest alpha whose (1 - alpha) interval excludes zero: twice the share of resamples on the far side of
    zero. Test and interval therefore never disagree. One is added to count and number so that it is never zero (Davison
    and Hinkley 1997, Bootstrap Methods and their Application, page 158).

    Args:
        means: resampled means.

    Returns:
        In 1 / (resamples + 1) .. 1.
    """
    far = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return min(1.0, 2 * (far + 1) / (len(means) + 1))
