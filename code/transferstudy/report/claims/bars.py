"""The sentence on the plan's bar: are the from-scratch baselines strong enough?"""

from ...analysis.study import Study
from ...plan.declared import BASELINE_BARS, BASELINE_LABELS
from ..values import count, percent
from .words import acc, label


def bar(study: Study) -> str:
    """Return how the from-scratch baselines did with all labels, against the bar of the plan."""
    n, sentences = BASELINE_LABELS, []
    for name, least in BASELINE_BARS.items():
        asked = f"The plan asks {label(name)} for {percent(least, 0)} with {count(n)} labels"
        if not study.has(name, n):
            sentences.append(f"{asked}; it has not been run.")
            continue
        word = "reaches" if study.arm(name, n).accuracy >= least else "only reaches"
        sentences.append(f"{asked}; it {word} {acc(study.arm(name, n))}.")
    run = [name for name in BASELINE_BARS if study.has(name, n)]
    if any(study.arm(name, n).accuracy < BASELINE_BARS[name] for name in run):
        sentences.append(
            "At this size a baseline is too weak for a fair comparison, so the size leaves the headline."
        )
    elif len(run) == len(BASELINE_BARS):
        sentences.append("So at this size the baselines are strong.")
    return " ".join(sentences)
