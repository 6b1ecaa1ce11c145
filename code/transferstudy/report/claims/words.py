"""Words and links that sentences are made of."""

from functools import cache

from ...analysis.comparison import MIN_SEEDS, Difference, declared, verdict
from ...analysis.study import Arm, Study
from ...plan.strategies import STRATEGIES
from ..values import Value, percent, points, record_link, signed


def link(arm: Arm, text: str) -> str:
    """Return text that leads to the runs of an arm."""
    return Value(text, record_link(arm.anchor))._repr_markdown_()


def acc(arm: Arm) -> str:
    """Return the mean test accuracy of an arm, linked."""
    return link(arm, percent(arm.accuracy))


def diff(d: Difference, study: Study | None = None) -> str:
    """Return a difference in points, linked; with `study` it may be one that the plan does not declare, or the other way round."""
    anchor = anchor_of(study, d) if study else d.anchor
    return Value(points(d.mean), record_link(anchor))._repr_markdown_()


def anchor_of(study: Study, d: Difference) -> str:
    """Return where the page of records shows a difference: the row of its two arms, either way round, else the section of arm a."""
    return _rows(study).get(_pair(d)) or study.arm(d.a, d.n_labels).anchor


@cache
def _rows(study: Study) -> dict[frozenset, str]:
    return {_pair(d): d.anchor for d in declared(study)}


def _pair(d: Difference) -> frozenset:
    return frozenset({(d.a, d.n_labels), (d.b, d.n_labels)})


def interval(d: Difference) -> str:
    """Return the interval of a difference and what it rests on."""
    seeds = f"{d.seeds} seeds" if d.seeds > 1 else "one seed, test images only"
    return f"95 % interval {signed(d.low)} to {signed(d.high)}, {seeds}"


def pairing(a: Arm, b: Arm) -> str:
    """Return a remark where a paired difference is not that of the two means beside it: one arm has seeds that the other lacks."""
    return "" if a.seeds == b.seeds else ", over the seeds that both have"


def label(name: str) -> str:
    """Return a strategy's name for running text."""
    return f"*{STRATEGIES[name].label}*"


def judged_words(study: Study, d: Difference) -> str:
    """Return the verdict on a difference as the end of a sentence: ", better by the plan's rule"."""
    word = verdict(study, d)
    if word in ("better", "worse", "equivalent"):
        return f"{word} by the rule of the plan"
    return word


def compare(d: Difference, other: str) -> str:
    """Say in words how arm a of a difference stands to the other one, no more than the runs show."""
    if d.within_margin and d.seeds >= MIN_SEEDS:
        return f"equivalent to {other} by the rule of the plan"
    if not d.excludes_zero:
        return f"not clearly apart from {other}"
    words = f"{'ahead of' if d.mean > 0 else 'behind'} {other}"
    if d.seeds >= MIN_SEEDS:
        return words
    if d.seeds == 1:
        return f"{words} in the one seed that was run"
    return (
        f"{words} in each of the {d.seeds} seeds"
        if d.consistent
        else f"{words} in the mean, not in each seed"
    )
