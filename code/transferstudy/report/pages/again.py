"""What pages say of runs that were made twice, on two machines: read from `results/again/`."""

import numpy as np
from IPython.display import Markdown

from ...analysis.repeated_runs import AGAIN, load
from ...paths import results_dir
from ...plan.declared import CONFIDENCE
from ...plan.strategies import STRATEGIES, get_strategy
from ..markdown import pipe_table
from ..values import NBSP, Value, count, listing, points, signed
from .keras_mistakes import BACKEND_NAMES


def _link(text: str) -> str:
    return Value(text, "/results/again/runs.json")._repr_markdown_()


def _changes(rows: list[dict]) -> np.ndarray:
    """Test accuracy made again minus the first, for each run, 0..1 scale."""
    first, second = np.array([row["accuracy"] for row in rows]).T
    return second - first


def _moved(share: float) -> str:
    return f"{100 * share:.1f}{NBSP}points"


def interval(changes: np.ndarray) -> tuple[float, float]:
    """Return Student's interval for the mean change of accuracy, from at least two runs (0..1 scale)."""
    from scipy.stats import ttest_1samp  # one page needs it, all would wait for it

    low, high = ttest_1samp(changes, 0).confidence_interval(CONFIDENCE)
    return float(low), float(high)


def _made(rows: list[dict], which: str) -> str:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row[which]["backend"], set()).add(row[which]["machine"])
    return listing(
        [f"{BACKEND_NAMES.get(name, name)} on {listing(sorted(found[name]), 'or')}" for name in sorted(found)]
    )


def sentence() -> str:
    """Return how far accuracies moved when runs were made again, and whether one side came out better in the mean."""
    record = load(results_dir())
    if record is None or len(record["runs"]) < 2:
        return f"No run was made again on another machine: `{AGAIN}` compares."
    rows = record["runs"]
    changes = _changes(rows)
    low, high = interval(changes)
    if low <= 0 <= high:
        verdict = "no sign of a difference in the mean"
    else:
        verdict = f"so the second side came out {'better' if low > 0 else 'worse'}"
    return (
        f"We made {_link(count(len(rows)))} runs twice: with {_made(rows, 'first')}, and again with {_made(rows, 'second')}. "
        f"The accuracy of a single run moved by {_link(_moved(np.abs(changes).mean()))} on average and by "
        f"{_link(_moved(np.abs(changes).max()))} at most. The mean change is {_link(points(float(changes.mean())))}: "
        f"{verdict}.{_starts(rows)}"
    )


def _starts(rows: list[dict]) -> str:
    """Say how many images changed class where both runs started from the same weights, and where each drew its own."""
    shares = [
        [row["changed"] for row in rows if get_strategy(row["strategy"]).pretrained is kind]
        for kind in (True, False)
    ]
    if not all(shares) or {row["first"]["backend"] for row in rows} & {
        row["second"]["backend"] for row in rows
    }:
        return ""
    same, drawn = (f"{100 * np.mean(share):.0f}{NBSP}%" for share in shares)
    return (
        f" Networks that start from pretrained weights gave {same} of the test images another class the second time. For random "
        f"weights, which each backend draws for itself, it was {drawn}."
    )


def table() -> Markdown:
    """Return, strategy by strategy, accuracies of both sides, how far they moved, and the share of images with another class."""
    record = load(results_dir())
    rows = []
    for name in STRATEGIES if record else ():
        own = [row for row in record["runs"] if row["strategy"] == name]
        if own:
            changes = _changes(own)
            first, second = np.array([row["accuracy"] for row in own]).mean(axis=0)
            rows.append([
                get_strategy(name).label, count(len(own)), f"{100 * first:.1f}", f"{100 * second:.1f}",
                signed(float(changes.mean())), f"{100 * np.abs(changes).max():.1f}",
                f"{100 * np.mean([row['changed'] for row in own]):.1f}",
            ])  # fmt: skip
    header = "strategy | runs | first, % | again, % | mean change, points | largest change, points | other class, %"
    return pipe_table(header, rows or [["no run was made again", *"––––––"]], "lrrrrrr")
