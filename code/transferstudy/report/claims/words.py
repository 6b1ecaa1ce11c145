"""Words and links that sentences are made of."""

from ...comparison import MIN_SEEDS, Difference, verdict
from ...strategies import STRATEGIES
from ...study import Arm, Study
from ...values import Value, percent, points, record_link, signed


def link(arm: Arm, text: str) -> str:
    """Return text that leads to the runs of an arm."""
    return Value(text, record_link(arm.anchor))._repr_markdown_()


def acc(arm: Arm) -> str:
    """Return the mean test accuracy of an arm, linked."""
    return link(arm, percent(arm.accuracy))


def diff(d: Difference) -> str:
    """Return a difference in points, linked."""
    return Value(points(d.mean), record_link(d.anchor))._repr_markdown_()


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
