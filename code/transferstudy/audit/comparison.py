"""One comparison of two sets of images: shortlist by hash and by vector, score by alignment, recall by planted copies."""

from dataclasses import dataclass

import numpy as np

from .alignment import aligned
from .descriptors import WHOLE, Frame, Whitening, centre, coefficients, hashes
from .plants import KINDS, plant
from .search import close_pairs

HASH_BITS = 8  # of 64: pairs whose hashes differ in no more are shortlisted
FLOOR = 0.62  # smallest product of vectors that is looked at
SHORTLIST = 12_000  # pairs that are aligned, the closest by vector
PLANTED = 60  # copies of each kind in each direction
# Parts of an image that another copy may have been cut to: a little tighter, much tighter, narrower, flatter.
PARTS = (centre(7 / 8, 7 / 8), centre(3 / 4, 3 / 4), centre(1, 3 / 4), centre(3 / 4, 1))


@dataclass(frozen=True)
class Compared:
    """What one comparison found.

    Attributes:
        pairs: int64 (n, 2), positions in the queries and in the references.
        pixels, detail: float32 (n,), correlations at the best alignment, see `alignment.aligned`.
        by_hash: int, pairs shortlisted by the hash.
        by_vector: int, pairs shortlisted by the vectors.
        similarity: float, the smallest product of vectors on the shortlist.
        planted: kind -> dict of float arrays over the planted copies: `hash` and `listed` (1 if found that way), `detail`.
    """

    pairs: np.ndarray
    pixels: np.ndarray
    detail: np.ndarray
    by_hash: int
    by_vector: int
    similarity: float
    planted: dict[str, dict[str, np.ndarray]]


def compare(queries: np.ndarray, references: np.ndarray, parts: tuple[Frame, ...], seed: int) -> Compared:
    """Look for near-duplicates between two sets, all pairs.

    Copies of references are planted among the queries and copies of queries among the references; they go through the
    same search. They are not counted as pairs.

    Args:
        queries: uint8 RGB, (n, 32, 32, 3).
        references: uint8 RGB, (m, 32, 32, 3).
        parts: also compare whole images with these parts of the other set's.
        seed: of the planted copies.
    """
    rng = np.random.default_rng(seed)
    q, r, kinds, origins = _with_plants(queries, references, rng)
    n, m = len(queries), len(references)
    cq, cr = coefficients(q), coefficients(r)
    white = Whitening(cr[:m])
    frames = [(WHOLE, WHOLE), *((WHOLE, part) for part in parts), *((part, WHOLE) for part in parts)]
    by_hash, _ = _search(cq, cr, hashes, 1 - 2 * HASH_BITS / 64 - 1e-4, len(r))
    keys, products = [], []
    for left, right in frames:
        left_c = cq if left is WHOLE else coefficients(q, left)
        right_c = cr if right is WHOLE else coefficients(r, right)
        key, product = _search(left_c, right_c, white.vectors, FLOOR, len(r))
        keys, products = [*keys, key], [*products, product]
    by_vector, product = _merge(np.concatenate(keys), np.concatenate(products))

    real = (by_vector // len(r) < n) & (by_vector % len(r) < m)
    limit = float(np.sort(product[real])[-SHORTLIST]) if real.sum() > SHORTLIST else FLOOR
    by_vector, real = by_vector[product >= limit], real[product >= limit]
    real_hash = by_hash[(by_hash // len(r) < n) & (by_hash % len(r) < m)]
    shortlist = np.union1d(by_vector[real], real_hash)
    pairs = np.stack(np.divmod(shortlist, len(r)), axis=1)
    pixels, detail = aligned(queries[pairs[:, 0]], references[pairs[:, 1]])

    own = origins[:, 0] * len(r) + origins[:, 1]
    hashed, listed = np.isin(own, by_hash), np.isin(own, by_vector) | np.isin(own, by_hash)
    score = aligned(q[origins[:, 0]], r[origins[:, 1]])[1]
    planted = {
        kind: {
            "hash": hashed[kinds == kind].astype(float),
            "listed": listed[kinds == kind].astype(float),
            "detail": score[kinds == kind],
        }
        for kind in KINDS
    }
    return Compared(pairs, pixels, detail, len(real_hash), int(real.sum()), limit, planted)


def _with_plants(queries, references, rng):
    """Return both sets with planted copies at their ends, the kind of each copy, and (query, reference) of copy and origin."""
    n, m = len(queries), len(references)
    q, r, kinds, origins = [queries], [references], [], []
    for k, kind in enumerate(KINDS):
        place = np.arange(k * PLANTED, (k + 1) * PLANTED)
        taken = rng.choice(m, PLANTED, replace=m < PLANTED)
        q.append(plant(references[taken], kind, rng))
        origins.append(np.stack([n + place, taken], axis=1))
        taken = rng.choice(n, PLANTED, replace=n < PLANTED)
        r.append(plant(queries[taken], kind, rng))
        origins.append(np.stack([taken, m + place], axis=1))
        kinds += [kind] * (2 * PLANTED)
    return np.concatenate(q), np.concatenate(r), np.array(kinds), np.concatenate(origins)


def _search(left: np.ndarray, right: np.ndarray, describe, threshold: float, width: int):
    """Return pairs as numbers `left * width + right`, and products, of images as they are and of the left one mirrored."""
    right = describe(right)
    keys, products = [], []
    for sign in (1, np.where(np.arange(left.shape[-1]) % 2, -1, 1)):  # the cosine transform of a mirror image
        i, j, product = close_pairs(describe(left * np.float32(sign)), right, threshold)
        keys, products = [*keys, i * width + j], [*products, product]
    return _merge(np.concatenate(keys), np.concatenate(products))


def _merge(keys: np.ndarray, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each key once, sorted, with its largest product."""
    order = np.lexsort((-products, keys))
    keys, products = keys[order], products[order]
    first = np.concatenate([[True], keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, bool)
    return keys[first], products[first]
