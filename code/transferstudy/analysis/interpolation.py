"""What to expect between the numbers of labels that were measured: accuracy of each strategy, and what transfer saves.

Curves run through the measured points as monotone cubics in log labels, as in `label_efficiency`, so a value between two
sizes never leaves the range of its neighbours. Nothing is extrapolated.
"""

import bisect
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from .comparison import arm_interval
from .label_efficiency import (
    RESAMPLES,
    Labels,
    bounds,
    labels_needed,
    on_shared_images,
    resampled_accuracy,
    scratch_curve,
    worth,
)
from .statistics.bootstrap import interval
from .study import Arm, Study

# Leading two digits of the round numbers between sizes: about one step in ten per cent.
_ROUND = (*range(10, 16), *range(16, 30, 2), 30, 33, 36, *range(40, 80, 5), 80, 90)


@dataclass(frozen=True)
class Estimate:
    """Expected test accuracy with the ends of its bootstrap interval, 0..1."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Saving:
    """The best transfer arm against the best from-scratch arm, both chosen on validation at the measured sizes.

    Attributes:
        transfer, scratch: accuracy of either; scratch is None outside its measured sizes.
        transfer_names, scratch_names: strategies at the measured size, or at the two around it.
        needed, low, high: labels with which scratch reaches the accuracy of transfer, and their interval.
        seeds: the fewest seeds behind any of it.
    """

    transfer: Estimate
    scratch: Estimate | None
    transfer_names: tuple[str, ...]
    scratch_names: tuple[str, ...]
    needed: Labels
    low: Labels
    high: Labels
    seeds: int


@dataclass(frozen=True)
class Interpolated:
    """Estimates at many numbers of labels.

    Attributes:
        positions: numbers of labels, rising: the measured sizes and round numbers between them.
        accuracy: strategy -> one estimate a position, None outside the sizes at which it was run.
        savings: one a position; None where no best transfer arm was measured around it, or scratch has fewer than two sizes.
    """

    positions: tuple[int, ...]
    accuracy: dict[str, tuple[Estimate | None, ...]]
    savings: tuple[Saving | None, ...]


def positions(sizes) -> tuple[int, ...]:
    """Return the measured sizes and the round numbers between the smallest and the largest, rising.

    Raises:
        ValueError: there is no size.
    """
    low, high = min(sizes), max(sizes)
    powers = range(len(str(high)))
    between = {m * 10**k // 10 for m in _ROUND for k in powers if m * 10**k % 10 == 0}
    return tuple(sorted({n for n in between if low < n < high} | set(sizes)))


def interpolate(sizes, accuracy, at) -> np.ndarray:
    """Return the accuracy of a learning curve between its measured points.

    Args:
        sizes: numbers of labels, rising.
        accuracy: at each size; (sizes,) or (sizes, curves).
        at: numbers of labels within the measured sizes.

    Returns:
        (at,) or (at, curves). At a measured size it is the measured value.

    Raises:
        ValueError: a number lies outside the measured sizes.
    """
    sizes, at = np.asarray(sizes, float), np.asarray(at, float)
    if len(at) and (at.min() < sizes[0] or at.max() > sizes[-1]):
        raise ValueError(f"{at.tolist()} is not within the measured sizes {sizes.tolist()}")
    accuracy = np.asarray(accuracy, float)
    if len(sizes) == 1:
        return np.repeat(accuracy, len(at), axis=0)
    found = PchipInterpolator(np.log(sizes), accuracy)(np.log(at))
    for row, n in enumerate(at):  # exactly, not to the last digit of a logarithm
        if n in sizes:
            found[row] = accuracy[np.flatnonzero(sizes == n)[0]]
    return found


class _Curves:
    """Learning curves of a study, with resamples that are drawn together."""

    def __init__(self, study: Study, resamples: int):
        self.study = study
        self.arms = [study.arm(s.name, n) for s in study.strategies for n in study.sizes_of(s.name)]
        self.drawn = dict(
            zip([a.key for a in self.arms], resampled_accuracy(study, self.arms, resamples), strict=True)
        )

    def resamples(self, arms: list[Arm], at: list[int]) -> np.ndarray:
        """Resamples of the curve through these arms, (at, resamples)."""
        return interpolate([a.n_labels for a in arms], np.stack([self.drawn[a.key] for a in arms]), at)

    def estimates(self, arms: list[Arm], at) -> list[Estimate | None]:
        """An estimate a position: of the arm itself where it was measured, None outside the arms' sizes."""
        own = {a.n_labels: a for a in arms}
        inside = [n for n in at if min(own) <= n <= max(own)]
        means = interpolate(list(own), [a.accuracy for a in arms], inside)
        found: dict[int, Estimate] = {}
        for n, mean, drawn in zip(inside, means, self.resamples(arms, inside), strict=True):
            ends = arm_interval(self.study, own[n]) if n in own else interval(drawn)
            found[n] = Estimate(float(mean), *ends)
        return [found.get(n) for n in at]


def interpolated(study: Study, resamples: int = RESAMPLES) -> Interpolated:
    """Return estimates for all strategies and for what transfer saves, at the measured sizes and between.

    At a measured size everything is what the other pages say: `comparison.arm_interval` and `label_efficiency.worth`.
    Between sizes each resample of the bootstrap draws seeds and test images anew and is interpolated anew.

    Args:
        study: the finished runs, at its commonest image size.
        resamples: of the bootstrap, rounded up to hundreds.
    """
    at, curves = positions(study.sizes), _Curves(study, resamples)
    accuracy = {}
    for strategy in study.strategies:
        if sizes := study.sizes_of(strategy.name):
            arms = [study.arm(strategy.name, n) for n in sizes]
            accuracy[strategy.name] = tuple(curves.estimates(arms, at))
    return Interpolated(at, accuracy, tuple(_savings(study, curves, at, resamples)))


def _savings(study: Study, curves: _Curves, at: tuple[int, ...], resamples: int) -> list[Saving | None]:
    transfer = [study.best(n, True) for n in study.sizes if study.candidates(n, True)]
    scratch = scratch_curve(study)
    if not transfer or len(scratch) < 2:
        return [None] * len(at)
    tested = on_shared_images(study, [*transfer, *scratch])[len(transfer) :]  # as `worth` compares them
    sizes, points = [a.n_labels for a in scratch], [right.mean() for right in tested]
    ahead, behind = curves.estimates(transfer, at), curves.estimates(scratch, at)
    inside = [n for n, estimate in zip(at, ahead, strict=True) if estimate]
    drawn = np.stack([curves.drawn[a.key] for a in scratch])
    ends = dict(zip(inside, bounds(sizes, drawn, curves.resamples(transfer, inside)), strict=True))
    found: list[Saving | None] = []
    for n, a, b in zip(at, ahead, behind, strict=True):
        if a is None:
            found.append(None)
            continue
        arms, rivals = _around(transfer, n), _around(scratch, n)
        if len(arms) == 1 and (known := worth(study, arms[0], resamples=resamples)):
            needed, low, high, seeds = known.equal_at, known.low, known.high, known.seeds
        else:
            needed, (low, high) = labels_needed(sizes, points, a.mean), ends[n]
            reached = _around(scratch, needed.number)
            seeds = min(len(arm.records) for arm in (*arms, *reached))
        names = tuple(dict.fromkeys(x.strategy.name for x in arms))
        others = tuple(dict.fromkeys(x.strategy.name for x in rivals)) if b else ()
        found.append(Saving(a, b, names, others, needed, low, high, seeds))
    return found


def _around(arms: list[Arm], n: float) -> list[Arm]:
    """Return the arm at a number of labels, or the two around it; the nearest one outside."""
    sizes = [a.n_labels for a in arms]
    if n in sizes:
        return [arms[sizes.index(n)]]
    place = bisect.bisect(sizes, n)
    return arms[max(0, place - 1) : place + 1]


def straight_line_gap(study: Study) -> float:
    """Return how far any strategy's curve leaves the straight lines in log labels through its points, in accuracy (0..1)."""
    gap, at = 0.0, positions(study.sizes)
    for strategy in study.strategies:
        sizes = study.sizes_of(strategy.name)
        inside = [n for n in at if sizes and sizes[0] <= n <= sizes[-1]]
        if len(sizes) > 1:
            points = [study.arm(strategy.name, n).accuracy for n in sizes]
            straight = np.interp(np.log(inside), np.log(sizes), points)
            gap = max(gap, float(np.abs(interpolate(sizes, points, inside) - straight).max()))
    return gap
