"""What pages say of a longer schedule: the arms of the preset `long` beside the same arms and seeds of the main study."""

from dataclasses import dataclass, replace

import numpy as np
from IPython.display import Markdown

from ..comparison import MIN_SEEDS, paired_interval
from ..expense import on_accelerator
from ..study import Arm, Study
from ..values import count, listing, points, signed
from .claims.words import acc, label, link
from .markdown import pipe_table


def pairs(study: Study, longer: Study) -> list[tuple[Arm, Arm]]:
    """Return the arms that both studies have, as (short schedule, long schedule), with the seeds that both have."""
    found = []
    for long in longer.arms.values():
        if study.has(long.strategy.name, long.n_labels):
            short = study.arm(long.strategy.name, long.n_labels)
            shared = set(short.seeds) & set(long.seeds)
            if shared:
                found.append((_only(short, shared), _only(long, shared)))
    return found


def _only(arm: Arm, seeds: set[int]) -> Arm:
    return replace(arm, records=tuple(r for r in arm.records if r["spec"]["seed"] in seeds))


@dataclass(frozen=True)
class Gap:
    """Test accuracy of arm a minus arm b over the seeds that both hold (0..1 scale), with its bootstrap interval."""

    mean: float
    low: float
    high: float
    seeds: int

    def __str__(self) -> str:
        return f"{points(self.mean)} (95 % interval {signed(self.low)} to {signed(self.high)}, {_in_seeds(self)})"


def _in_seeds(found: Gap) -> str:
    return "one seed" if found.seeds == 1 else f"{found.seeds} seeds"


def gap(study: Study, a: Arm, b: Arm) -> Gap | None:
    """Compare two arms of a study over the seeds that both hold; None where they share none."""
    shared = sorted(set(a.seeds) & set(b.seeds))
    if not shared:
        return None
    right = []
    for arm in (a, b):
        whole = study.arm(arm.strategy.name, arm.n_labels, arm.image_size)
        rows = [whole.seeds.index(seed) for seed in shared]
        right.append(study.correct(arm.strategy.name, arm.n_labels, arm.image_size)[rows].astype(np.int8))
    gain = right[0] - right[1]
    return Gap(float(gain.mean()), *paired_interval(gain), len(shared))


def _steps(arm: Arm) -> int:
    return arm.records[0]["phases"][-1]["planned_steps"]


def table(study: Study, longer: Study) -> Markdown:
    """Return steps and test accuracy of each arm on both schedules, over the seeds that both have, and their number."""
    rows = []
    for short, long in pairs(study, longer):
        cells = [
            cell
            for arm in (short, long)
            for cell in (f"{_steps(arm):,}", link(arm, f"{100 * arm.accuracy:.1f}"))
        ]
        change = signed(long.accuracy - short.accuracy)
        rows.append([short.strategy.label, *cells, change, str(len(short.seeds))])
    header = ["strategy", "steps", "accuracy, %", "steps, long", "accuracy, %", "change", "seeds"]
    return pipe_table(header, rows, "lrrrrrr")


def sentence(study: Study, longer: Study) -> str:
    """Return what more steps do to each arm, and to the distance between transfer and scratch.

    Who is ahead in the end is read off the runs. Both schedules are compared over the seeds that both have.
    """
    both = pairs(study, longer)
    if not both:
        return "No arm was run on a longer schedule."
    n, times = both[0][1].n_labels, _steps(both[0][1]) / _steps(both[0][0])
    parts = [
        f"{label(long.strategy.name)} reaches {acc(long)} instead of {acc(short)}" for short, long in both
    ]
    text = f"With {count(n)} labels and {count(times)} times the steps {listing(parts)}."
    (short_a, long_a), (short_b, long_b) = _of(both, True), _of(both, False)
    before = short_a and short_b and gap(study, short_a, short_b)
    after = long_a and long_b and gap(longer, long_a, long_b)
    if before and after:
        text += (
            f" {label(long_a.strategy.name)} minus {label(long_b.strategy.name)} goes from {before} to "
            f"{link(long_a, str(after))}.{_leader(after)}"
        )
    return text + _machines(both)


def in_short(study: Study, longer: Study) -> str:
    """Return who is ahead with the longer schedule, in one sentence; `sentence` says it in full."""
    both = pairs(study, longer)
    (short, a), (_, b) = _of(both, True), _of(both, False)
    after = a and b and gap(longer, a, b)
    if not after:
        return "No transfer arm was trained for longer beside one from scratch."
    stand = (
        "stays ahead of"
        if after.low > 0
        else "falls behind"
        if after.high < 0
        else "cannot be told apart from"
    )
    return (
        f"With {count(a.n_labels)} labels and {count(_steps(a) / _steps(short))} times the steps, "
        f"{label(a.strategy.name)} {stand} {label(b.strategy.name)} ({_in_seeds(after)})."
    )


def _leader(after: Gap) -> str:
    if after.low > 0:
        text = " With patience, too, transfer is ahead of this rival in these runs."
    elif after.high < 0:
        text = " With patience this rival from scratch is ahead in these runs."
    else:
        text = " With patience the two cannot be told apart."
    return text + (" That is a description: a verdict needs more seeds." if after.seeds < MIN_SEEDS else "")


def _machines(both: list[tuple[Arm, Arm]]) -> str:
    """Say so where the two schedules of a seed ran on different kinds of machine."""
    for short, long in both:
        kinds = [{r["spec"]["seed"]: on_accelerator(r) for r in arm.records} for arm in (short, long)]
        if kinds[0] != kinds[1]:
            return (
                " Some of the shorter runs were made on a processor, the longer ones on a GPU; how far that moves a result "
                "[was measured](/chapters/reproducibility.qmd#limits)."
            )
    return ""


def _of(both: list[tuple[Arm, Arm]], pretrained: bool) -> tuple[Arm, Arm] | tuple[None, None]:
    return next((pair for pair in both if pair[0].strategy.pretrained is pretrained), (None, None))
