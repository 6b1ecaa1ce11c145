"""The same picture in two files: found by what both show, so that a copy may be resized, re-encoded, mirrored or turned.

Each picture is squeezed to 32 x 32 pixels of luma, and its cosine transform is weighted by frequency: in natural pictures
amplitude falls as one over frequency (Field 1987, doi:10.1364/JOSAA.4.002379), so that every frequency then counts about
alike. The square root of each amplitude keeps one strong pattern that many pictures share, such as a background, from hiding
how they differ. Two pictures are the same when the cosine of the angle between these vectors reaches `SAME`. Photographs that
were re-encoded, halved, made brighter, or lost 3 % at the edges reached 0.9 and mostly 0.95; different photographs of hands
before one wall stayed below 0.86. The 64 bits of the imagehash library see the coarse shape alone and do not tell the latter apart.
"""

import numpy as np

SIDE = 32  # of the pictures that are compared
LOW = 16  # cosine frequencies in each direction; the higher ones are mostly the noise of compression
SAME = 0.9
CELLS = 2**20  # pairs that are compared at a time, which bounds the memory
FLAT = 2.0  # standard deviation, of 255, below which a picture shows nothing that could be compared


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


def same_pictures(thumbs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which pictures show the same.

    Pairs are joined block by block: of thousands of frames that all look alike, nobody could keep all pairs.

    Args:
        thumbs: as in `vectors`.

    Returns:
        Two times int64 (n,): a group number for each picture, shared by pictures that pairs join, directly or through others.
        First with pairs that lie the same way up, then also with those of which one is mirrored or turned by quarters.
    """
    v, n = vectors(thumbs), len(thumbs)
    flat = v.reshape(n, -1)
    upright = every = np.arange(n)
    block = max(1, min(1024, CELLS // n))
    for is_upright, turned in _ways(v):
        other = np.ascontiguousarray(turned.reshape(n, -1))
        for start in range(0, n, block):
            a, b = np.nonzero(flat[start : start + block] @ other[start:].T >= SAME)
            a, b = a[a < b] + start, b[a < b] + start
            every = joined(every, a, b)
            if is_upright:
                upright = joined(upright, a, b)
    return upright, every


def _ways(v: np.ndarray):
    """Yield the eight ways to lay a picture down, the upright one first: cosines of odd order change sign when mirrored."""
    odd = np.where(np.arange(LOW) % 2, -1, 1).astype(np.float32)
    for across in (v, v.transpose(0, 2, 1)):
        for down in (1, odd[:, None]):
            for side in (1, odd):
                yield across is v and down is side, across * down * side


def joined(number: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return group numbers after some pictures were joined, each with everything that it was joined with before.

    Args:
        number: int64 (n,), the group of each picture before.
        a: numbers of pictures.
        b: of as many others: a[k] is joined with b[k].

    Returns:
        int64 (n,), numbered from 0.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    a, b, size = number[a], number[b], int(number.max()) + 1
    a, b = np.divmod(np.unique((a * size + b)[a != b]), size)  # nearly all pairs are within a group already
    if not len(a):
        return number
    graph = coo_array((np.ones(len(a), bool), (a, b)), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)[number]
