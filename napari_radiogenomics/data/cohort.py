"""A cohort: its patients, and where everything about them lies. Tables only, no images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.data.ids import canonical_id
from napari_radiogenomics.data.problems import Problem, summarize_problems
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.samples import Samples

__all__ = ["Cohort", "ExpressionRef", "FeaturesRef", "GeneSetsRef", "VariantsRef"]


@dataclass(frozen=True)
class ExpressionRef:
    """An expression table that has not been read.

    Attributes
    ----------
    id : str
        Name in the cohort.
    path : Path
        Absolute.
    unit : str
        ``"count"``, ``"TPM"``, ``"FPKM"``, ``"log"``, ….
    gene_id : str
        What genes are called by: ``"symbol"``, ``"ensembl"``, ``"entrez"``.
    rows : {"auto", "samples", "genes"}
        What a row of the file is; ``"auto"`` is recognized from names and headers.
    repair_dates : bool
        Whether genes that a spreadsheet turned into dates get their symbols back.
    blanks : {"keep", "zero", "drop_genes", "refuse"}
        Rule for blank cells.
    """

    id: str
    path: Path
    unit: str = ""
    gene_id: str = "symbol"
    rows: str = "auto"
    repair_dates: bool = False
    blanks: str = "keep"


@dataclass(frozen=True)
class GeneSetsRef:
    """A GMT file that has not been read: name in the cohort and absolute path."""

    id: str
    path: Path


@dataclass(frozen=True)
class VariantsRef:
    """A variant table that has not been read: name in the cohort and absolute path."""

    id: str
    path: Path


@dataclass(frozen=True)
class FeaturesRef:
    """A table of image features that came with the cohort and has not been read.

    Attributes
    ----------
    id : str
        Name in the cohort.
    path : Path
        Absolute.
    key : str
        Column with the patient or scan.
    """

    id: str
    path: Path
    key: str = "patient_id"


@dataclass(frozen=True, eq=False)
class Cohort:
    """Patients and what is known of them; images are opened when a patient is.

    Attributes
    ----------
    root : Path
        Folder to which the paths in the tables are relative.
    name, description : str
        For people.
    layout : str
        Name of the layout it was recognized as.
    patients, scans, segmentations, samples, slides : DataFrame
        Index ``patient_id``, ``scan_id``, ``segmentation_id``, ``sample_id``, ``slide_id``;
        columns as in `data.schema.TABLES`, clinical and other free ones after them. Missing
        text of known columns is ``""``, anything else missing NaN.
    timepoints, labels, transforms, aliases : DataFrame
        With the columns of the schema and a running index.
    expression, gene_sets, variants, features : tuple
        References to tables that are read when they are needed.
    problems : tuple of Problem
        What was found wrong on opening; the rest of the cohort is usable.
    rows, files : Mapping
        For messages: spreadsheet row of each id by table name, and file of each table.
    """

    root: Path
    name: str
    description: str
    layout: str
    patients: pd.DataFrame
    timepoints: pd.DataFrame
    scans: pd.DataFrame
    segmentations: pd.DataFrame
    labels: pd.DataFrame
    samples: pd.DataFrame
    slides: pd.DataFrame
    transforms: pd.DataFrame
    aliases: pd.DataFrame
    expression: tuple[ExpressionRef, ...] = ()
    gene_sets: tuple[GeneSetsRef, ...] = ()
    variants: tuple[VariantsRef, ...] = ()
    features: tuple[FeaturesRef, ...] = ()
    problems: tuple[Problem, ...] = ()
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.patients)

    def __str__(self) -> str:
        counts = [
            (len(self.patients), "patient"),
            (len(self.scans), "scan"),
            (len(self.segmentations), "segmentation"),
            (len(self.samples), "sample"),
            (len(self.slides), "slide"),
        ]
        parts = [f"{n} {noun}{'s' if n != 1 else ''}" for n, noun in counts if n]
        return (
            f"{self.name} ({self.layout}): {', '.join(parts) or 'empty'}; "
            f"{summarize_problems(self.problems)}"
        )

    def __repr__(self) -> str:
        return f"Cohort({str(self)!r})"

    def file(self, path: str) -> Path:
        """Absolute place of a path from a table."""
        return self.root / path

    def resolve(self, patient: str) -> str:
        """Identifier of a patient from any of its aliases or spellings.

        Raises
        ------
        InputError
            If no patient is meant, or more than one.
        """
        if patient in self.patients.index:
            return patient
        owners = self.aliases.loc[self.aliases["alias"] == patient, "patient_id"]
        meant = list(dict.fromkeys(owners))
        if not meant:
            wanted = canonical_id(patient)
            meant = [text for text in self.patients.index if canonical_id(text) == wanted]
        if len(meant) == 1:
            return str(meant[0])
        if meant:
            raise InputError(f'"{patient}" may be {" or ".join(meant)}. Write which one.')
        known = list(self.patients.index[:1000])
        hint = did_you_mean(patient, known) if len(known) < 20 else _closest(patient, known)
        raise InputError(f'No patient "{patient}" in {self.name}. {hint}')

    def scans_of(self, patient_id: str, timepoint: str = "") -> pd.DataFrame:
        """Scans of a patient, of one timepoint or of all."""
        return _of(self.scans, patient_id, timepoint)

    def segmentations_of(self, patient_id: str, timepoint: str = "") -> pd.DataFrame:
        """Segmentations of the scans of a patient."""
        scans = self.scans_of(patient_id, timepoint).index
        return self.segmentations[self.segmentations["scan_id"].isin(scans)]

    def samples_of(self, patient_id: str, timepoint: str = "") -> pd.DataFrame:
        """Samples of a patient, as a table."""
        return _of(self.samples, patient_id, timepoint)

    def slides_of(self, patient_id: str, timepoint: str = "") -> pd.DataFrame:
        """Slides of a patient."""
        return _of(self.slides, patient_id, timepoint)

    def timepoints_of(self, patient_id: str) -> list[str]:
        """Timepoints of a patient in order of days, then of appearance; ``[""]`` for none."""
        own = self.timepoints[self.timepoints["patient_id"] == patient_id]
        listed = own.sort_values("days", kind="stable")["timepoint"].tolist()
        seen = [
            name
            for frame in (self.scans, self.samples, self.slides)
            for name in frame.loc[frame["patient_id"] == patient_id, "timepoint"]
        ]
        return list(dict.fromkeys([*listed, *(name for name in seen if name)])) or [""]

    def samples_table(self, patient_id: str, timepoint: str = "") -> Samples:
        """Samples of a patient as validated `Samples`."""
        from napari_radiogenomics.data.samples import Samples

        table = self.samples_of(patient_id, timepoint)
        rows = self.rows.get("samples", {})
        kept = {name: rows[name] for name in table.index if name in rows}
        file = self.files.get("samples", "samples.csv")
        return Samples(table, name=f"{patient_id} samples", metadata={"path": file, "rows": kept})

    @property
    def _has_expression(self) -> pd.Series:
        """Samples with a column in an expression table, shape (N,).

        Tables with one row a sample name it by its id; then the column is left empty for all.
        """
        named = self.samples["expression_column"] != ""
        return named if named.any() or not self.expression else ~named

    def overview(self) -> pd.DataFrame:
        """One row a patient with what there is: the table that a browser shows.

        Returns
        -------
        DataFrame, index ``patient_id``
            ``site, scans, timepoints, segmentations, samples, biopsies, slides`` (counts),
            ``expression`` (bool), ``problems`` (count of errors and warnings).
        """
        import pandas as pd

        ids = self.patients.index
        samples, rna = self.samples, self._has_expression
        owner = self.segmentations["scan_id"].map(self.scans["patient_id"])
        serious = pd.Series(
            [p.patient_id for p in self.problems if p.level != "note"], dtype=object
        )
        point = samples["precision"] == "point"
        pairs = self.scans[["patient_id", "timepoint"]].drop_duplicates()["patient_id"]

        def count(patients: pd.Series) -> np.ndarray:
            return patients.value_counts().reindex(ids, fill_value=0).to_numpy(int)

        return pd.DataFrame(
            {
                "site": self.patients["site"],
                "scans": count(self.scans["patient_id"]),
                "timepoints": count(pairs),
                "segmentations": count(owner),
                "samples": count(samples["patient_id"]),
                "biopsies": count(samples.loc[point, "patient_id"]),
                "slides": count(self.slides["patient_id"]),
                "expression": count(samples.loc[rna, "patient_id"]) > 0,
                "problems": count(serious),
            },
            index=ids,
        )


def _of(frame: pd.DataFrame, patient_id: str, timepoint: str) -> pd.DataFrame:
    mask = frame["patient_id"] == patient_id
    if timepoint:
        mask &= frame["timepoint"].isin([timepoint, ""])  # without one it belongs to each
    return frame[mask]


def _closest(patient: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(patient, known, n=1)
    return f'Did you mean "{close[0]}"?' if close else f'They look like "{known[0]}".'
