"""The pictures of a study as its runs see them: the list of those that are tested, and how many labels can be drawn."""

import numpy as np

from ...data import ImageData, draw
from ...data.division import divided, parts_of, pooled
from ...errors import StudyError
from ..study.plan import SEEDS, least_size


def largest_size(data: ImageData, folds: int | None) -> int:
    """Return how many labels every run can learn from, whatever its seed and fold."""
    if folds is None:
        return len(data.y_train)
    _, y, origins = pooled(data)
    return min(
        int(len(y) - np.bincount(parts_of(y, origins.groups, folds, seed), minlength=folds).max())
        for seed in range(SEEDS)
    )


def least_drawn(data: ImageData, folds: int | None, sampling: str, largest: int) -> int:
    """Return the smallest size that every run can draw: a rare class must have a picture in it."""
    n = least_size(len(data.classes))
    parts = [divided(data, folds, fold, seed) for seed in range(SEEDS) for fold in range(folds or 1)]
    while n <= largest:
        try:
            for seed in range(SEEDS):
                for fold in range(folds or 1):
                    draw(parts[seed * (folds or 1) + fold], n, seed, sampling)
            return n
        except StudyError:
            n = n + max(1, n // 4) if n < largest else largest + 1
    return n


def listed(data: ImageData, folds: int | None) -> dict:
    """Return the list of tested pictures: all of them with folds, elsewhere those that are set apart for testing."""
    if data.own_test or folds is None:
        y, origins = data.y_test, data.test_origins
    else:
        _, y, origins = pooled(data)
    apart = origins.groups.tolist()
    return {
        "content": data.content,
        "classes": list(data.classes),
        "files": list(origins.files),
        "labels": y.tolist(),
        "apart": apart,
        "groups": apart if len(set(apart)) < len(apart) else None,
        "own_test": data.own_test,
    }
