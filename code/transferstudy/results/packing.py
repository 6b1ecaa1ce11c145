"""Predictions of a run as bytes: small without loss.

Scores come rounded (`rounding.rounded`): those of all classes but the predicted and the true one are said by the upper half of
their 16 bits. So these halves are stored, class after class, because neighbours are alike then and LZMA finds that; and
apart from them the predicted and the true class, whole.
"""

import io
import lzma

import numpy as np

from ..arrays import BROKEN, decompressed, read_npz
from .packing_first import unpack_first

# Without bits of the byte before (lc): it stands for another image, and to know it makes the files larger.
# The preset's own dictionary of 64 MiB would be laid out anew for each run; what a run stores fits into four.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 0, "pb": 0, "dict_size": 1 << 22}]
_OTHERS, _WHOLE = ".others", ".whole"
_SIGN = 0x80  # of an upper half; every class but the predicted one has a negative score


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Return arrays as an LZMA-compressed NumPy archive.

    Args:
        arrays: a float16 matrix `<part>_log_p` (n, classes) beside `<part>_y`, n integers in 0..classes-1, becomes two arrays if
            the lower halves of all its values are zero and the values negative, except in the predicted (first largest) and
            the true class. `<part>_log_p.others`, uint8 (classes - 1, n): upper halves of all classes but the true one in
            their order, 0 for the predicted one. `<part>_log_p.whole`, uint8 (2, m): upper and lower halves of the
            predicted class of each image, then of the true class where it is another. Everything else is kept as it is.
    """
    stored = {}
    for name, array in arrays.items():
        stored |= _halves(name, array, arrays.get(_labels_name(name))) or {name: array}
    buffer = io.BytesIO()
    np.savez(buffer, **stored)
    return lzma.compress(buffer.getvalue(), filters=_FILTERS)


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays that `pack` was given, bit for bit; also from archives of the first edition.

    Raises:
        ValueError: the bytes are no such archive.
    """
    try:
        stored = unpack_first(read_npz(decompressed(content)))
        return _joined_all(stored)
    except BROKEN as error:
        raise ValueError(str(error) or type(error).__name__) from None


def _joined_all(stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    arrays = {}
    for name, array in stored.items():
        if name.endswith(_OTHERS):
            matrix = name.removesuffix(_OTHERS)
            arrays[matrix] = _joined(array.T, stored[matrix + _WHOLE], stored[_labels_name(matrix)])
        elif not name.endswith(_WHOLE):
            arrays[name] = array
    return arrays


def _labels_name(name: str) -> str:
    return name.removesuffix("log_p") + "y" if name.endswith("_log_p") else ""


def _true(labels: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray | None:
    """Mark the true class of each row of a matrix, or return None where labels do not fit it."""
    n, classes = shape
    if labels is None or labels.shape != (n,) or labels.dtype.kind not in "iu" or n == 0:
        return None
    if labels.min() < 0 or labels.max() >= classes:
        return None
    return labels[:, None] == np.arange(classes)


def _halves(name: str, scores: np.ndarray, labels: np.ndarray | None) -> dict[str, np.ndarray] | None:
    if scores.dtype != np.float16 or scores.ndim != 2:
        return None
    true = _true(labels, scores.shape)
    if true is None:
        return None
    bits = np.ascontiguousarray(scores).view(np.uint16)
    top = scores.argmax(axis=1)[:, None] == np.arange(scores.shape[1])
    upper, lower = (bits >> 8).astype(np.uint8), (bits & 0xFF).astype(np.uint8)
    others = ~top & ~true
    if lower[others].any() or (upper[others] < _SIGN).any():
        return None
    whole = [np.concatenate([half[top], half[true & ~top]]) for half in (upper, lower)]
    upper[top] = 0
    return {
        name + _OTHERS: np.ascontiguousarray(upper[~true].reshape(len(scores), -1).T),
        name + _WHOLE: np.stack(whole),
    }


def _joined(others: np.ndarray, whole: np.ndarray, labels: np.ndarray) -> np.ndarray:
    n, classes = len(others), others.shape[1] + 1
    true = _true(labels, (n, classes))
    if true is None:
        raise ValueError("its labels do not fit its predictions")
    bits = np.zeros((n, classes), np.uint16)
    bits[~true] = others.ravel().astype(np.uint16) << 8
    top = (bits == 0) & ~true
    wrong = top.any(axis=1)
    top |= true & ~wrong[:, None]
    values = (whole[0].astype(np.uint16) << 8) | whole[1]
    bits[top], bits[true & wrong[:, None]] = values[:n], values[n:]
    return bits.view(np.float16)


def check_predictions(arrays: dict[str, np.ndarray]) -> None:
    """Check that predictions are matrices of finite numbers with a label for each row.

    Args:
        arrays: as `prediction.predict` returns them.

    Raises:
        ValueError: naming the first array that is not as it should be.
    """
    if "val_log_p" not in arrays:
        raise ValueError("val_log_p is missing")
    for name in [name for name in arrays if name.endswith("_log_p")]:
        scores, labels = arrays[name], arrays.get(name.removesuffix("log_p") + "y")
        if scores.ndim != 2 or scores.dtype.kind != "f" or not scores.size or not np.isfinite(scores).all():
            raise ValueError(f"{name} is no matrix of finite numbers")
        if labels is None or labels.shape != scores.shape[:1] or labels.dtype.kind not in "iu":
            raise ValueError(f"{name} has no label for each of its rows")
        if labels.min() < 0 or labels.max() >= scores.shape[1]:
            raise ValueError(f"{name} has labels of classes that it does not have")
    if "robust_top1" in arrays and (
        "test_y" not in arrays
        or arrays["robust_top1"].ndim != 3
        or not 0 < arrays["robust_top1"].shape[2] <= len(arrays["test_y"])
    ):
        raise ValueError("robust_top1 does not fit the test images")
