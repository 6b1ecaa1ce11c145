"""A folder with one sub-folder of images per class is a data set too."""

from pathlib import Path

import numpy as np

from ...errors import StudyError, printable
from ..dataset import ImageData, Origins
from ..division import TEST_PARTS, parts_of
from .choice import Choice, Reading, check, choose
from .pictures import Fit, decode, read_bytes
from .survey import Progress, Survey, in_threads, survey


def surveyed(folder: Path, reading: Reading, progress: Progress | None = None) -> tuple[Survey, Choice]:
    """Return what lies in a folder and what of it is used.

    Args:
        folder: the data set.
        reading: what the user decided about it.
        progress: as in `survey`.

    Raises:
        StudyError: as `survey`, `choose` and `check`.
    """
    found = survey(folder, progress, reading.classes)
    choice = choose(found, reading)
    check(found, choice, reading)
    return found, choice


def load_folder(
    name: str,
    folder: Path,
    side: int,
    fit: Fit = "crop",
    reading: Reading | None = None,
    progress: Progress | None = None,
) -> ImageData:
    """Load `folder/<class>/<image>`, or the same below split folders such as `train`, `val` and `test`.

    Without a test part, a fifth of each class becomes one, drawn by the files' content, so that it never depends on names or
    order. Copies of one picture, and the pictures of one given group, stay on one side.

    Args:
        name: of the data set.
        folder: where it lies.
        side: pixels a side to which the images are brought.
        fit: how an image becomes square, as in `pictures.read_picture`.
        reading: what the user decided about the folder.
        progress: as in `survey`, for the pictures that are looked at; reading them again is faster.

    Raises:
        StudyError: as `surveyed`, or a file changed meanwhile.
    """
    found, choice = surveyed(folder, reading or Reading(), progress)

    def pixels(i: int) -> np.ndarray:
        path = folder / found.files[i]
        picture = decode(read_bytes(path), path, side, fit)
        if picture.sha256 != found.facts[i].sha256:
            raise StudyError(f"{printable(path)}: the file changed while it was used. Start again.")
        return picture.pixels

    return _arranged(name, found, choice, np.stack(in_threads(pixels, choice.used.tolist(), None)))


def outline(name: str, found: Survey, choice: Choice) -> ImageData:
    """Return what `load_folder` would, with one black pixel for each picture: enough to see how the pictures can be split and drawn."""
    return _arranged(name, found, choice, np.zeros((len(choice.used), 1, 1, 3), np.uint8))


def _arranged(name: str, found: Survey, choice: Choice, x: np.ndarray) -> ImageData:
    """Put pictures, in the order of `choice.used`, into training and test part."""
    numbers, y = choice.used.tolist(), found.labels[choice.used]
    roles = np.array([found.roles[i] for i in numbers])
    keys = tuple(bytes.fromhex(found.facts[i].sha256) for i in numbers)
    origins = Origins(
        tuple(found.files[i] for i in numbers),
        keys,
        _renumbered(choice.group[choice.used], keys),
        roles == "validation",
    )
    own_test = found.layout.has_test
    if own_test:
        tested = roles == "test"
    else:
        order = np.array([i for _, _, i in sorted(zip(y.tolist(), keys, range(len(y)), strict=True))])
        tested = np.zeros(len(y), bool)
        tested[order] = parts_of(y[order], origins.groups[order], TEST_PARTS, seed=0) == 0
    train, test = np.flatnonzero(~tested), np.flatnonzero(tested)
    return ImageData.build(
        name,
        found.classes,
        (x[train], y[train]),
        (x[test], y[test]),
        "folder of class folders",
        printable(found.root),
        (origins.take(train), origins.take(test)),
        choice.content,
        own_test,
    )


def _renumbered(groups: np.ndarray, keys: tuple[bytes, ...]) -> np.ndarray:
    """Number groups by the smallest file content in them, so that names and order of files do not matter."""
    first: dict[int, int] = {}
    for i in sorted(range(len(keys)), key=keys.__getitem__):
        first.setdefault(int(groups[i]), len(first))
    return np.array([first[g] for g in groups.tolist()], np.int64)
