"""`open_cohort`: find the layout, read its tables, check them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.assemble import assemble
from napari_radiogenomics.io.layout import LAYOUTS, Layout, LayoutOptions
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.signature import Setting

__all__ = ["find_layout", "open_cohort"]


def find_layout(path: str | Path) -> tuple[Layout, str]:
    """Recognize the layout of a cohort by its files.

    Parameters
    ----------
    path : str or Path
        Folder, or one of its tables.

    Returns
    -------
    layout : Layout
        The one with the highest rank among those that recognize it.
    evidence : str
        File or folder by which it was recognized.

    Raises
    ------
    InputError
        If nothing is there, or no layout recognizes it.
    """
    path = Path(path)
    if not path.exists():
        parent = path.parent.resolve() if path.parent.exists() else Path.cwd()
        raise InputError(f"{path} does not exist. Check the spelling; looked in {parent}.")
    if path.is_dir() and next(path.iterdir(), None) is None:
        raise InputError(f"{path} is an empty folder. Choose the folder that holds the cohort.")
    for layout in sorted(LAYOUTS, key=lambda layout: -layout.rank):
        evidence = layout.recognizes(path)
        if evidence:
            return layout, evidence
    raise InputError(
        f"No cohort layout recognizes {path}. Known: "
        + "; ".join(f"{layout.title} ({layout.name})" for layout in LAYOUTS)
        + ". Name one with the setting layout, or say where the files lie with the setting "
        'pattern, such as "{patient_id}/{modality}.nii.gz".'
    )


def _layout_titles() -> dict[str, str]:
    return {"auto": "recognized by its files", **LAYOUTS.titles()}


def open_cohort(
    path: str | Path,
    *,
    layout: Annotated[str, Setting(choices=_layout_titles)] = "auto",
    pattern: str = "",
    progress: Progress = quiet,
) -> Cohort:
    """Open a cohort: its tables only, no image.

    Parameters
    ----------
    path : str or Path
        Folder of the cohort, its ``cohort.toml``, or one of its tables.
    layout : str, optional
        Name of the layout; ``"auto"`` recognizes it by its files and says which in ``layout``
        and in a note among the problems.
    pattern : str, optional
        For a tree without tables: where the files lie, as ``{patient_id}/{modality}.nii.gz``.
        Fields: ``patient_id, timepoint, site, modality, scan, segmentation``; ``*`` stands for
        anything within a name; several patterns are separated by ``|``.
    progress : Progress, optional
        Reports the tables or folders.

    Returns
    -------
    Cohort
        With everything found wrong in ``problems``; the rest is usable.

    Raises
    ------
    InputError
        If nothing is there, no layout recognizes it, or the layout is unknown.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("T1.nii.gz", "T2.nii.gz"):
    ...     (folder / "P1").mkdir(exist_ok=True)
    ...     _ = (folder / "P1" / name).write_bytes(b"")
    >>> cohort = open_cohort(folder, pattern="{patient_id}/{modality}.nii.gz")
    >>> cohort.layout, cohort.scans["role"].tolist()
    ('pattern', ['T1', 'T2'])
    """
    path = Path(path)
    note: tuple[Problem, ...] = ()
    if layout == "auto" and not pattern:
        chosen, evidence = find_layout(path)
        found = f'Recognized as {chosen.title} (layout "{chosen.name}") by {evidence}.'
        note = (Problem(path.name, None, "", found, "", "note"),)
    else:
        chosen = LAYOUTS["pattern" if layout == "auto" else layout]
        if not path.exists():
            raise InputError(f"{path} does not exist. Check the spelling.")
    draft = chosen.read(path, LayoutOptions(pattern, progress))
    cohort = assemble(draft, chosen.name)
    return replace(cohort, problems=(*cohort.problems, *note))
