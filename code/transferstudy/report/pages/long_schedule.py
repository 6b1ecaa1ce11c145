"""What pages say of a longer schedule: the arms of the preset `long` beside the same arms and seeds of the main study."""

from functools import cache

from IPython.display import Markdown

from ...analysis.comparison import MIN_SEEDS, Difference, between
from ...analysis.costs.cost import on_accelerator
from ...analysis.study import Arm, Study
from ...plan.spec import RunSpec
from ..claims.words import acc, interval, label, link, unequal
from ..markdown import pipe_table
from ..values import count, points, signed

# By who is ahead: nobody that we know of, transfer, training from scratch.
_LEADER = (
    "With this patience, the two cannot be told apart",
    "With this patience, transfer is ahead of this rival",
    "With this patience, this rival from scratch is ahead",
)


@cache
def matched(study: Study, longer: Study) -> tuple[Study, Study] | None:
    """Return both studies cut down to the strategies, sizes and seeds that both have; None where there are none."""
    keys = [{_key(spec) for spec in each.specs} for each in (study, longer)]
    shared = keys[0] & keys[1]
    if not shared:
        return None
    return tuple(
        Study([spec for spec in each.specs if _key(spec) in shared], each.store, each.name)
        for each in (study, longer)
    )


def _key(spec: RunSpec) -> tuple:
    return spec.strategy, spec.n_labels, spec.image_size, spec.seed


def pairs(study: Study, longer: Study) -> list[tuple[Arm, Arm]]:
    """Return the arms that both studies have, as (short schedule, long schedule), with the seeds that both have."""
    both = matched(study, longer)
    return [(both[0].arms[key], both[1].arms[key]) for key in both[1].arms] if both else []


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
    reached = [
        f"{label(long.strategy.name)} reaches {acc(long)} instead of {acc(short)}." for short, long in both
    ]
    text = f"With {count(times)} times the steps and {count(n)} labels, {' '.join(reached)}"
    if after := _transfer_minus_scratch(study, longer):
        arm = next(long for _, long in both if long.strategy.pretrained)
        text += f" {_LEADER[_who(after)]}; transfer minus scratch is {link(arm, points(after.mean))} ({interval(after)})."
        if after.seeds < MIN_SEEDS:
            few = "one seed is" if after.seeds == 1 else f"{after.seeds} seeds are"
            text += f" That describes these runs only, because {few} too few for a verdict."
    return f"{text}{unequal(*(long for _, long in both))}{_machines(both)}"


def in_short(study: Study, longer: Study) -> str:
    """Return who is ahead with the longer schedule, in one sentence; `sentence` says it in full."""
    after = _transfer_minus_scratch(study, longer)
    if after is None:
        return "No transfer arm was trained for longer beside one from scratch."
    short, long = pairs(study, longer)[0]
    stands = ("cannot be told apart from", "stays ahead of", "falls behind")[_who(after)]
    return (
        f"With {count(after.n_labels)} labels and {count(_steps(long) / _steps(short))} times the steps, "
        f"{label(after.a)} {stands} {label(after.b)} ({'one seed' if after.seeds == 1 else f'{after.seeds} seeds'})."
        + unequal(*(long for _, long in pairs(study, longer)))
    )


def _transfer_minus_scratch(study: Study, longer: Study) -> Difference | None:
    """Compare the first transfer arm with the first one from scratch, on the long schedule; None where one is missing."""
    both = matched(study, longer)
    arms = list(both[1].arms.values()) if both else []
    ends = [next((a for a in arms if a.strategy.pretrained is kind), None) for kind in (True, False)]
    return between(both[1], *ends) if all(ends) else None


def _who(after: Difference) -> int:
    """1 where transfer is ahead, -1 where training from scratch is, 0 where the interval holds zero."""
    return int(after.low > 0) - int(after.high < 0)


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
