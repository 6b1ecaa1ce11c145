"""The same picture in two files: found by what both show, so that a copy may be resized, re-encoded, mirrored or turned.

Each picture is squeezed to 32 x 32 pixels of luma, and its cosine transform is weighted by frequency: in natural pictures
amplitude falls as one over frequency (Field 1987, doi:10.1364/JOSAA.4.002379), so that every frequency then counts about
alike. The square root of each amplitude keeps one strong pattern that many pictures share, such as a background, from hiding
how they differ. Two pictures are the same when the cosine of the angle between these vectors reaches `SAME`. Photographs that
were re-encoded, halved, made brighter, or lost 3 % at the edges reached 0.9 and mostly 0.95; different photographs of hands
before one wall stayed below 0.86. The 64 bits of the imagehash library see the coarse shape alone and do not tell the latter apart.
"""

from dataclasses import dataclass

import numpy as np

SIDE = 32  # of the pictures that are compared
LOW = 16  # cosine frequencies in each direction; the higher ones are mostly the noise of compression
SAME = 0.9
FLAT = 2.0  # standard deviation, of 255, below which a picture shows nothing that could be compared


@dataclass(frozen=True)
class Pair:
    """Two pictures that show the same.

    Attributes:
        a, b: their numbers, a < b.
        upright: False when one is the other mirrored or turned.
    """

    a: int
    b: int
    upright: bool


def vectors(thumbs: np.ndarray) -> np.ndarray:
    """Return what pictures are compared by.

    Args:
        thumbs: uint8 luma, (n, 32, 32), each a whole picture squeezed to a square.

    Returns:
        float32 (n, 16, 16): weighted cosine coefficients, of length one as a whole; zero for a picture of one tone.
    """
    from scipy.fft import dctn  # SciPy takes a while to import, and most commands look at no picture

    c = dctn(thumbs.astype(np.float32), axes=(1, 2), norm="ortho")[:, :LOW, :LOW]
    rows, columns = np.mgrid[:LOW, :LOW]
    c *= np.sqrt(rows**2 + columns**2, dtype=np.float32)  # the mean, at frequency zero, goes with it
    c = np.sign(c) * np.sqrt(np.abs(c))
    length = np.linalg.norm(c, axis=(1, 2), keepdims=True)
    flat = thumbs.std(axis=(1, 2)) < FLAT
    c[flat] = 0
    return c / np.maximum(length, 1e-6)


def same_pictures(thumbs: np.ndarray, block: int = 1024) -> list[Pair]:
    """Return all pairs of pictures that show the same, however one of them is mirrored or turned by quarters.

    Args:
        thumbs: as in `vectors`.
        block: pictures at a time, which bounds the memory.
    """
    v, n = vectors(thumbs), len(thumbs)
    flat = v.reshape(n, -1)
    found: dict[tuple[int, int], bool] = {}
    for upright, turned in _ways(v):
        other = np.ascontiguousarray(turned.reshape(n, -1))
        for start in range(0, n, block):
            rows = flat[start : start + block]
            hits = np.argwhere(rows @ other[start:].T >= SAME) + start
            for a, b in hits[hits[:, 0] < hits[:, 1]].tolist():
                found.setdefault((a, b), upright)
    return [Pair(a, b, upright) for (a, b), upright in sorted(found.items())]


def _ways(v: np.ndarray):
    """Yield the eight ways to lay a picture down, the upright one first: cosines of odd order change sign when mirrored."""
    odd = np.where(np.arange(LOW) % 2, -1, 1).astype(np.float32)
    for across in (v, v.transpose(0, 2, 1)):
        for down in (1, odd[:, None]):
            for side in (1, odd):
                yield across is v and down is side, across * down * side


def grouped(n: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Return a group number for each of n pictures: pictures that pairs join, directly or through others, share one.

    Args:
        n: number of pictures.
        pairs: numbers of two pictures each.

    Returns:
        int64 (n,), numbered from 0.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    a, b = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)
