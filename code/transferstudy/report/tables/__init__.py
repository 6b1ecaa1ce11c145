"""What is tabled: each function returns a Markdown pipe table; numbers are right-aligned with equal decimals."""

from .costs import cost, energy, power, speed
from .judgement import labels_worth, probe_gap, robustness, temperature, two_by_two, verdicts, worst
from .study import (
    accuracy,
    backbones,
    calibration,
    data,
    environment,
    layers,
    provenance,
    runs,
    settings,
    strategies,
    unknowns,
)
