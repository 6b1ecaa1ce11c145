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


def chosen(results: Path | str | None = None) -> list[Winner]:
    """Return the winners so far: of every strategy and size whose tuning runs are all stored."""
    return winners(Store(results))


def searched() -> list[Winner]:
    """Return the winners of the second edition's searches so far: with faster statistics for the networks that run with them.

    Linear probes have the settings with more weight decay as well, as far as these are made.
    """
    store = Store()
    faster = [spec for spec in expand("search-momentum") if spec.strategy != "small_scratch"]
    again = {spec.strategy for spec in faster}
    first = [spec for spec in expand("search") if spec.strategy not in again]
    decay = [spec for spec in expand("search-decay") if spec.strategy == "linear_probe" and store.has(spec)]
    return winners(store, [*first, *faster, *decay])


def afterwards(found: list[Winner], results: Path | str | None = None) -> list[Beyond]:
    """Return what was tried beyond the edges at which winners lie, as far as it is stored."""
    return beyond(found, Store(results))


def outcome(found: list[Winner], later: list[Beyond] = ()) -> Markdown:
    """Return a table of winners, with the validation accuracy of the best and of the worst setting tried, and of those beyond edges."""
    further = {b.winner.ids[0]: Value(f"{100 * b.accuracy:.1f}", f"/results/runs/{b.id}.json") for b in later}
    rows = [
        [
            count(w.n_labels), get_strategy(w.strategy).label, Value(f"{w.rate:g}", f"/results/runs/{w.ids[0]}.json"),
            f"{w.weight_decay:g}", f"{100 * w.accuracy:.1f}", f"{100 * w.worst:.1f}", w.edge or "–",
            *[further.get(w.ids[0], "–")][: len(further)],
        ]
        for w in sorted(found, key=lambda w: w.n_labels)
    ]  # fmt: skip
    header = [
        "labels",
        "strategy",
        "rate",
        "decay",
        "best, %",
        "worst, %",
        "edge",
        *["beyond, %"][: len(further)],
    ]
    return pipe_table(header, rows, "rlrrrrlr"[: len(header)])


def edges(found: list[Winner]) -> str:
    """Return how many settings were tried, how long, and how many winners lie at the edge of the rates tried."""
    if not found:
        return f"No strategy has been tuned yet: `python -m transferstudy run --preset {PRESET}` does it."
    specs = expand(PRESET)
    sizes = sorted({w.n_labels for w in found})
    text = (
        f"Each strategy was given {count(found[0].tried)} settings on one draw, for {fewest_steps(PRESET)} optimiser steps each. "
        "Few validation images judge them, so close calls between settings are luck."
    )
    at_edge = [w for w in found if w.edge]
    if at_edge:
        text += (
            f" Of {count(len(found))} winners {count(len(at_edge))} {'lies' if len(at_edge) == 1 else 'lie'} at the edge of the rates tried, so a rate beyond might "
            "do better."
        )
    else:
        text += " No winner lies at the edge of the rates tried."
    open_sizes = sorted({spec.n_labels for spec in specs} - set(sizes))
    if open_sizes:
        text += f" Not tuned yet: {listing([count(n) for n in open_sizes])} labels."
    return text


def missed(found: list[Winner], later: list[Beyond]) -> str:
    """Return how much the rates beyond the edges would have gained at most; "" where no winner lies at an edge."""
    at_edge = [w for w in found if w.edge]
    if not at_edge:
        return ""
    again = f"`python -m transferstudy run --preset {BEYOND}`"
    if not later:
        return f"Whether a rate beyond does better was not tried: {again} does it."
    part = "each" if len(later) == len(at_edge) else f"{count(len(later))} of {count(len(at_edge))}"
    better = [b for b in later if b.images > 0]
    text = f"So we tried the next rate beyond at {part} of these edges afterwards ({again}) and changed no setting because of it."
    if not better:
        return f"{text} It never did better than the winner."
    best = max(better, key=lambda b: b.images / b.winner.images)
    w = best.winner
    return (
        f"{text} It did better than the winner in {count(len(better))} of {count(len(later))} cases. The largest gain is "
        f"{_link(best)} points on {count(w.images)} validation images: {get_strategy(w.strategy).label} with "
        f"{count(w.n_labels)} labels."
    )


def _link(b: Beyond) -> str:
    gained = Value(f"{100 * (b.accuracy - b.winner.accuracy):.1f}", f"/results/runs/{b.id}.json")
    return gained._repr_markdown_()
