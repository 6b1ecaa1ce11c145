"""What four times the steps do to training from scratch, and whether the start from ImageNet's weights stays ahead of that.

`found` holds the runs from ImageNet's weights and their rivals, on CIFAR-10 or hand signs; `longer` is what `study` returns.
"""

from functools import cache
from statistics import fmean

from IPython.display import Markdown

from ...analysis.study import Arm, Study, load_if_run
from ...plan.declared import FEW_LABELS_BAR, MIN_SEEDS
from ...plan.presets import expand
from ...plan.spec import RunSpec
from ...plan.strategies import get_strategy
from ..claims.arms import at_labels
from ..claims.headline import best_pair
from ..claims.words import acc, apart, by_chance, doubtful, label, link, named, stand
from ..markdown import pipe_table
from ..values import Value, capital, count, percent, signed

# Data set -> the preset with four times the steps from scratch.
PRESETS = {"cifar10": "longer-scratch", "sign-digits": "far-longer"}


@cache
def study(found: Study | None) -> Study | None:
    """Return the networks that had more steps from scratch, beside the pretrained ones of `found`; None while none has enough seeds."""
    preset = found and PRESETS.get(found.specs[0].dataset)
    longer = load_if_run(preset, found.store) if preset else None
    return beside(found, longer) if longer else None


def _sizes(found: Study, longer: Study) -> set[int]:
    """The numbers of labels of both, where the longer training has as many seeds as a verdict asks for."""
    trained = {
        a.n_labels for a in longer.arms.values() if not a.strategy.pretrained and len(a.records) >= MIN_SEEDS
    }
    return trained & set(found.sizes)


@cache
def beside(found: Study, longer: Study, others: bool = False) -> Study | None:
    """Return a study in which networks from scratch of `longer` stand for those of `found` that had fewer steps.

    None where these have nowhere enough seeds.

    Args:
        found: the runs with as many steps for all.
        longer: the runs with more.
        others: whether `found` itself stands at the numbers of labels that have no such runs; else they are left out.
    """
    if not (sizes := _sizes(found, longer)):
        return None
    specs = [s for s in longer.specs if not get_strategy(s.strategy).pretrained and s.n_labels in sizes]
    instead = {(s.strategy, s.n_labels, s.image_size) for s in specs}
    specs += [
        s
        for s in found.specs
        if (others or s.n_labels in sizes) and (s.strategy, s.n_labels, s.image_size) not in instead
    ]
    return Study(specs, found.store, longer.name, partial=True, plan=found.name)


@cache
def strongest(found: Study | None) -> Study | None:
    """Return the study in which training from scratch had its most steps, at each number of labels."""
    longer = study(found)
    return beside(found, longer, others=True) if longer else found


def how_long(found: Study) -> str:
    """Return how long the networks from scratch of `strongest` were trained, in a sentence; empty where no longer than the others."""
    times, where = _more(found)
    said = f"training from scratch has {times} of the pretrained networks"
    return (f"{capital(where.strip())}, {said}." if where else f"{capital(said)} here.") if times else ""


def times_the_steps(found: Study) -> str:
    """Return how many times the steps the networks from scratch of `strongest` have: "4 times the steps", and where; empty if no more."""
    return "".join(_more(found))


def _more(found: Study) -> tuple[str, str]:
    """How many times the steps, and with how many labels where not with all."""
    longer = study(found)
    if longer is None:
        return "", ""
    long = longer.best(longer.contested[0], False)
    short = found.arm(long.strategy.name, long.n_labels, long.image_size)
    where = "" if longer.contested == found.contested else f" {at_labels(longer.contested)}"
    return f"{count(round(_steps(long) / _steps(short)))} times the steps", where


def sentences(found: Study, longer: Study | None, fewest: bool = False) -> str:
    """Return what more steps do to training from scratch with the most labels or the fewest, and who is ahead then, in two sentences."""
    if longer is None or not longer.contested:
        return "We have not tested yet what more steps do to training from scratch."
    return _at(found, longer, longer.contested[0 if fewest else -1])


def gain(found: Study, longer: Study | None) -> str:
    """Return with how many labels more steps from scratch make the gain from pretrained weights smaller, in a clause; empty where not run."""
    if longer is None or not longer.contested:
        return ""
    gaps = {n: [best_pair(each, n)[2].mean for each in (found, longer)] for n in longer.contested}
    less = [n for n, (equal, more) in gaps.items() if more < equal]
    rest = [n for n in gaps if n not in less]
    if not less:
        return "More steps from scratch do not make it smaller"
    return "With more steps from scratch it shrinks further" + (
        f" {at_labels(less)}, but not {at_labels(rest)}" if rest else ""
    )


def table(found: Study, longer: Study | None) -> Markdown:
    """Return accuracies (%) from scratch with as many steps as the others and with more, and of the best pretrained strategy beside."""
    if longer is None or not longer.contested:
        return Markdown("Not run yet.")
    rows = []
    for n in longer.contested:
        a, b, d = best_pair(beside(found, longer, others=True), n)
        short = found.arm(b.strategy.name, n, b.image_size)
        shown = [link(arm, f"{100 * arm.accuracy:.1f}") for arm in (short, b, a)]
        rows.append([count(n), *shown, signed(d.mean), f"{signed(d.low)} to {signed(d.high)}"])
    times = count(round(_steps(b) / _steps(short)))
    header = ["labels", "from scratch", f"{times} times the steps", "pretrained", "ahead by", "95 % interval"]
    return pipe_table(header, rows, "rrrrrr")


def bar(found: Study, longer: Study | None) -> str:
    """Return whether training from scratch with few labels reaches what the plan asks for, in a sentence; empty where it was not run.

    The most accurate of all lengths of training counts, by test images: this is no choice, only the most that was reached.
    """
    n, asked = FEW_LABELS_BAR
    arms = [a for each in (found, longer) if each for a in each.at(n) if not a.strategy.pretrained]
    reached = [(arm.accuracy, acc(arm), _steps(arm), "") for arm in arms] + _with_patience(found, n)
    if not reached:
        return ""
    best, shown, steps, seeds = max(reached)
    met = best >= asked
    return (
        f"The plan asks for {percent(asked, 0)} from scratch with {count(n)} labels. {'It is met' if met else 'It is not met'}: the most "
        f"that we reached there is {shown}, with {count(steps)} steps{seeds}."
    )


def _with_patience(found: Study, n: int) -> list[tuple[float, str, int, str]]:
    """What each network from scratch reaches in each length that the plan calls patience: accuracy, the same as text, steps, seeds."""
    groups: dict[tuple[str, int], list[RunSpec]] = {}
    for spec in expand("patience"):
        if spec.n_labels == n and not get_strategy(spec.strategy).pretrained:
            groups.setdefault((spec.strategy, spec.min_steps), []).append(spec)
    reached = []
    for (_, steps), specs in groups.items():
        if made := [s for s in specs if found.store.has(s)]:
            mean = fmean(found.store.load(s.id)["metrics"]["test"]["accuracy"] for s in made)
            shown = Value(percent(mean), f"/results/runs/{made[0].id}.json")._repr_markdown_()
            seeds = (
                ""
                if len(made) == len(specs)
                else f" ({count(len(made))} of {count(len(specs))} seeds so far)"
            )
            reached.append((mean, shown, steps, seeds))
    return reached


def untried(found: Study) -> str:
    """Return which declared ways to a stronger network from scratch have no run with few labels yet, in a sentence; empty where all have."""
    n, _ = FEW_LABELS_BAR
    declared = [s for preset in ("near", "patience") for s in expand(preset) if s.n_labels == n]
    declared = [s for s in declared if not get_strategy(s.strategy).pretrained]
    made = {(s.strategy, s.min_steps) for s in declared if found.store.has(s)}
    names = dict.fromkeys(s.strategy for s in declared if s.strategy not in {name for name, _ in made})
    steps = max(s.min_steps for s in declared)
    left = [label(name) for name in names]
    left += [f"{count(steps)} steps"] if steps not in {each for _, each in made} else []
    return f"Declared there, but without a full run yet: {'; '.join(left)}." if left else ""


def _at(found: Study, longer: Study, n: int) -> str:
    # Its p-values are corrected with those at the other numbers of labels.
    judge = beside(found, longer, others=True)
    a, b, d = best_pair(judge, n)
    gap = apart(d) + by_chance(d)
    result = {
        "leads": f"is still ahead of it, by {apart(d)}",
        "trails": f"is then behind it, by {apart(d)}",
        "equal": f"is equivalent to it then; they differ by {apart(d)}",
        "perhaps": f"still comes out ahead of it, by {gap}",
        "hardly": f"comes out behind it then, by {gap}",
        "undecided": f"cannot be told from it then; they differ by {gap}",
    }[doubtful(stand(judge, d), d)]
    short = found.arm(b.strategy.name, n, b.image_size)
    times = count(round(_steps(b) / _steps(short)))
    return (
        f"With {count(n)} labels and {times} times the steps, {label(b.strategy.name)} reaches {acc(b)} instead of {acc(short)}. "
        f"{named(found, a)}, which had fewer steps, {result}."
    )


def _steps(arm: Arm) -> int:
    return sum(phase["planned_steps"] for phase in arm.records[0]["phases"])
