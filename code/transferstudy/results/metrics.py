"""Predictions to measures. Everything here is computed from stored predictions and labels."""

import numpy as np

from ..data.corruptions import measure_robustness
from .rounding import log_softmax

ECE_BINS = 15


def expected_calibration_error(log_p: np.ndarray, y: np.ndarray, bins: int = ECE_BINS) -> float:
    """Return the expected calibration error of the top class, in 0..1.

    Confidence is cut into equal-width bins; the error is the mean over images of |accuracy - mean confidence| of their
    bin (Guo et al. 2017, arXiv:1706.04599, equation 3). The estimate is biased upwards for few images.

    Args:
        log_p: normalised log-probabilities (n, classes).
        y: labels (n,).
        bins: number of bins.
    """
    confidence, correct = np.exp(log_p.max(axis=1)), log_p.argmax(axis=1) == y
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(index, weights=correct.astype(float) - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(y))


def measure(log_p: np.ndarray, y: np.ndarray) -> dict:
    """Return all measures of one set of predictions.

    Args:
        log_p: log-probabilities, or the scores that are stored for them (n, classes).
        y: integer labels (n,).

    Returns:
        `n`; `accuracy` (top-1, 0..1); `balanced_accuracy` (mean recall of the classes that occur in `y`, 0..1); `macro_f1`
        (mean F1 of the classes that occur in `y` or are predicted, 0..1); `nll` (mean negative log-likelihood, nats);
        `ece` (15 equal-width bins, 0..1); `class_accuracy` (one number a class, recall); `confusion` (rows true, columns predicted, counts).
    """
    from sklearn.metrics import confusion_matrix  # takes a second to import, and most pages measure nothing

    log_p, y = log_softmax(log_p), np.asarray(y, np.int64)
    classes = np.arange(log_p.shape[1])
    predicted = log_p.argmax(axis=1)
    confusion = confusion_matrix(y, predicted, labels=classes)
    right, counts, named = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    recall = np.divide(right, counts, out=np.zeros(len(classes)), where=counts > 0)
    met = counts + named > 0
    return {
        "n": len(y),
        # As scikit-learn's functions have them, from one confusion matrix: those check their input anew each time, which takes
        # three times as long as counting.
        "accuracy": float(right.sum() / len(y)),
        "balanced_accuracy": float(recall[counts > 0].mean()),
        "macro_f1": float((2 * right[met] / (counts + named)[met]).mean()),
        # Not scikit-learn's log_loss: it goes through probabilities and clips the small ones.
        "nll": float(-log_p[np.arange(len(y)), y].mean()),
        "ece": expected_calibration_error(log_p, y),
        "class_accuracy": [float(v) for v in recall],
        "confusion": confusion.tolist(),
    }


def measure_all(predictions: dict[str, np.ndarray]) -> dict:
    """Return every measure that predictions allow: `val`, and `test` and `robustness` where they are there."""
    parts = [part for part in ("val", "test") if f"{part}_y" in predictions]
    metrics = {part: measure(predictions[f"{part}_log_p"], predictions[f"{part}_y"]) for part in parts}
    if "robust_top1" in predictions:
        metrics["robustness"] = measure_robustness(
            predictions["test_log_p"], predictions["test_y"], predictions["robust_top1"]
        )
    return metrics
