"""Many comparisons at once: Holm's step-down correction."""

import numpy as np


def holm(p_values) -> np.ndarray:
    """Return Holm-adjusted p-values, in the order given.

    Rejecting those that are at most alpha keeps the chance of any false rejection in the family at alpha or below,
    whatever the dependence between the tests (Holm 1979, Scandinavian Journal of Statistics 6, 65-70). SciPy has only methods
    for the rate of false discoveries, and statsmodels brings pandas with it: more than these lines are worth.

    Args:
        p_values: (m,), in 0..1.

    Returns:
        float64 (m,), in 0..1, never below the p-values.

    Raises:
        ValueError: a value outside 0..1.
    """
    p = np.asarray(p_values, float)
    if p.size and not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values must lie in 0..1, not {p.min()}..{p.max()}")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
