"""Runs to differences and verdicts: seed-paired, bootstrapped over seeds and test images, corrected for their number."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from ..errors import StudyError
from ..plan.declared import ALPHA, CONFIDENCE, DEPTHS, FAMILY, MARGIN, MIN_SEEDS, RESAMPLES
from .bootstrap import interval, p_value, resampled_means
from .mcnemar import McNemar, mcnemar
from .multiplicity import holm
from .study import Arm, Study

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "MARGIN",
    "MIN_SEEDS",
    "RESAMPLES",
    "Difference",
    "Judged",
    "arm_interval",
    "between",
    "class_intervals",
    "declared",
    "difference",
    "judge",
    "judged",
    "paired_interval",
    "verdict",
]

_COUNTS = {1: "one seed", 2: "two seeds"}


@dataclass(frozen=True)
class Difference:
    """Test accuracy of arm a minus arm b.

    Attributes:
        a, b: strategy names.
        n_labels: labelled images.
        seeds: number of seed pairs.
        mean: mean over the seed pairs, in accuracy (0..1 scale).
        low, high: bootstrap interval; of the test images alone when there is one seed.
        per_seed: the difference of each pair.
        p: bootstrap p-value of "no difference", before any correction for the number of comparisons.
        models: McNemar's test of each pair of models, in the order of `per_seed`.
        anchor: id of the row on the page of records.
        label: what is compared, for a reader: "Fine-tune all − Linear probe".
    """

    a: str
    b: str
    n_labels: int
    seeds: int
    mean: float
    low: float
    high: float
    per_seed: tuple[float, ...]
    p: float
    models: tuple[McNemar, ...]
    anchor: str
    label: str

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0

    @property
    def within_margin(self) -> bool:
        """Whether the interval lies within the margin that counts as no difference."""
        return self.low >= -MARGIN and self.high <= MARGIN

    @property
    def consistent(self) -> bool:
        """Whether every seed pair has the same sign."""
        return all(d > 0 for d in self.per_seed) or all(d < 0 for d in self.per_seed)

    @property
    def kind(self) -> str:
        """What the interval covers, in words."""
        return "seeds and test images" if self.seeds > 1 else "test images only"


def paired_interval(gain: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float]:
    """Return the percentile bootstrap interval for the mean of seed-paired gains (see `resampled_means`)."""
    return interval(resampled_means(gain, resamples, seed))


def between(study: Study, a: Arm, b: Arm) -> Difference:
    """Compare two arms of a study, pairing runs of equal seed.

    Equal seeds drew the same images, so their difference is free of the luck of the draw.

    Raises:
        StudyError: the arms share no seed.
    """
    return _between(study, a.key, b.key)


@cache
def _between(study: Study, key_a: tuple, key_b: tuple) -> Difference:
    a, b = study.arms[key_a], study.arms[key_b]
    shared = sorted(set(a.seeds) & set(b.seeds))
    if not shared:
        raise StudyError(
            f"{a.anchor} and {b.anchor} have no seed in common, so they cannot be compared in pairs"
        )
    right = [
        study.correct(arm.strategy.name, arm.n_labels, arm.image_size)[[arm.seeds.index(s) for s in shared]]
        for arm in (a, b)
    ]
    gain = right[0].astype(np.int8) - right[1].astype(np.int8)
    means = resampled_means(gain)
    low, high = interval(means)
    return Difference(
        a.strategy.name,
        b.strategy.name,
        a.n_labels,
        len(shared),
        float(gain.mean()),
        low,
        high,
        tuple(gain.mean(axis=1).tolist()),
        p_value(means),
        tuple(mcnemar(*pair) for pair in zip(*right, strict=True)),
        _anchor(study, a, b),
        f"{_name(study, a, b)} − {_name(study, b, a)}",
    )


def _anchor(study: Study, a: Arm, b: Arm) -> str:
    name = f"{study.prefix}diff-{a.strategy.name}-{b.strategy.name}-{a.n_labels}"
    sides = {a.image_size, b.image_size} - {study.image_size}
    return f"{name}-{a.image_size}px-{b.image_size}px" if sides else name


def _name(study: Study, arm: Arm, other: Arm) -> str:
    several = len(study.image_sizes) > 1 and arm.image_size != other.image_size
    return f"{arm.strategy.label} at {arm.image_size} px" if several else arm.strategy.label


@cache
def _arm_interval(study: Study, key: tuple) -> tuple[float, float]:
    return interval(resampled_means(study.correct(*key).astype(np.int8)))


def arm_interval(study: Study, arm: Arm) -> tuple[float, float]:
    """Return the bootstrap interval of an arm's mean test accuracy over seeds and test images, (low, high) in 0..1."""
    return _arm_interval(study, arm.key)


@cache
def _class_intervals(study: Study, key: tuple) -> np.ndarray:
    right, (_, y) = study.correct(*key).astype(np.int8), study.test_predictions(*key)
    return np.array([interval(resampled_means(right[:, y == c])) for c in range(len(study.classes))])


def class_intervals(study: Study, arm: Arm) -> np.ndarray:
    """Return the bootstrap interval of an arm's accuracy within each class over seeds and its test images: (classes, 2)."""
    return _class_intervals(study, arm.key)


def difference(
    study: Study, a: str, b: str, n_labels: int, sides: tuple[int | None, int | None] = (None, None)
) -> Difference:
    """Compare two strategies at one number of labels.

    Args:
        study: the finished runs.
        a: strategy name.
        b: strategy name.
        n_labels: labelled images.
        sides: image sizes of a and b, where the study has several.

    Raises:
        StudyError: the study has no such arm, or the arms share no seed.
    """
    return between(study, study.arm(a, n_labels, sides[0]), study.arm(b, n_labels, sides[1]))


@cache
def declared(study: Study) -> tuple[Difference, ...]:
    """Return every difference that pages may judge: the family of the analysis plan, as far as it was run.

    The main study has the best transfer arm against the best from-scratch arm (both chosen on validation) and the plan's
    contrasts, at every size. A study of depths has each depth against the next shallower one. A study of image sizes has
    each size against the smallest one for each strategy, and pretrained against random features at each size.
    """
    pairs: list[tuple[Arm, Arm]] = []
    if len(study.image_sizes) > 1:
        pairs = _resolution_pairs(study)
    elif any(study.has(name, n) for name in DEPTHS[2:5] for n in study.sizes):
        for n in study.sizes:
            run = [study.arm(name, n) for name in DEPTHS if study.has(name, n)]
            pairs += [(deeper, shallower) for shallower, deeper in pairwise(run)]
    else:
        pairs = [(study.best(n, True), study.best(n, False)) for n in study.contested]
        for contrast in FAMILY:
            for n in study.sizes_of(contrast.a, contrast.b):
                pair = study.arm(contrast.a, n), study.arm(contrast.b, n)
                if pair not in pairs:
                    pairs.append(pair)
    paired = [(a, b) for a, b in pairs if set(a.seeds) & set(b.seeds)]
    return tuple(between(study, a, b) for a, b in paired)


def _resolution_pairs(study: Study) -> list[tuple[Arm, Arm]]:
    pairs = []
    for n in study.sizes:
        for strategy in study.strategies:
            sides = [side for side in study.image_sizes if study.has(strategy.name, n, side)]
            arms = [study.arm(strategy.name, n, side) for side in sides]
            pairs += [(arm, arms[0]) for arm in arms[1:]]
        for side in study.image_sizes:
            if study.has("linear_probe", n, side) and study.has("random_features", n, side):
                pairs.append((study.arm("linear_probe", n, side), study.arm("random_features", n, side)))
    return pairs


@dataclass(frozen=True)
class Judged:
    """A declared difference with its place in the family.

    Attributes:
        difference: the difference.
        p: p-value after Holm's correction over the family; None where too few seeds allow no test.
        verdict: see `judge`.
    """

    difference: Difference
    p: float | None
    verdict: str


def judge(d: Difference, p: float | None) -> str:
    """Return what may be said of arm a against arm b.

    Args:
        d: the difference.
        p: its p-value, corrected for the size of the family.

    Returns:
        "one seed: no verdict" (or two); "equivalent" when the whole interval lies within the margin, whether or not it
        includes zero; "better" or "worse" when the corrected p-value is at most alpha; else "undecided".
    """
    if d.seeds < MIN_SEEDS:
        return f"{_COUNTS.get(d.seeds, f'{d.seeds} seeds')}: no verdict"
    if d.within_margin:
        return "equivalent"
    if p is not None and p <= ALPHA:
        return "better" if d.mean > 0 else "worse"
    return "undecided"


@cache
def judged(study: Study) -> tuple[Judged, ...]:
    """Return the family with corrected p-values and verdicts. Differences with too few seeds are no part of the test."""
    family = declared(study)
    tested = [d for d in family if d.seeds >= MIN_SEEDS]
    adjusted = dict(zip(tested, holm([d.p for d in tested]).tolist(), strict=True))
    return tuple(Judged(d, adjusted.get(d), judge(d, adjusted.get(d))) for d in family)


def verdict(study: Study, d: Difference) -> str:
    """Return the verdict on a difference as the plan's family has it, in either direction.

    A difference that the plan did not declare gets "not declared: no verdict".
    """
    for each in judged(study):
        if each.difference.anchor == d.anchor:
            return each.verdict
    swapped = {"better": "worse", "worse": "better"}
    for each in judged(study):
        other = each.difference
        if (other.a, other.b, other.n_labels) == (d.b, d.a, d.n_labels) and other.mean == -d.mean:
            return swapped.get(each.verdict, each.verdict)
    return "not declared: no verdict"
