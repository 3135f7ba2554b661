"""PyRadiomics' batch table: a CSV with ``Image`` and ``Mask``, relative to itself."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.table import Table
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts._names import IMAGE_SUFFIX, modality_of, role_of
from napari_radiogenomics.io.layout import Draft, Layout, LayoutOptions
from napari_radiogenomics.io.tables import read_header, read_table

__all__ = ["LAYOUT"]

_IDS = ("patient_id", "patientid", "patient id", "patient", "subject", "case", "id")
_TAIL = re.compile(r"[_\-. ]*(image|img|scan)$", re.IGNORECASE)


def _header(path: Path) -> list[str]:
    try:
        return [cell.strip() for cell in read_header(path)]
    except InputError:
        return []


def _is_batch(path: Path) -> bool:
    return path.suffix.lower() in (".csv", ".tsv") and {"Image", "Mask"} <= set(_header(path))


def _recognizes(path: Path) -> str:
    if path.is_file():
        return f"the columns Image and Mask of {path.name}" if _is_batch(path) else ""
    found = [file.name for file in sorted(path.glob("*.csv")) if _is_batch(file)]
    return f"the columns Image and Mask of {found[0]}" if len(found) == 1 else ""


def _read(path: Path, options: LayoutOptions) -> Draft:
    if path.is_dir():
        found = [file for file in sorted(path.glob("*.csv")) if _is_batch(file)]
        if len(found) != 1:
            names = ", ".join(file.name for file in found) or "none"
            raise InputError(f"{path} holds {names} with Image and Mask; open one by its name.")
        path = found[0]
    table, problems = read_table(path, file=path.name)
    draft = Draft(path.parent, path.stem, "PyRadiomics batch", problems=problems)
    draft.absolute_paths = True
    missing = {"Image", "Mask"} - set(table.frame.columns)
    if missing:
        raise InputError(
            f"{path} has no column {' and '.join(sorted(missing))}. Found: "
            f"{', '.join(table.frame.columns)}."
        )
    _fill(draft, table)
    return draft


def _fill(draft: Draft, table: Table) -> None:
    patients = _patients(table)
    images, masks = table.texts("Image"), table.texts("Mask")
    labels = table.texts("Label")
    free = [name for name in table.frame.columns if name not in ("Image", "Mask", "Label")]
    # Patients may share an image: it is a scan of each of them.
    pairs = list(zip(patients, images, strict=True))
    scans: dict[tuple[str, str], int] = {}
    regions: dict[tuple[tuple[str, str], str], int] = {}
    for at, (pair, mask) in enumerate(zip(pairs, masks, strict=True)):
        scans.setdefault(pair, at)
        regions.setdefault((pair, mask), at)
    names = _scan_ids(list(scans))
    firsts = {patient: at for at, patient in reversed(list(enumerate(patients)))}
    clinical = [name for name in free if name.lower() not in _IDS]
    _add(
        draft,
        table,
        "patients",
        [
            {"patient_id": patients[at], **{name: table.texts(name)[at] for name in clinical}}
            for at in sorted(firsts.values())
        ],
        sorted(firsts.values()),
    )
    _add(
        draft,
        table,
        "scans",
        [_scan(names[pair], *pair) for pair in scans],
        list(scans.values()),
    )
    wanted: dict[tuple[tuple[str, str], str], list[str]] = {region: [] for region in regions}
    for pair, mask, label in zip(pairs, masks, labels, strict=True):
        wanted[pair, mask].append(label)
    counts: Counter[tuple[str, str]] = Counter()
    rows = []
    for pair, mask in regions:
        counts[pair] += 1
        rows.append(
            {
                "segmentation_id": f"{names[pair]}_mask{counts[pair] if counts[pair] > 1 else ''}",
                "scan_id": names[pair],
                "path": mask,
                "label": " ".join(sorted({*wanted[pair, mask]} - {""})),
            }
        )
    _add(draft, table, "segmentations", rows, list(regions.values()))


def _add(
    draft: Draft, source: Table, name: str, records: list[dict[str, str]], places: list[int]
) -> None:
    """Add a table whose rows keep the row of the batch file they come from."""
    import pandas as pd

    columns = list(dict.fromkeys([*TABLES[name].names, *(key for row in records for key in row)]))
    frame = pd.DataFrame(
        [[row.get(key, "") for key in columns] for row in records], columns=columns, dtype=object
    )
    draft.tables[name] = Table(frame, source.rows[places], source.file)


def _patients(table: Table) -> list[str]:
    """Patient of each row: its column, the file name, or the folder where names repeat."""
    column = next((name for name in table.frame.columns if name.strip().lower() in _IDS), None)
    if column is not None and all(cell.strip() for cell in table.texts(column)):
        return [cell.strip() for cell in table.texts(column)]
    paths = [image.replace("\\", "/") for image in table.texts("Image")]
    stems = [_TAIL.sub("", _stem(path)) for path in paths]
    of_stem: dict[str, set[str]] = {}
    for stem, path in zip(stems, paths, strict=True):
        of_stem.setdefault(stem, set()).add(path)
    if all(stems) and all(len(found) == 1 for found in of_stem.values()):
        return stems
    folders = [path.rsplit("/", 2)[-2] if "/" in path else stem
               for path, stem in zip(paths, stems, strict=True)]  # fmt: skip
    return [folder or stem or "patient" for folder, stem in zip(folders, stems, strict=True)]


def _scan_ids(scans: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Name of each (patient, image): the patient, and the file where a patient has several."""
    count = Counter(patient for patient, _ in scans)
    names: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for patient, image in scans:
        name = patient if count[patient] == 1 else f"{patient}_{_stem(image)}"
        same = (f"{name}_{number}" for number in itertools.count(2))
        names[patient, image] = (
            name if name not in taken else next(n for n in same if n not in taken)
        )
        taken.add(names[patient, image])
    return names


def _stem(image: str) -> str:
    """File name without its suffix, from a path of either system."""
    return IMAGE_SUFFIX.sub("", re.split(r"[/\\]", image)[-1])


def _scan(identity: str, patient: str, image: str) -> dict[str, str]:
    words = [role_of(word) for word in re.split(r"[_\-. ]+", _stem(image))]
    role = next((word for word in words if modality_of(word)), "")
    return {
        "scan_id": identity,
        "patient_id": patient,
        "modality": modality_of(role),
        "role": role,
        "path": image,
    }


LAYOUT = Layout(
    name="pyradiomics",
    title="PyRadiomics batch table (Image, Mask)",
    recognizes=_recognizes,
    read=_read,
    rank=1,
)
