"""The mean over runs and test images that all runs share: its interval and p-values, in closed form."""

from dataclasses import dataclass

import numpy as np

# Student's t. SciPy's statistics have it too, and take half a second to import.
from scipy.special import stdtr, stdtrit

from ...plan.declared import CONFIDENCE, MARGIN


@dataclass(frozen=True)
class Estimate:
    """A mean and what it may be off by.

    Attributes:
        mean: over seeds and images.
        errors: (standard error, degrees of freedom) of each reading of the spread; see `estimate`.
    """

    mean: float
    errors: tuple[tuple[float, float], ...]

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the interval, (low, high): the widest of Student's intervals over the readings of the spread."""
        half = max(error * stdtrit(df, (1 + confidence) / 2) for error, df in self.errors)
        return float(self.mean - half), float(self.mean + half)

    def p_value(self) -> float:
        """Return the two-sided p-value of "the mean is zero": at most 1 - confidence where `interval` excludes zero."""
        return min(1.0, 2 * self._beyond(abs(self.mean)))

    def p_equivalent(self, margin: float = MARGIN) -> float:
        """Return the p-value of "the mean lies at the margin or beyond it", by two one-sided tests.

        Schuirmann 1987 (doi:10.1007/BF01068419): both "the mean is at most -margin" and "it is at least margin" must be
        rejected, so the larger of their one-sided p-values counts.

        Args:
            margin: the largest mean that counts as none, in the unit of the mean.
        """
        return self._beyond(margin - abs(self.mean))

    def _beyond(self, distance: float) -> float:
        """Return the largest chance, over the readings of the spread, of an error above `distance`."""
        return max(
            float(stdtr(df, -distance / error)) if error else float(distance <= 0)
            for error, df in self.errors
        )


def by_group(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return values of groups, to stand in the place of those of images, with the same mean.

    It is the sum over a group, about the mean, in units of the mean group size: the linearised ratio (Cochran 1977, Sampling
    Techniques, section 6).

    Args:
        values: (seeds, images).
        groups: (images,), what was sampled together, such as the person whom pictures show.

    Returns:
        float64 (seeds, groups).

    Raises:
        ValueError: groups for another number of images.
    """
    if len(groups) != values.shape[1]:
        raise ValueError(f"{len(groups)} groups for {values.shape[1]} images")
    mean = values.mean()
    _, member = np.unique(groups, return_inverse=True)
    sums = np.stack([np.bincount(member, row) for row in values - mean])
    return mean + sums * sums.shape[1] / values.shape[1]


def estimate(values: np.ndarray, groups: np.ndarray | None = None) -> Estimate:
    """Return the mean of values that runs and images share, for all runs and images like these.

    A value is y[s, i] = mean + seed effect + image effect + rest, seeds and images drawn at random and crossed, because all
    runs are tested on the same images. More seeds average the seed effect away, not the image effect. With the mean squares
    A (seeds), B (images) and E (rest) of the two-way table of S seeds and N images there are three readings of the variance
    of the mean; an interval is the widest, a p-value the largest of the three:

    - *seeds*: A / (S N), with S - 1 degrees of freedom. This is the paired t-test over seeds (Student 1908).
    - *images*: B / (S N), with N - 1: the sampling of test images for the networks at hand (Miller 2024, arXiv:2411.00640).
    - *both*: (A + I) / (S N), where I = max(0, B - E); degrees of freedom (A + I)^2 / (A^2 / (S - 1) + I^2 / (N - 1)) after
      Satterthwaite 1946 (doi:10.2307/3002019). With readers in the place of seeds this is the standard analysis of several
      readers who judge the same cases (Dorfman, Berbaum and Metz 1992; degrees of freedom of Hillis 2007,
      doi:10.1002/sim.2532, with a second term that matters only where groups are few).

    Why all three: *both* alone errs up to ten times too often far out in the tail with three seeds, where Holm's correction
    looks, because its degrees of freedom are estimated; *seeds* alone ignores that all seeds share their images. The widest
    keeps its level there too (simulated in the tests).

    Args:
        values: (seeds, images): 0 and 1 for an accuracy, -1, 0 and 1 for a difference of two, any numbers otherwise.
        groups: as `by_group` takes them; None: each image on its own.

    Returns:
        With one seed only the reading *images* is there.

    Raises:
        ValueError: fewer than two images or groups, or groups for another number of images.
    """
    values = np.asarray(values, float)
    mean = float(values.mean())
    if groups is not None:
        values = by_group(values, groups)
    s, n = values.shape
    if n < 2:
        raise ValueError("an interval needs at least two images, or groups of images")
    rows, columns = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    b = s * (columns**2).sum() / (n - 1)
    found = [(b, n - 1)]
    if s > 1:
        a = n * (rows**2).sum() / (s - 1)
        rest = values - mean - rows[:, None] - columns
        i = max(0.0, b - (rest**2).sum() / ((s - 1) * (n - 1)))
        found.append((a, s - 1))
        if a and i:
            found.append((a + i, (a + i) ** 2 / (a**2 / (s - 1) + i**2 / (n - 1))))
    return Estimate(mean, tuple((float(np.sqrt(part / (s * n))), float(df)) for part, df in found))
