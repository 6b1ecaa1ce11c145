"""The networks of one strategy at one size of a study, their accuracy with its interval, and how two strategies compare."""

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
from scipy.special import softmax

from ...analysis.statistics.crossed import estimate
from ...analysis.statistics.multiplicity import holm
from ...plan.declared import ALPHA, CONFIDENCE, MARGIN
from ...plan.spec import RunSpec
from ...plan.strategies import Strategy


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; all are shares (0..1) or differences of shares."""

    value: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Arm:
    """All networks of one strategy at one size.

    Attributes:
        strategy: which.
        n_labels: labelled pictures, training and validation together.
        seeds: whose pictures were all tested.
        log_p: (seeds, pictures, classes), from networks that had not seen the picture.
        y: labels (pictures,).
        groups: (pictures,): what belongs together, or None.
        records: of the runs.
    """

    strategy: Strategy
    n_labels: int
    seeds: tuple[int, ...]
    log_p: np.ndarray
    y: np.ndarray
    groups: np.ndarray | None
    records: tuple[dict, ...]

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each picture was recognised: bool (seeds, pictures)."""
        return self.log_p.argmax(axis=2) == self.y

    @cached_property
    def accuracy(self) -> Interval:
        """Accuracy on new pictures: the wider of the interval over seeds and pictures, and Wilson's for the pictures alone.

        Wilson 1927 (doi:10.1080/01621459.1927.10502953) keeps a width where few pictures were all recognised.
        """
        return share(self.right, self.groups)

    @cached_property
    def balanced(self) -> float:
        """Mean over the classes of the share recognised, 0..1."""
        return float(np.mean([self.right[:, self.y == k].mean() for k in np.unique(self.y)]))

    @cached_property
    def macro_f1(self) -> float:
        """Mean F1 of the classes, seeds averaged, 0..1."""
        from sklearn.metrics import f1_score

        return float(np.mean([f1_score(self.y, p.argmax(axis=1), average="macro") for p in self.log_p]))

    @cached_property
    def minutes(self) -> float:
        """Mean wall time of one network, in minutes."""
        return float(np.mean([r["timing"]["total"]["wall"] for r in self.records])) / 60

    @cached_property
    def mean_p(self) -> np.ndarray:
        """Mean probabilities over the seeds (pictures, classes)."""
        return softmax(self.log_p, axis=2).mean(axis=0)


def share(right: np.ndarray, groups: np.ndarray | None) -> Interval:
    """Return the share of right answers, bool (seeds, pictures), and its interval; see `Arm.accuracy`."""
    units = right.shape[1] if groups is None else len(np.unique(groups))
    p, z = float(right.mean()), NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = (p + z**2 / (2 * units)) / (1 + z**2 / units)
    half = z * np.sqrt(p * (1 - p) / units + z**2 / (4 * units**2)) / (1 + z**2 / units)
    low, high = estimate(right, groups).interval() if units > 1 else (p, p)
    return Interval(p, max(0.0, min(low, float(middle - half))), min(1.0, max(high, float(middle + half))))


@dataclass(frozen=True)
class Rival:
    """Another strategy against the recommended one, at all labels.

    Attributes:
        arm: the other one.
        ahead: how far the recommended one is ahead of it.
        p: of "no difference", corrected for the number of rivals.
    """

    arm: Arm
    ahead: Interval
    p: float

    @property
    def shown(self) -> bool:
        """Whether the difference is more than chance."""
        return self.p < ALPHA


def recommended(arms: list[Arm]) -> Arm:
    """Return the most accurate of some arms, or a cheaper one that is within a point of it and not shown to be worse."""
    top = max(arms, key=lambda arm: arm.accuracy.value)
    close = [
        rival.arm
        for rival in rivals_of(top, arms)
        if not rival.shown and top.accuracy.value - rival.arm.accuracy.value <= MARGIN
    ]
    return min([top, *close], key=lambda arm: arm.minutes)


def rivals_of(best: Arm, arms: list[Arm]) -> tuple[Rival, ...]:
    """Compare an arm with the others on the seeds that both have, Holm-corrected."""
    others = [arm for arm in arms if arm is not best]
    found = []
    for arm in others:
        shared = [s for s in best.seeds if s in arm.seeds]
        a, b = (one.right[[one.seeds.index(s) for s in shared]] for one in (best, arm))
        found.append(estimate(a.astype(float) - b, best.groups))
    tested = zip(others, found, holm([d.p_value() for d in found]), strict=True)
    return tuple(Rival(arm, Interval(d.mean, *d.interval()), p) for arm, d, p in tested)


def specs_of(arm: Arm) -> list[RunSpec]:
    """Return the specs of an arm's runs."""
    return [RunSpec.parse(record["spec"]) for record in arm.records]
