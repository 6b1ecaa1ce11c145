"""A study of other pictures that the site shows: what the chapter about it says beyond the study's own pages."""

from pathlib import Path

from IPython.display import Markdown

from ...analysis.comparison import arm_interval
from ...analysis.study import Study
from ...plan.strategies import get_strategy
from ...report.markdown import pipe_table
from ...report.values import count, signed
from ..study.folder import StudyFolder
from .arm import Arm, Rival, rivals_of
from .outcome import Outcome
from .pages import Pages

SCRATCH = "small_scratch"


def open_example(root: Path | str) -> "Example":
    """Open a study under `examples/`.

    Raises:
        StudyError: as `outcome.load`.
    """
    return Example(StudyFolder(Path(root).resolve()))


class Example(Pages):
    """Texts, tables and figures of a study that the site shows beside its own."""

    @property
    def pictures(self) -> str:
        """How many pictures were tested."""
        return count(len(self.outcome.pictures["files"]))

    @property
    def groups(self) -> str:
        """How many people, patients or objects the pictures are of."""
        return count(self.outcome.look["groups"]["independent"])

    @property
    def hours(self) -> str:
        """The time that the study was given: "1 hour"."""
        hours = self.outcome.plan["hours"]
        return f"{hours:g} hour{'' if hours == 1 else 's'}"

    @property
    def side(self) -> str:
        """Pixels a side of the pretrained network's input."""
        return count(self.outcome.plan["frame"]["side"])

    @property
    def networks(self) -> str:
        """How many networks were trained."""
        return count(sum(len(arm.records) for arm in self.outcome.arms.values()))

    def command_block(self) -> Markdown:
        """Return the command of the study."""
        return Markdown("```bash\n" + self.command.replace(" --hours", " \\\n  --hours") + "\n```")

    def far(self) -> Markdown:
        """Return what pretrained weights are worth here, with the fewest and the most labels."""
        return Markdown(gains(self.outcome))

    def beside(self, planned: Study) -> Markdown:
        """Return accuracies (%) of this study beside those of planned runs on the same pictures, of strategies that both have."""
        rows = []
        for name in (s.name for s in planned.strategies if self.outcome.sizes(s.name)):
            for n in self.outcome.sizes(name):
                found = self.outcome.arms[name, n].accuracy
                rows.append((n, "the command", _interval(found.value, found.low, found.high), name))
            for n in planned.sizes_of(name):
                arm = planned.arm(name, n)
                rows.append((n, "the plan", _interval(arm.accuracy, *arm_interval(planned, arm)), name))
        lines = [[count(n), get_strategy(name).label, who, shown] for n, who, shown, name in sorted(rows)]
        return pipe_table(["labels", "strategy", "run by", "accuracy"], lines, "rllr")


def gains(o: Outcome) -> str:
    """Return the gain of the best pretrained strategy over training from scratch, at the fewest and the most labels, in words."""
    sizes = sorted({n for name, n in o.arms if name == SCRATCH})
    found = [(n, _gain(o, n)) for n in dict.fromkeys([*sizes[:1], *sizes[-1:]])]
    found = [(n, gain) for n, gain in found if gain]
    if not found:
        return "**No training from scratch fitted into the time, so nothing can be said of the gain.**"
    better, worse = ([g.shown and sign * g.ahead.value > 0 for _, g in found] for sign in (1, -1))
    lead = "No, as far as these runs tell" if any(worse) else "That cannot be told"
    lead = "It depends on the number of labels" if any(better) else lead
    lead = "Yes" if all(better) else "No" if all(worse) else lead
    return f"**{lead}.** {' '.join(_said(o, n, g) for n, g in found)}"


def _said(o: Outcome, n: int, g: Rival) -> str:
    low, high = sorted(abs(end) for end in (g.ahead.low, g.ahead.high))
    name, with_labels = f"*{_best(o, n).strategy.label}*", f"With {count(n)} labels"
    if not g.shown:
        ends = f"95 % interval {signed(g.ahead.low)} to {signed(g.ahead.high)} points"
        return f"{with_labels}, {name}, the best strategy with ImageNet's weights, and training from scratch could not be told apart ({ends})."
    side = "ahead of" if g.ahead.value > 0 else "behind"
    return (
        f"{with_labels}, {name}, the best strategy with ImageNet's weights, was {100 * abs(g.ahead.value):.1f} points {side} training from "
        f"scratch (95 % interval {100 * low:.1f} to {100 * high:.1f})."
    )


def _interval(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def _best(o: Outcome, n: int) -> Arm:
    """Return the most accurate pretrained arm at a size."""
    arms = (a for (name, m), a in o.arms.items() if m == n and name != SCRATCH)
    return max(arms, key=lambda a: a.accuracy.value)


def _gain(o: Outcome, n: int) -> Rival | None:
    """Compare the best pretrained arm at a size with training from scratch; None where one of them is missing."""
    here = [a for (_, m), a in o.arms.items() if m == n]
    if not any(a.strategy.name == SCRATCH for a in here) or len(here) < 2:
        return None
    return next(r for r in rivals_of(_best(o, n), here) if r.arm.strategy.name == SCRATCH)
