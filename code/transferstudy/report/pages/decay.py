"""What more weight decay does to linear probes from ImageNet: runs with what the first search chose beside those that count now."""

from ...analysis.study import Arm, Study
from ...plan.presets import expand
from ...plan.strategies import get_strategy
from ...results.store import Store
from ..claims.words import acc, label
from ..values import count, listing

_PROBE = "linear_probe"


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
