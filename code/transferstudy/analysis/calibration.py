"""How well confidence matches accuracy, run by run, before and after temperature scaling."""

from dataclasses import dataclass

import numpy as np

from ..results.metrics import expected_calibration_error
from .statistics.temperature import fit_temperature, scaled
from .study import Study


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
