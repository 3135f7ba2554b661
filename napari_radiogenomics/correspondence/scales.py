"""Which patients' maps have values on one scale, so that a change of 1 is the same in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from napari_radiogenomics.correspondence.choices import VESSELS
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError

__all__ = ["Scale", "commonest", "others_left_out", "scale_of", "unit_of"]


@dataclass(frozen=True)
class Scale:
    """What the values of a map are on.

    Attributes
    ----------
    modality, role : str
        Of the scan. The role tells scales apart where there is no unit: those of two sequences
        of MR are not one.
    scan_unit, unit : str
        Of the scan, and of the map of it.
    """

    modality: str = ""
    role: str = ""
    scan_unit: str = ""
    unit: str = ""

    @property
    def words(self) -> str:
        """What a person calls it."""
        scan = " ".join(dict.fromkeys(filter(None, (self.modality, self.role))))
        return f"{scan or 'a scan'} ({self.scan_unit or 'no unit'})"


def scale_of(scan: Image, image: Image, feature: str) -> Scale:
    """Scale of a patient's map.

    Parameters
    ----------
    scan : Image
        What was looked at.
    image : Image
        Map of the feature.
    feature : str
        Its name: vessels are measured in mm and rad, whatever the scan is.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((4, 3, 2))
    >>> scan = Image(np.zeros(grid.shape), grid, unit="HU", modality="CT")
    >>> scale_of(scan, scan, "intensity").words
    'CT (HU)'
    """
    if feature.startswith(VESSELS):
        return Scale(unit=image.unit)
    role = "" if scan.unit else str(scan.metadata.get("role", ""))
    return Scale(scan.modality, role, scan.unit, image.unit)


def commonest(scales: Mapping[str, Scale]) -> Scale:
    """The scale of most patients; of two the one that comes first."""
    return Counter(scales.values()).most_common(1)[0][0] if scales else Scale()


def others_left_out(scales: Mapping[str, Scale], kept: Scale) -> str:
    """Say who has values on another scale, and what can be done; nothing where nobody has."""
    parts = []
    for scale in dict.fromkeys(one for one in scales.values() if one != kept):
        names = [patient for patient, one in scales.items() if one == scale]
        parts.append(f"{scale.words} in {', '.join(names)}")
    if not parts:
        return ""
    among = counted(sum(one == kept for one in scales.values()), "patient")
    return (
        f"The feature is of {kept.words} in {among}, and of {'; '.join(parts)}. What has a unit "
        f"is told of the {among} alone: the effect at biopsies, and the links of the feature "
        "across patients. Correlations within tumors have none and are of all. For the others, "
        "give role or patients."
    )


def unit_of(maps: Mapping[str, Image]) -> str:
    """The unit of the maps of patients.

    Raises
    ------
    InputError
        If a change of 1 is not the same in all of them.
    """
    first = next(iter(maps), "")
    unit = maps[first].unit if maps else ""
    other = next((name for name in maps if maps[name].unit != unit), None)
    if other is not None:
        raise InputError(
            f"The map of patient {first} is in {unit or 'no unit'}, that of {other} in "
            f"{maps[other].unit or 'no unit'}: one effect of both has no meaning. Give the maps of "
            "patients whose scans are alike, and the others by themselves."
        )
    return unit
