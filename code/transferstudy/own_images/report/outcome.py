"""What the runs of a study of a folder say: accuracies with intervals, the recommended strategy, the value of more labels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...analysis.statistics.learning_curve import LEAST, predicted
from ...data.division import parts_of
from ...errors import StudyError
from ...plan.strategies import get_strategy
from ..look.look import FEW
from ..study.folder import StudyFolder
from .arm import Arm, Interval, Rival, recommended, rivals_of

UNEQUAL = 2.0  # largest over smallest class, above which accuracy alone would mislead
WIDE = 0.10  # half an interval, above which an accuracy is called too uncertain
CHECKED = 0.5  # mean probability of another class, above which a label is put on the list to check


@dataclass(frozen=True)
class More:
    """What twice the labels should bring.

    Attributes:
        target: twice the labels.
        said: the accuracy there, or None where it cannot be told.
        why: why not, in a sentence; or how the curve did on the largest size, which was hidden from it.
        tested: the largest size, what the curve from the smaller ones said of it, and what was measured; or None.
    """

    target: int
    said: Interval | None
    why: str
    tested: tuple[int, Interval, float] | None


@dataclass(frozen=True)
class Outcome:
    """Everything that pages, model and lists need.

    Attributes:
        plan, pictures, look: records of the steps.
        arms: (strategy, labels) -> arm; complete ones only.
        best: the recommended arm.
        rivals: the others at all labels.
        diverged: (strategy, labels, seed) of networks that are missing because their training diverged.
    """

    plan: dict
    pictures: dict
    look: dict
    arms: dict[tuple[str, int], Arm]
    best: Arm
    rivals: tuple[Rival, ...]
    diverged: tuple[tuple[str, int, int], ...] = ()

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return self.pictures["classes"]

    @property
    def top(self) -> list[Arm]:
        """The arms at all labels."""
        return [arm for arm in self.arms.values() if arm.n_labels == self.best.n_labels]

    @cached_property
    def counts(self) -> np.ndarray:
        """Tested pictures of each class."""
        return np.bincount(self.best.y, minlength=len(self.classes))

    @cached_property
    def chance(self) -> float:
        """Accuracy of always naming the largest class."""
        return float(self.counts.max() / self.counts.sum())

    @property
    def unequal(self) -> bool:
        """Whether the classes are so unequal that accuracy alone would mislead."""
        return bool(self.counts.max() > UNEQUAL * max(1, self.counts.min()))

    @property
    def verdict(self) -> str:
        """One of "too few", "tie" and "win"."""
        if self.best.accuracy.half > WIDE or self.best.accuracy.low <= self.chance:
            return "too few"
        if self.rivals and all(r.shown for r in self.rivals):
            return "win"
        return "too few" if self.few else "tie"

    @property
    def few(self) -> bool:
        """Whether a class has too few pictures to tell how well it is recognised."""
        return bool(self.counts.min() < FEW)

    def sizes(self, strategy: str) -> list[int]:
        """Return the sizes at which a strategy was run, rising."""
        return sorted(n for name, n in self.arms if name == strategy)

    @cached_property
    def more(self) -> More:
        """What twice the labels should bring the recommended strategy."""
        return more_labels(
            [self.arms[self.best.strategy.name, n] for n in self.sizes(self.best.strategy.name)]
        )

    def mistakes(self) -> list[tuple[int, int, float]]:
        """Return the mistakes of the recommended strategy: picture, class taken for, mean probability; surest first."""
        p, y = self.best.mean_p, self.best.y
        wrong = np.flatnonzero(p.argmax(axis=1) != y)
        order = wrong[np.argsort(-p[wrong].max(axis=1), kind="stable")]
        return [(int(i), int(p[i].argmax()), float(p[i].max())) for i in order]


def load(folder: StudyFolder) -> Outcome:
    """Read the results of a study.

    Raises:
        StudyError: no plan, no finished strategy yet, or runs of other pictures among them.
    """
    plan, pictures = folder.read("plan"), folder.read("pictures")
    runs = folder.runs(plan["frame"]["data_sha256"])
    arms = _arms(folder, plan, pictures, runs)
    if not arms:
        raise StudyError(
            f"{folder.root.name}: no strategy is finished yet. Go on with {folder.command(plan)}, or give it more --hours."
        )
    largest = max(n for _, n in arms)
    at_largest = [arm for (_, n), arm in arms.items() if n == largest]
    best = recommended(at_largest)
    look = folder.read_look(plan["frame"]["data_sha256"])
    made = {(name, n, seed) for (name, n), arm in arms.items() for seed in arm.seeds}
    diverged = tuple(entry for entry in map(tuple, folder.diverged()) if entry not in made)
    return Outcome(plan, pictures, look, arms, best, rivals_of(best, at_largest), diverged)


def _arms(folder, plan, pictures, runs) -> dict[tuple[str, int], Arm]:
    """Put the runs together to arms; a seed counts when all of its folds are there."""
    y = np.array(pictures["labels"])
    groups = np.array(pictures["groups"]) if pictures["groups"] else None
    folds = plan["frame"]["folds"]
    by_arm: dict[tuple, dict[int, dict[int, dict]]] = {}
    for record in runs.values():
        s = record["spec"]
        if s["purpose"] == "tuning":
            continue
        found = by_arm.setdefault((s["strategy"], s["n_labels"]), {}).setdefault(s["seed"], {})
        if other := found.get(s["fold"]):
            raise StudyError(
                f"runs {other['id']} and {record['id']} are one network of this study with two sets of settings, as two versions of "
                f"the program choose them. Delete the files of one in {folder.store.runs.name}/, and go on with {folder.command(plan)}"
            )
        found[s["fold"]] = record
    arms = {}
    for (strategy, n), seeds in sorted(by_arm.items()):
        whole = {seed: found for seed, found in sorted(seeds.items()) if len(found) == (folds or 1)}
        if not whole:
            continue
        log_p = []
        for seed, found in whole.items():
            full = np.zeros((len(y), len(pictures["classes"])))
            parts = parts_of(y, np.array(pictures["apart"]), folds, seed) if folds else np.zeros(len(y), int)
            for fold, record in found.items():
                stored = folder.store.predictions(record)
                here = parts == fold
                if len(stored["test_y"]) != here.sum() or (stored["test_y"] != y[here]).any():
                    raise StudyError(
                        f"run {record['id']}: its test pictures are not those of the list of pictures. Delete its files in "
                        f"{folder.store.runs.name}/, and go on with {folder.command(plan)}"
                    )
                full[here] = stored["test_log_p"]
            log_p.append(full)
        records = tuple(r for found in whole.values() for r in found.values())
        arms[strategy, n] = Arm(get_strategy(strategy), n, tuple(whole), np.stack(log_p), y, groups, records)
    return arms


def more_labels(arms: list[Arm]) -> More:
    """Fit a power law through the sizes of a strategy and ask it about twice the labels; see `More`."""
    sizes = [arm.n_labels for arm in arms]
    target = 2 * sizes[-1]
    if len(arms) <= LEAST:
        few = f"{len(arms)} size{'s' if len(arms) > 1 else ''}"
        why = f"The strategy was run at {few} only; a curve that can be tested needs {LEAST + 1}."
        return More(target, None, why, None)
    right, groups = [arm.right for arm in arms], arms[0].groups
    hidden = Interval(*predicted(sizes[:-1], right[:-1], sizes[-1], groups))
    measured = arms[-1].accuracy.value
    tested = (sizes[-1], hidden, measured)
    if not hidden.low <= measured <= hidden.high:
        why = "A curve through the smaller sizes missed the accuracy that we measured at the largest."
        return More(target, None, why, tested)
    said = Interval(*predicted(sizes, right, target, groups))
    if said.half > WIDE:
        return More(target, None, "The measured accuracies are too uncertain for a curve.", tested)
    why = "A curve through the smaller sizes predicted the accuracy at the largest one correctly."
    return More(target, said, why, tested)
