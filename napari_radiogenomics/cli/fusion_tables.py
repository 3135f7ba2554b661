"""From files and a cohort folder to what `fuse` takes: modalities, outcome, sites."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["Chosen", "People", "Told", "columns_of_patients", "named_paths", "tell"]


@dataclass(frozen=True, eq=False)
class People:
    """Patients of one cohort.

    Attributes
    ----------
    table : DataFrame
        Facts by patient.
    cohort : Cohort or None
        Where the patients were given as a folder that can be opened.
    """

    table: pd.DataFrame
    cohort: Cohort | None = None

    @classmethod
    def read(cls, path: Path) -> People:
        """Read a table of patients, or a cohort folder with all that it holds.

        Raises
        ------
        InputError
            If there is no table of patients.
        """
        from napari_radiogenomics.fusion.read_modality import read_patients, with_numbers
        from napari_radiogenomics.io.cohorts import open_cohort

        if not path.is_dir():
            return cls(read_patients(path))
        file = path / "patients.csv"
        if file.is_file() and not (path / "cohort.toml").is_file():
            return cls(read_patients(file))
        cohort = open_cohort(path)
        if file.is_file():
            return cls(read_patients(file), cohort)
        table = with_numbers(cohort.patients.astype(object).fillna(""))
        return cls(table.set_axis(table.index.astype(str)), cohort)

    def where(self, wish: str | None) -> pd.DataFrame:
        """Rows of the patients of whom COLUMN=VALUE holds; all of them without it.

        Raises
        ------
        InputError
            If it is written otherwise, or holds of nobody.
        """
        if wish is None:
            return self.table
        name, sign, value = wish.partition("=")
        if not (sign and name and value):
            raise InputError(f'"{wish}" is not COLUMN=VALUE, such as cohort=discovery.')
        column = columns_of_patients(self.table, [name])[name]
        numbers = column.dtype.kind == "f"
        shown = column.map("{:g}".format) if numbers else column.astype(str)
        found = self.table[shown == value]
        if not len(found):
            hint = did_you_mean(value, sorted(set(shown.dropna())))
            raise InputError(f'No patient has "{value}" in the column "{name}". {hint}')
        return found

    def outcome(self, names: Sequence[str]) -> tuple[Any, set[str], str]:
        """Outcome by patient, columns and genes it is made of, and its kind.

        Parameters
        ----------
        names : sequence of str
            A column, or time and event; of a cohort folder also what its dock offers.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        if len(names) > 1 or names[0] in self.table or self.cohort is None:
            found = columns_of_patients(self.table, names)
            kind = "survival" if len(names) > 1 else "clinical"
            return (found if len(names) > 1 else found[names[0]]), set(names), kind
        return _of_cohort(self.cohort, names[0])


def _of_cohort(cohort: Cohort, name: str) -> tuple[Any, set[str], str]:
    from napari_radiogenomics.fusion.cohort_targets import (
        target_called,
        target_values,
        targets_of,
    )

    target, text = target_called(cohort, name)
    try:
        return target_values(cohort, target, text)
    except InputError as error:
        offered = [one.title for one in targets_of(cohort) if one.kind in ("column", "mutation")]
        raise InputError(
            f'The table of patients has no column "{name}", and it names no mutation, gene or '
            f"gene set of the cohort. {did_you_mean(name, offered)}"
        ) from error


@dataclass(frozen=True, eq=False)
class Told:
    """What was chosen of some patients, as `fuse` takes it.

    Attributes
    ----------
    modalities : dict of DataFrame
        By name.
    preparations : dict
        Of the modalities whose files tell how they are prepared.
    target : Series or DataFrame or None
        Outcome, where one is known.
    site : Series or None
        Where they come from.
    """

    modalities: dict[str, pd.DataFrame]
    preparations: dict[str, Any]
    target: Any = None
    site: pd.Series | None = None

    @property
    def cohort(self) -> tuple[Any, ...]:
        """As the second cohort of `fuse`."""
        return (self.modalities, self.target, *([] if self.site is None else [self.site]))


@dataclass(frozen=True)
class Chosen:
    """What the person wants to be read.

    Attributes
    ----------
    files : mapping of str to Path
        Modality → its table.
    held : sequence of str
        Modalities of the cohort folder itself.
    clinical : sequence of str
        Columns of the patients that are clinical facts.
    outcome : sequence of str
        Its column, or time and event; empty where none is known.
    site : str
        Column of the patients with the site; empty for none.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    held: Sequence[str] = ()
    clinical: Sequence[str] = ()
    outcome: Sequence[str] = ()
    site: str = ""

    def read(self, people: People, rows: pd.DataFrame) -> Told:
        """Read what is chosen, of some of the patients.

        Parameters
        ----------
        people : People
            All patients.
        rows : DataFrame
            Facts of those that are meant.

        Raises
        ------
        InputError
            If a file or column is missing, or nothing is left of a modality.
        """
        target, own, kind = None, set[str](), "clinical"
        if self.outcome:
            target, own, kind = people.outcome(self.outcome)
            target = target[target.index.astype(str).isin(rows.index.astype(str))]
        # A mutation is not the expression of its gene, which may predict it.
        tables, how = self._of_files(people, rows, own if kind != "mutation" else ())
        held, how_held = self._of_folder(people, rows, own, kind)
        tables |= held
        if self.clinical and "clinical" not in tables:
            names = _without(self.clinical, own)
            tables["clinical"] = columns_of_patients(rows, names)
            how_held["clinical"] = "clinical"
        site = columns_of_patients(rows, [self.site])[self.site] if self.site else None
        return Told(tables, {**how, **how_held}, target, site)

    def _of_files(
        self, people: People, rows: pd.DataFrame, own: Collection[str]
    ) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
        from napari_radiogenomics.fusion.preparation import preparation_named
        from napari_radiogenomics.fusion.read_modality import read_modality

        tables: dict[str, pd.DataFrame] = {}
        how: dict[str, Any] = {}
        for name, path in self.files.items():
            clinical = preparation_named(name) == "clinical"
            known = {*own, self.site} if clinical else {*map(str, people.table.columns), *own}
            found = read_modality(path, name, known=known)
            tell(found.notes)
            table = found.tables[name]
            _require_patients(name, path, table, people)
            there = table.index.astype(str).isin(rows.index.astype(str))
            tables[name] = table[there] if len(rows) < len(people.table) else table
            how |= found.preparations
        return tables, how

    def _of_folder(
        self, people: People, rows: pd.DataFrame, own: Collection[str], kind: str
    ) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
        from napari_radiogenomics.fusion.cohort_tables import cohort_modalities

        names = [name for name in self.held if name not in self.files]
        if not names:
            return {}, {}
        if people.cohort is None:
            raise InputError(
                "--modalities are those that a cohort folder holds itself. Give the folder as "
                "PATIENTS, or each modality as --table NAME=PATH."
            )
        if "imaging" in names:
            raise InputError(
                "Imaging is measured first: napari-radiogenomics extract-cohort … --output "
                "features.csv, then --table imaging=features.csv."
            )
        found = cohort_modalities(
            None, people.cohort, names, clinical=self.clinical or None, outcome=own,
            outcome_kind=kind, patients=set(rows.index.astype(str)),
        )  # fmt: skip
        tell(found.notes)
        return dict(found.tables), dict(found.preparations)


def _without(names: Sequence[str], own: Collection[str]) -> list[str]:
    """Clinical columns that are not the outcome."""
    left = [name for name in names if name not in own]
    tell([f"{name} is the outcome and was left out of the clinical facts." for name in names
          if name in own])  # fmt: skip
    if not left:
        raise InputError(
            f"--clinical names the outcome alone ({', '.join(names)}). Name other columns, or "
            "leave --clinical out."
        )
    return left


def _require_patients(name: str, path: Path, table: pd.DataFrame, people: People) -> None:
    """Refuse a table of samples, or of genes by patient, with what to do instead."""
    ids, patients = set(map(str, table.index)), set(map(str, people.table.index))
    if ids & patients:
        return
    what = f'The {len(table)} rows of "{name}" ({path.name})'
    first = f"they are called {table.index[0]}, the patients {people.table.index[0]}"
    if len(patients & set(map(str, table.columns))) > 1:
        raise InputError(
            f"{what} are no patients; its columns are. Give it turned round: one row a patient."
        )
    samples = set() if people.cohort is None else set(map(str, people.cohort.samples.index))
    if ids & samples:
        raise InputError(
            f"{what} are samples, not patients ({first}). Take the genes by patient from the "
            "cohort folder itself: --modalities rna instead of this --table."
        )
    raise InputError(
        f"{what} are of none of the patients: {first}. Give all tables the same patient ids; of a "
        "cohort folder --modalities rna takes its samples to their patients."
    )


def named_paths(words: Sequence[str]) -> dict[str, Path]:
    """NAME=PATH by name.

    Raises
    ------
    InputError
        If one is written otherwise, or a name comes twice.
    """
    found: dict[str, Path] = {}
    for word in words:
        name, sign, place = word.partition("=")
        if not (sign and name and place):
            raise InputError(f'"{word}" is not NAME=PATH, such as imaging=features.csv.')
        if name in found:
            raise InputError(f'"{name}" is given twice: {found[name]} and {place}. Give it once.')
        found[name] = Path(place)
    return found


def columns_of_patients(patients: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Choose columns of the patients by name.

    Raises
    ------
    InputError
        If there is no such column.
    """
    for name in names:
        if name not in patients:
            hint = did_you_mean(name, list(map(str, patients.columns)))
            raise InputError(f'The table of patients has no column "{name}". {hint}')
    return patients[list(names)]


def tell(notes: Collection[str]) -> None:
    """Write notes on standard error, one a line."""
    for note in notes:
        sys.stderr.write(f"note: {note}\n")
