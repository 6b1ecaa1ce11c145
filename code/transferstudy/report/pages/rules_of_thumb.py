"""The rules of thumb with what the runs say of each, as a table."""

from functools import cache

from IPython.display import Markdown

from ...analysis.rules_of_thumb import Outcome, layer_rules, outcomes
from ...analysis.study import Study, load_if_run
from ..claims.headline import best_pair
from ..claims.words import acc, apart, diff, label
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


def caution(near: Study, longer: Study | None, smaller: Study | None) -> str:
    """Return what two verdicts do not say: how far the source matters on larger images, and what more steps from scratch change.

    Args:
        near: the study near ImageNet, with linear probes at several image sizes.
        longer: as `longer.study` returns it.
        smaller: linear probes from Tiny ImageNet's weights at several image sizes.
    """
    said, probe, n = [], "linear_probe", 1_000
    sides = [s for s in smaller.sides_of(probe, n) if near.has(probe, n, s)] if smaller else []
    if len(sides) > 1:
        tiny, ours = (study.arm(probe, n, sides[-1]) for study in (smaller, near))
        if ours.accuracy > tiny.accuracy:
            said.append(
                f"The rule on the source compares sources at {sides[0]} pixels only. At {sides[-1]} pixels, a probe from Tiny ImageNet's "
                f"weights, with little weight decay, reaches {acc(tiny)} with {count(n)} labels and one from ImageNet's {acc(ours)}. So "
                "on larger images the source matters, too, and this rule may not hold there."
            )
    if longer and longer.contested:
        a, _, d = best_pair(longer, longer.contested[-1])
        said.append(
            f"The rule on catching up is judged after equal training; with more steps from scratch, {label(a.strategy.name)} is "
            f"{'ahead' if d.mean > 0 else 'behind'} by {apart(d)} with {count(a.n_labels)} labels."
        )
    return " ".join(said)


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
