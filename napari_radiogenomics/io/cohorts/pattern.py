"""Any tree of files whose places follow a pattern such as ``{patient_id}/{modality}.nii.gz``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from napari_radiogenomics.data.problems import Level, Problem
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.table import table_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts._names import (
    IMAGE_SUFFIX,
    looks_like_segmentation,
    modality_of,
    reference_scan,
    role_of,
)
from napari_radiogenomics.io.layout import Draft, Layout, LayoutOptions
from napari_radiogenomics.io.tree import walk
from napari_radiogenomics.registry import did_you_mean

__all__ = ["LAYOUT", "compile_pattern", "compile_patterns", "sort_files"]

_FIELDS = ["patient_id", "timepoint", "site", "modality", "scan", "segmentation"]
_TOKEN = re.compile(r"\{([^{}]*)\}|(\*)")


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Make a regular expression of one pattern.

    Parameters
    ----------
    pattern : str
        Path below the root with fields in braces. A field that occurs twice must have the same
        value; ``*`` stands for anything within a name; a pattern that ends with ``/`` means
        folders, as of DICOM series.

    Returns
    -------
    re.Pattern
        With one group a field.

    Raises
    ------
    InputError
        If a field is unknown, a brace is not closed, or there is no ``{patient_id}``.

    Examples
    --------
    >>> compile_pattern("{patient_id}/{modality}.nii.gz").fullmatch("P1/T1.nii.gz")["modality"]
    'T1'
    """
    parts, end, seen = [], 0, set[str]()
    for token in _TOKEN.finditer(pattern):
        parts.append(re.escape(pattern[end : token.start()]))
        end = token.end()
        name = token[1]
        if token[2]:
            parts.append("[^/]*")
        elif name not in _FIELDS:
            hint = did_you_mean(name, _FIELDS)
            raise InputError(f'Unknown field "{{{name}}}" in the pattern "{pattern}". {hint}')
        else:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)")
            seen.add(name)
    rest = pattern[end:]
    if "{" in rest or "}" in rest or "patient_id" not in seen:
        raise InputError(
            f'The pattern "{pattern}" needs {{patient_id}} and closed braces. '
            "Example: {patient_id}/{modality}.nii.gz"
        )
    return re.compile("".join(parts) + re.escape(rest))


def compile_patterns(patterns: str) -> list[re.Pattern[str]]:
    """Make regular expressions of patterns with ``|`` between them; see `compile_pattern`."""
    return [compile_pattern(text.strip()) for text in patterns.split("|")]


def _recognizes(path: Path) -> str:
    return ""  # a tree without tables is only known by the pattern the person gives


def _read(path: Path, options: LayoutOptions) -> Draft:
    if not options.pattern.strip():
        raise InputError(
            'The layout "pattern" needs to know where the files lie below the folder. Say it '
            'with the setting pattern, for example "{patient_id}/{modality}.nii.gz"; the Cohort '
            "dock asks for it and counts what it finds."
        )
    patterns = compile_patterns(options.pattern)
    draft = Draft(path, path.resolve().name, f"Files by the pattern {options.pattern}")
    matches, unmatched = sort_files(options.progress(walk(path), "Folders"), patterns)
    if not matches:
        seen = f"; the first file is {unmatched[0]}" if unmatched else ", which holds no files"
        raise InputError(
            f'No file fits the pattern "{options.pattern}" in {path}{seen}. Correct the pattern.'
        )
    draft.problems += [_not_fitting(file, options.pattern) for file in unmatched]
    _fill(draft, matches)
    return draft


def sort_files(
    tree: Iterable[tuple[str, list[str]]], patterns: Sequence[re.Pattern[str]]
) -> tuple[list[dict[str, str]], list[str]]:
    """Fields of the files that fit, with their path, and the files that do not.

    Parameters
    ----------
    tree : iterable of (str, list of str)
        Folders and the names of their files, as `io.tree.walk` gives them.
    patterns : sequence of re.Pattern
        As `compile_patterns` gives them.
    """
    matches, unmatched = [], []
    folders = [pattern for pattern in patterns if pattern.pattern.endswith("/")]
    for folder, files in tree:
        whole = next((m for p in folders if files and (m := p.fullmatch(f"{folder}/"))), None)
        if whole:
            matches.append({**whole.groupdict(), "path": folder})
            continue
        for name in files:
            path = f"{folder}/{name}" if folder else name
            match = next((m for p in patterns if (m := p.fullmatch(path))), None)
            if match and not name.lower().endswith((".json", ".csv", ".tsv", ".txt")):
                matches.append({**match.groupdict(), "path": path})
            else:
                unmatched.append(path)
    return matches, unmatched


def _not_fitting(file: str, pattern: str) -> Problem:
    level: Level = "warning" if IMAGE_SUFFIX.search(file) else "note"
    what = f'It does not fit the pattern "{pattern}" and is not used.'
    return Problem(file, None, "", what, "Rename it, or add a pattern after |.", level)


def _fill(draft: Draft, matches: list[dict[str, str]]) -> None:
    """Tables from the fields of the files."""
    patients: dict[str, dict[str, str]] = {}
    scans: list[dict[str, str]] = []
    masks: list[dict[str, str]] = []
    for match in matches:
        patient = patients.setdefault(match["patient_id"], {"patient_id": match["patient_id"]})
        _take_site(patient, match, draft)
        labelled = "segmentation" in match or looks_like_segmentation(_last(match["path"]))
        (masks if labelled else scans).append(_scan(match))
    _unique_ids(scans + masks)
    visits: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for scan in scans:
        visits[_visit(scan)].append(scan)
    segmentations = [
        row for mask in masks if (row := _segmentation(mask, visits[_visit(mask)], draft))
    ]
    scans = [{key: cell for key, cell in scan.items() if key != "group"} for scan in scans]
    for name, records in (
        ("patients", list(patients.values())),
        ("scans", scans),
        ("segmentations", segmentations),
    ):
        draft.tables[name] = table_of(records, f"(found {name})", TABLES[name].names)


def _visit(row: dict[str, str]) -> tuple[str, ...]:
    return row["patient_id"], row["timepoint"], row["group"]


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _take_site(patient: dict[str, str], match: dict[str, str], draft: Draft) -> None:
    site = match.get("site", "")
    if site and patient.setdefault("site", site) != site:
        what = f'Patient "{match["patient_id"]}" lies in the sites {patient["site"]} and {site}.'
        remedy = f"{patient['site']} is used. Rename one if they are two patients."
        draft.problems.append(Problem(match["path"], None, "site", what, remedy, "warning"))


def _scan(match: dict[str, str]) -> dict[str, str]:
    word = match.get("modality") or match.get("scan") or match.get("segmentation") or ""
    word = word or IMAGE_SUFFIX.sub("", _last(match["path"]))
    role = role_of(word)
    timepoint = match.get("timepoint", "")
    identity = "_".join(filter(None, (match["patient_id"], timepoint, match.get("scan"), word)))
    modality = modality_of(role)
    return {
        "scan_id": identity,
        "patient_id": match["patient_id"],
        "timepoint": timepoint,
        "modality": modality,
        "role": role,
        "path": match["path"],
        "unit": "HU" if modality == "CT" else "",
        "group": match.get("scan", ""),
    }


def _unique_ids(rows: list[dict[str, str]]) -> None:
    """Tell files apart that a wildcard left with one name."""
    seen: dict[str, int] = {}
    for row in rows:
        seen[row["scan_id"]] = count = seen.get(row["scan_id"], 0) + 1
        if count > 1:
            row["scan_id"] += f"_{count}"


def _segmentation(
    mask: dict[str, str], same: list[dict[str, str]], draft: Draft
) -> dict[str, str] | None:
    """Row of a segmentation, with the scan whose name it shares or its visit's first."""
    if not same:
        what = f"A segmentation of patient {mask['patient_id']} without a scan; it is left out."
        remedy = "Add its scan, or correct the pattern."
        draft.problems.append(Problem(mask["path"], None, "", what, remedy))
        return None
    stem = IMAGE_SUFFIX.sub("", _last(mask["path"]))
    stems = [IMAGE_SUFFIX.sub("", _last(scan["path"])) for scan in same]
    named = [
        at
        for at, text in enumerate(stems)
        if re.match(re.escape(text) + r"($|[^a-z0-9])", stem, re.IGNORECASE)
    ]
    if named:
        at = max(named, key=lambda place: len(stems[place]))
    else:
        at = reference_scan([scan["role"] for scan in same])
        if len(same) > 1:
            what = f"Its scan is not stated; {_last(same[at]['path'])} is taken."
            draft.problems.append(Problem(mask["path"], None, "scan_id", what, "", "note"))
    return {
        "segmentation_id": mask["scan_id"],
        "scan_id": same[at]["scan_id"],
        "path": mask["path"],
    }


LAYOUT = Layout(
    name="pattern",
    title="Any tree, by a pattern",
    recognizes=_recognizes,
    read=_read,
    rank=-10,
)
