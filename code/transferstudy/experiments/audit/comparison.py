"""One comparison of two sets of images: shortlists by hash, vector and features, score by alignment, recall by planted copies."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .alignment import aligned
from .descriptors import WHOLE, Frame, Whitening, centre, coefficients, hashes
from .features import Decorrelation
from .plants import KINDS, plant
from .search import close_pairs

HASH_BITS = 8  # of 64: pairs whose hashes differ in no more are shortlisted
FLOOR = 0.62  # smallest product of vectors that is looked at
SHORTLIST = 12_000  # pairs that are aligned: that many closest by vector, and as many by features
SAMPLE = 400  # images from which it is learned how close those pairs are
PLANTED = 60  # copies of each kind in each direction
# Parts of an image that another copy may have been cut to: a little tighter, much tighter, narrower, flatter.
PARTS = (centre(7 / 8, 7 / 8), centre(3 / 4, 3 / 4), centre(1, 3 / 4), centre(3 / 4, 1))


@dataclass(frozen=True)
class Compared:
    """What one comparison found.

    Attributes:
        pairs: int64 (n, 2), positions in the queries and in the references.
        pixels, detail: float32 (n,), correlations at the best alignment, see `alignment.aligned`.
        by_hash, by_vector, by_features: int, pairs shortlisted in each way.
        similarity: float, the smallest product of vectors on the shortlist.
        feature_similarity: the same for features; None if none were given.
        planted: kind -> dict of float arrays over the planted copies: `hash`, `features` and `listed` (1 if found that way, the
            last in any way), `detail`.
    """

    pairs: np.ndarray
    pixels: np.ndarray
    detail: np.ndarray
    by_hash: int
    by_vector: int
    by_features: int
    similarity: float
    feature_similarity: float | None
    planted: dict[str, dict[str, np.ndarray]]


def compare(
    queries: np.ndarray,
    references: np.ndarray,
    parts: tuple[Frame, ...],
    seed: int,
    describe: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Compared:
    """Look for near-duplicates between two sets, all pairs.

    Copies of references are planted among the queries and copies of queries among the references; they go through the
    same search. They are not counted as pairs.

    Args:
        queries: uint8 RGB, (n, 32, 32, 3).
        references: uint8 RGB, (m, 32, 32, 3).
        parts: also compare whole images with these parts of the other set's.
        seed: of the planted copies.
        describe: images to features, such as `features.NetworkFeatures`; None leaves that shortlist empty.
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

    by_vector, limit = _closest(by_vector, product, n, m, len(r), FLOOR)
    by_features, feature_limit = np.empty(0, np.int64), None
    if describe:
        by_features, feature_limit = _feature_search(queries, references, q[n:], r[m:], describe, rng)
    listed = [by_hash, by_vector, by_features]
    real = [keys[(keys // len(r) < n) & (keys % len(r) < m)] for keys in listed]
    shortlist = np.unique(np.concatenate(real))
    pairs = np.stack(np.divmod(shortlist, len(r)), axis=1)
    pixels, detail = aligned(queries[pairs[:, 0]], references[pairs[:, 1]])

    own = origins[:, 0] * len(r) + origins[:, 1]
    found = [np.isin(own, keys) for keys in listed]
    score = aligned(q[origins[:, 0]], r[origins[:, 1]])[1]
    planted = {
        kind: {
            "hash": found[0][kinds == kind].astype(float),
            "features": found[2][kinds == kind].astype(float),
            "listed": np.any(found, axis=0)[kinds == kind].astype(float),
            "detail": score[kinds == kind],
        }
        for kind in KINDS
    }
    return Compared(pairs, pixels, detail, *map(len, real), limit, feature_limit, planted)


def _closest(keys, products, n: int, m: int, width: int, floor: float) -> tuple[np.ndarray, float]:
    """Return the pairs that are as close as the `SHORTLIST` closest real ones, planted copies included, and how close that is."""
    real = (keys // width < n) & (keys % width < m)
    limit = float(np.sort(products[real])[-SHORTLIST]) if real.sum() > SHORTLIST else floor
    return keys[products >= limit], limit


def _feature_search(queries, references, more_q, more_r, describe, rng) -> tuple[np.ndarray, float]:
    """Return the pairs closest by features, images as they are and the left one mirrored, and how close they are.

    Args:
        queries: uint8 RGB, without planted copies.
        references: the same.
        more_q: the copies planted among the queries.
        more_r: the copies planted among the references.
        describe: images to features.
        rng: draws the images from which the floor of the search is learned.
    """
    fr = np.concatenate([describe(references), describe(more_r)])
    plain = Decorrelation(fr[: len(references)])
    right = plain.vectors(fr)
    left = [
        plain.vectors(np.concatenate([describe(queries[:, :, ::step]), describe(more_q[:, :, ::step])]))
        for step in (1, -1)
    ]
    # A floor under which few pairs lie that could still be among the closest.
    some = rng.choice(len(queries), min(SAMPLE, len(queries)), replace=False)
    share = min(1.0, 4 * SHORTLIST / (len(queries) * len(references)))
    floor = float(np.quantile(left[0][some] @ right[: len(references)].T, 1 - share))
    keys, products = [], []
    for vectors in left:
        i, j, product = close_pairs(vectors, right, floor)
        keys, products = [*keys, i * len(right) + j], [*products, product]
    keys, products = _merge(np.concatenate(keys), np.concatenate(products))
    return _closest(keys, products, len(queries), len(references), len(right), floor)


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
