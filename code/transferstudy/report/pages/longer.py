"""What four times the steps do to training from scratch, and whether the start from ImageNet's weights stays ahead of that.

`found` holds the runs from ImageNet's weights and their rivals, as `imagenet.study` returns them; `longer` is what `study` returns.
"""

from functools import cache

from ...analysis.study import Arm, Study, load_if_run
from ...plan.declared import FEW_LABELS_BAR
from ..claims.headline import best_pair
from ..claims.words import acc, apart, by_chance, label, named, stand
from ..values import count, percent

PRESET = "longer-scratch"


@cache
def study(found: Study) -> Study | None:
    """Return the networks that had more steps from scratch, beside the pretrained ones of `found`; None while none has a result."""
    longer = load_if_run(PRESET)
    return beside(found, longer) if longer else None


def beside(found: Study, longer: Study) -> Study:
    """Return the pretrained arms of one study and the arms from scratch of another, at the numbers of labels that both have."""
    sizes = {spec.n_labels for spec in found.specs} & {spec.n_labels for spec in longer.specs}
    pretrained = {s.name for s in found.strategies if s.pretrained}
    specs = [s for s in found.specs if s.strategy in pretrained and s.n_labels in sizes]
    specs += [s for s in longer.specs if s.n_labels in sizes]
    return Study(specs, found.store, PRESET, partial=True)


def sentences(found: Study, longer: Study | None, most: bool = False) -> str:
    """Return what more steps do to training from scratch, and who is ahead then, in two sentences a number of labels, or for the most."""
    if longer is None or not longer.contested:
        return "We have not tested yet what more steps do to training from scratch."
    return " ".join(_at(found, longer, n) for n in (longer.contested[-1:] if most else longer.contested))


def in_short(found: Study, longer: Study | None) -> str:
    """Return what more steps do at the largest number of labels, in one sentence for a slide; empty where none was trained so."""
    if longer is None or not longer.contested:
        return ""
    return f"{_reached(found, longer.best(longer.contested[-1], False))}."


def bar(found: Study, longer: Study | None) -> str:
    """Return whether training from scratch with few labels reaches what the plan asks for, in a sentence; empty where it was not run."""
    n, asked = FEW_LABELS_BAR
    studies = [each for each in (found, longer) if each and n in each.contested]
    arms = [each.best(n, False) for each in studies]
    if not arms:
        return ""
    best = max(arms, key=lambda arm: arm.accuracy)
    verdict = "It is met" if best.accuracy >= asked else "It is not met"
    return (
        f"The plan asks for {percent(asked, 0)} from scratch with {count(n)} labels. {verdict}: the most that we reached there is "
        f"{acc(best)}."
    )


def _reached(found: Study, arm: Arm) -> str:
    short = found.arm(arm.strategy.name, arm.n_labels, arm.image_size)
    times = count(round(_steps(arm) / _steps(short)))
    return f"With {count(arm.n_labels)} labels and {times} times the steps, {label(arm.strategy.name)} reaches {acc(arm)}"


def _at(found: Study, longer: Study, n: int) -> str:
    a, b, d = best_pair(longer, n)
    result = {
        "leads": f"is still ahead of it, by {apart(d)}",
        "trails": f"is then behind it, by {apart(d)}",
        "equal": f"is equivalent to it then; they differ by {apart(d)}",
    }.get(stand(longer, d), f"cannot be told from it then; they differ by {apart(d)}{by_chance(d)}")
    short = found.arm(b.strategy.name, n, b.image_size)
    return (
        f"{_reached(found, b)} instead of {acc(short)}. {named(found, a)}, which had fewer steps, {result}."
    )


def _steps(arm: Arm) -> int:
    return sum(phase["planned_steps"] for phase in arm.records[0]["phases"])
