"""Predicates on how models behave: their confidence, how soon they learn, what the architecture gives alone."""

import numpy as np

from ....analysis.study import Arm, Study
from ...claims.words import link
from ...values import percent, points
from .base import AtSize, Evidence, arm_label, chosen_sizes, evidence, pairs, predicate

# Half-width of a 95 % interval of a normal variable, in standard deviations.
NORMAL = 1.96


def _agreed(values: np.ndarray) -> int:
    """+1 or -1 if all seeds have that sign, else 0."""
    return int((values > 0).all()) - int((values < 0).all())


def _shared(x: Arm, y: Arm) -> list[int]:
    return sorted(set(x.seeds) & set(y.seeds))


@predicate
def better_calibrated(study: Study, a: str, b: str, sizes: str | int = "all") -> Evidence:
    """In every seed the expected calibration error of arm a is below that of arm b."""
    found = []
    for x, y in pairs(study, a, b, sizes):
        seeds = _shared(x, y)
        errors = [arm.test("ece")[[arm.seeds.index(s) for s in seeds]] for arm in (x, y)]
        shown = f"{link(x, percent(float(errors[0].mean())))} against {percent(float(errors[1].mean()))}"
        found.append(AtSize(x.n_labels, _agreed(errors[1] - errors[0]), shown, len(seeds)))
    return evidence(found, f"calibration error, {arm_label(a)} against {arm_label(b)}")


@predicate
def overconfident(study: Study, arm: str, sizes: str | int = "all") -> Evidence:
    """In every seed the mean confidence in the top class exceeds the accuracy on the test images."""
    found = []
    for x, _ in pairs(study, arm, arm, sizes):
        log_p, labels = study.test_predictions(x.strategy.name, x.n_labels)
        excess = np.exp(log_p.astype(np.float64).max(axis=2)).mean(axis=1)
        excess -= (log_p.argmax(axis=2) == labels).mean(axis=1)
        shown = link(x, points(float(excess.mean())))
        found.append(AtSize(x.n_labels, _agreed(excess), shown, len(x.seeds)))
    return evidence(found, f"confidence − accuracy, {arm_label(arm)}")


@predicate
def above_chance(study: Study, arm: str, sizes: str | int = "all") -> Evidence:
    """In every seed the accuracy is above guessing by more than the sampling error of the test images."""
    chance = 1 / len(study.classes)
    found = []
    for x, _ in pairs(study, arm, arm, sizes):
        margin = NORMAL * np.sqrt(chance * (1 - chance) / x.records[0]["data"]["test"])
        above = np.abs(x.test("accuracy") - chance) > margin
        side = _agreed(x.test("accuracy") - chance) if above.all() else 0
        found.append(AtSize(x.n_labels, side, link(x, percent(x.accuracy)), len(x.seeds)))
    return evidence(found, f"{arm_label(arm)}, where guessing gives {percent(chance, 0)}")


def _curve(record: dict) -> list[tuple[int, float]]:
    """Steps done so far and validation accuracy after each round of a run, its phases one after the other."""
    curve, before = [], 0
    for phase in record["phases"]:
        for number, this in enumerate(phase["rounds"], 1):
            curve.append((before + number * phase["steps_per_round"], this["val_accuracy"]))
        before += phase["steps"]
    return curve


def _steps_to(record: dict, accuracy: float) -> float:
    """Steps until the validation accuracy first reaches a level; infinite if it never does."""
    return min((steps for steps, reached in _curve(record) if reached >= accuracy), default=np.inf)


@predicate
def sooner(study: Study, a: str, b: str, sizes: str | int = "all") -> Evidence:
    """In every seed arm a reaches the best validation accuracy of arm b in fewer steps than b itself.

    Equal seeds drew the same validation images. All phases of a run count, that of the head too.
    """
    found = []
    for x, y in pairs(study, a, b, sizes):
        steps = []
        for seed in _shared(x, y):
            run, other = (arm.records[arm.seeds.index(seed)] for arm in (x, y))
            goal = max(reached for _, reached in _curve(other))
            steps.append((_steps_to(run, goal), _steps_to(other, goal)))
        ours, theirs = np.array(steps, float).T
        reached = np.isfinite(ours)
        if reached.all():
            shown = f"after {link(x, percent(float((ours / theirs).mean()), 0))} of its steps"
        else:
            shown = link(x, f"not in {np.count_nonzero(~reached)} of {len(reached)} seeds")
        found.append(AtSize(x.n_labels, _agreed(theirs - ours), shown, len(reached)))
    return evidence(found, f"{arm_label(a)} reaches the best of {arm_label(b)}")


def _corrupted(record: dict) -> float | None:
    """Mean accuracy over all kinds and severities of corruption, 0..1; None if the run saw no corrupted images."""
    seen = record["metrics"].get("robustness")
    return float(np.mean(list(seen["accuracy"].values()))) if seen else None


@predicate
def leads_when_corrupted(study: Study, a: str, b: str, sizes: str | int = "all") -> Evidence:
    """In every seed arm a classifies more of the corrupted test images correctly than arm b."""
    found = []
    for x, y in pairs(study, a, b, "all"):
        both = [
            tuple(_corrupted(arm.records[arm.seeds.index(seed)]) for arm in (x, y)) for seed in _shared(x, y)
        ]
        ours_theirs = np.array([pair for pair in both if None not in pair], float)
        if len(ours_theirs):
            ours, theirs = ours_theirs.T
            shown = f"{link(x, percent(float(ours.mean())))} against {percent(float(theirs.mean()))}"
            found.append(AtSize(x.n_labels, _agreed(ours - theirs), shown, len(ours)))
    return evidence(
        chosen_sizes(found, sizes), f"corrupted test images, {arm_label(a)} against {arm_label(b)}"
    )
