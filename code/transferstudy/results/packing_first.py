"""Read predictions as the first edition packed them; nothing is written like that any more.

Its log-probabilities had 3 bits of mantissa, so a run had some two hundred different ones. Each was stored as the number of its
place in their table. With labels beside a matrix, the place of the true class was predicted from the other classes, and only its
distance from the prediction stored. Both sides computed it with integers, alike on every machine.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np

_PLACES, _OFFSETS, _TABLE = ".places", ".offsets", ".table"
_CERTAIN = 2**32  # a probability of one as an integer
# Whole, because a program may have changed the default context. Its exp is rounded correctly everywhere, unlike NumPy's.
_DECIMAL = Context(prec=30, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=[])


def unpack_first(stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of an archive, each float16 matrix put together again; what has another form stays as it is.

    Args:
        stored: `<name>.table` (float16) with either `<name>.places`, uint8 (classes, n), numbers of places in the table; or
            `<part>_log_p.offsets`, uint8 (classes, n): places of the classes that are not true, in their order, then place minus
            predicted place, modulo 256, of the true class, which `<part>_y` names.

    Raises:
        ValueError, KeyError: a part is missing, or labels do not fit.
    """
    arrays = {}
    for name, array in stored.items():
        if name.endswith(_PLACES):
            whole = name.removesuffix(_PLACES)
            arrays[whole] = stored[whole + _TABLE][array.T]
        elif name.endswith(_OFFSETS):
            whole = name.removesuffix(_OFFSETS)
            labels = stored[whole.removesuffix("log_p") + "y"]
            arrays[whole] = _restored(array.T, stored[whole + _TABLE], labels)
        elif not name.endswith(_TABLE):
            arrays[name] = array
    return arrays


def _restored(columns: np.ndarray, table: np.ndarray, labels: np.ndarray) -> np.ndarray:
    n, classes = columns.shape
    if labels.shape != (n,) or labels.min() < 0 or labels.max() >= classes:
        raise ValueError("its labels do not fit its predictions")
    true = labels[:, None] == np.arange(classes)
    others, offsets = columns[:, :-1], columns[:, -1]
    places = np.empty(columns.shape, np.int64)
    places[~true] = others.ravel()
    places[true] = (_predicted(table, others) + offsets) % 256
    return table[places]


def _predicted(table: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the place of what the other classes of each row leave over; `others` are places, shape (n, classes - 1)."""
    parts = np.array(
        [int(_DECIMAL.multiply(_DECIMAL.exp(Decimal(value)), _CERTAIN)) for value in table.tolist()], np.int64
    )
    order = np.argsort(parts, kind="stable")
    rest = np.clip(_CERTAIN - parts[others].sum(axis=1), 0, _CERTAIN)
    return order[np.minimum(np.searchsorted(parts[order], rest), len(parts) - 1)]
