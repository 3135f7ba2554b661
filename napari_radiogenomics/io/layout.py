"""What a cohort layout is: one module in ``io/cohorts/`` that defines ``LAYOUT``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from napari_radiogenomics.data.cohort import (
    ExpressionRef,
    FeaturesRef,
    GeneSetsRef,
    VariantsRef,
)
from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.data.segmentation import Label
from napari_radiogenomics.data.table import Table
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.registry import Registry

__all__ = ["LAYOUTS", "Draft", "Layout", "LayoutOptions"]


@dataclass(frozen=True)
class LayoutOptions:
    """What the person may choose when a cohort is opened.

    Attributes
    ----------
    pattern : str
        Where the files lie, for trees without tables: ``{patient_id}/{modality}.nii.gz``.
    progress : Progress
        Reports the folders.
    """

    pattern: str = ""
    progress: Progress = quiet


@dataclass
class Draft:
    """What a layout found: raw tables and references, before anything is checked.

    Attributes
    ----------
    root : Path
        Folder to which all paths are relative.
    name, description : str
        For people.
    tables : dict of str to Table
        By the names of `data.schema.TABLES`; a layout gives those it has.
    expression, gene_sets, variants, features : list
        References with absolute paths.
    problems : list of Problem
        What the layout itself noticed.
    absolute_paths : bool
        Whether paths may lie outside the root, as in tables that a program wrote.
    """

    root: Path
    name: str
    description: str = ""
    tables: dict[str, Table] = field(default_factory=dict)
    expression: list[ExpressionRef] = field(default_factory=list)
    gene_sets: list[GeneSetsRef] = field(default_factory=list)
    variants: list[VariantsRef] = field(default_factory=list)
    features: list[FeaturesRef] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    absolute_paths: bool = False


def _no_names(present: tuple[int, ...]) -> tuple[Label, ...]:
    return ()


@dataclass(frozen=True)
class Layout:
    """One way in which cohorts are laid out on disk.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name a person knows.
    recognizes : callable
        ``recognizes(path) -> str``: the file or folder by which it knows this layout, or ``""``.
        Looks at names and first lines only.
    read : callable
        ``read(path, options) -> Draft``; opens tables, no images.
    labels : callable
        ``labels(present) -> tuple of Label``: what the values of a segmentation mean, from the
        values that occur in it.
    rank : int
        Where two layouts recognize a folder, the one with the higher rank is taken.
    """

    name: str
    title: str
    recognizes: Callable[[Path], str]
    read: Callable[[Path, LayoutOptions], Draft]
    labels: Callable[[tuple[int, ...]], tuple[Label, ...]] = _no_names
    rank: int = 0


LAYOUTS: Registry[Layout] = Registry(
    "napari_radiogenomics.io.cohorts",
    attribute="LAYOUT",
    noun="cohort layout",
    group="napari_radiogenomics.layouts",
)
