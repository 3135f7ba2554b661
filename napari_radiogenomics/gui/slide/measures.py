"""What can be measured of a slide, as the dock says it."""

from __future__ import annotations

from napari_radiogenomics.tissue.kinds import KINDS, is_named

__all__ = ["MEASURES", "measure_for"]

MEASURES = {
    "vessels": (
        "Microvessel density",
        "Stained endothelium that hangs together is one vessel, with or without a lumen. Vessels "
        "per mm² of tissue, in fields laid out systematically and in the hottest ones.",
    ),
    "hypoxia": (
        "Hypoxia (CAIX, pimonidazole)",
        "Share of the tissue whose stain is above the threshold.",
    ),
    "nuclei": (
        "Nuclei",
        "Nuclei by hematoxylin, touching ones split. Nuclei per mm² of tissue.",
    ),
}
"""Title and rule of each measure."""


def measure_for(stain: str) -> str:
    """Measure that a stain is made for; empty where it is not known.

    Examples
    --------
    >>> measure_for("CD31"), measure_for("CAIX"), measure_for("H&E"), measure_for("")
    ('vessels', 'hypoxia', 'nuclei', '')
    """
    stained = [name for name, kind in KINDS.items() if kind.stains and is_named(stain, kind)]
    return stained[0] if stained else "nuclei" if stain == "H&E" else ""
