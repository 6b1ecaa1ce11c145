"""Energy and CO2e of runs: an estimate from stored facts with the tables of codecarbon, never a measurement."""

from .estimate import Estimator, load

__all__ = ["Estimator", "load"]
