"""Runs to differences and verdicts: paired by seed, with the sampling of test images, corrected for their number."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise

import numpy as np

from ..errors import StudyError
from ..plan.declared import ALPHA, CONFIDENCE, DEPTHS, FAMILY, MARGIN, MIN_SEEDS, TOGETHER
from .statistics.crossed import Estimate, estimate
from .statistics.multiplicity import holm
from .statistics.paired import Difference, paired
from .study import Arm, Study, load_if_run

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "MARGIN",
    "MIN_SEEDS",
    "Difference",
    "Judged",
    "arm_estimate",
    "arm_interval",
    "between",
    "class_intervals",
    "correct_pair",
    "corrected_with",
    "declared",
    "difference",
    "enough_seeds",
    "judge",
    "judged",
    "judged_family",
    "pairs_of",
    "verdict",
]

_COUNTS = {1: "one seed", 2: "two seeds"}


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
    return paired(
        (a.strategy.name, b.strategy.name),
        a.n_labels,
        *correct_pair(study, a, b),
        _anchor(study, a, b),
        _label(study, a, b),
        study.groups(a),
    )


def correct_pair(study: Study, a: Arm, b: Arm) -> tuple[np.ndarray, np.ndarray]:
    """Return what the runs of the seeds that both arms have got right, of the test images that both predicted.

    Returns:
        Two bool arrays (seeds, images).

    Raises:
        StudyError: the arms share no seed, or no test image.
    """
    shared = sorted(set(a.seeds) & set(b.seeds))
    if not shared:
        raise StudyError(
            f"{a.anchor} and {b.anchor} have no seed in common, so they cannot be compared in pairs"
        )
    first, second = (study.correct(*arm.key)[[arm.seeds.index(s) for s in shared]] for arm in (a, b))
    images, in_a, in_b = np.intersect1d(study.tested(a), study.tested(b), return_indices=True)
    if not len(images):
        raise StudyError(
            f"{a.anchor} and {b.anchor} predicted no test image in common, so they cannot be compared"
        )
    return first[:, in_a], second[:, in_b]


def _anchor(study: Study, a: Arm, b: Arm) -> str:
    name = f"{study.prefix}diff-{a.strategy.name}-{b.strategy.name}-{a.n_labels}"
    sides = {a.image_size, b.image_size} - {study.image_size}
    return f"{name}-{a.image_size}px-{b.image_size}px" if sides else name


def _label(study: Study, a: Arm, b: Arm) -> str:
    """Return how a difference is called; it names the image size where the study has several."""
    if a.image_size != b.image_size:
        return " − ".join(f"{arm.strategy.label} at {arm.image_size} px" for arm in (a, b))
    size = f", both at {a.image_size} px" if len(study.image_sizes) > 1 else ""
    return f"{a.strategy.label} − {b.strategy.label}{size}"


@cache
def _arm_estimate(study: Study, key: tuple) -> Estimate:
    return estimate(study.correct(*key), study.groups(study.arms[key]))


def arm_estimate(study: Study, arm: Arm) -> Estimate:
    """Return an arm's mean test accuracy, 0..1, over seeds and test images, with its errors (see `crossed.estimate`)."""
    return _arm_estimate(study, arm.key)


def arm_interval(study: Study, arm: Arm) -> tuple[float, float]:
    """Return the interval of an arm's mean test accuracy over seeds and test images, (low, high), cut to 0..1."""
    low, high = np.clip(arm_estimate(study, arm).interval(), 0, 1)
    return float(low), float(high)


@cache
def _class_intervals(study: Study, key: tuple) -> np.ndarray:
    right, (_, y) = study.correct(*key), study.test_predictions(*key)
    groups = (right[:, y == c] for c in range(len(study.classes)))
    return np.clip([estimate(own).interval() if own.shape[1] > 1 else (0, 1) for own in groups], 0, 1)


def class_intervals(study: Study, arm: Arm) -> np.ndarray:
    """Return the interval of an arm's accuracy within each class over seeds and its test images: (classes, 2).

    Cut to 0..1; from one test image or none it is 0..1.
    """
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
def pairs_of(study: Study) -> tuple[tuple[Arm, Arm], ...]:
    """Return every pair of arms that pages may judge: the family of the analysis plan, as far as it was run.

    Where there are arms from scratch: at every size the best transfer arm against the best of them (both chosen on
    validation), the plan's contrasts, and each depth of fine-tuning against every shallower one. A study of depths has each
    depth against the next shallower one. Where a strategy has several image sizes: each against the smallest one, and
    pretrained against random features at each; elsewhere such a strategy takes part with the size chosen on validation.
    """
    pairs = _resolution_pairs(study) if study.compares_sides else []
    depths = {n: [study.chosen(d, n) for d in DEPTHS if study.sides_of(d, n)] for n in study.sizes}
    if study.contested:
        pairs += [(study.best(n, True), study.best(n, False)) for n in study.contested]
        for contrast in FAMILY:
            sizes = study.sizes_of(contrast.a, contrast.b)
            pairs += [(study.chosen(contrast.a, n), study.chosen(contrast.b, n)) for n in sizes]
        for run in depths.values():
            pairs += [(deeper, shallower) for shallower, deeper in combinations(run, 2)]
    elif not study.compares_sides:
        for run in depths.values():
            pairs += [(deeper, shallower) for shallower, deeper in pairwise(run)]
    once = {(a.key, b.key): (a, b) for a, b in pairs if set(a.seeds) & set(b.seeds)}
    return tuple(once.values())


@cache
def declared(study: Study) -> tuple[Difference, ...]:
    """Return the difference of every pair of `pairs_of`."""
    return tuple(between(study, a, b) for a, b in pairs_of(study))


def _resolution_pairs(study: Study) -> list[tuple[Arm, Arm]]:
    pairs = []
    for n in study.sizes:
        for strategy in study.strategies:
            arms = [study.arm(strategy.name, n, side) for side in study.sides_of(strategy.name, n)]
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
        p: p-value of "no difference" after Holm's correction over the family; None where too few seeds allow no test.
        verdict: see `judge`.
    """

    difference: Difference
    p: float | None
    verdict: str


def judge(d: Difference, p: float | None) -> str:
    """Return what may be said of arm a against arm b.

    Args:
        d: the difference.
        p: its p-value of "no difference", corrected for the size of the family.

    Returns:
        "one seed: no verdict" (or two); "equivalent" when two one-sided tests exclude a difference as large as the margin,
        whether or not there is a smaller one; "better" or "worse" when "no difference" is excluded at alpha; else
        "undecided". Each of the two tests is at half of alpha, so the whole interval lies within the margin. Equivalence is
        not corrected for the number of comparisons: only a true difference close to the margin can be mistaken for it, and
        each such one in at most half of alpha of all studies.
    """
    if d.seeds < MIN_SEEDS or p is None:
        return f"{_COUNTS.get(d.seeds, f'{d.seeds} seeds')}: no verdict"
    if d.p_equivalent <= ALPHA / 2:
        return "equivalent"
    if p <= ALPHA:
        return "better" if d.mean > 0 else "worse"
    return "undecided"


def enough_seeds(family: tuple[Difference, ...]) -> list[Difference]:
    """Return the differences that are tested: those with enough seeds."""
    return [d for d in family if d.seeds >= MIN_SEEDS]


@cache
def corrected_with(study: Study) -> tuple[Study, ...]:
    """Return the other studies of the same plan, as far as they were run: their p-values are corrected together with this one's."""
    names = [name for group in TOGETHER if study.plan in group for name in group if name != study.plan]
    return tuple(filter(None, (load_if_run(name, study.store) for name in names)))


def judged_family(family: tuple[Difference, ...], beside: tuple[float, ...] = ()) -> tuple[Judged, ...]:
    """Return differences with corrected p-values and verdicts. Those with too few seeds are no part of the tests.

    Args:
        family: the differences.
        beside: p-values of other comparisons that are corrected together with these.
    """
    tested = enough_seeds(family)
    corrected = holm([*(d.p for d in tested), *beside])[: len(tested)]
    adjusted = dict(zip(tested, corrected.tolist(), strict=True))
    return tuple(Judged(d, adjusted.get(d), judge(d, adjusted.get(d))) for d in family)


@cache
def judged(study: Study) -> tuple[Judged, ...]:
    """Return the family with corrected p-values and verdicts."""
    others = (d for other in corrected_with(study) for d in enough_seeds(declared(other)))
    return judged_family(declared(study), tuple(d.p for d in others))


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
