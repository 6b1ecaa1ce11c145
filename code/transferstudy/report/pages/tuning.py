"""What the tuning chose, as a table and a sentence: read from the stored tuning runs."""

from pathlib import Path

from IPython.display import Markdown

from ...analysis.tuning import BEYOND, PRESET, Beyond, Winner, beyond, winners
from ...plan.presets import expand
from ...plan.strategies import get_strategy
from ...results.store import Store
from ..markdown import pipe_table
from ..values import Value, count, listing
from .declared import fewest_steps

_NAMED = 3  # winners at an edge, at most, that a sentence names; more are read off the table
_KINDS = ("trained from scratch", "with pretrained weights", "with frozen random weights")


def chosen(results: Path | str | None = None) -> list[Winner]:
    """Return the winners so far: of every strategy and size whose tuning runs are all stored.

    Args:
        results: results folder, by default the project's.
    """
    return winners(Store(results))


def afterwards(found: list[Winner], results: Path | str | None = None) -> list[Beyond]:
    """Return what was tried beyond the edges at which winners lie, as far as it is stored.

    Args:
        found: the winners.
        results: results folder, by default the project's.
    """
    return beyond(found, Store(results))


def outcome(found: list[Winner], later: list[Beyond] = ()) -> Markdown:
    """Return a table of the winning settings, with the validation accuracy of the best and of the worst setting tried.

    Args:
        found: the winners.
        later: what was tried beyond edges, for the last column.
    """
    further = {b.winner.ids[0]: Value(f"{100 * b.accuracy:.1f}", f"/results/runs/{b.id}.json") for b in later}
    rows = [
        [
            count(w.n_labels),
            get_strategy(w.strategy).label,
            Value(f"{w.rate:g}", f"/results/runs/{w.ids[0]}.json"),
            f"{w.weight_decay:g}",
            f"{100 * w.accuracy:.1f}",
            f"{100 * w.worst:.1f}",
            w.edge or "–",
            further.get(w.ids[0], "–"),
        ]
        for w in sorted(found, key=lambda w: w.n_labels)
    ]
    header = ["labels", "strategy", "rate", "decay", "best, %", "worst, %", "edge", "beyond, %"]
    return pipe_table(header, rows, "rlrrrrlr")


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
    if len(at_edge) > _NAMED:
        text += (
            f" Of the {count(len(found))} winners {count(len(at_edge))} lie at the edge of the rates tried, as the table shows, so "
            "that a rate beyond might do better."
        )
    elif at_edge:
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


def missed(found: list[Winner], later: list[Beyond]) -> str:
    """Return how much the rates beyond the edges would have gained, from scratch, with transfer, and the control; "" where none lies there."""
    at_edge = [w for w in found if w.edge]
    if not at_edge:
        return ""
    again = f"`python -m transferstudy run --preset {BEYOND}`"
    if not later:
        return f"Whether a rate beyond does better was not tried: {again} does it."
    part = "each" if len(later) == len(at_edge) else f"{count(len(later))} of {count(len(at_edge))}"
    better = [b for b in later if b.images > 0]
    text = (
        f"So, afterwards, the next rate beyond was tried at {part} of these edges, all else as the winner ({again}). No setting was "
        f"changed by it. It got more of the validation images right than the winner in {count(len(better))} of {count(len(later))} cases."
    )
    groups = {kind: [b for b in later if _kind(b.winner) == kind] for kind in _KINDS}
    for group, own in groups.items():
        best = max(own, key=lambda b: b.images / b.winner.images, default=None)
        if best is None:
            continue
        if best.images <= 0:
            text += f" Of the arms {group} none did better with it."
            continue
        w = best.winner
        text += (
            f" The most that an arm {group} had to gain is {_link(best)} points: {get_strategy(w.strategy).label} at "
            f"{count(w.n_labels)} labels, {count(best.images)} more of {count(w.images)} images."
        )
    return text


def _kind(w: Winner) -> str:
    """One of `_KINDS`: frozen random weights are a control, and nobody trains from scratch that way."""
    strategy = get_strategy(w.strategy)
    return _KINDS[1] if strategy.pretrained else _KINDS[2] if strategy.train_from is None else _KINDS[0]


def _link(b: Beyond) -> str:
    gained = Value(f"{100 * (b.accuracy - b.winner.accuracy):.1f}", f"/results/runs/{b.id}.json")
    return gained._repr_markdown_()
