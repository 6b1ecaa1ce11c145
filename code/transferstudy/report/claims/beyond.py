"""Sentences beyond accuracy: calibration, classes, corrupted images."""

import math
from statistics import NormalDist

import numpy as np

from ...analysis.misclassified import worst_class
from ...analysis.study import Arm, Study
from ...analysis.temperature import arm_calibration
from ...plan.declared import CONFIDENCE
from ..values import count, listing, literal, percent, points
from .headline import best_pair
from .words import label, link

_CORRUPTIONS = {"jpeg": "JPEG compression", "contrast": "low contrast", "brightness": "changed brightness"}


def _most(study: Study) -> tuple[int, list[Arm]]:
    """Return the most labels at which transfer and scratch meet, and their best arms there."""
    n = study.contested[-1]
    return n, list(best_pair(study, n)[:2])


def calibration(study: Study) -> str:
    """Return the expected calibration error of the best transfer and the best from-scratch arm at the most labels."""
    n, arms = _most(study)
    parts = [
        f"{link(arm, percent(float(arm.test('ece').mean())))} for {label(arm.strategy.name)}" for arm in arms
    ]
    return (
        f"With {count(n)} labels the expected calibration error on the test images is {listing(parts)}: that far, on average, "
        "the stated confidence lies from the share that is right."
    )


def temperature(study: Study) -> str:
    """Return what a temperature fitted on validation images does to calibration, for the best arms at the most labels."""
    n, arms = _most(study)
    parts = []
    for arm in arms:
        rows = arm_calibration(study, arm.strategy.name, n)
        before, after = (float(np.mean([getattr(r, name) for r in rows])) for name in ("ece", "ece_scaled"))
        mean = float(np.mean([r.temperature for r in rows]))
        said = "too sure of itself" if mean > 1 else "not sure enough"
        parts.append(
            f"{label(arm.strategy.name)} is {said} (temperature {link(arm, f'{mean:.2f}')}); scaled, its error goes from "
            f"{link(arm, percent(before))} to {link(arm, percent(after))}."
        )
    return f"With {count(n)} labels {' '.join(parts)}"


def hardest(study: Study) -> str:
    """Return which class is hardest for the best transfer arm at the most labels, and what it is most often taken for."""
    n, (arm, _) = _most(study)
    worst, share, _ = worst_class(arm)
    others = arm.test("confusion").mean(axis=0)[worst].copy()
    others[worst] = -1
    return (
        f"For {label(arm.strategy.name)} with {count(n)} labels the hardest class is *{literal(study.classes[worst])}*: "
        f"{link(arm, percent(share))} of its test images are recognised; the most frequent mistake is to call it "
        f"*{literal(study.classes[int(others.argmax())])}*."
    )


def worst(study: Study) -> str:
    """Return the accuracy within the hardest class of the best arms, at the fewest and the most labels."""
    sentences = []
    for n in dict.fromkeys((study.contested[0], study.contested[-1])):
        parts = []
        for arm in best_pair(study, n)[:2]:
            place, share, _ = worst_class(arm)
            parts.append(
                f"{link(arm, percent(share))} for {label(arm.strategy.name)} (*{literal(study.classes[place])}*)"
            )
        sentences.append(f"With {count(n)} labels the accuracy within the worst class is {listing(parts)}.")
    return " ".join(sentences)


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
    parts, ends = [], []
    for arm in arms:
        shares = robust_accuracy(arm)
        clean = float(shares.pop("clean").mean())
        mean = float(np.mean([s.mean() for s in shares.values()]))
        ends.append((clean, mean))
        kind = min(shares, key=lambda k: shares[k].mean())
        parts.append(
            f"{label(arm.strategy.name)} falls from {link(arm, percent(clean))} to {link(arm, percent(mean))} on average over all "
            f"corruptions, most under {_CORRUPTIONS.get(kind, kind)}"
        )
    images, seeds = tested(arms[0])[0]["images"], len(tested(arms[0]))
    rests = f"{seeds} seeds" if seeds > 1 else "one seed"
    text = f"On {count(images)} test images with {count(n)} labels ({rests}), {'; '.join(parts)}."
    if len(ends) == 2:
        before, after = (ours - theirs for ours, theirs in zip(*ends, strict=True))
        text += (
            f" What transfer gains goes from {points(before)} on clean images to {points(after)} on corrupted ones. "
            f"The draw of these images alone leaves either uncertain by up to ±{100 * _doubt(ends, images):.1f} points "
            f"(interval of {percent(CONFIDENCE, 0)})."
        )
    return text


def _doubt(ends: list[tuple[float, float]], images: int) -> float:
    """Half the width of the normal interval for a difference of two independent shares, the wider of clean and corrupted.

    Two networks that see the same images mostly fail on the same ones, and a mean over corruptions varies no more than a single
    one: both make the true interval narrower, so this is a bound.
    """
    variance = max(sum(share * (1 - share) for share in shares) for shares in zip(*ends, strict=True))
    return NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt(variance / images)
