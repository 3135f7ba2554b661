"""Fusion: models on image, genes and clinic, with a validation that cannot leak.

Learners, preparations and strategies are one file each. Letters: N patients, F features,
K folds.
"""
