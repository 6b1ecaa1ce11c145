"""Rows of activations that lie in several files, read like one array."""

import numpy as np

IN_MEMORY = 2**28  # bytes up to which rows are gathered at once; more stay where they are


class Rows:
    """Rows in several arrays, gathered when they are asked for; an image that occurs twice is there once.

    Args:
        places: the array and the position in it, for each distinct row.
        index: integers (n,): which of them each row is.
        shape: of a row.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, places: list[tuple[np.ndarray, int]], index: np.ndarray, shape: tuple[int, ...]):
        blocks = {id(array): array for array, _ in places}
        number = {key: k for k, key in enumerate(blocks)}
        self._blocks, self._index = list(blocks.values()), index
        self._block = np.array([number[id(array)] for array, _ in places], np.intp)
        self._row = np.array([row for _, row in places], np.intp)
        self.shape = (len(index), *shape)

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, chosen: np.ndarray | slice) -> np.ndarray:
        """Return rows, float32 (k, ...); `chosen` holds positions, or is a slice."""
        which = self._index[chosen]
        block, row = self._block[which], self._row[which]
        rows = np.empty((len(which), *self.shape[1:]), self.dtype)
        for number in np.unique(block):
            here = block == number
            rows[here] = self._blocks[number][row[here]]
        return rows

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def gathered(self) -> "np.ndarray | Rows":
        """Return one read-only array where it has at most `IN_MEMORY` bytes, otherwise itself."""
        if self.dtype.itemsize * np.prod(self.shape, dtype=float) > IN_MEMORY:
            return self
        array = self[:]
        array.flags.writeable = False
        return array
