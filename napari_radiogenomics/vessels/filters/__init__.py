"""Vesselness filters: one file each, with an object ``VESSELNESS``."""
