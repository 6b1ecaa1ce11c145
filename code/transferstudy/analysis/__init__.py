"""What the analysis plan declares, and the statistics behind verdicts: no deep-learning framework is imported."""
