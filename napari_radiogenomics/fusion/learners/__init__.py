"""Learners, one a file: each module defines ``LEARNER``."""
