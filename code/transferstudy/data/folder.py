"""A folder with one sub-folder of images per class is a data set too."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..errors import StudyError
from .dataset import ImageData, pixel_digests

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
TEST_SHARE = 0.2


def load_folder(name: str, folder: Path, side: int) -> ImageData:
    """Load `folder/<class>/<image>`, or `folder/train/<class>/...` beside `folder/test/<class>/...`.

    Images are cropped to a centred square and resized to `side` pixels with antialiasing. Without a `test` folder, a
    fifth of each class becomes the test split, chosen by the rank of the pixels' SHA-256, so that it never depends on names or order.

    Raises:
        StudyError: fewer than two classes, an empty class, a file that is no image, or classes that differ between the splits.
    """
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        classes, train = _read(folder / "train", side)
        test_classes, test = _read(folder / "test", side)
        if classes != test_classes:
            differing = sorted(set(classes) ^ set(test_classes))
            raise StudyError(f"{folder}: class folder {differing[0]!r} stands in only one of train and test")
    else:
        classes, (x, y) = _read(folder, side)
        is_test = np.zeros(len(x), bool)
        digests = np.array([d.hex() for d in pixel_digests(x, b"test split")])
        for label in range(len(classes)):
            members = np.flatnonzero(y == label)
            if len(members) < 5:
                raise StudyError(
                    f"{folder / classes[label]}: {len(members)} images: a class needs at least 5, to set a fifth aside for testing"
                )
            ranked = members[np.argsort(digests[members])]
            is_test[ranked[: round(TEST_SHARE * len(members))]] = True
        train, test = (x[~is_test], y[~is_test]), (x[is_test], y[is_test])
    return ImageData.build(name, classes, train, test, "folder of class folders", folder)


def _read(folder: Path, side: int) -> tuple[list[str], tuple[np.ndarray, np.ndarray]]:
    classes = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(classes) < 2:
        raise StudyError(f"{folder}: expected at least two sub-folders, one a class, found {len(classes)}")
    x, y = [], []
    for label, name in enumerate(classes):
        files = sorted(p for p in (folder / name).rglob("*") if p.suffix.lower() in SUFFIXES)
        if not files:
            raise StudyError(f"{folder / name}: no image file ({', '.join(sorted(SUFFIXES))})")
        x += [_square(path, side) for path in files]
        y += [label] * len(files)
    return classes, (np.stack(x), np.array(y))


def _square(path: Path, side: int) -> np.ndarray:
    try:
        with Image.open(path) as image:
            image = image.convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise StudyError(f"{path}: cannot be read as an image ({error}): mend or remove it") from None
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    image = image.crop((left, top, left + edge, top + edge))
    return np.asarray(image if edge == side else image.resize((side, side), Image.Resampling.BICUBIC))
