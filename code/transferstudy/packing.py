"""Predictions of a run as bytes: small without loss.

Log-probabilities come rounded to a few bits (`prediction.round_log_probabilities`), so a run has some two hundred different ones. Each is
stored as the number of its place in their table, class after class: neighbours are alike then, and LZMA finds that.
"""

import io
import lzma

import numpy as np

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 3, "lp": 0, "pb": 0}]
_PLACES, _TABLE = ".places", ".table"


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Return arrays as an LZMA-compressed NumPy archive.

    Args:
        arrays: float16 matrices (n, classes) with at most 256 different values become `<name>.places` (uint8, classes x n) and
            `<name>.table` (float16, ascending bit patterns); everything else is kept as it is.
    """
    stored = {}
    for name, array in arrays.items():
        table, places = _table(array) if array.dtype == np.float16 and array.ndim == 2 else (None, None)
        if table is None or len(table) > 256:
            stored[name] = array
        else:
            stored[name + _PLACES] = np.ascontiguousarray(places.T.astype(np.uint8))
            stored[name + _TABLE] = table
    buffer = io.BytesIO()
    np.savez(buffer, **stored)
    return lzma.compress(buffer.getvalue(), filters=_FILTERS)


def _table(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # By bit pattern, so that every value comes back as it was, minus zero and NaN too.
    bits, places = np.unique(np.ascontiguousarray(array).view(np.uint16), return_inverse=True)
    return bits.view(np.float16), places.reshape(array.shape)


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays that `pack` was given, bit for bit; archives without tables are read as they are.

    Raises:
        ValueError, lzma.LZMAError, zipfile.BadZipFile: the bytes are no such archive.
    """
    with np.load(io.BytesIO(lzma.decompress(content)), allow_pickle=False) as archive:
        stored = dict(archive)
    arrays = {}
    for name, array in stored.items():
        if name.endswith(_PLACES):
            whole = name.removesuffix(_PLACES)
            arrays[whole] = stored[whole + _TABLE][array.T]
        elif not name.endswith(_TABLE):
            arrays[name] = array
    return arrays
