"""What every layer of ours has in common: axes, units and keys of its metadata."""

from __future__ import annotations

__all__ = ["AXES", "PART", "SAVED", "SOURCE", "UNITS"]

AXES = ("z", "y", "x")
UNITS = ("mm", "mm", "mm")
SOURCE = "radiogenomics"
"""Key of a layer's metadata that holds the object it came from."""
PART = "radiogenomics_layer"
"""Key that holds which layer of overlapping regions it shows."""
SAVED = "radiogenomics_saved"
"""Key that holds the labels as they were last written."""
