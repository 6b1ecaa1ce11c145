"""Predictions of a run as bytes: small without loss.

Log-probabilities come rounded to a few bits (`prediction.round_log_probabilities`), so a run has some two hundred different ones. Each is
stored as the number of its place in their table, class after class: neighbours are alike then, and LZMA finds that.

The probabilities of an image sum to one. So with labels beside a matrix, the place of the true class is predicted from the
other classes, and only its distance from the prediction is stored. Both sides compute it with integers, alike on every machine.
"""

import io
import lzma
from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np

# Without bits of the byte before (lc): it stands for another image, and to know it makes the files larger.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 0, "pb": 0}]
_PLACES, _OFFSETS, _TABLE = ".places", ".offsets", ".table"
_CERTAIN = 2**32  # a probability of one as an integer
# Whole, because a program may have changed the default context. Its exp is rounded correctly everywhere, unlike NumPy's.
_DECIMAL = Context(prec=30, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=[])


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Return arrays as an LZMA-compressed NumPy archive.

    Args:
        arrays: float16 matrices (n, classes) with at most 256 different values become `<name>.table` (float16, ascending bit
            patterns) and, one row a class, uint8 numbers of places in it. Those are `<name>.places` (classes, n) or, where
            `<name>` is `<part>_log_p`, every value is finite and at most 0, and `<part>_y` holds n labels (integers in
            0..classes-1), `<name>.offsets` (classes, n): the places of the classes that are not true, in their order; then
            place minus predicted place, modulo 256, of the true class. Everything else is kept as it is.
    """
    stored = {}
    for name, array in arrays.items():
        table, places = _table(array) if array.dtype == np.float16 and array.ndim == 2 else (None, None)
        if table is None or len(table) > 256:
            stored[name] = array
            continue
        kind, true = _PLACES, _true(arrays.get(_labels_name(name)), array.shape)
        if true is not None and np.all(np.isfinite(table) & (table <= 0)):
            others = places[~true].reshape(len(places), -1)
            offsets = (places[true] - _predicted(table, others)) % 256
            kind, places = _OFFSETS, np.column_stack([others, offsets])
        stored[name + kind] = np.ascontiguousarray(places.T.astype(np.uint8))
        stored[name + _TABLE] = table
    buffer = io.BytesIO()
    np.savez(buffer, **stored)
    return lzma.compress(buffer.getvalue(), filters=_FILTERS)


def _table(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # By bit pattern, so that every value comes back as it was, minus zero and NaN too.
    bits, places = np.unique(np.ascontiguousarray(array).view(np.uint16), return_inverse=True)
    return bits.view(np.float16), places.reshape(array.shape)


def _labels_name(name: str) -> str:
    return name.removesuffix("log_p") + "y" if name.endswith("_log_p") else ""


def _true(labels: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray | None:
    """Mark the true class of each row, or return None where labels do not fit; one class alone has no others to go by."""
    n, classes = shape
    if labels is None or labels.shape != (n,) or labels.dtype.kind not in "iu" or n == 0 or classes < 2:
        return None
    if labels.min() < 0 or labels.max() >= classes:
        return None
    return labels[:, None] == np.arange(classes)


def _predicted(table: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the place of what the other classes of each row leave over; `others` are places, shape (n, classes - 1)."""
    parts = np.array(
        [int(_DECIMAL.multiply(_DECIMAL.exp(Decimal(value)), _CERTAIN)) for value in table.tolist()], np.int64
    )
    order = np.argsort(parts, kind="stable")
    rest = np.clip(_CERTAIN - parts[others].sum(axis=1), 0, _CERTAIN)
    return order[np.minimum(np.searchsorted(parts[order], rest), len(parts) - 1)]


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays that `pack` was given, bit for bit; archives without tables are read as they are.

    Raises:
        ValueError, KeyError, lzma.LZMAError, zipfile.BadZipFile: the bytes are no such archive.
    """
    with np.load(io.BytesIO(lzma.decompress(content)), allow_pickle=False) as archive:
        stored = dict(archive)
    arrays = {}
    for name, array in stored.items():
        if name.endswith(_PLACES):
            whole = name.removesuffix(_PLACES)
            arrays[whole] = stored[whole + _TABLE][array.T]
        elif name.endswith(_OFFSETS):
            whole = name.removesuffix(_OFFSETS)
            arrays[whole] = _restored(array.T, stored[whole + _TABLE], stored[_labels_name(whole)])
        elif not name.endswith(_TABLE):
            arrays[name] = array
    return arrays


def _restored(columns: np.ndarray, table: np.ndarray, labels: np.ndarray) -> np.ndarray:
    true = _true(labels, columns.shape)
    if true is None:
        raise ValueError("its labels do not fit its predictions")
    others, offsets = columns[:, :-1], columns[:, -1]
    places = np.empty(columns.shape, np.int64)
    places[~true] = others.ravel()
    places[true] = (_predicted(table, others) + offsets) % 256
    return table[places]
