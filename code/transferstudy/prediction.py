"""A trained model to predictions: log-probabilities, rounded so that they can be kept for every run."""

import numpy as np

from .data import ImageData
from .training import Trained

MANTISSA_BITS = 4


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities of logits, shape (n, classes), computed in float64 without overflow."""
    from scipy.special import log_softmax as scipy_log_softmax

    return scipy_log_softmax(np.asarray(logits, np.float64), axis=1)


def round_log_probabilities(log_p: np.ndarray) -> np.ndarray:
    """Round log-probabilities to float16 with 4 bits of mantissa (a relative error of at most 3 %, without bias).

    Log-probabilities rather than probabilities: in float16 everything below 6e-8 would become zero. Where rounding would
    change or tie the top class, the rivals move one step down, so that top-1 accuracy is exactly the model's.

    Args:
        log_p: shape (n, classes), at most 0.

    Returns:
        float16 array of the same shape, every value in -65504..0.
    """
    top = log_p.argmax(axis=1)
    rounded = _round_mantissa(np.clip(log_p, -65504.0, 0.0))
    rows = np.arange(len(rounded))
    best = rounded[rows, top][:, None]
    rivals = rounded >= best
    rivals[rows, top] = False
    below = _round_mantissa(
        np.maximum(best.astype(np.float32) * (1 + 2.0**-MANTISSA_BITS), -65504.0) - 2.0**-14
    )
    return np.where(rivals, below, rounded).astype(np.float16)


def _round_mantissa(values: np.ndarray) -> np.ndarray:
    half = np.asarray(values, np.float16)
    mantissa, exponent = np.frexp(half.astype(np.float32))
    scale = 2.0 ** (MANTISSA_BITS + 1)
    return np.ldexp(np.round(mantissa * scale) / scale, exponent).astype(np.float16)


def predict(trained: Trained, data: ImageData, batch_size: int = 256) -> dict[str, np.ndarray]:
    """Predict the validation and the test images: the only place where the test images are read.

    Returns:
        Arrays `val_log_p`, `test_log_p` (float16, (n, classes)), `val_y`, `test_y` (uint8 or uint16 labels).
    """
    label_type = np.uint8 if len(data.classes) <= 256 else np.uint16
    made = {}
    chosen = trained.split.validation
    for name, x, y in (
        ("val", data.x_train[chosen], data.y_train[chosen]),
        ("test", data.x_test, data.y_test),
    ):
        logits = trained.model.predict(x, batch_size=batch_size, verbose=0)
        made[f"{name}_log_p"] = round_log_probabilities(log_softmax(logits))
        made[f"{name}_y"] = y.astype(label_type)
    return made
