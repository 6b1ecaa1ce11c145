"""The same runs from the weights that Keras downloads: pages show them by themselves once some are stored."""

from pathlib import Path

from IPython.display import Markdown

from ...analysis.study import MAIN, Arm, Study
from ...analysis.study import load as load_study
from ...plan.presets import expand
from ...results.store import Store
from ..claims import headline
from ..claims.words import acc
from ..markdown import pipe_table
from ..sources import DOWNLOADED, source
from ..values import count, signed

COMMAND = f"python -m transferstudy run --preset {MAIN} --weights {DOWNLOADED}"


def load(results: Path | str | None = None) -> Study | None:
    """Return the report's runs with downloaded weights where the network has some, as far as they are made; None without any.

    Args:
        results: results folder, by default the project's.
    """
    store = Store(results)
    if any(spec.weights == DOWNLOADED and store.has(spec) for spec in expand(MAIN, weights=DOWNLOADED)):
        return load_study(MAIN, results, True, DOWNLOADED)
    return None


def sentence(theirs: Study | None) -> str:
    """Return what the runs from downloaded weights say, or that there are none and which command makes them."""
    if theirs is None:
        return (
            f"None of these runs started from the weights that Keras downloads. `{COMMAND}` makes the same runs from those, and this "
            "section then reports them."
        )
    return headline(theirs)


def table(ours: Study, theirs: Study | None) -> Markdown:
    """Return the test accuracy of each arm that started from downloaded weights, beside the same arm of the report.

    Args:
        ours: the report's runs.
        theirs: the same with downloaded weights; without any arm in common the text is empty.
    """
    if theirs is None:
        return Markdown("")
    pairs = [
        (ours.arm(arm.strategy.name, arm.n_labels), arm)
        for arm in theirs.arms.values()
        if arm.records[0]["weights"]["name"] == DOWNLOADED and ours.has(arm.strategy.name, arm.n_labels)
    ]
    if not pairs:
        return Markdown("")
    rows = [
        [
            arm.strategy.label,
            count(arm.n_labels),
            _cell(own),
            _cell(arm),
            signed(arm.accuracy - own.accuracy),
        ]
        for own, arm in pairs
    ]
    starts = [source(ours, pairs[0][0]).data, source(theirs, pairs[0][1]).data]
    return pipe_table(["strategy", "labels", *starts, "change"], rows, "lrrrr")


def _cell(arm: Arm) -> str:
    seeds = f"{len(arm.seeds)} seeds" if len(arm.seeds) > 1 else "one seed"
    return f"{acc(arm)} ({seeds})"
