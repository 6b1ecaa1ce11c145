"""A trained model to predictions: log-probabilities, rounded so that they can be kept for every run."""

import numpy as np

from ..data import ImageData
from ..data.corruptions import corrupted
from ..models import split_at
from ..plan.strategies import get_strategy
from . import Trained
from .features import Known, through

MANTISSA_BITS = 3  # the predictions of the whole study are to fit into the repository
LARGEST_KEPT = 2**29  # bytes of activations of test images; beyond that the whole network runs again


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities of logits, shape (n, classes), computed in float64 without overflow."""
    from scipy.special import log_softmax as scipy_log_softmax

    return scipy_log_softmax(np.asarray(logits, np.float64), axis=1)


def round_log_probabilities(log_p: np.ndarray) -> np.ndarray:
    """Round log-probabilities to float16 with 3 bits of mantissa (a relative error of at most 6 %, without bias).

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


def logits(trained: Trained, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """Return the logits of test images (n, classes); what a frozen prefix makes of them is kept for runs that share it.

    Args:
        trained: the model.
        images: uint8 pixels (n, side, side, 3) in 0..255.
        batch_size: images a step.
    """
    prefix, suffix = split_at(trained.model, get_strategy(trained.spec.strategy).train_from)
    size = 4 * len(images) * int(np.prod(prefix.output_shape[1:])) if prefix else 0
    if prefix is None or trained.cache is None or size > LARGEST_KEPT:
        return trained.model.predict(images, batch_size=batch_size, verbose=0)
    at_cut = through(prefix, Known.images(images), trained.cache, batch_size)
    return suffix.predict(at_cut.array, batch_size=batch_size, verbose=0)


def predict(trained: Trained, data: ImageData, batch_size: int = 256) -> dict[str, np.ndarray]:
    """Predict the validation images and, unless the run is for tuning, the test images.

    Here and in `predict_corrupted` test images are read, and nowhere else.

    Returns:
        Arrays `val_log_p`, `test_log_p` (float16, (n, classes)), `val_y`, `test_y` (uint8 or uint16 labels); a tuning run
        has only those of the validation images.
    """
    chosen = trained.split.validation
    val_logits = trained.model.predict(data.x_train[chosen], batch_size=batch_size, verbose=0)
    predictions = {
        "val_log_p": round_log_probabilities(log_softmax(val_logits)),
        "val_y": data.y_train[chosen].astype(label_type(data)),
    }
    if trained.spec.purpose != "tuning":
        test_logits = logits(trained, data.x_test, batch_size)
        predictions["test_log_p"] = round_log_probabilities(log_softmax(test_logits))
        predictions["test_y"] = data.y_test.astype(label_type(data))
    return predictions


def predict_corrupted(trained: Trained, data: ImageData, batch_size: int = 256) -> tuple[np.ndarray, str]:
    """Predict the top class of the corrupted test images (`corruptions.corrupted`).

    Returns:
        uint8 or uint16 classes, shape (corruptions, severities, images), and the SHA-256 of the corrupted pixels.
    """
    pixels, sha256 = corrupted(data)
    top = logits(trained, pixels.reshape(-1, *pixels.shape[3:]), batch_size).argmax(axis=1)
    return top.reshape(pixels.shape[:3]).astype(label_type(data)), sha256


def label_type(data: ImageData) -> type:
    """Return the smallest unsigned integer type that holds every label."""
    return np.uint8 if len(data.classes) <= 256 else np.uint16
