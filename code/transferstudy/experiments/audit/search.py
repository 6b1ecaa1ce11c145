"""All pairs of two sets of unit vectors that are closer than a threshold, by blocked matrix products."""

import numpy as np

_BLOCK = 1024  # 1,024 by 4,096 products in float32 are 16 MB: the comparison then runs in the cache


def close_pairs(a: np.ndarray, b: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every pair whose product reaches a threshold: an exact search, as scikit-learn's `radius_neighbors` does it.

    That one works in float64 and keeps Python objects for each row; with 5.5 thousand million pairs that costs too much.

    Args:
        a: float32 (n, d), rows of length one.
        b: float32 (m, d), rows of length one.
        threshold: smallest product, -1..1.

    Returns:
        Indices into a, indices into b (int64), and the products (float32), in the order of a's blocks.
    """
    found: list[tuple] = []
    for i in range(0, len(a), _BLOCK):
        left = a[i : i + _BLOCK]
        for j in range(0, len(b), 4 * _BLOCK):
            product = left @ b[j : j + 4 * _BLOCK].T
            where = np.flatnonzero(product >= threshold)
            if len(where):
                rows, columns = np.divmod(where, product.shape[1])
                found.append((rows + i, columns + j, product.ravel()[where]))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))
