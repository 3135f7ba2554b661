"""Inference that several rooms need: many tests, areas under curves, agreement, meta-analysis.

Plain arrays in and out, no tables. All of it is pinned to what R's packages answer
(tests/reference/inference and skat).
"""
