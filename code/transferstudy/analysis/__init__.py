"""Results to numbers: the study, comparisons, intervals, label efficiency, cost; no deep-learning framework is imported."""
