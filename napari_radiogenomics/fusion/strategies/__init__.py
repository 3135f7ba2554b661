"""Fusion strategies, one a file: each module defines ``STRATEGY`` and its estimator."""
