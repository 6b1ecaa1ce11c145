"""A trained model to predictions: scores of every class, rounded so that they can be kept for every run."""

import numpy as np

from ..data import ImageData
from ..data.batches import InOrder
from ..data.corruptions import corrupted
from ..data.division import places_of_test
from ..data.splits import test_subset
from ..errors import Diverged
from ..models import split_at
from ..plan.strategies import get_strategy
from ..results.rounding import log_softmax, rounded
from . import Trained
from .features import Known, through

LARGEST_KEPT = 2**29  # bytes of activations of test images; beyond that the whole network runs again


def logits(trained: Trained, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """Return the logits of images (n, classes), as `_logits`.

    Raises:
        Diverged: some are not finite numbers.
    """
    made = _logits(trained, images, batch_size)
    if not np.isfinite(made).all():
        raise Diverged(
            "the trained network gives values that are not finite numbers. Lower its learning rate, or train in float32"
        )
    return made


def _logits(trained: Trained, images: np.ndarray, batch_size: int) -> np.ndarray:
    """Return the logits of images (n, classes); what a frozen prefix makes of them is kept for runs that share it.

    Args:
        trained: the model.
        images: uint8 pixels (n, side, side, 3) in 0..255.
        batch_size: images a step.
    """
    prefix, suffix = split_at(trained.model, get_strategy(trained.spec.strategy).train_from)
    size = 4 * len(images) * int(np.prod(prefix.output_shape[1:])) if prefix else 0
    if prefix is None or trained.cache is None or size > LARGEST_KEPT:
        return trained.model.predict(images, batch_size=batch_size, verbose=0)
    at_cut = through(prefix, Known.images(images), trained.cache)
    return suffix.predict(InOrder(at_cut.array, batch_size=batch_size), verbose=0)


def predict(trained: Trained, data: ImageData, batch_size: int = 256) -> dict[str, np.ndarray]:
    """Predict the validation images and, unless the run is for tuning, the test images.

    Here and in `predict_corrupted` test images are read, and nowhere else.

    Returns:
        Arrays `val_log_p`, `test_log_p` (float16, (n, classes), as `rounding.rounded` returns them: their log-softmax are
        log-probabilities), `val_y`, `test_y` (uint8 or uint16 labels); a tuning run has only those of the validation images.
        Where only a part of the test images is read, `test_i` (uint32) says which. Of a fold it says which pictures of the
        folder they are (`division.places_of_test`), and `test_group` (uint32) which of them belong together.
    """
    chosen = trained.split.validation
    val_logits = logits(trained, data.x_train[chosen], batch_size)  # while training they went through already
    predictions = {
        "val_log_p": rounded(log_softmax(val_logits), data.y_train[chosen]),
        "val_y": data.y_train[chosen].astype(label_type(data)),
    }
    if trained.spec.purpose != "tuning":
        read = test_subset(data, trained.spec.test_images)
        test_logits = logits(trained, data.x_test[read], batch_size)
        predictions["test_log_p"] = rounded(log_softmax(test_logits), data.y_test[read])
        predictions["test_y"] = data.y_test[read].astype(label_type(data))
        if trained.spec.test_images is not None:
            predictions["test_i"] = read.astype(np.uint32)
        if trained.spec.folds:
            predictions["test_i"] = places_of_test(data)[read].astype(np.uint32)
            predictions["test_group"] = data.test_origins.groups[read].astype(np.uint32)
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
