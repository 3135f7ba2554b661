"""A tree of scans without tables: what lies where, and which pattern its places may follow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts._names import IMAGE_SUFFIX, looks_like_segmentation
from napari_radiogenomics.io.cohorts.pattern import compile_patterns, sort_files
from napari_radiogenomics.io.tree import find_first, walk
from napari_radiogenomics.progress import Progress, quiet

__all__ = ["EXAMPLE", "PatternCount", "ScanTree", "has_scans", "scan_tree"]

EXAMPLE = "{patient_id}/{modality}.nii.gz"
"""A pattern, for messages."""

_ANY_SCAN = re.compile(r".*\.(nii|nii\.gz|nrrd|nhdr|mha|mhd|dcm)", re.IGNORECASE)
# Names of folders that are rather visits than anything else.
_VISIT = re.compile(
    r"(t|tp|ses|session|visit|time|timepoint|week|month|day|scan)?[-_ ]?\d[\d\-_.]*|"
    r"(pre|post|baseline|follow).*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PatternCount:
    """What a pattern finds in a tree.

    Attributes
    ----------
    patients, scans, segmentations : int
        How many; a folder of a DICOM series is one scan.
    unmatched : tuple of str
        Scans that do not fit, below the root.
    """

    patients: int
    scans: int
    segmentations: int
    unmatched: tuple[str, ...] = ()

    def __str__(self) -> str:
        found = (
            f"Finds {_many(self.patients, 'patient')}, {_many(self.scans, 'scan')}, "
            f"{_many(self.segmentations, 'segmentation')}."
        )
        if not self.unmatched:
            return found
        left = len(self.unmatched)
        verb = "does" if left == 1 else "do"
        return f"{found} {_many(left, 'file')} {verb} not fit, such as {self.unmatched[0]}."


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class ScanTree:
    """Names of the files below a folder.

    Attributes
    ----------
    root : Path
        The folder.
    folders : tuple of (str, list of str)
        Each folder below the root with the names of its files.
    """

    root: Path
    folders: tuple[tuple[str, list[str]], ...]

    def guess(self) -> str:
        """Pattern that the places of the scans seem to follow, for a person to correct.

        Examples
        --------
        >>> ScanTree(Path("x"), (("A1", ["CT.nii.gz"]), ("A2", ["CT.nii.gz"]))).guess()
        '{patient_id}/{modality}.nii.gz'
        >>> ScanTree(Path("x"), (("A1/t0", ["A1_T1.nii"]), ("A2/t0", ["A2_T1.nii"]))).guess()
        '{patient_id}/{timepoint}/{patient_id}_{modality}.nii'
        >>> ScanTree(Path("x"), (("A1/CT", ["1.dcm", "2.dcm"]),)).guess()
        '{patient_id}/{modality}/'
        """
        places = self._places()
        above = _common_folder(places)
        shapes = Counter(_shape(place[len(above) :], places, len(above)) for place in places)
        start = "".join(f"{name}/" for name in above)
        return " | ".join(start + shape for shape, _ in shapes.most_common(3)) or EXAMPLE

    def count(self, pattern: str) -> PatternCount:
        """Count what a pattern finds; no scan is read.

        Parameters
        ----------
        pattern : str
            As `open_cohort` takes it.

        Raises
        ------
        InputError
            If the pattern has an unknown field, or no ``{patient_id}``.
        """
        matches, unmatched = sort_files(self.folders, compile_patterns(pattern))
        masks = sum(
            "segmentation" in match or looks_like_segmentation(match["path"].rsplit("/", 1)[-1])
            for match in matches
        )
        return PatternCount(
            len({match["patient_id"] for match in matches}),
            len(matches) - masks,
            masks,
            tuple(file for file in unmatched if IMAGE_SUFFIX.search(file)),
        )

    def _places(self) -> list[tuple[str, ...]]:
        """Parts of the path of each volume; a folder of DICOM ends with an empty part."""
        places: dict[tuple[str, ...], None] = {}
        for folder, files in self.folders:
            parts = tuple(folder.split("/")) if folder else ()
            for name in files:
                if name.lower().endswith(".dcm") and parts:
                    places[(*parts, "")] = None
                elif IMAGE_SUFFIX.search(name):
                    places[(*parts, name)] = None
        return list(places)


def _common_folder(places: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Folders that everything lies in, such as ``images``, above those of the patients."""
    above: list[str] = []
    while places and all(len(place) >= len(above) + 3 for place in places):
        here = {place[len(above)] for place in places}
        below = {place[len(above) + 1] for place in places}
        if len(here) > 1 or len(below) < 2:
            break
        above.append(here.pop())
    return tuple(above)


def _shape(place: tuple[str, ...], places: Sequence[tuple[str, ...]], skip: int) -> str:
    """Pattern of one place, below the folders that all share."""
    *folders, name = place
    if not folders:
        return _flat(name)
    parts = ["{patient_id}"]
    for level, folder in enumerate(folders[1:], start=1):
        names = {other[skip + level] for other in places if len(other) > skip + level + 1}
        last = not name and level == len(folders) - 1
        visit = "{timepoint}" not in parts and all(map(_VISIT.fullmatch, names))
        parts.append("{modality}" if last else "{timepoint}" if visit else "*")
        parts[-1] = folder if parts[-1] == "*" and len(names) == 1 else parts[-1]
    return "/".join([*parts, _file(name, folders[0])])


def _file(name: str, patient: str) -> str:
    if not name:
        return ""  # a folder of DICOM
    stem, suffix = _stem(name), name[len(_stem(name)) :]
    rest = stem[len(patient) :]
    if stem.startswith(patient) and rest[:1] in ("_", "-", ".") and len(rest) > 1:
        return f"{{patient_id}}{rest[0]}{{modality}}{suffix}"
    return f"{{patient_id}}{suffix}" if stem == patient else f"{{modality}}{suffix}"


def _flat(name: str) -> str:
    """Pattern of a volume that lies in no folder: the patient, then what it is."""
    stem, suffix = _stem(name), name[len(_stem(name)) :]
    return f"{{patient_id}}_{{modality}}{suffix}" if "_" in stem else f"{{patient_id}}{suffix}"


def _stem(name: str) -> str:
    return IMAGE_SUFFIX.sub("", name)


def has_scans(root: Path) -> bool:
    """Whether volumes lie somewhere below a folder; looks at few folders only."""
    return root.is_dir() and bool(find_first(root, _ANY_SCAN))


def scan_tree(root: str | Path, *, progress: Progress = quiet) -> ScanTree:
    """List a tree of scans.

    Parameters
    ----------
    root : str or Path
        Folder.
    progress : Progress, optional
        Reports the folders.

    Raises
    ------
    InputError
        If no volume lies below it.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "A1").mkdir()
    >>> _ = (folder / "A1" / "CT.nii.gz").write_bytes(b"")
    >>> tree = scan_tree(folder)
    >>> print(tree.guess(), "|", tree.count(tree.guess()))
    {patient_id}/{modality}.nii.gz | Finds 1 patient, 1 scan, 0 segmentations.
    """
    root = Path(root)
    tree = ScanTree(root, tuple(progress(walk(root), "Folders")))
    if not any(_ANY_SCAN.fullmatch(name) for _, files in tree.folders for name in files):
        raise InputError(
            f"{root} is no cohort: it holds neither tables nor scans. Choose the folder with "
            "cohort.toml, or one whose patients have folders of scans."
        )
    return tree
