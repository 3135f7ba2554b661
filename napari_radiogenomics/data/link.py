"""`link_samples`: which region a tissue sample speaks for, how that is known, and how finely.

Strategy: what a sample allows is settled first (`Precision`, and what picked it); then its
place is looked up by coordinates, by region id, by the name of its structure, or by the tumor,
in this order. A sample never counts for something finer than it allows; one whose ball lies
across regions counts for the whole tumor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.link_rows import Linker
from napari_radiogenomics.data.precision import Precision, allows
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.structures import DEFAULT_STRUCTURES, StructureMap
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import Record, verb
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HOW", "Links", "join_links", "link_samples"]

HOW = ("coordinates", "region id", "structure name", "tumor", "patient")
"""Ways in which the place of a sample is known, the surest first."""
_COLUMNS = (
    "sample_id", "patient_id", "timepoint", "segmentation_id", "label", "region", "how",
    "fraction", "distance_mm", "counts", "precision", "warning", "flip",
)  # fmt: skip
_REGION_COLUMNS = ("patient_id", "segmentation_id", "label", "region", "volume_ml")
_TYPES = {"label": "Int64", "counts": bool, "fraction": float, "distance_mm": float}


@dataclass(frozen=True, eq=False)
class Links:
    """Samples and the regions they speak for.

    Attributes
    ----------
    table : DataFrame
        A row for each sample and region. ``sample_id, patient_id, timepoint,
        segmentation_id``; ``label`` (missing for the whole tumor, or where there is no
        segmentation) and ``region`` (its name); ``how`` (one of `HOW`); ``fraction`` of the
        ball of radius and uncertainty that lies in the region, and ``distance_mm`` from its
        center to the region (missing without coordinates); ``counts``, whether the sample
        counts for the region's score; ``precision`` of what may be claimed; ``warning``; and
        ``flip``, the coordinate system that would put an outlier inside.
    regions : DataFrame
        Every region that could have samples: ``patient_id, segmentation_id, label, region,
        volume_ml``.
    name : str
        What a person calls it.
    notes : tuple of str
        What should be known of all of them.
    history : tuple of Record
        How it came to be.
    """

    table: pd.DataFrame
    regions: pd.DataFrame
    name: str = ""
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        samples = self.table["sample_id"].nunique()
        flagged = int((self.table["warning"] != "").sum())
        return f"Links({self.name!r}, {samples} samples, {len(self.regions)} regions, "\
               f"{flagged} warnings)"  # fmt: skip

    @property
    def flips(self) -> dict[str, str]:
        """Samples outside the tumor → coordinate system that would put them inside."""
        rows = self.table[self.table["flip"] != ""]
        return dict(zip(rows["sample_id"], rows["flip"], strict=True))

    def precision_of(self, sample_id: str) -> Precision:
        """Finest claim that a sample supports in these links.

        Raises
        ------
        InputError
            If it is not among them.
        """
        rows = self.table[(self.table["sample_id"] == sample_id) & self.table["counts"]]
        if not len(rows):
            known = list(dict.fromkeys(self.table["sample_id"]))
            raise InputError(f'No sample "{sample_id}" is linked. {did_you_mean(sample_id, known)}')
        return min(Precision.parse(text) for text in rows["precision"])

    def counting(self, claim: str | Precision) -> pd.DataFrame:
        """Rows that may count for a claim such as ``"region"`` or ``"tumour"``.

        This is the rule of the package: no row answers a claim finer than its precision.
        """
        rows = self.table[self.table["counts"]]
        return rows[np.array([allows(text, claim) for text in rows["precision"]], bool)]


@verb
def link_samples(
    samples: Samples,
    segmentation: Segmentation | Sequence[Segmentation] = (),
    *,
    structures: StructureMap | None = None,
    tumor_labels: Sequence[int] = (),
    progress: Progress = quiet,
) -> Links:
    """Find the region that each tissue sample speaks for.

    Parameters
    ----------
    samples : Samples
        Of one patient, in the frame of the segmentation; of any number where there is none.
    segmentation : Segmentation or sequence of Segmentation, optional
        Regions of the patient, by one or several readers. Without one, samples are linked by
        the name of their structure alone.
    structures : StructureMap, optional
        Regions that stand for structures; those of the Ivy atlas where not given.
    tumor_labels : sequence of int, optional
        Labels that are tumor, in all segmentations; all where not given.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    Links
        At least one row for each sample and segmentation.

    Raises
    ------
    InputError
        If samples of several patients meet a segmentation, or no label is left.

    Notes
    -----
    The ball of a sample has its radius and its uncertainty together as radius. A region is
    claimed by coordinates where it holds at least half of the labelled part of that ball; if
    none does, the sample counts for the whole tumor. Samples picked by their expression are no
    evidence of a place and count for the tumor.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from napari_radiogenomics import Geometry, Label, Samples, Segmentation
    >>> voxels = np.ones((9, 9, 9), np.uint8); voxels[:, :, 5:] = 2
    >>> regions = Segmentation(voxels, Geometry((9, 9, 9)), (Label(1, "core"), Label(2, "rim")))
    >>> frame = pd.DataFrame({"sample_id": ["b1", "bulk"], "patient_id": "P1", "x": [2, None],
    ...     "y": [4, None], "z": [4, None], "coord_system": ["LPS", ""], "unit": ["mm", ""],
    ...     "radius_mm": [1, None], "precision": ["point", "tumour"]})
    >>> links = link_samples(Samples.from_table(frame), regions)
    >>> links.table[["sample_id", "region", "how", "precision"]].values.tolist()
    [['b1', 'core', 'coordinates', 'point'], ['bulk', 'whole tumor', 'tumor', 'tumour']]
    """
    import pandas as pd

    if isinstance(segmentation, Segmentation):
        segmentation = (segmentation,)
    segmentations = tuple(segmentation)
    _require_one_patient(samples, segmentations)
    known = structures or DEFAULT_STRUCTURES
    rows: list[dict[str, Any]] = []
    regions: list[dict[str, Any]] = []
    parts: tuple[Segmentation | None, ...] = segmentations or (None,)
    for part in progress(parts, "Regions"):
        linker = Linker(samples, part, known, tuple(tumor_labels))
        rows += linker.rows()
        regions += linker.regions()
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_TYPES)
    found = pd.DataFrame(regions, columns=list(_REGION_COLUMNS)).astype({"label": "Int64"})
    return Links(table, found, samples.name, _notes(table))


def join_links(many: Sequence[Links], *, name: str = "") -> Links:
    """Put the links of several segmentations or patients together.

    Parameters
    ----------
    many : sequence of Links
        In any order; a table without rows comes of none.
    name : str, optional
        What a person calls them.

    Returns
    -------
    Links
    """
    import pandas as pd

    if not many:
        table = pd.DataFrame(columns=list(_COLUMNS)).astype(_TYPES)
        return Links(table, pd.DataFrame(columns=list(_REGION_COLUMNS)), name)
    table = pd.concat([links.table for links in many], ignore_index=True).astype(_TYPES)
    regions = [links.regions for links in many if len(links.regions)] or [many[0].regions]
    history = tuple(record for links in many for record in links.history)
    return Links(table, pd.concat(regions, ignore_index=True), name, _notes(table), history)


def _require_one_patient(samples: Samples, segmentations: Sequence[Segmentation]) -> None:
    patients = list(dict.fromkeys(samples.table["patient_id"]))
    if segmentations and len(patients) > 1:
        raise InputError(
            f"The samples are of {len(patients)} patients ({', '.join(patients[:3])} …), a "
            "segmentation is of one. Link each patient with its own segmentation."
        )


def _notes(table: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    named = table.loc[table["how"] == "structure name", "sample_id"].nunique()
    if named:
        notes.append(f"{named} samples are placed by the name of their structure, not by a place.")
    flips = table.loc[table["flip"] != "", ["sample_id", "flip"]].drop_duplicates()
    located = table.loc[table["distance_mm"].notna(), "sample_id"].nunique()
    for system, rows in flips.groupby("flip"):
        notes.append(
            f"{len(rows)} of {located} located samples lie outside the tumor, and inside it if "
            f"their coordinates are {system}."
        )
    return tuple(notes)
