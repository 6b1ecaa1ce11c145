"""`ImageData`: a labelled image data set in memory, in an order that does not depend on where it came from."""

import hashlib
from dataclasses import dataclass

import numpy as np

from ..errors import StudyError


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

    Both splits are sorted by label, then by the SHA-256 of the pixels, so position i means the same image wherever the data came from.
    """

    name: str
    classes: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    sha256: str
    origin: str

    @property
    def side(self) -> int:
        """Width and height of the images in pixels."""
        return self.x_train.shape[1]

    @classmethod
    def build(cls, name, classes, train, test, origin, where) -> "ImageData":
        """Check the arrays, sort them and hash them.

        Args:
            name: see the class.
            classes: sequence of class names.
            train: pair (x, y) of arrays; y may have shape (n,) or (n, 1).
            test: the same for the test split.
            origin: see the class.
            where: the file or folder to name in an error.

        Raises:
            StudyError: wrong shape or dtype, labels out of range, an empty split or a class without images.
        """
        classes = tuple(map(str, classes))
        hasher = hashlib.sha256("\n".join(classes).encode())
        parts = []
        for split, (x, y) in (("training", train), ("test", test)):
            x, y = check_images(x, y, len(classes), f"{where}: {split} images")
            digests = pixel_digests(x)
            order = [i for _, _, i in sorted(zip(y.tolist(), digests, range(len(x)), strict=True))]
            for i in order:
                hasher.update(int(y[i]).to_bytes(4, "little") + digests[i])
            parts += [x[order], y[order]]
        if parts[0].shape[1:] != parts[2].shape[1:]:
            raise StudyError(
                f"{where}: training images are {parts[0].shape[1:]}, test images {parts[2].shape[1:]}: they must agree"
            )
        return cls(name, classes, *parts, hasher.hexdigest(), origin)


def check_images(x, y, n_classes: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels as uint8 (n, side, side, 3) and int64 (n,), or say what is wrong with them.

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
    if missing:
        raise StudyError(f"{where}: no image of class number {missing[0]}")
    return x, y


def pixel_digests(x: np.ndarray, prefix: bytes = b"") -> list[bytes]:
    """Return the SHA-256 of `prefix` and the pixels, 32 bytes an image, for uint8 images of shape (n, h, w, 3)."""
    x = np.ascontiguousarray(x)
    return [hashlib.sha256(prefix + image.tobytes()).digest() for image in x]
