"""What running statistics that follow faster do to a short search: the preset `search-momentum` beside `search`."""

from ...plan.presets import expand
from ...results.store import Store
from ..values import percent

_ARM = ("small_scratch", 500)


def sentence(store: Store | None = None) -> str:
    """Return what the settings of the compact network reach in both searches with 500 labels, on validation images, in words."""
    store = store or Store()
    slow, fast = ([s for s in expand(preset) if s.arm == _ARM] for preset in ("search", "search-momentum"))
    if not all(map(store.has, [*slow, *fast])):
        return "its runs are still to come."
    ends = []
    for specs in (slow, fast):
        reached = [store.load(s.id)["metrics"]["val"]["accuracy"] for s in specs]
        ends.append(f"{percent(min(reached), 0)} to {percent(max(reached), 0)}")
    return f"its settings reach {ends[1]} of the validation images, and {ends[0]} with the slower statistics."
