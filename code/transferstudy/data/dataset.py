"""`ImageData`: a labelled image data set in memory, in an order that does not depend on where it came from."""

import hashlib
from dataclasses import dataclass

import numpy as np

from ..errors import StudyError


@dataclass(frozen=True)
class Origins:
    """Where the images of one part of a folder came from, in the order of the images.

    Attributes:
        files: paths relative to the folder, with "/" between folders.
        keys: SHA-256 of the files: what an image is drawn and sorted by, the same at every side.
        groups: int64; images of one number stay on one side of every split.
        chooses: bool; images from a validation folder, which choose the epoch and are never learned from.
    """

    files: tuple[str, ...]
    keys: tuple[bytes, ...]
    groups: np.ndarray
    chooses: np.ndarray

    def take(self, index: np.ndarray) -> "Origins":
        """Return the origins of some of the images, given their positions."""
        places = index.tolist()
        files, keys = (tuple(values[i] for i in places) for values in (self.files, self.keys))
        return Origins(files, keys, self.groups[index], self.chooses[index])


@dataclass(frozen=True)
class ImageData:
    """A data set with its test images apart.

    Attributes:
        name: the data set's name, as in `RunSpec.dataset`.
        classes: class names; a label is an index into them.
        x_train, x_test: uint8 RGB pixels in 0..255, shape (n, side, side, 3).
        y_train, y_test: int64 labels, shape (n,).
        sha256: content hash over class names, pixels and labels of both splits.
        origin: where the copy came from, in words, with no path of this machine.
        content: of a folder, the SHA-256 that `RunSpec.data_sha256` holds; None for the named data sets.
        own_test: whether the data set's makers set the test images apart; otherwise they were drawn.
        train_origins, test_origins: of a folder, where its images came from.

    Both splits are sorted by label, then by the SHA-256 of the pixels (of the file, for folders), so position i means the same
    image wherever the data came from.
    """

    name: str
    classes: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    sha256: str
    origin: str
    content: str | None = None
    own_test: bool = True
    train_origins: Origins | None = None
    test_origins: Origins | None = None

    @property
    def side(self) -> int:
        """Width and height of the images in pixels."""
        return self.x_train.shape[1]

    @classmethod
    def build(
        cls, name, classes, train, test, origin, where, origins=None, content=None, own_test=True
    ) -> "ImageData":
        """Check the arrays, sort them and hash them.

        Args:
            name: see the class.
            classes: sequence of class names.
            train: pair (x, y) of arrays; y may have shape (n,) or (n, 1).
            test: the same for the test split.
            origin: see the class.
            where: the file or folder to name in an error.
            origins: pair of `Origins`, or None; with them, a drawn test split may lack a class that is too small.
            content: see the class.
            own_test: see the class.

        Raises:
            StudyError: wrong shape or dtype, labels out of range, an empty split or a class without images.
        """
        classes = tuple(map(str, classes))
        hasher = hashlib.sha256("\n".join(classes).encode())
        parts, sources = [], []
        for split, (x, y), source in zip(
            ("training", "test"), (train, test), origins or (None, None), strict=True
        ):
            some_may_lack = split == "test" and not own_test
            x, y = check_images(x, y, len(classes), f"{where}: {split} images", not some_may_lack)
            digests = pixel_digests(x)
            keys = source.keys if source else digests
            order = np.array([i for _, _, i in sorted(zip(y.tolist(), keys, range(len(x)), strict=True))])
            for i in order.tolist():
                hasher.update(int(y[i]).to_bytes(4, "little") + digests[i])
            if source:
                source = source.take(order)
                hasher.update(source.groups.tobytes() + source.chooses.tobytes())
            parts += [x[order], y[order]]
            sources.append(source)
        if parts[0].shape[1:] != parts[2].shape[1:]:
            raise StudyError(
                f"{where}: training images are {parts[0].shape[1:]}, test images {parts[2].shape[1:]}: they must agree"
            )
        return cls(name, classes, *parts, hasher.hexdigest(), origin, content, own_test, *sources)


def check_images(x, y, n_classes: int, where: str, every_class: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels as uint8 (n, side, side, 3) and int64 (n,), or say what is wrong with them.

    Args:
        x: the images.
        y: the labels, of shape (n,) or (n, 1).
        n_classes: labels lie below it.
        where: the file or folder to name in an error.
        every_class: whether each class must have an image.

    Raises:
        StudyError: naming `where`.
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 4 or x.shape[3] != 3 or x.shape[1] != x.shape[2] or len(x) == 0:
        raise StudyError(f"{where}: expected an array of shape (n, side, side, 3), got {x.shape}")
    if x.dtype != np.uint8:
        raise StudyError(f"{where}: expected uint8 pixels in 0..255, got {x.dtype}")
    if y.shape == (len(x), 1):
        y = y[:, 0]
    if y.shape != (len(x),) or y.dtype.kind not in "iu":
        raise StudyError(f"{where}: expected {len(x)} integer labels, got {y.dtype} of shape {y.shape}")
    y = y.astype(np.int64)
    if y.min() < 0 or y.max() >= n_classes:
        raise StudyError(f"{where}: labels must lie in 0..{n_classes - 1}, found {y.min()}..{y.max()}")
    missing = sorted(set(range(n_classes)) - set(y.tolist()))
    if missing and every_class:
        raise StudyError(f"{where}: no image of class number {missing[0]}")
    return x, y


def pixel_digests(x: np.ndarray, prefix: bytes = b"") -> list[bytes]:
    """Return the SHA-256 of `prefix` and the pixels, 32 bytes an image, for uint8 images of shape (n, h, w, 3)."""
    x = np.ascontiguousarray(x)
    return [hashlib.sha256(prefix + image.tobytes()).digest() for image in x]
