"""What running statistics that follow faster do to the compact network: to a short search, and to the runs with what it chose."""

from ...analysis.study import Arm, load_if_run
from ...plan.presets import expand
from ...plan.spec import RunSpec
from ...results.store import Store
from ..claims.arms import at_labels
from ..claims.guards import holds
from ..claims.words import label
from ..values import count, listing, percent

_NETWORK, _SEARCHED_AT = "small_scratch", 500
_OTHERS = ("residual_scratch", "wide_scratch")
_AGAIN = {"near": "faster-compact", "far": "far-faster"}
_WHERE = {"near": "near ImageNet", "far": "on hand signs (one seed)"}
_CLEARLY = 1.5  # points on validation images


def sentence(store: Store | None = None) -> str:
    """Return what the settings of the compact network reach in both searches, on validation images, in words."""
    store = store or Store()
    arm = (_NETWORK, _SEARCHED_AT)
    slow, fast = ([s for s in expand(preset) if s.arm == arm] for preset in ("search", "search-momentum"))
    if not all(map(store.has, [*slow, *fast])):
        return "its runs are still to come."
    ends = []
    for specs in (slow, fast):
        reached = [_accuracy(store, s) for s in specs]
        ends.append(f"{percent(min(reached), 0)} to {percent(max(reached), 0)}")
    return f"its settings reach {ends[1]} of the validation images, and {ends[0]} with the slower statistics."


def runs_again() -> str:
    """Return how far the runs with what the second search chose are from the first ones, on validation and on test images, in words.

    Raises:
        StudyError: they do clearly better on validation images, so the first runs must not stand.
    """
    said, by_rule = [], []
    for first, again in _AGAIN.items():
        studies = [load_if_run(preset) for preset in (first, again)]
        if not all(studies):
            continue
        sizes = [n for n in studies[1].sizes_of(_NETWORK) if n in studies[0].sizes_of(_NETWORK)]
        pairs = [[study.arm(_NETWORK, n) for study in studies] for n in sizes]
        judged, tested = (
            [100 * (measure(b) - measure(a)) for a, b in pairs] for measure in (_judged, _tested)
        )
        holds(
            max(judged) < _CLEARLY, "the first runs of the compact network stand", "chapters/second-plan.qmd"
        )
        judged_by, tested_by = _ends(judged), _ends(tested)
        said.append(f"{_WHERE[first]} by {judged_by} on validation images and by {tested_by} on test images")
        if better := [k for k, gain in enumerate(judged) if round(gain, 1) > 0]:
            by_rule.append(
                f"{_WHERE[first]} the new runs would count {at_labels([sizes[k] for k in better])}, where they differ by "
                f"{_ends([tested[k] for k in better])} on test images"
            )
    if not said:
        return ""
    rule = "For a while this plan said that at each number of labels the runs with the higher accuracy on validation images count."
    counts = (
        f"By that rule {'; '.join(by_rule)}." if by_rule else "By that rule the first runs count everywhere."
    )
    return f"So far the new runs differ from the first ones {', '.join(said)}. {rule} {counts}"


def other_networks(store: Store | None = None) -> str:
    """Return how far other small networks come in the search, beside the compact one, in a sentence; empty while none was searched."""
    store, best = store or Store(), {}
    searches = [spec for spec in expand("search-momentum") if spec.n_labels == _SEARCHED_AT]
    for name in (_NETWORK, *_OTHERS):
        specs = [spec for spec in searches if spec.strategy == name]
        if all(map(store.has, specs)):
            best[name] = max(_accuracy(store, spec) for spec in specs)
    if len(best) < 2 or _NETWORK not in best:
        return ""
    said = listing([f"{percent(reached, 0)} with {label(name)}" for name, reached in best.items()])
    return (
        f"In searches of {count(searches[0].min_steps)} steps with as many labels, the best setting is right for this share of the "
        f"validation images: {said}."
    )


def _accuracy(store: Store, spec: RunSpec) -> float:
    return store.load(spec.id)["metrics"]["val"]["accuracy"]


def _ends(points: list[float]) -> str:
    low, high = (f"{pick(points):+.1f}".replace("-", "−") for pick in (min, max))
    return f"{low} points" if low == high else f"{low} to {high} points"


def _judged(arm: Arm) -> float:
    return float(arm.validation("accuracy").mean())


def _tested(arm: Arm) -> float:
    return arm.accuracy
