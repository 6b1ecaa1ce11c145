"""How many labelled images is transfer worth: where does the from-scratch learning curve reach the same accuracy?"""

from dataclasses import dataclass
from functools import cache, reduce
from statistics import NormalDist

import numpy as np
from scipy.interpolate import PchipInterpolator

from ..plan.declared import CONFIDENCE, MIN_SEEDS
from .comparison import arm_estimate
from .statistics.bootstrap import interval
from .statistics.crossed import Estimate
from .study import Arm, Study

RESAMPLES = 1000
_GRID = 4001  # points at which a curve is read
_CHUNK = 100  # resamples at a time: a bound on memory


@dataclass(frozen=True)
class Labels:
    """A number of labels that may lie outside the sizes that were measured.

    Attributes:
        number: labelled images; at an end of the measured range where `side` is not "".
        side: "" when the number was interpolated, "more" when it lies beyond the largest size, "fewer" when it lies
            below the smallest.
    """

    number: float
    side: str = ""


@dataclass(frozen=True)
class Worth:
    """How many labels a from-scratch network needs to reach the accuracy of a transfer arm.

    Attributes:
        n_labels: labels that the transfer arm had.
        equal_at: labels at which the from-scratch curve reaches its mean test accuracy.
        low, high: ends of the bootstrap interval. Where an arm has one seed, only its test images are drawn.
        seeds: the fewest seeds of the transfer arm and of the curve's points around `equal_at`.
    """

    n_labels: int
    equal_at: Labels
    low: Labels
    high: Labels
    seeds: int

    @property
    def factor(self) -> float:
        """`equal_at` as a multiple of the labels that the transfer arm had; a bound where `equal_at` is one."""
        return self.equal_at.number / self.n_labels

    @property
    def verdict_allowed(self) -> bool:
        """Whether there are enough seeds to conclude anything."""
        return self.seeds >= MIN_SEEDS


def labels_needed(sizes, accuracy, wanted: float) -> Labels:
    """Return the number of labels at which a learning curve reaches an accuracy.

    The curve runs through the measured points as a monotone cubic in log labels (Fritsch and Butland 1984, the PCHIP of
    SciPy). It is never extrapolated. Where a measured curve falls, its highest point so far stands: more labels are not
    counted as harm.

    Args:
        sizes: numbers of labels, rising.
        accuracy: test accuracy at each, 0..1.
        wanted: the accuracy to reach.

    Raises:
        ValueError: fewer than two sizes, or sizes that do not rise.
    """
    sizes, accuracy = np.asarray(sizes, float), np.maximum.accumulate(np.asarray(accuracy, float))
    if len(sizes) < 2 or (np.diff(sizes) <= 0).any():
        raise ValueError(f"a learning curve needs at least two rising sizes, not {sizes.tolist()}")
    if wanted > accuracy[-1]:
        return Labels(float(sizes[-1]), "more")
    if wanted < accuracy[0]:
        return Labels(float(sizes[0]), "fewer")
    grid, curve = _fine(sizes, accuracy)
    reached = int(np.argmax(curve >= wanted - 1e-12))
    return Labels(float(np.exp(grid[reached])))


def scratch_curve(study: Study) -> list[Arm]:
    """Return the arms of the from-scratch learning curve, sizes rising: the best at each size, chosen on validation."""
    return [study.best(n, False) for n in study.sizes if study.candidates(n, False)]


def worth(study: Study, arm: Arm, resamples: int = RESAMPLES) -> Worth | None:
    """Return how many labels an arm is worth, with a bootstrap interval.

    All accuracies are of the test images that the arm and the whole curve predicted. Seeds of every arm and test images are drawn
    anew in each resample, the same images for all arms, and the curve is interpolated anew; resamples beyond the measured range count as its end, so the interval says "more" or "fewer" there.

    Args:
        study: the finished runs.
        arm: the transfer arm.
        resamples: of the bootstrap, rounded up to hundreds.

    Returns:
        None when the from-scratch curve has fewer than two sizes.
    """
    return _worth(study, arm.key, resamples)


@cache
def _worth(study: Study, key: tuple, resamples: int) -> Worth | None:
    arm, curve = study.arms[key], scratch_curve(study)
    if len(curve) < 2:
        return None
    sizes = [a.n_labels for a in curve]
    right, *rights = on_shared_images(study, [arm, *curve])
    point = labels_needed(sizes, [each.mean() for each in rights], right.mean())
    below = [a for a in curve if a.n_labels <= point.number][-1:]
    above = [a for a in curve if a.n_labels >= point.number][:1]
    fewest = min(len(a.records) for a in (arm, *below, *above))
    wanted, *points = resampled_accuracy(study, [arm, *curve], resamples)
    ((low, high),) = bounds(sizes, np.stack(points), wanted[None])
    return Worth(arm.n_labels, point, low, high, fewest)


def resampled_accuracy(study: Study, arms: list[Arm], resamples: int = RESAMPLES) -> np.ndarray:
    """Return bootstrap resamples of the mean test accuracy of several arms, drawn together.

    A resample draws the same test images for all arms, of those that all predicted, and the seeds of each arm on their own;
    with one seed only images are drawn. Few seeds have few distinct draws, whose spread is too small; so what resamples of an arm
    are off its mean is stretched until they spread as `crossed.Estimate.interval` does (a normal curve with the same interval;
    the expanded bootstrap of Hesterberg 2015, arXiv:1411.5279).

    Args:
        study: the finished runs.
        arms: of the study.
        resamples: rounded up to hundreds.

    Returns:
        float64 (arms, resamples), accuracy on a scale of 0..1.
    """
    rng = np.random.default_rng(0)
    right = on_shared_images(study, arms)
    # As in `resampled_means`: images on which all models behave alike are drawn as one pattern.
    patterns, counts = np.unique(np.concatenate(right).T, axis=0, return_counts=True)
    n, parts = counts.sum(), [_CHUNK] * -(-resamples // _CHUNK)
    patterns = patterns.astype(float)  # whole numbers all the same, and multiplied many times faster
    drawn = (rng.multinomial(n, counts / n, size=k).astype(float) for k in parts)
    per_model = np.concatenate([each @ patterns for each in drawn]) / n
    resamples = len(per_model)
    accuracy, first = [], 0
    for arm, rows in zip(arms, right, strict=True):
        seeds = len(rows)
        mine = per_model[:, first : first + seeds]
        picked = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples) / seeds
        drawn_means = (mine * picked).sum(axis=1) if seeds > 1 else mine[:, 0]
        accuracy.append(_spread_as(drawn_means, arm_estimate(study, arm)))
        first += seeds
    return np.stack(accuracy)


def on_shared_images(study: Study, arms: list[Arm]) -> list[np.ndarray]:
    """Return for each arm which test images it got right, bool (seeds, images), of the images that all of them predicted."""
    shared = reduce(np.intersect1d, (study.tested(a) for a in arms))
    return [study.correct(*a.key)[:, np.isin(study.tested(a), shared)] for a in arms]


def _spread_as(drawn: np.ndarray, known: Estimate) -> np.ndarray:
    """Return resamples of a mean, moved and stretched to have a known mean and, as a normal curve, a known interval."""
    low, high = known.interval()
    off = drawn - drawn.mean()
    wanted = (high - low) / (2 * NormalDist().inv_cdf((1 + CONFIDENCE) / 2))
    return known.mean + off * (wanted / off.std() if off.any() else 0.0)


def bounds(sizes: list[int], accuracy: np.ndarray, wanted: np.ndarray) -> list[tuple[Labels, Labels]]:
    """Return intervals of the labels needed, from resamples of a from-scratch curve and of the accuracies to reach.

    Each resample is read as `labels_needed` reads a curve.

    Args:
        sizes: numbers of labels, rising.
        accuracy: resamples of the curve, (sizes, resamples).
        wanted: resamples of the accuracies to reach, (accuracies, resamples).

    Returns:
        (low, high) for each accuracy to reach.
    """
    accuracy = np.maximum.accumulate(accuracy, axis=0)
    grid, curves = _fine(sizes, accuracy)
    found = []
    for goal in wanted:
        logs = grid[np.minimum((curves < goal - 1e-12).sum(axis=0), len(grid) - 1)]
        # Just outside the range, so that quantiles keep the order and the ends stay recognisable.
        logs = np.where(goal > accuracy[-1], grid[-1] + 1e-6, logs)
        logs = np.where(goal < accuracy[0], grid[0] - 1e-6, logs)
        found.append(tuple(_labels(value, sizes) for value in interval(logs)))
    return found


def _fine(sizes, accuracy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a fine grid of log labels and the monotone cubic curves there; accuracy is (sizes,) or (sizes, curves)."""
    logs = np.log(np.asarray(sizes, float))
    grid = np.linspace(logs[0], logs[-1], _GRID)
    return grid, PchipInterpolator(logs, accuracy)(grid)


def _labels(log_number: float, sizes: list[int]) -> Labels:
    if log_number > np.log(sizes[-1]):
        return Labels(float(sizes[-1]), "more")
    if log_number < np.log(sizes[0]):
        return Labels(float(sizes[0]), "fewer")
    return Labels(float(np.exp(log_number)))
