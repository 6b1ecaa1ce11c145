"""What running statistics that follow faster do to a short search: the preset `search-momentum` beside `search`."""

from ...plan.presets import expand
from ...plan.spec import RunSpec
from ...results.store import Store
from ..values import percent

_KNOBS = ("learning_rate", "weight_decay")


def sentence(store: Store | None = None) -> str:
    """Return how the compact network's search comes out with statistics that follow faster, on validation images, in words."""
    store = store or Store()
    again = expand("search-momentum")
    arms = {(s.arm, s.seed) for s in again}
    first = [s for s in expand("search") if (s.arm, s.seed) in arms]
    if not all(map(store.has, [*again, *first])):
        return "its runs are still to come."
    best, new = (
        max(((_accuracy(store, s), s) for s in specs), key=lambda pair: pair[0]) for specs in (first, again)
    )
    same = all(getattr(best[1], knob) == getattr(new[1], knob) for knob in _KNOBS)
    reach = f"the best setting reaches {percent(new[0], 0)} of the validation images, and {percent(best[0], 0)} before."
    if same:
        return f"it chooses the same setting, so the choice stands; {reach}"
    return (
        f"it would choose another setting (learning rate {new[1].learning_rate:g}, weight decay {new[1].weight_decay:g}), so the "
        f"network from scratch may be a little better than our runs show; {reach}"
    )


def _accuracy(store: Store, spec: RunSpec) -> float:
    return store.load(spec.id)["metrics"]["val"]["accuracy"]
