"""A second opinion on every verdict: the bootstrap, judged by the same rule, and where the two disagree."""

from dataclasses import replace
from functools import cache
from math import ceil

import numpy as np

from ..plan.declared import ALPHA, MARGIN, RESAMPLES
from .comparison import (
    Difference,
    Judged,
    correct_pair,
    corrected_with,
    declared,
    enough_seeds,
    judged_family,
    pairs_of,
)
from .comparison import judged as first_opinion
from .statistics.bootstrap import interval, p_value, resampled_means
from .statistics.crossed import by_group
from .statistics.paired import gains
from .study import Study


def resamples_for(comparisons: int) -> int:
    """Return how many resamples leave a corrected p-value room: one that no resample contradicts is a fifth of alpha at most."""
    return max(RESAMPLES, ceil(10 * comparisons / ALPHA))


@cache
def _family(study: Study) -> tuple[Difference, ...]:
    """Return the declared differences with intervals and p-values from the bootstrap.

    No p-value is smaller than 2 / (resamples + 1) before correction (see `bootstrap.p_value`), so a small one is a bound.
    """
    resamples, found = resamples_for(_size(study)), []
    for (a, b), each in zip(pairs_of(study), declared(study), strict=True):
        gain, groups = gains(*correct_pair(study, a, b)), study.groups(a)
        means = resampled_means(gain if groups is None else by_group(gain, groups), resamples)
        low, high = interval(means)
        beyond = max(int((means >= MARGIN).sum()), int((means <= -MARGIN).sum()))
        p_equivalent = (beyond + 1) / (resamples + 1)
        found.append(replace(each, low=low, high=high, p=p_value(means), p_equivalent=p_equivalent))
    return tuple(found)


def _size(study: Study) -> int:
    """Return how many comparisons are corrected together."""
    return sum(len(pairs_of(each)) for each in (study, *corrected_with(study)))


@cache
def judged(study: Study) -> tuple[Judged, ...]:
    """Return the declared comparisons as `comparison.judged` does, with intervals and p-values from the bootstrap."""
    others = (d for other in corrected_with(study) for d in enough_seeds(_family(other)))
    return judged_family(_family(study), tuple(d.p for d in others))


def disagreements(study: Study) -> list[tuple[Judged, Judged]]:
    """Return the declared comparisons on which the two opinions end differently: (first opinion, second opinion)."""
    both = zip(first_opinion(study), judged(study), strict=True)
    return [(first, second) for first, second in both if first.verdict != second.verdict]


def smallest_p(study: Study) -> float:
    """Return the smallest corrected p-value that the bootstrap can give for this family, 0..1."""
    tested = sum(len(enough_seeds(declared(each))) for each in (study, *corrected_with(study)))
    return float(np.minimum(1.0, 2 * tested / (resamples_for(_size(study)) + 1)))
