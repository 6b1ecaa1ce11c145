"""What the tuning chose, as a table and a sentence: read from the stored tuning runs."""

from pathlib import Path

from IPython.display import Markdown

from ..analysis.tuning import PRESET, Winner, winners
from ..presets import expand
from ..store import Store
from ..strategies import get_strategy
from ..values import Value, count, listing
from .declared import fewest_steps
from .markdown import pipe_table


def chosen(results: Path | str | None = None) -> list[Winner]:
    """Return the winners so far: of every strategy and size whose tuning runs are all stored.

    Args:
        results: results folder, by default the project's.
    """
    return winners(Store(results))


def outcome(found: list[Winner]) -> Markdown:
    """Return a table of the winning settings, with the validation accuracy of the best and of the worst setting tried."""
    rows = [
        [
            count(w.n_labels),
            get_strategy(w.strategy).label,
            Value(f"{w.rate:g}", f"/results/runs/{w.ids[0]}.json"),
            f"{w.weight_decay:g}",
            f"{100 * w.accuracy:.1f}",
            f"{100 * w.worst:.1f}",
            w.edge or "–",
        ]
        for w in sorted(found, key=lambda w: w.n_labels)
    ]
    header = ["labels", "strategy", "rate", "decay", "best, %", "worst, %", "edge"]
    return pipe_table(header, rows, "rlrrrrl")


def edges(found: list[Winner]) -> str:
    """Return how many settings were tried, how long and judged by how many images, and which winners lie at the edge of the rates tried."""
    if not found:
        return f"No strategy has been tuned yet: `python -m transferstudy run --preset {PRESET}` does it."
    specs = expand(PRESET)
    sizes = sorted({w.n_labels for w in found})
    judges = listing(
        [f"{count(next(w.images for w in found if w.n_labels == n))} at {count(n)} labels" for n in sizes]
    )
    text = (
        f"Each strategy was given {count(found[0].tried)} settings on one draw. Few images judge them, {judges}, so close calls "
        f"between settings are luck. A setting was tried for {fewest_steps(PRESET)} optimiser steps, and a run behind the learning "
        f"curves takes {fewest_steps()} or more: compare these accuracies with each other only."
    )
    at_edge = [w for w in found if w.edge]
    if at_edge:
        names = listing(
            [f"{get_strategy(w.strategy).label} ({w.edge}, {count(w.n_labels)} labels)" for w in at_edge]
        )
        text += f" These winners lie at the edge of the rates tried, so that a rate beyond might do better: {names}."
    else:
        text += " No winner lies at the edge of the rates tried."
    open_sizes = sorted({spec.n_labels for spec in specs} - set(sizes))
    if open_sizes:
        text += f" Not tuned yet: {listing([count(n) for n in open_sizes])} labels."
    return text
