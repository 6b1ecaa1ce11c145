"""The rules of thumb with what the runs say of each, as a table."""

from functools import cache

from IPython.display import Markdown

from ...analysis.rules_of_thumb import Outcome, outcomes
from ...analysis.study import Study, load
from ...plan.presets import expand
from ...results.store import Store
from ..markdown import pipe_table
from ..values import count, signed


@cache
def judged() -> tuple[Outcome, ...]:
    """Return what the stored runs say of each rule, near images by `from-imagenet`, far ones by `far`."""
    return outcomes(_study("from-imagenet"), _study("report"), _study("far"))


def _study(preset: str) -> Study | None:
    store = Store()
    return load(preset, partial=True) if any(store.has(spec) for spec in expand(preset)) else None


def table() -> Markdown:
    """Return every rule with its verdict and the number that decides, or what has not been run yet."""
    rows = [
        [number, each.claim.claim, f"*{each.verdict}*", decided(each)]
        for number, each in enumerate(judged(), 1)
    ]
    return pipe_table(["", "the rule", "verdict", "what decides"], rows, "rlll")


def decided(outcome: Outcome) -> str:
    """Return the differences behind a verdict, in points with their intervals, or the reason why there are none."""
    parts = [
        f"{d.label}, {count(d.n_labels)} labels: {signed(d.mean)} ({signed(d.low)} to {signed(d.high)}), {verdict}"
        for d, verdict in outcome.deciding
    ]
    return "; ".join([*parts, *([outcome.reason] if outcome.reason else [])])
