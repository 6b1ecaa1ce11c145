"""The rules of thumb with what the runs say of each, as a table."""

from functools import cache

from IPython.display import Markdown

from ...analysis.rules_of_thumb import Outcome, layer_rules, outcomes
from ...analysis.study import Study, load_if_run
from ..claims.words import diff
from ..markdown import pipe_table
from ..values import count, signed

HEADER = ["the rule", "verdict", "what decides"]


@cache
def judged() -> tuple[Outcome, ...]:
    """Return what the stored runs say of each rule, near images by `from-imagenet`, far ones by `far`."""
    return outcomes(*map(load_if_run, ("from-imagenet", "source-probes", "far")))


def table() -> Markdown:
    """Return every rule with its verdict and the number that decides, or what has not been run yet."""
    rows = [[number, *row(each)] for number, each in enumerate(judged(), 1)]
    return pipe_table(["", *HEADER], rows, "rlll")


def layers(study: Study) -> Markdown:
    """Return the four rules on which layers to train, judged by a study near its source from the fewest and the most labels."""
    rules = layer_rules(study, study.sizes[0], study.sizes[-1])
    return pipe_table(HEADER, [row(each) for each in rules], "lll")


def row(outcome: Outcome) -> list[str]:
    """Return a rule, its verdict, and the difference nearest to refuting it, linked and with its interval, or what lacks."""
    return [
        outcome.rule.rule,
        f"**{outcome.verdict}**",
        "; ".join([*_nearest(outcome), *[outcome.reason][: bool(outcome.reason)]]),
    ]


def _nearest(outcome: Outcome) -> list[str]:
    return [
        f"{d.label}, {count(d.n_labels)} labels: {diff(d, outcome.study)} ({signed(d.low)} to {signed(d.high)}), {verdict}"
        for d, verdict in outcome.deciding[:1]
    ]
