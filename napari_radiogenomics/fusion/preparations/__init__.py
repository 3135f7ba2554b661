"""Preparations of modalities, one a file: each module defines ``PREPARATION``."""
