"""Measurements. Each module prints figures of one run; machines differ, so ratios within a run are what counts."""
