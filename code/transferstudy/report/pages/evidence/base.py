"""What predicates on our results share, and those on test accuracy: who leads, who keeps up, and how the lead changes with the labels.

A predicate looks at every size for which the arms it needs were run, and at nothing else. So the answer grows with the
grid, and where the arms are missing it is "not tested" rather than an error.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ....analysis.comparison import Difference, between
from ....analysis.study import Arm, Study
from ....errors import StudyError
from ....plan.strategies import STRATEGIES
from ...claims.words import acc, diff, stand
from ...values import capital, count, signed

AGREES, PARTLY, DISAGREES, UNDECIDED, NOT_TESTED = "agrees", "partly", "disagrees", "undecided", "not tested"
# Arms that are chosen anew at each size, on validation images: word -> whether pretrained.
BEST = {"best transfer": True, "best from scratch": False}


@dataclass(frozen=True)
class Evidence:
    """What our results say about one finding of others.

    Attributes:
        verdict: `AGREES`, `PARTLY`, `DISAGREES`, `UNDECIDED` or `NOT_TESTED`.
        shown: the numbers, as Markdown with links to their records; empty if nothing was tested.
        seeds: the fewest seeds behind any of the numbers; 0 if nothing was tested.
    """

    verdict: str
    shown: str = ""
    seeds: int = 0


@dataclass(frozen=True)
class AtSize:
    """One comparison at one size.

    Attributes:
        n_labels: labelled images.
        sign: +1 as the finding has it, -1 the other way round, 0 neither.
        shown: the numbers, as Markdown.
        seeds: seeds, or pairs of them, behind the numbers.
    """

    n_labels: int
    sign: int
    shown: str
    seeds: int


PREDICATES: dict[str, Callable[..., Evidence]] = {}


def predicate(function: Callable[..., Evidence]) -> Callable[..., Evidence]:
    """Register a predicate under its name, for `cards/citations.yaml` to call."""
    PREDICATES[function.__name__] = function
    return function


def arm_label(name: str) -> str:
    """Return what a reader calls an arm: a strategy's label, or "best transfer" and the like."""
    return name if name in BEST else STRATEGIES[name].label


def arm_at(study: Study, name: str, n: int) -> Arm | None:
    """Return an arm by strategy, or by a key of `BEST`, at a size; None if it was not run."""
    if name not in BEST:
        return study.arm(name, n) if study.has(name, n) else None
    try:
        return study.best(n, BEST[name])
    except StudyError:  # no candidate was run at this size
        return None


def pairs(study: Study, a: str, b: str, sizes: str | int) -> list[tuple[Arm, Arm]]:
    """Arms a and b at each size where both were run with at least one seed in common, fewest labels first.

    `sizes` is "all", "smallest", "largest", or the greatest number of labels to look at.
    """
    found = []
    for n in study.sizes:
        pair = arm_at(study, a, n), arm_at(study, b, n)
        if all(pair) and set(pair[0].seeds) & set(pair[1].seeds):
            found.append(pair)
    return chosen_sizes(found, sizes, lambda pair: pair[0].n_labels)


def chosen_sizes(found: list, sizes: str | int, n_labels: Callable = lambda at: at.n_labels) -> list:
    """Return those of some findings, fewest labels first, that stand at the wanted sizes (see `pairs`)."""
    if isinstance(sizes, int):
        return [at for at in found if n_labels(at) <= sizes]
    return {"all": found, "smallest": found[:1], "largest": found[-1:]}[sizes]


def differences(study: Study, a: str, b: str, sizes: str | int) -> list[Difference]:
    """Return the differences in test accuracy, a minus b, at the sizes that `pairs` finds."""
    return [between(study, x, y) for x, y in pairs(study, a, b, sizes)]


def difference_at(study: Study, d: Difference) -> AtSize:
    """Return a difference with the arm that `stand` says it favours, and as a reader sees it: points, interval, link to the records."""
    side = {"leads": 1, "trails": -1}.get(stand(study, d), 0)
    return AtSize(d.n_labels, side, f"{diff(d, study)} ({signed(d.low)} to {signed(d.high)})", d.seeds)


def show(found: list[AtSize]) -> str:
    """The comparison at the fewest and at the most labels; those between are counted."""
    ends = found if len(found) == 1 else [found[0], found[-1]]
    text = ", ".join(f"{at.shown} with {count(at.n_labels)} labels" for at in ends)
    between = len(found) - len(ends)
    return f"{text}; {count(between)} size{'s' if between > 1 else ''} between" if between else text


def _verdict(signs: list[int]) -> str:
    if all(s > 0 for s in signs):
        return AGREES
    if any(s > 0 for s in signs):
        return PARTLY
    return DISAGREES if any(s < 0 for s in signs) else UNDECIDED


def evidence(found: list[AtSize], what: str, together: Callable[[list[int]], str] = _verdict) -> Evidence:
    """Return what comparisons at several sizes say together, `what` before their numbers; none makes the finding not tested.

    `together` turns the sides (+1, 0, -1) into a verdict.
    """
    if not found:
        return Evidence(NOT_TESTED)
    shown = f"{capital(what)}: {show(found)}"
    return Evidence(together([at.sign for at in found]), shown, min(at.seeds for at in found))


def minus(a: str, b: str) -> str:
    """Return the name of a difference between two arms."""
    return f"{arm_label(a)} − {arm_label(b)}"


@predicate
def leads(study: Study, a: str, b: str, sizes: str | int = "all") -> Evidence:
    """Arm a classifies more test images correctly than arm b."""
    return evidence([difference_at(study, d) for d in differences(study, a, b, sizes)], minus(a, b))


@predicate
def keeps_up(study: Study, a: str, b: str, sizes: str | int = "all") -> Evidence:
    """Arm a is nowhere clearly behind arm b."""

    def verdict(signs: list[int]) -> str:
        if all(s < 0 for s in signs):
            return DISAGREES
        return PARTLY if any(s < 0 for s in signs) else AGREES

    found = [difference_at(study, d) for d in differences(study, a, b, sizes)]
    return evidence(found, minus(a, b), verdict)


@predicate
def shrinks(study: Study, a: str, b: str) -> Evidence:
    """The lead of a over b is smaller with the most labels than with the fewest: their intervals lie apart."""
    found = differences(study, a, b, "all")
    if len(found) < 2:
        return Evidence(NOT_TESTED)
    few, many = found[0], found[-1]
    verdict = AGREES if few.low > many.high else DISAGREES if many.low > few.high else UNDECIDED
    shown = show([difference_at(study, d) for d in found])
    return Evidence(verdict, f"{minus(a, b)}: {shown}", min(d.seeds for d in found))


@predicate
def gains_more(study: Study, a: str, b: str, than_a: str, than_b: str, sizes: str | int = "all") -> Evidence:
    """The lead of a over b exceeds the lead of another pair: their intervals lie apart."""
    other = {d.n_labels: d for d in differences(study, than_a, than_b, sizes)}
    found = []
    for d in differences(study, a, b, sizes):
        if d.n_labels in other:
            e = other[d.n_labels]
            sign = 1 if d.low > e.high else -1 if e.low > d.high else 0
            shown = f"{difference_at(study, d).shown} against {difference_at(study, e).shown}"
            found.append(AtSize(d.n_labels, sign, shown, min(d.seeds, e.seeds)))
    return evidence(found, f"{minus(a, b)} against {minus(than_a, than_b)}")


@predicate
def worth(study: Study, a: str, b: str, factor: int) -> Evidence:
    """Arm a is not clearly behind arm b although b had `factor` times as many labels."""
    found = []
    for n in study.sizes:
        x, y = arm_at(study, a, n), arm_at(study, b, n * factor)
        if x is None or y is None or not set(x.seeds) & set(y.seeds):
            continue
        d = between(study, x, y)
        shown = " against ".join(acc(arm) for arm in (x, y))
        found.append(AtSize(n, -1 if d.high < 0 else 1, shown, d.seeds))
    return evidence(found, f"{arm_label(a)} against {arm_label(b)} with {count(factor)} times the labels")
