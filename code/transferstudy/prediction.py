"""A trained model to predictions: log-probabilities, rounded so that they can be kept for every run."""

import numpy as np

from .data import ImageData
from .models import split_at
from .strategies import get_strategy
from .training import Trained
from .training.features import activations

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


# Test activations of the last frozen pretrained prefix: runs that share it, one after another, compute them once.
_shared: dict[tuple, np.ndarray] = {}


def _test_logits(trained: Trained, data: ImageData, batch_size: int) -> np.ndarray:
    spec = trained.spec
    train_from = get_strategy(spec.strategy).train_from
    prefix, suffix = split_at(trained.model, train_from)
    if prefix is None or trained.weights_sha256 is None:
        return trained.model.predict(data.x_test, batch_size=batch_size, verbose=0)
    key = (data.sha256, trained.weights_sha256, spec.backbone, spec.image_size, spec.precision, train_from)
    if key not in _shared:
        _shared.clear()
        _shared[key] = activations(prefix, data.x_test, batch_size)
    return suffix.predict(_shared[key], batch_size=batch_size, verbose=0)


def predict(trained: Trained, data: ImageData, batch_size: int = 256) -> dict[str, np.ndarray]:
    """Predict the validation and the test images: the only place where the test images are read.

    Returns:
        Arrays `val_log_p`, `test_log_p` (float16, (n, classes)), `val_y`, `test_y` (uint8 or uint16 labels).
    """
    label_type = np.uint8 if len(data.classes) <= 256 else np.uint16
    chosen = trained.split.validation
    val_logits = trained.model.predict(data.x_train[chosen], batch_size=batch_size, verbose=0)
    return {
        "val_log_p": round_log_probabilities(log_softmax(val_logits)),
        "val_y": data.y_train[chosen].astype(label_type),
        "test_log_p": round_log_probabilities(log_softmax(_test_logits(trained, data, batch_size))),
        "test_y": data.y_test.astype(label_type),
    }
