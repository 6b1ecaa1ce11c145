"""Two arms on the same seeds and test images: what one is ahead of the other, and how sure that is."""

from dataclasses import dataclass

import numpy as np

from .crossed import estimate
from .mcnemar import McNemar, mcnemar


@dataclass(frozen=True)
class Difference:
    """Test accuracy of arm a minus arm b.

    Attributes:
        a, b: strategy names.
        n_labels: labelled images.
        seeds: number of seed pairs.
        mean: mean over the seed pairs, in accuracy (0..1 scale).
        low, high: interval (see `crossed.estimate`); of the test images alone when there is one seed.
        per_seed: the difference of each pair.
        p: p-value of "no difference", before any correction for the number of comparisons.
        p_equivalent: p-value of "a difference as large as the margin", before any correction.
        models: McNemar's test of each pair of models, in the order of `per_seed`.
        anchor: id of the row on the page of records.
        label: what is compared, for a reader: "Fine-tune all − Linear probe".
    """

    a: str
    b: str
    n_labels: int
    seeds: int
    mean: float
    low: float
    high: float
    per_seed: tuple[float, ...]
    p: float
    p_equivalent: float
    models: tuple[McNemar, ...]
    anchor: str
    label: str

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0

    @property
    def kind(self) -> str:
        """What the interval covers, in words."""
        return "seeds and test images" if self.seeds > 1 else "test images only"


def gains(right_a: np.ndarray, right_b: np.ndarray) -> np.ndarray:
    """Return 1 where only a is right, -1 where only b is, else 0: int8, from two bool arrays (seeds, images)."""
    return right_a.astype(np.int8) - right_b.astype(np.int8)


def paired(
    names: tuple[str, str],
    n_labels: int,
    right_a: np.ndarray,
    right_b: np.ndarray,
    anchor: str,
    label: str,
    groups: np.ndarray | None = None,
) -> Difference:
    """Return the difference between two arms from what their networks got right.

    Args:
        names: of a and b.
        n_labels: labelled images.
        right_a: bool (seeds, images): which test images each seed's network got right.
        right_b: the same of b, same seeds and images.
        anchor: see `Difference`.
        label: see `Difference`.
        groups: (images,), as `crossed.estimate` takes them.
    """
    gain = gains(right_a, right_b)
    found = estimate(gain, groups)
    return Difference(
        *names,
        n_labels,
        len(gain),
        found.mean,
        *found.interval(),
        tuple(gain.mean(axis=1).tolist()),
        found.p_value(),
        found.p_equivalent(),
        tuple(mcnemar(*pair) for pair in zip(right_a, right_b, strict=True)),
        anchor,
        label,
    )
