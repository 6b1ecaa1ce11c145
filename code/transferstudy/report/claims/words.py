"""Words and links that sentences are made of."""

import re
from functools import cache

from ...analysis.comparison import Difference, declared, verdict
from ...analysis.study import Arm, Study
from ...plan.strategies import STRATEGIES
from ..values import Value, count, listing, percent, points, record_link, signed


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
def _rows(study: Study) -> dict[tuple[int, frozenset], str]:
    return {_pair(d): d.anchor for d in declared(study)}


def _pair(d: Difference) -> tuple[int, frozenset]:
    sides = re.findall(r"(\d+)px", d.anchor) or ["", ""]  # named where they are not the study's usual one
    return d.n_labels, frozenset(zip((d.a, d.b), sides, strict=True))


def interval(d: Difference) -> str:
    """Return the interval of a difference, and that it rests on one seed where it does."""
    alone = ", one seed, test images only" if d.seeds == 1 else ""
    return f"95 % interval {signed(d.low)} to {signed(d.high)}{alone}"


def apart(d: Difference) -> str:
    """Return the size of a difference with its interval, both the way round in which the difference is positive."""
    low, high = (d.low, d.high) if d.mean >= 0 else (-d.high, -d.low)
    shown = [f"{100 * x:.1f}" if d.excludes_zero else signed(x) for x in (low, high)]
    return f"{100 * abs(d.mean):.1f} points (95 % interval {shown[0]} to {shown[1]})"


def apart_at_all(found: list[Difference]) -> str:
    """Return `apart` of one difference; of several, between which two sizes they lie and what all their intervals say of zero."""
    if len(found) == 1:
        return apart(found[0])
    least, most = (f"{100 * pick(abs(d.mean) for d in found):.1f}" for pick in (min, max))
    zero = {"excludes" if d.excludes_zero else "includes" for d in found}
    said = f" (each 95 % interval {zero.pop()} zero)" if len(zero) == 1 else ""
    return (f"{least} points" if least == most else f"{least} to {most} points") + said


def by_chance(d: Difference) -> str:
    """Return why a difference counts as undecided although its interval leaves out zero, to be added to it; else nothing."""
    return ", which is not significant among so many comparisons" if d.excludes_zero else ""


def doubtful(word: str, d: Difference) -> str:
    """Return what `stand` says, but "perhaps" (ahead) or "hardly" (behind) for an undecided difference whose interval leaves out zero."""
    if word != "undecided" or not d.excludes_zero:
        return word
    return "perhaps" if d.mean > 0 else "hardly"


def pairing(a: Arm, b: Arm) -> str:
    """Return a remark where a paired difference is not that of the two means beside it: one arm has seeds that the other lacks."""
    return "" if a.seeds == b.seeds else ", over the seeds that both have"


def on_images(pairs: list[tuple[Arm, Arm]]) -> str:
    """Return that differences are on fewer test images than one of the means beside them, in a sentence; empty where none is."""
    tested = [sorted(arm.records[0]["metrics"]["test"]["n"] for arm in pair) for pair in pairs]
    fewer = sorted({few for few, many in tested if few < many})
    if not fewer:
        return ""
    return (
        f"Each difference is taken on the {listing([count(n) for n in fewer], 'or')} test images that both networks predicted, so it is "
        "not exactly that of the two accuracies beside it."
    )


def label(name: str) -> str:
    """Return a strategy's name for running text."""
    return f"*{STRATEGIES[name].label}*"


def named(study: Study, arm: Arm) -> str:
    """Return an arm's strategy for running text, with the pixels a side of its images where the study has several."""
    several = len(study.image_sizes) > 1
    return label(arm.strategy.name) + (f" at {arm.image_size} pixels" if several else "")


_BY_RULE = {"better": "leads", "worse": "trails", "equivalent": "equal", "undecided": "undecided"}


def by_rule(study: Study, d: Difference) -> bool:
    """Whether the plan's rule judges a difference; of others only the interval speaks, without correction."""
    return verdict(study, d) in _BY_RULE


def stand(study: Study, d: Difference) -> str:
    """Return "leads", "trails", "equal" or "undecided": by the plan's rule where it judges, else by the interval."""
    if by_rule(study, d):
        return _BY_RULE[verdict(study, d)]
    if not d.excludes_zero:
        return "undecided"
    return "leads" if d.mean > 0 else "trails"


def unequal(*arms: Arm) -> str:
    """Say so, to be added to a text, where an arm saw its images far more often than another: 1.5 times, in the last phase."""
    seen = {arm.strategy.name: _passes(arm) for arm in arms}
    if max(seen.values()) <= 1.5 * min(seen.values()):
        return ""
    (name, times), *others = seen.items()
    rest = listing([f"{label(other)} {count(n)} times" for other, n in others])
    return (
        f" Training was not equally long there: not counting the training of a head alone, {label(name)} saw each image {count(times)} "
        f"times and {rest}."
    )


def _passes(arm: Arm) -> float:
    record = arm.records[0]
    return record["phases"][-1]["planned_steps"] * record["spec"]["batch_size"] / record["data"]["train"]
