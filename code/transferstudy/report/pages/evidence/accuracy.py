"""Predicates on test accuracy: who leads, who keeps up, and how the lead changes with the number of labels."""

from ....analysis.comparison import between
from ....analysis.study import Study
from ...claims.words import acc
from ...values import count
from .base import (
    AGREES,
    DISAGREES,
    NOT_TESTED,
    PARTLY,
    UNDECIDED,
    AtSize,
    Evidence,
    arm_at,
    arm_label,
    difference_at,
    differences,
    evidence,
    minus,
    predicate,
    show,
)


@predicate
def leads(study: Study, a: str, b: str, sizes: str | int = "all") -> Evidence:
    """Arm a classifies more test images correctly than arm b."""
    return evidence([difference_at(study, d) for d in differences(study, a, b, sizes)], minus(a, b))


@predicate
def keeps_up(study: Study, a: str, b: str, sizes: str | int = "all") -> Evidence:
    """Arm a is nowhere clearly behind arm b."""

    def verdict(signs: list[int]) -> str:
        if all(s < 0 for s in signs):
            return DISAGREES
        return PARTLY if any(s < 0 for s in signs) else AGREES

    found = [difference_at(study, d) for d in differences(study, a, b, sizes)]
    return evidence(found, minus(a, b), verdict)


@predicate
def shrinks(study: Study, a: str, b: str) -> Evidence:
    """The lead of a over b is smaller with the most labels than with the fewest: their intervals lie apart."""
    found = differences(study, a, b, "all")
    if len(found) < 2:
        return Evidence(NOT_TESTED)
    few, many = found[0], found[-1]
    verdict = AGREES if few.low > many.high else DISAGREES if many.low > few.high else UNDECIDED
    shown = show([difference_at(study, d) for d in found])
    return Evidence(verdict, f"{minus(a, b)}: {shown}", min(d.seeds for d in found))


@predicate
def gains_more(study: Study, a: str, b: str, than_a: str, than_b: str, sizes: str | int = "all") -> Evidence:
    """The lead of a over b exceeds the lead of another pair: their intervals lie apart."""
    other = {d.n_labels: d for d in differences(study, than_a, than_b, sizes)}
    found = []
    for d in differences(study, a, b, sizes):
        if d.n_labels in other:
            e = other[d.n_labels]
            sign = 1 if d.low > e.high else -1 if e.low > d.high else 0
            shown = f"{difference_at(study, d).shown} against {difference_at(study, e).shown}"
            found.append(AtSize(d.n_labels, sign, shown, min(d.seeds, e.seeds)))
    return evidence(found, f"{minus(a, b)} against {minus(than_a, than_b)}")


@predicate
def worth(study: Study, a: str, b: str, factor: int) -> Evidence:
    """Arm a is not clearly behind arm b although b had `factor` times as many labels."""
    found = []
    for n in study.sizes:
        x, y = arm_at(study, a, n), arm_at(study, b, n * factor)
        if x is None or y is None or not set(x.seeds) & set(y.seeds):
            continue
        d = between(study, x, y)
        shown = " against ".join(acc(arm) for arm in (x, y))
        found.append(AtSize(n, -1 if d.high < 0 else 1, shown, d.seeds))
    return evidence(found, f"{arm_label(a)} against {arm_label(b)} with {count(factor)} times the labels")
