"""The test images that a model gets most confidently wrong, and the class that it finds hardest."""

from dataclasses import dataclass

import numpy as np

from .study import Arm, Study


@dataclass(frozen=True)
class Mistake:
    """One test image that a model takes for something else.

    Attributes:
        index: position among all test images of the data set, in canonical order.
        true, predicted: labels.
        confidence: mean probability that the models of the arm's seeds give to `predicted`, 0..1.
    """

    index: int
    true: int
    predicted: int
    confidence: float


def mistakes(study: Study, strategy: str, n_labels: int) -> list[Mistake]:
    """Return all mistakes of an arm, most confident first.

    Probabilities are averaged over the seeds, so that an image counts because the method errs, not one run.

    Args:
        study: the finished runs.
        strategy: of the arm.
        n_labels: of the arm.
    """
    log_p, y = study.test_predictions(strategy, n_labels)
    images = study.tested(study.arm(strategy, n_labels))
    p = np.exp(log_p).mean(axis=0)
    predicted, confidence = p.argmax(axis=1), p.max(axis=1)
    wrong = np.flatnonzero(predicted != y)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [Mistake(int(images[i]), int(y[i]), int(predicted[i]), float(confidence[i])) for i in order]


def confident_mistakes(study: Study, strategy: str, n_labels: int, count: int = 8) -> list[Mistake]:
    """Return the most confident mistakes of an arm, at most `count`, most confident first (see `mistakes`)."""
    return mistakes(study, strategy, n_labels)[:count]


def worst_class(arm: Arm) -> tuple[int, float, tuple[float, float]]:
    """Return the hardest class of an arm: its label, its mean test accuracy, and its lowest and highest seed (0..1).

    The class with the lowest mean over the seeds; the lowest of ten noisy numbers is a little lower than the truth.
    """
    recall = arm.test("class_accuracy")
    label = int(recall.mean(axis=0).argmin())
    return (
        label,
        float(recall[:, label].mean()),
        (float(recall[:, label].min()), float(recall[:, label].max())),
    )
