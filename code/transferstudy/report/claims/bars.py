"""The sentence on the plan's bar: are the from-scratch baselines strong enough?"""

from ...analysis.comparison import arm_interval
from ...analysis.study import Study
from ...plan.declared import BASELINE_BARS, BASELINE_LABELS
from ..values import count, listing, percent
from .words import acc, label


def bar(study: Study) -> str:
    """Return how the from-scratch baselines did with all labels, against the bar of the plan."""
    n = BASELINE_LABELS
    asked = listing([f"{percent(least, 0)} of {label(name)}" for name, least in BASELINE_BARS.items()])
    start = f"The plan asks for {asked} at {count(n)} labels."
    run = [name for name in BASELINE_BARS if study.has(name, n)]
    if not run:
        return f"{start} Neither is run yet."
    parts = []
    for name in run:
        arm = study.arm(name, n)
        low, high = arm_interval(study, arm)
        seeds = f"{len(arm.seeds)} seeds" if len(arm.seeds) > 1 else "one seed, test images only"
        word = "reached" if arm.accuracy >= BASELINE_BARS[name] else "missed"
        parts.append(
            f"{label(name)} has {acc(arm)} (95 % interval {100 * low:.1f} to {100 * high:.1f}, {seeds}): {word}"
        )
    missed = [name for name in run if study.arm(name, n).accuracy < BASELINE_BARS[name]]
    waiting = [label(name) for name in BASELINE_BARS if name not in run]
    if missed:
        end = " So that size leaves the headline: whoever beats such a baseline has not shown much."
    elif waiting:
        end = f" {listing(waiting)} is not run yet."
    else:
        end = " So at that size, too, transfer has a rival worth the name."
    return f"{start} {'; '.join(parts)}.{end}"
