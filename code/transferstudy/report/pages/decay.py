"""What more weight decay does to linear probes from ImageNet: runs with what the first search chose beside those that count now."""

from collections import defaultdict
from statistics import fmean

from ...analysis.study import Arm, Study
from ...plan.presets import expand
from ...plan.strategies import get_strategy
from ...results.store import Store
from ..claims.guards import holds
from ..claims.words import acc, label
from ..values import count, listing, percent

_PROBE = "linear_probe"
_OTHERS = {
    "small_scratch": "search-momentum",
    "finetune_block5": "search",
}  # strategy -> its search before, trained alike
_CLEARLY = 0.03  # validation accuracy: above what one or two images of a hundred do


def gained(before: Study | None, now: Study | None, where: str = "") -> str:
    """Return the test accuracy of linear probes with the decay of the wider search and of the first one, in a sentence.

    Args:
        before: linear probes at one image size, with the settings of the first search; None while they have no run.
        now: the study with those of the wider search; None while it has no run.
        where: on which images, as the sentence begins; by default it names the image size.

    Returns:
        The sentence; empty where no number of labels has both.
    """
    if not before or not now:
        return ""
    said = [
        f"{acc(new)} instead of {acc(old)} with {count(new.n_labels)}" for new, old in _pairs(before, now)
    ]
    where = where or f"At {before.image_size} pixels"
    return f"{where} linear probes now reach {listing(said)} labels." if said else ""


def one_sided(store: Store | None = None) -> str:
    """Return for which strategies the wider search is not made although it is for the linear probe, in a sentence; else empty."""
    store, specs = store or Store(), expand("search-decay")
    open_ = [s.strategy for s in specs if not store.has(s)]
    if _PROBE in open_ or not open_:
        return ""
    names = [label(name) for name in dict.fromkeys(open_)]
    return (
        f"After test results had been read, *{get_strategy(_PROBE).label}* got [a wider search](/chapters/second-plan.qmd#decay) of its "
        f"weight decay. The same search of {listing(names)} is declared but not made, so {'these' if len(names) > 1 else 'this'} may "
        "still gain on it."
    )


def searched(store: Store | None = None) -> str:
    """Return what the wider search found for the other strategies, on validation images, in sentences; empty where none is made.

    Raises:
        StudyError: it found a setting that is clearly better, so that the runs of that strategy may not stand.
    """
    store, said = store or Store(), []
    for name, first in _OTHERS.items():
        before, after = (_best(store, preset, name) for preset in (first, "search-decay"))
        if not before or not after:
            continue
        holds(
            all(after[n] - before[n] < _CLEARLY for n in after),
            f"the runs of {get_strategy(name).label} stand",
            "chapters/second-plan.qmd",
        )
        reached = [
            f"{percent(after[n], 0)} with {count(n)} labels (before: {percent(before[n], 0)})"
            for n in sorted(after)
        ]
        said.append(
            f"On validation images the best setting of {label(name)} there reaches {listing(reached)}. So its runs stand."
        )
    return " ".join(said)


def _best(store: Store, preset: str, strategy: str) -> dict[int, float]:
    """Number of labels -> validation accuracy of the best setting, the mean over its draws; empty unless all of its runs are made."""
    specs = [s for s in expand(preset) if s.strategy == strategy]
    if not specs or not all(map(store.has, specs)):
        return {}
    reached = defaultdict(list)
    for s in specs:
        reached[s.n_labels, s.learning_rate, s.weight_decay].append(
            store.load(s.id)["metrics"]["val"]["accuracy"]
        )
    return {n: max(fmean(v) for k, v in reached.items() if k[0] == n) for n in {k[0] for k in reached}}


def stronger_before(before: Study | None, now: Study | None) -> str:
    """Return where linear probes with less decay are more accurate on test images, in a sentence; empty where they nowhere are.

    Args:
        before: as in `gained`.
        now: as in `gained`.
    """
    worse = (
        [pair for pair in _pairs(before, now) if pair[1].accuracy > pair[0].accuracy]
        if before and now
        else []
    )
    if not worse:
        return ""
    said = [f"{acc(old)} instead of {acc(new)} with {count(new.n_labels)} labels" for new, old in worse]
    return (
        f"A linear probe with less [weight decay](/chapters/second-plan.qmd#decay) reaches {listing(said)}, so our setting is part of "
        "the difference there."
    )


def _pairs(before: Study, now: Study) -> list[tuple[Arm, Arm]]:
    """The arm of now and that of before, for each number of labels with both."""
    side = before.image_size
    both = [n for n in before.sizes_of(_PROBE) if side in now.sides_of(_PROBE, n)]
    return [(now.arm(_PROBE, n, side), before.arm(_PROBE, n)) for n in both]
