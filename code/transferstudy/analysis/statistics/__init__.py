"""Statistics on arrays: intervals, tests, curves and calibration. Nothing here knows of runs."""
