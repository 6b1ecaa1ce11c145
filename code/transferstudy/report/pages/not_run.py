"""Which declared runs are not made, and what they would cost."""

from collections import Counter

from IPython.display import Markdown

from ...analysis.costs.estimate import hours
from ...errors import StudyError
from ...plan.presets import expand
from ...plan.spec import RunSpec
from ...plan.strategies import get_strategy
from ...results.environment import machine
from ...results.store import Store
from ..markdown import pipe_table
from ..values import count
from .benches import stored

# Preset -> what its runs are for, in the order in which they are made.
_FOR = {
    "sides": "choosing the side",
    "near-probes": "curves, linear probes",
    "search": "searches",
    "search-momentum": "the search with faster statistics",
    "search-decay": "the search with more weight decay",
    "near": "curves",
    "patience": "patience",
    "longer-scratch": "more steps from scratch, many labels",
    "sources": "weights from Tiny ImageNet",
    "source-probes": "linear probes from Tiny ImageNet",
    "controls": "controls",
    "large-sides": "160 and 224 pixels",
    "far": "hand signs",
    "far-longer": "more steps from scratch, hand signs",
    "weak-decay": "check: less weight decay",
    "far-weak-decay": "check: less weight decay, hand signs",
    "faster-compact": "check: faster statistics",
    "far-faster": "check: faster statistics, hand signs",
    "gpu-sides": "only with a GPU: larger images",
    "gpu-equal": "only with a GPU: more steps for both starts",
    "gpu-long": "only with a GPU: long training from scratch",
}


def machine_of(store: Store) -> str:
    """Return the kind of machine on which most of the second edition's runs were made.

    Raises:
        StudyError: none of them was made.
    """
    made = [spec for preset in _FOR for spec in expand(preset) if store.has(spec)]
    if not made:
        raise StudyError(
            "no run of the second edition is stored: make some with python -m transferstudy run --preset second"
        )
    return Counter(machine(store.load(spec.id)["environment"]) for spec in made).most_common(1)[0][0]


def table() -> Markdown:
    """Return the declared runs that are not made, by their purpose and strategy, with the hours that they would take.

    Hours are for the machine of `machine_of`, with all of its cores kept busy, from runs alike that are finished; where there
    is none, from a timed step.
    """
    store = Store()
    timed = (stored("paces") or {}).get("paces", [])
    records, here = [*(store.load(run_id) for run_id in store.ids()), *timed], machine_of(store)
    rows, total, made, left, counted, untold = [], 0.0, 0, 0, set(), False
    for preset, purpose in _FOR.items():
        groups: dict[str, list[RunSpec]] = {}
        for spec in expand(preset):
            if spec.id not in counted:  # some runs serve two purposes
                groups.setdefault(spec.strategy, []).append(spec)
            counted.add(spec.id)
        for name, specs in groups.items():
            todo = [spec for spec in specs if not store.has(spec)]
            made, left = made + len(specs) - len(todo), left + len(todo)
            if todo:
                took, unknown = hours(todo, records, here=here)
                total += took
                cost = "unknown" if len(unknown) == len(todo) else _hours(took) + " and more" * bool(unknown)
                rows.append(
                    [purpose, get_strategy(name).label, f"{len(specs) - len(todo)} of {len(specs)}", cost]
                )
                untold |= bool(unknown)
    more = " and more" * untold
    rows.append(["**all**", "", f"{count(made)} of {count(made + left)}", f"{_hours(total)}{more}"])
    return pipe_table(["for", "strategy", "made", "hours left"], rows, "llrr")


def _hours(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
