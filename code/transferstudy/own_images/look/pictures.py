"""The pictures of a study as its runs see them: the list of those that are tested, and how many labels can be drawn."""

import numpy as np

from ...data import ImageData, draw
from ...data.dataset import Origins
from ...data.division import divided, parts_of, pooled
from ...data.folders.choice import Choice, Reading, check
from ...data.folders.load import outline
from ...data.folders.survey import Survey
from ...errors import StudyError, printable
from ..study.plan import SEEDS, least_size, sizes_up_to

SAMPLING = "stratified"  # of a folder, where the user asks for nothing else


def sizes(data: ImageData, folds: int | None, sampling: str) -> list[int]:
    """Return the training-set sizes of a study, rising; the last one is `largest_size`.

    Args:
        data: the pictures, or their outline.
        folds: how many, or None.
        sampling: as in `draw`.

    Raises:
        StudyError: there are too few pictures, or a class of too few; or all test pictures are of one group, and an accuracy on them
            has no interval.
    """
    if folds is None and len(np.unique(data.test_origins.groups)) < 2:
        mend = (
            "Add pictures of others to the test folder."
            if data.own_test
            else "Leave --folds out, or add pictures of others."
        )
        raise StudyError(
            f"{printable(data.name)}: all {len(data.y_test):,} test pictures belong to one group, so nobody could tell how sure an "
            f"accuracy on them is. {mend}"
        )
    largest = largest_size(data, folds)
    return sizes_up_to(largest, least_drawn(data, folds, sampling, largest))


def refusal(name: str, survey: Survey, choice: Choice, reading: Reading, folds: int | None) -> str | None:
    """Return why `study` would stop before it measures anything, in its own words, or None.

    Args:
        name: of the data set.
        survey: the folder.
        choice: what is used of it.
        reading: what the user decided.
        folds: how many, or None.
    """
    try:
        check(survey, choice, reading)
        sizes(outline(name, survey, choice), folds, SAMPLING)
    except StudyError as error:
        return str(error)
    return None


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
            n = min(n + max(1, n // 4), largest) if n < largest else largest + 1
    return n


def short_keys(origins: Origins) -> list[str]:
    """Return the beginning of each file's SHA-256: enough to know a picture of a folder again."""
    return [key.hex()[:12] for key in origins.keys]


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
        "keys": short_keys(origins),
        "labels": y.tolist(),
        "apart": apart,
        "groups": apart if len(set(apart)) < len(apart) else None,
        "own_test": data.own_test,
    }
