"""What running statistics that follow faster do to the compact network: to a short search, and to the runs with what it chose."""

from ...analysis.study import load_if_run
from ...plan.presets import expand
from ...results.store import Store
from ..claims.arms import at_labels
from ..claims.words import label
from ..values import percent

_NETWORK, _SEARCHED_AT = "small_scratch", 500
_AGAIN = {"near": "faster-compact", "far": "far-faster"}
_WHERE = {"near": "near ImageNet", "far": "on hand signs"}


def sentence(store: Store | None = None) -> str:
    """Return what the settings of the compact network reach in both searches, on validation images, in words."""
    store = store or Store()
    arm = (_NETWORK, _SEARCHED_AT)
    slow, fast = ([s for s in expand(preset) if s.arm == arm] for preset in ("search", "search-momentum"))
    if not all(map(store.has, [*slow, *fast])):
        return "its runs are still to come."
    ends = []
    for specs in (slow, fast):
        reached = [store.load(s.id)["metrics"]["val"]["accuracy"] for s in specs]
        ends.append(f"{percent(min(reached), 0)} to {percent(max(reached), 0)}")
    return f"its settings reach {ends[1]} of the validation images, and {ends[0]} with the slower statistics."


def runs_again() -> str:
    """Return where the runs of the second search did better on validation images than those of the first, and by how much on test images."""
    said = []
    for first, again in _AGAIN.items():
        studies = [load_if_run(preset) for preset in (first, again)]
        if not all(studies):
            continue
        sizes = [n for n in studies[1].sizes_of(_NETWORK) if n in studies[0].sizes_of(_NETWORK)]
        arms = {n: [study.arm(_NETWORK, n) for study in studies] for n in sizes}
        better = [n for n in sizes if _judged(arms[n][1]) > _judged(arms[n][0])]
        worst, best = (100 * pick(b.accuracy - a.accuracy for a, b in arms.values()) for pick in (min, max))
        where = f"better {at_labels(better)}" if better else f"no better {at_labels(sizes)}"
        said.append(
            f"{_WHERE[first]} the new runs of {label(_NETWORK)} are {where}, and on test images they differ from the first by "
            f"{worst:+.1f} to {best:+.1f} points".replace("-", "−")
        )
    return f"So far {'; '.join(said)}." if said else ""


def _judged(arm) -> float:
    return float(arm.validation("accuracy").mean())
