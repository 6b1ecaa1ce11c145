"""Which images a run may learn from: a draw of `n` labels, cut into training and validation.

An image's place is the rank of SHA-256(seed, pixels) within its class; in a folder, of SHA-256(seed, file). So draws are nested
(the smaller one lies inside the larger), and the same image is drawn wherever the data came from and in whatever order.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from ..errors import StudyError
from .dataset import ImageData, pixel_digests
from .division import parts_of

VALIDATION_SHARE = 0.2
VALIDATION_PARTS = 5  # the same share, where whole groups are drawn
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


def draw(data: ImageData, n_labels: int, seed: int, sampling: str = "balanced") -> Split:
    """Draw `n_labels` labelled images and cut them 80/20 (at most 5,000 for validation).

    Args:
        data: the data set.
        n_labels: training and validation images together.
        seed: of the draw.
        sampling: "balanced": the classes get equal numbers; where that is not possible, the first classes get one image more.
            "stratified": each class gets its share of the data set, but at least one image.

    A folder's groups stay on one side of the cut: the seed sets a fifth of the groups apart for validation, or they come from
    the folder's own validation part, whatever `n_labels` is.

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
    if data.train_origins is not None or sampling == "stratified":
        return _draw_apart(data, n_labels, n_validation, seed, sampling)
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


def _draw_apart(data: ImageData, n_labels: int, n_validation: int, seed: int, sampling: str) -> Split:
    """Draw training and validation images each from a side of its own."""
    y, origins = data.y_train, data.train_origins
    keys = origins.keys if origins else pixel_digests(data.x_train)
    groups = origins.groups if origins else np.arange(len(y))
    if origins is not None and origins.chooses.any():
        chooses = origins.chooses
    else:
        chooses = parts_of(y, groups, VALIDATION_PARTS, seed) == 0
    sides = np.flatnonzero(~chooses), np.flatnonzero(chooses)
    # The groups rarely make up a fifth exactly: what one side lacks at the largest draws, the other gives.
    n_validation = max(min(n_validation, len(sides[1])), n_labels - len(sides[0]))
    chosen = []
    for members, count in zip(sides, (n_labels - n_validation, n_validation), strict=True):
        ranks = [hashlib.sha256(f"{seed}:".encode() + keys[i]).digest() for i in members.tolist()]
        place = np.empty(len(members))
        for label in range(len(data.classes)):
            own = np.flatnonzero(y[members] == label)
            ranked = own[sorted(range(len(own)), key=lambda k, own=own, ranks=ranks: ranks[own[k]])]
            # Taking the first `count` places gives every class one more before any gets two more (balanced), or all
            # classes the same share (stratified); a smaller draw always lies inside a larger one.
            place[ranked] = np.arange(len(own)) / (1 if sampling == "balanced" else len(own))
        first = members[np.lexsort((y[members], place))[:count]]
        if sampling == "balanced":
            _check_balance(data, first, n_labels)
        chosen.append(np.sort(first))
    if missing := sorted(set(range(len(data.classes))) - set(y[chosen[0]].tolist())):
        raise StudyError(
            f"n_labels={n_labels:,}: the class {data.classes[missing[0]]!r} has no picture to learn from; use more labels"
        )
    return Split(*chosen)


def _check_balance(data: ImageData, chosen: np.ndarray, n_labels: int) -> None:
    counts = np.bincount(data.y_train[chosen], minlength=len(data.classes))
    if np.ptp(counts) > 1:
        least = int(counts.argmin())
        raise StudyError(
            f"n_labels={n_labels:,}: a class-balanced draw needs {counts.max():,} images of {data.classes[least]!r} in one part, "
            f"{data.name} has {counts[least]:,}; use --sampling stratified"
        )


def _shares(total: int, parts: int) -> list[int]:
    """Cut `total` into `parts` whole numbers that differ by at most one, larger ones first."""
    return [total // parts + (i < total % parts) for i in range(parts)]
