"""One number that mends confidence: a temperature fitted on validation images."""

import numpy as np
from scipy.optimize import minimize_scalar

from ...results.rounding import log_softmax

LOW, HIGH = 0.05, 20.0


def scaled(log_p: np.ndarray, temperature: float) -> np.ndarray:
    """Return log-probabilities of logits divided by a temperature.

    Log-probabilities are logits up to a constant for each image, so they serve as logits.

    Args:
        log_p: (n, classes).
        temperature: above 0.
    """
    return log_softmax(log_p / temperature)


def fit_temperature(log_p: np.ndarray, y: np.ndarray) -> float:
    """Return the temperature with the lowest negative log-likelihood (Guo et al. 2017, arXiv:1706.04599, section 4.2).

    Args:
        log_p: validation log-probabilities (n, classes).
        y: labels (n,).

    Returns:
        In 0.05..20; an end of that range where the likelihood is still rising there.
    """
    y = np.asarray(y, np.int64)

    def loss(log_t: float) -> float:
        return float(-scaled(log_p, np.exp(log_t))[np.arange(len(y)), y].mean())

    found = minimize_scalar(loss, bounds=(np.log(LOW), np.log(HIGH)), method="bounded")
    return float(np.exp(found.x))
