"""Sentences beyond accuracy: calibration, classes, corrupted images."""

import math
from statistics import NormalDist

import numpy as np

from ...analysis.calibration import arm_calibration
from ...analysis.misclassified import worst_class
from ...analysis.study import Arm, Study
from ...plan.declared import CONFIDENCE
from ..values import count, listing, literal, percent, points
from .headline import best_pair
from .words import label, link

_SAME_NETWORK = (("finetune_all", "scratch_bn"), ("small_finetune", "small_scratch"))
_CORRUPTIONS = {"jpeg": "JPEG compression", "contrast": "low contrast", "brightness": "changed brightness"}


def _best(study: Study) -> tuple[int, list[Arm]]:
    """Return the fewest labels at which transfer and scratch meet, where the question is, and their best arms there."""
    n = study.contested[0]
    return n, list(best_pair(study, n)[:2])


def calibration(study: Study) -> str:
    """Return the expected calibration error of the best transfer and the best from-scratch arm at the fewest labels."""
    n, arms = _best(study)
    parts = [
        f"{link(arm, percent(float(arm.test('ece').mean())))} for {label(arm.strategy.name)}" for arm in arms
    ]
    return (
        f"With {count(n)} labels the expected calibration error is {listing(parts)}. That is how far, on average, the stated "
        "confidence lies from the share that is right."
    )


def temperature(study: Study) -> str:
    """Return what a temperature fitted on validation images does to calibration, for the best arms at the fewest labels."""
    n, arms = _best(study)
    sentences = []
    for arm in arms:
        rows = arm_calibration(study, arm.strategy.name, n)
        before, after = (float(np.mean([getattr(r, name) for r in rows])) for name in ("ece", "ece_scaled"))
        said = "too sure of itself" if np.mean([r.temperature for r in rows]) > 1 else "not sure enough"
        effect = "lowers" if after < before else "does not lower"
        sentences.append(
            f"{label(arm.strategy.name)} is {said}; a temperature {effect} its calibration error, from "
            f"{link(arm, percent(before))} to {link(arm, percent(after))}."
        )
    return f"With {count(n)} labels {' '.join(sentences)}"


def hardest(study: Study) -> str:
    """Return which class is hardest for the best transfer arm at the fewest labels, and what it is most often taken for."""
    n, (arm, _) = _best(study)
    worst, share, _ = worst_class(arm)
    others = arm.test("confusion").mean(axis=0)[worst].copy()
    others[worst] = -1
    return (
        f"With {count(n)} labels the hardest class for {label(arm.strategy.name)} is *{literal(study.classes[worst])}*: it recognises "
        f"{link(arm, percent(share))} of these images and most often takes the others for "
        f"*{literal(study.classes[int(others.argmax())])}*."
    )


def worst(study: Study) -> str:
    """Return the accuracy within the hardest class of the best arms, at the fewest labels."""
    n, arms = _best(study)
    parts = [f"{link(arm, percent(worst_class(arm)[1]))} for {label(arm.strategy.name)}" for arm in arms]
    return f"With {count(n)} labels the accuracy within the worst class is {listing(parts)}."


def robust_arms(study: Study, n_labels: int) -> list[Arm]:
    """Return the arms at a size of which at least one run was tested on corrupted images."""
    return [a for a in study.at(n_labels) if tested(a)]


def tested(arm: Arm) -> list[dict]:
    """Return what the runs of an arm that were tested on corrupted images recorded of it, by seed."""
    return [r["metrics"]["robustness"] for r in arm.records if "robustness" in r["metrics"]]


def robust_accuracy(arm: Arm) -> dict[str, np.ndarray]:
    """Return accuracy on corrupted images: `clean` (seeds tested,), and for each corruption (seeds, severities), 0..1."""
    found = tested(arm)
    kinds = {kind: np.array([f["accuracy"][kind] for f in found]) for kind in found[0]["accuracy"]}
    return {"clean": np.array([f["clean"] for f in found]), **kinds}


def corruption_name(kind: str) -> str:
    """Return a corruption's short name for figures and tables."""
    return kind.upper() if kind == "jpeg" else kind


def robust_size(study: Study) -> int | None:
    """Return the most labels at which one of the two best arms was tested on corrupted images, or None."""
    sizes = [n for n in study.contested if any(a in robust_arms(study, n) for a in best_pair(study, n)[:2])]
    return sizes[-1] if sizes else None


def robustness(study: Study) -> str:
    """Return how much accuracy the best arms keep on corrupted images, which corruption costs them most, and what is left of the gain."""
    n = robust_size(study)
    if n is None:
        return "No run was tested on corrupted images."
    arms = [a for a in best_pair(study, n)[:2] if a in robust_arms(study, n)]
    sentences, ends = [], []
    for arm in arms:
        shares = robust_accuracy(arm)
        clean = float(shares.pop("clean").mean())
        mean = float(np.mean([s.mean() for s in shares.values()]))
        ends.append((clean, mean))
        kind = min(shares, key=lambda k: shares[k].mean())
        sentences.append(
            f"{label(arm.strategy.name)} falls from {link(arm, percent(clean))} on clean images to {link(arm, percent(mean))} on "
            f"damaged ones, and loses most under {_CORRUPTIONS.get(kind, kind)}."
        )
    images, seeds = tested(arms[0])[0]["images"], len(tested(arms[0]))
    rests = f"{seeds} seeds" if seeds > 1 else "one seed"
    sentences.append(f"This was measured with {count(n)} labels on {count(images)} test images ({rests}).")
    if len(ends) == 2:
        before, after = (ours - theirs for ours, theirs in zip(*ends, strict=True))
        sentences.append(
            f"The gain from transfer is {points(before)} on clean images and {points(after)} on damaged ones, each uncertain by "
            f"up to ±{100 * _doubt(ends, images):.1f} points because the images are few."
        )
    return " ".join(sentences)


def robust_exceptions(study: Study) -> str:
    """Return under which corruptions a pretrained network falls behind the same network from scratch, or that none does."""
    n = robust_size(study)
    names = {arm.strategy.name: arm for arm in robust_arms(study, n)} if n else {}
    both = [(names[a], names[b]) for a, b in _SAME_NETWORK if a in names and b in names]
    if not both:
        return "No network was tested on corrupted images both pretrained and from scratch."
    behind = []
    for ours, theirs in both:
        a, b = robust_accuracy(ours), robust_accuracy(theirs)
        for kind in sorted(set(a) - {"clean"}):
            pair = [float(each[kind].mean()) for each in (a, b)]
            if pair[1] - pair[0] > _doubt([(share,) for share in pair], tested(ours)[0]["images"]):
                behind.append((ours, theirs, _CORRUPTIONS.get(kind, kind), pair))
    if not behind:
        return "Under none of the corruptions does a pretrained network fall clearly behind the same network from scratch."
    seeds = min(len(tested(arm)) for pair in both for arm in pair)
    rests = f"{seeds} seeds" if seeds > 1 else "one seed"
    if len(behind) == 1:
        ours, theirs, kind, shares = behind[0]
        means = [link(arm, percent(share)) for arm, share in zip((ours, theirs), shares, strict=True)]
        return (
            f"Pretraining does not help everywhere: under {kind}, {label(ours.strategy.name)} classifies {means[0]} correctly and "
            f"{label(theirs.strategy.name)} {means[1]} ({rests})."
        )
    kinds: dict[str, list[str]] = {}
    for ours, _, kind, _ in behind:
        kinds.setdefault(label(ours.strategy.name), []).append(kind)
    parts = [
        f"{name} falls behind the same network from scratch under {listing(each)}"
        for name, each in kinds.items()
    ]
    return f"Pretraining does not help everywhere: {'; '.join(parts)} ({rests})."


def _doubt(ends: list[tuple], images: int) -> float:
    """Half the width of the normal interval for a difference of two independent shares, the wider of clean and corrupted.

    Two networks that see the same images mostly fail on the same ones, and a mean over corruptions varies no more than a single
    one: both make the true interval narrower, so this is a bound.
    """
    variance = max(sum(share * (1 - share) for share in shares) for shares in zip(*ends, strict=True))
    return NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt(variance / images)
