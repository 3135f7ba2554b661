"""What every layer of ours has in common: axes, units and keys of its metadata."""

from __future__ import annotations

__all__ = [
    "AXES",
    "DERIVED",
    "ERASED",
    "HIDDEN",
    "LOCKED",
    "PART",
    "PASSING",
    "RENAMED",
    "SAVED",
    "SOURCE",
    "TRUE",
    "UNITS",
]

AXES = ("z", "y", "x")
UNITS = ("mm", "mm", "mm")
SOURCE = "radiogenomics"
"""Key of a layer's metadata that holds the object it came from."""
PART = "radiogenomics_layer"
"""Key that holds which layer of overlapping regions it shows."""
SAVED = "radiogenomics_saved"
"""Key that holds the labels as they were last written."""
LOCKED = "radiogenomics_locked"
"""Key of a labels layer that holds its locked label values."""
HIDDEN = "radiogenomics_hidden"
"""Key of a labels layer that holds label values that are not drawn."""
TRUE = "radiogenomics_true"
"""Key of a labels layer on an oblique grid that holds what tools gave: pairs of the labels on the
screen and those of the true grid, newest last, so that a result is written as it was made."""
PASSING = "radiogenomics_passing"
"""Key of a layer that is there for the moment, as a preview: never kept, saved or measured."""
DERIVED = "radiogenomics_derived"
"""Key of a labels layer that was made of a region, as habitats: measured only where the person
chooses it."""
ERASED = "radiogenomics_erased"
"""Key of a labels layer that holds labels that were deleted: undo gives them their name back."""
RENAMED = "radiogenomics_renamed"
"""Key of a labels layer whose names or colors were changed since it was read."""
CARD = "radiogenomics_card"
"""Key of a labels layer's metadata: label → what the hover card adds for it."""
