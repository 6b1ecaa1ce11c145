"""One number that mends confidence: a temperature fitted on validation images."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from ...results.metrics import expected_calibration_error
from ...results.rounding import log_softmax
from ..study import Study

LOW, HIGH = 0.05, 20.0


@dataclass(frozen=True)
class Calibrated:
    """Calibration of one run on the test images before and after temperature scaling.

    Attributes:
        temperature: above 1 when the network was too sure of itself.
        ece, ece_scaled: expected calibration error, top class, 15 equal-width bins (`metrics`), 0..1.
        nll, nll_scaled: mean negative log-likelihood, nats.
    """

    temperature: float
    ece: float
    ece_scaled: float
    nll: float
    nll_scaled: float


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


def calibrated(study: Study, record: dict) -> Calibrated:
    """Fit a run's temperature on its validation images and measure both states on its test images."""
    stored = study.predictions(record)
    temperature = fit_temperature(stored["val_log_p"], stored["val_y"])
    before, y = stored["test_log_p"], stored["test_y"].astype(np.int64)
    after, rows = scaled(before, temperature), np.arange(len(y))
    return Calibrated(
        temperature,
        expected_calibration_error(before, y),
        expected_calibration_error(after, y),
        float(-before[rows, y].mean()),
        float(-after[rows, y].mean()),
    )


def arm_calibration(study: Study, strategy: str, n_labels: int) -> list[Calibrated]:
    """Return `calibrated` of every seed of an arm, in the order of its seeds. Each run has a temperature of its own."""
    return [calibrated(study, record) for record in study.arm(strategy, n_labels).records]
