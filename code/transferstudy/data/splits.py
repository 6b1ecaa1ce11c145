"""Which images a run may learn from: a class-balanced draw of `n` labels, cut into training and validation.

An image's place is the rank of SHA-256(seed, pixels) within its class. So draws are nested (the smaller one lies inside the
larger), and the same image is drawn wherever the data came from and in whatever order.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import StudyError
from .dataset import ImageData, pixel_digests

VALIDATION_SHARE = 0.2
MAX_VALIDATION = 5_000


@dataclass(frozen=True)
class Split:
    """Indices into `ImageData.x_train`: int64 arrays, sorted, without a common element.

    Attributes:
        train: images whose labels the optimiser sees.
        validation: images whose labels choose the epoch and the settings.
    """

    train: np.ndarray
    validation: np.ndarray


def draw_sizes(n_labels: int) -> tuple[int, int]:
    """Return how many of `n_labels` images are for training and how many for validation."""
    n_validation = min(round(VALIDATION_SHARE * n_labels), MAX_VALIDATION)
    return n_labels - n_validation, n_validation


def draw(data: ImageData, n_labels: int, seed: int) -> Split:
    """Draw `n_labels` labelled images and cut them 80/20 (at most 5,000 for validation).

    The classes get equal numbers; where that is not possible, the first classes get one image more.

    Raises:
        StudyError: more labels than exist (in all or in a class), or too few for two images a class.
    """
    n_classes, available = len(data.classes), len(data.y_train)
    if n_labels > available:
        raise StudyError(f"n_labels={n_labels:,}: {data.name} has only {available:,} labelled images")
    _, n_validation = draw_sizes(n_labels)
    if n_validation < n_classes or n_labels - n_validation < n_classes:
        raise StudyError(
            f"n_labels={n_labels:,}: too few for {n_classes} classes in training and in validation; use {5 * n_classes} or more"
        )
    train, validation = [], []
    for label, (k, v) in enumerate(
        zip(_shares(n_labels, n_classes), _shares(n_validation, n_classes), strict=True)
    ):
        members = np.flatnonzero(data.y_train == label)
        if k > len(members):
            raise StudyError(
                f"n_labels={n_labels:,}: a class-balanced draw needs {k:,} images of {data.classes[label]!r}, {data.name} has {len(members):,}"
            )
        digests = pixel_digests(data.x_train[members], f"{seed}:".encode())
        ranked = members[sorted(range(len(members)), key=digests.__getitem__)][:k]
        # Spread over the ranks, so that the validation images of a small draw are validation images of a larger one too.
        held_out = np.zeros(k, bool)
        held_out[(np.arange(1, v + 1) * k) // v - 1] = True
        train.append(ranked[~held_out])
        validation.append(ranked[held_out])
    return Split(np.sort(np.concatenate(train)), np.sort(np.concatenate(validation)))


def test_subset(data: ImageData, n: int | None) -> np.ndarray:
    """Return which test images a run predicts: all, or `n` of them, the same ones for every run.

    The classes get equal shares, chosen by the rank of SHA-256("test subset:", pixels) within the class; so a smaller subset
    lies inside a larger one, and no seed of a run moves it.

    Args:
        data: the data set.
        n: number of test images, or None for all.

    Returns:
        Indices into `ImageData.x_test`: int64, sorted.

    Raises:
        StudyError: more than there are, in all or in a class.
    """
    if n is None:
        return np.arange(len(data.y_test))
    chosen = []
    for label, k in enumerate(_shares(n, len(data.classes))):
        members = np.flatnonzero(data.y_test == label)
        if k > len(members):
            raise StudyError(
                f"test_images={n:,}: needs {k:,} test images of {data.classes[label]!r}, {data.name} has {len(members):,}"
            )
        digests = pixel_digests(data.x_test[members], b"test subset:")
        chosen.append(members[sorted(range(len(members)), key=digests.__getitem__)][:k])
    return np.sort(np.concatenate(chosen))


def _shares(total: int, parts: int) -> list[int]:
    """Cut `total` into `parts` whole numbers that differ by at most one, larger ones first."""
    return [total // parts + (i < total % parts) for i in range(parts)]
