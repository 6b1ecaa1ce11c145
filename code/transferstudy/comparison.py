"""Runs to differences: seed-paired, with a bootstrap over seeds and test images."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from .study import Study

RESAMPLES = 2000
CONFIDENCE = 0.95
MIN_SEEDS = 3


@dataclass(frozen=True)
class Difference:
    """Test accuracy of arm a minus arm b at one number of labels.

    Attributes:
        a, b: strategy names.
        n_labels: labelled images.
        seeds: number of seed pairs.
        mean: mean over the seed pairs, in accuracy (0..1 scale).
        low, high: bootstrap interval.
        per_seed: the difference of each pair.
    """

    a: str
    b: str
    n_labels: int
    seeds: int
    mean: float
    low: float
    high: float
    per_seed: tuple[float, ...]

    @property
    def anchor(self) -> str:
        """Id of the row on the page of records."""
        return f"diff-{self.a}-{self.b}-{self.n_labels}"

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0

    @property
    def consistent(self) -> bool:
        """Whether every seed pair has the same sign."""
        return all(d > 0 for d in self.per_seed) or all(d < 0 for d in self.per_seed)


def paired_interval(gain: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float]:
    """Return a percentile bootstrap interval for the mean of seed-paired gains.

    Seeds and test images are drawn anew, with replacement, in each resample, so the interval covers both what the draw
    of images, weights and order does and the finite test set (Efron 1979, doi:10.1214/aos/1176344552, two-way). With
    two or three seeds it is too narrow: the spread between seeds is then hardly known.

    Args:
        gain: (seeds, images), 1 where only a is right, -1 where only b is, else 0.
        resamples: number of resamples.
        seed: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    n_seeds, n_images = gain.shape
    picked = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=resamples) / n_seeds
    # Images on which all seeds behave alike are interchangeable: drawing images is drawing counts of such patterns.
    patterns, counts = np.unique(gain.T, axis=0, return_counts=True)
    drawn = rng.multinomial(n_images, counts / n_images, size=resamples) / n_images
    # All seeds of a resample see the same images: average over the drawn images, then over the drawn seeds.
    means = ((drawn @ patterns) * picked).sum(axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


@cache
def difference(study: Study, a: str, b: str, n_labels: int) -> Difference:
    """Compare two strategies at one number of labels, pairing runs of equal seed.

    Equal seeds drew the same images, so their difference is free of the luck of the draw.

    Raises:
        StudyError: the study has no such arm.
    """
    arms = study.arm(a, n_labels), study.arm(b, n_labels)
    shared = sorted(set(arms[0].seeds) & set(arms[1].seeds))
    right = [study.correct(arm.strategy.name, n_labels)[[arm.seeds.index(s) for s in shared]] for arm in arms]
    gain = right[0].astype(np.int8) - right[1].astype(np.int8)
    low, high = paired_interval(gain)
    return Difference(
        a, b, n_labels, len(shared), float(gain.mean()), low, high, tuple(gain.mean(axis=1).tolist())
    )


def declared(study: Study) -> list[Difference]:
    """Return every difference that pages speak of, at every size: pairs of strategies whose contrast has a meaning."""
    pairs = [
        ("linear_probe", "random_features"),
        ("finetune_block5", "linear_probe"),
        ("finetune_all", "linear_probe"),
        ("finetune_all", "finetune_block5"),
        ("finetune_all", "scratch_bn"),
        ("finetune_all", "scratch"),
        ("finetune_all", "small_scratch"),
        ("scratch_bn", "scratch"),
        ("small_scratch", "scratch_bn"),
    ]
    for n in study.sizes:
        best = study.best(n, True).strategy.name, study.best(n, False).strategy.name
        if best not in pairs:
            pairs.append(best)
    return [
        difference(study, a, b, n)
        for a, b in pairs
        for n in study.sizes
        if study.has(a, n) and study.has(b, n)
    ]
