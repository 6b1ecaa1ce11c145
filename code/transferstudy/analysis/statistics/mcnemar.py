"""McNemar's test: do two trained models err on different numbers of the same test images?"""

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr


@dataclass(frozen=True)
class McNemar:
    """One pair of models on the same test images.

    Attributes:
        only_a, only_b: test images that only model a, or only model b, classifies correctly.
        p: mid-p value of "both are equally often the only one that is right".
    """

    only_a: int
    only_b: int
    p: float


def mcnemar(right_a: np.ndarray, right_b: np.ndarray) -> McNemar:
    """Compare two models image by image.

    McNemar 1947 (doi:10.1007/BF02295996) in its mid-p form (Fagerland, Lydersen and Laake 2013,
    doi:10.1186/1471-2288-13-91), which neither SciPy nor statsmodels has. It speaks of two models, not of two methods:
    another seed is another pair.

    Args:
        right_a: (images,), bool: which images model a got right.
        right_b: the same for model b.

    Raises:
        ValueError: the two differ in shape.
    """
    right_a, right_b = np.asarray(right_a, bool), np.asarray(right_b, bool)
    if right_a.shape != right_b.shape:
        raise ValueError(f"models were tested on different images: {right_a.shape} and {right_b.shape}")
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    fewer, n = min(only_a, only_b), only_a + only_b
    # Both tails, of the table that was seen half: P(K <= fewer) + P(K < fewer).
    p = bdtr(fewer, n, 0.5) + (bdtr(fewer - 1, n, 0.5) if fewer else 0.0)
    return McNemar(only_a, only_b, float(min(1.0, p)))
