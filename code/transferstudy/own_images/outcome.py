"""What the runs of a study of a folder say: accuracies with intervals, the recommended strategy, the value of more labels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import softmax
from scipy.stats import norm

from ..analysis.crossed import estimate
from ..analysis.learning_curve import LEAST, predicted
from ..analysis.multiplicity import holm
from ..data.division import parts_of
from ..errors import StudyError
from ..plan.declared import ALPHA, CONFIDENCE, MARGIN
from ..plan.spec import RunSpec
from ..plan.strategies import Strategy, get_strategy
from .study_folder import StudyFolder

UNEQUAL = 2.0  # largest over smallest class, above which accuracy alone would mislead
WIDE = 0.10  # half an interval, above which an accuracy is called too uncertain
CHECKED = 0.5  # mean probability of another class, above which a label is put on the list to check


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; all are shares (0..1) or differences of shares."""

    value: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Arm:
    """All networks of one strategy at one size.

    Attributes:
        strategy: which.
        n_labels: labelled pictures, training and validation together.
        seeds: whose pictures were all tested.
        log_p: (seeds, pictures, classes), from networks that had not seen the picture.
        y: labels (pictures,).
        groups: (pictures,): what belongs together, or None.
        records: of the runs.
    """

    strategy: Strategy
    n_labels: int
    seeds: tuple[int, ...]
    log_p: np.ndarray
    y: np.ndarray
    groups: np.ndarray | None
    records: tuple[dict, ...]

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each picture was recognised: bool (seeds, pictures)."""
        return self.log_p.argmax(axis=2) == self.y

    @cached_property
    def accuracy(self) -> Interval:
        """Accuracy on new pictures: the wider of the interval over seeds and pictures, and Wilson's for the pictures alone.

        Wilson 1927 (doi:10.1080/01621459.1927.10502953) keeps a width where few pictures were all recognised.
        """
        return share(self.right, self.groups)

    @cached_property
    def balanced(self) -> float:
        """Mean over the classes of the share recognised, 0..1."""
        return float(np.mean([self.right[:, self.y == k].mean() for k in np.unique(self.y)]))

    @cached_property
    def macro_f1(self) -> float:
        """Mean F1 of the classes, seeds averaged, 0..1."""
        from sklearn.metrics import f1_score

        return float(np.mean([f1_score(self.y, p.argmax(axis=1), average="macro") for p in self.log_p]))

    @cached_property
    def minutes(self) -> float:
        """Mean wall time of one network, in minutes."""
        return float(np.mean([r["timing"]["total"]["wall"] for r in self.records])) / 60

    @cached_property
    def mean_p(self) -> np.ndarray:
        """Mean probabilities over the seeds (pictures, classes)."""
        return softmax(self.log_p, axis=2).mean(axis=0)


def share(right: np.ndarray, groups: np.ndarray | None) -> Interval:
    """Return the share of right answers and its interval; see `Arm.accuracy`.

    Args:
        right: bool (seeds, pictures).
        groups: (pictures,), or None.
    """
    units = right.shape[1] if groups is None else len(np.unique(groups))
    p, z = float(right.mean()), norm.isf((1 - CONFIDENCE) / 2)
    middle = (p + z**2 / (2 * units)) / (1 + z**2 / units)
    half = z * np.sqrt(p * (1 - p) / units + z**2 / (4 * units**2)) / (1 + z**2 / units)
    low, high = estimate(right, groups).interval() if units > 1 else (p, p)
    return Interval(p, max(0.0, min(low, float(middle - half))), min(1.0, max(high, float(middle + half))))


@dataclass(frozen=True)
class Rival:
    """Another strategy against the recommended one, at all labels.

    Attributes:
        arm: the other one.
        ahead: how far the recommended one is ahead of it.
        p: of "no difference", corrected for the number of rivals.
    """

    arm: Arm
    ahead: Interval
    p: float

    @property
    def shown(self) -> bool:
        """Whether the difference is more than chance."""
        return self.p < ALPHA


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
    """

    plan: dict
    pictures: dict
    look: dict
    arms: dict[tuple[str, int], Arm]
    best: Arm
    rivals: tuple[Rival, ...]

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return self.pictures["classes"]

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
        return "win" if self.rivals and all(r.shown for r in self.rivals) else "tie"

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
            f"{folder.root.name}: no strategy is finished yet. Go on with {plan['command']}, or give it more --hours."
        )
    largest = max(n for _, n in arms)
    at_largest = [arm for (_, n), arm in arms.items() if n == largest]
    best = recommended(at_largest)
    look = folder.read_look(plan["frame"]["data_sha256"])
    return Outcome(plan, pictures, look, arms, best, rivals_of(best, at_largest))


def _arms(folder, plan, pictures, runs) -> dict[tuple[str, int], Arm]:
    """Put the runs together to arms; a seed counts when all of its folds are there."""
    y = np.array(pictures["labels"])
    groups = np.array(pictures["groups"]) if pictures["groups"] else None
    folds = plan["frame"]["folds"]
    by_arm: dict[tuple, dict[int, dict[int, dict]]] = {}
    for record in runs.values():
        s = record["spec"]
        by_arm.setdefault((s["strategy"], s["n_labels"]), {}).setdefault(s["seed"], {})[s["fold"]] = record
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
                        f"{folder.store.runs.name}/, and go on with {plan['command']}"
                    )
                full[here] = stored["test_log_p"]
            log_p.append(full)
        records = tuple(r for found in whole.values() for r in found.values())
        arms[strategy, n] = Arm(get_strategy(strategy), n, tuple(whole), np.stack(log_p), y, groups, records)
    return arms


def recommended(arms: list[Arm]) -> Arm:
    """Return the most accurate of some arms, or a cheaper one that is within a point of it and not shown to be worse."""
    top = max(arms, key=lambda arm: arm.accuracy.value)
    close = [
        rival.arm
        for rival in rivals_of(top, arms)
        if not rival.shown and top.accuracy.value - rival.arm.accuracy.value <= MARGIN
    ]
    return min([top, *close], key=lambda arm: arm.minutes)


def rivals_of(best: Arm, arms: list[Arm]) -> tuple[Rival, ...]:
    """Compare an arm with the others on the seeds that both have, Holm-corrected."""
    others = [arm for arm in arms if arm is not best]
    found = []
    for arm in others:
        shared = [s for s in best.seeds if s in arm.seeds]
        a, b = (one.right[[one.seeds.index(s) for s in shared]] for one in (best, arm))
        difference = estimate(a.astype(float) - b, best.groups)
        found.append((difference, difference.p_value()))
    corrected = holm([p for _, p in found])
    return tuple(
        Rival(arm, Interval(d.mean, *d.interval()), p)
        for arm, (d, _), p in zip(others, found, corrected, strict=True)
    )


def more_labels(arms: list[Arm]) -> More:
    """Fit a power law through the sizes of a strategy and ask it about twice the labels; see `More`."""
    sizes = [arm.n_labels for arm in arms]
    target = 2 * sizes[-1]
    if len(arms) <= LEAST:
        few = f"{len(arms)} size{'s' if len(arms) > 1 else ''}"
        return More(
            target,
            None,
            f"The strategy was run at {few} only; a curve that can be tested needs {LEAST + 1}.",
            None,
        )
    right, groups = [arm.right for arm in arms], arms[0].groups
    hidden = Interval(*predicted(sizes[:-1], right[:-1], sizes[-1], groups))
    measured = arms[-1].accuracy.value
    tested = (sizes[-1], hidden, measured)
    if not hidden.low <= measured <= hidden.high:
        return More(
            target,
            None,
            "A curve through the smaller sizes missed the accuracy that we measured at the largest.",
            tested,
        )
    said = Interval(*predicted(sizes, right, target, groups))
    if said.half > WIDE:
        return More(target, None, "The measured accuracies are too uncertain for a curve.", tested)
    return More(
        target, said, "A curve through the smaller sizes foretold the accuracy at the largest.", tested
    )


def specs_of(arm: Arm) -> list[RunSpec]:
    """Return the specs of an arm's runs."""
    return [RunSpec.parse(record["spec"]) for record in arm.records]
