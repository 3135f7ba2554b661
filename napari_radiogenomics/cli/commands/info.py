"""``info [PATH]``: what a file, folder or cohort is; without a path, what is installed."""

from __future__ import annotations

import argparse
import platform
import re
import sys
import warnings
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.gene_facts import gene_facts
from napari_radiogenomics.cli.options import add_arguments
from napari_radiogenomics.cli.text import aligned
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]

Facts = list[list[str]]
_PACKAGE = "napari-radiogenomics"
_WHERE = ("layout", "pattern")
# As many problems of a cohort are said here as fit a small terminal.
_MOST_SAID = 5


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.io.cohorts import open_cohort

    parser.add_argument(
        "path",
        type=Path,
        nargs="?",
        metavar="PATH",
        help="File, folder or cohort; without it, versions and extras are told.",
    )
    add_arguments(parser, describe(open_cohort), without=("path",))


def _run(arguments: argparse.Namespace) -> int:
    path: Path | None = arguments.path
    where = {name: getattr(arguments, name) for name in _WHERE if hasattr(arguments, name)}
    if path is None:
        blocks = [_installation()]
    elif where or _is_cohort(path):
        blocks = [_cohort(path, **where)]
    else:
        blocks = _contents(path)
    sys.stdout.write("\n".join(aligned(facts) for facts in blocks))
    return 0


def _is_cohort(path: Path) -> bool:
    """Whether it is a file of a cohort, or a folder that is not one series."""
    from napari_radiogenomics.io.format import FORMATS
    from napari_radiogenomics.io.layout import LAYOUTS

    if path.name == "cohort.toml" or (path / "cohort.toml").is_file():
        return True
    if not path.exists() or any(form.reads(path) for form in FORMATS):
        return False
    return path.is_dir() or any(layout.recognizes(path) for layout in LAYOUTS)


def _cohort(path: Path, **where: Any) -> Facts:
    from napari_radiogenomics.data.problems import summarize_problems
    from napari_radiogenomics.io.cohorts import open_cohort

    cohort = open_cohort(path, **where)
    tables = ("patients", "scans", "segmentations", "samples", "slides")
    facts = [["cohort", cohort.name], ["layout", cohort.layout]]
    facts += [[name, str(len(getattr(cohort, name)))] for name in tables]
    facts += [
        ["expression", f"{ref.id} ({ref.unit or 'unit not told'})"] for ref in cohort.expression
    ]
    facts.append(["problems", summarize_problems(cohort.problems)])
    facts += [["", str(problem)] for problem in cohort.problems[:_MOST_SAID]]
    if len(cohort.problems) > _MOST_SAID:
        facts.append(["", f"… all of them with: {_PACKAGE} validate {path}"])
    return facts


def _contents(path: Path) -> list[Facts]:
    from napari_radiogenomics.io.files import find_format, read_all

    try:
        form = find_format(path)
    except InputError:
        facts = gene_facts(path) if path.exists() else []
        if not facts:
            raise
        return [facts]
    blocks = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the notes are among the facts
        objects = read_all(path)
    for obj in objects:
        facts = [["format", form.title], *_object(obj)]
        facts += [["note", note] for note in getattr(obj, "notes", ())]
        records = getattr(obj, "history", ())
        facts += [["history", f"{record.time}  {record.verb}"] for record in records]
        blocks.append(facts)
    return blocks


def _object(obj: Any) -> Facts:
    facts = [["kind", type(obj).__name__.lower()], ["name", getattr(obj, "name", "")]]
    geometry = getattr(obj, "geometry", None)
    if geometry is not None:
        facts += _geometry(geometry)
    if hasattr(obj, "array"):
        facts += _values(obj)
    if hasattr(obj, "labels"):
        facts += _labels(obj)
    if hasattr(obj, "um_per_pixel"):
        size = obj.um_per_pixel
        told = "×".join(f"{v:g}" for v in size) + " µm (y×x)" if size else "size not told"
        facts.append(["pixel", told])
        facts += [["level", "×".join(map(str, level.shape[1::-1]))] for level in obj.levels]
    return [fact for fact in facts if fact[1]]


def _geometry(geometry: Any) -> Facts:
    oblique = ", oblique" if geometry.is_oblique else ""
    return [
        ["grid", "×".join(map(str, geometry.size)) + " voxels (i×j×k)"],
        ["spacing", "×".join(f"{v:.6g}" for v in geometry.spacing) + " mm"],
        ["origin", ", ".join(f"{v:.6g}" for v in geometry.origin) + " mm (LPS)"],
        ["orientation", geometry.orientation + oblique],
    ]


def _values(image: Any) -> Facts:
    import numpy as np

    finite = image.array[np.isfinite(image.array)]
    unit = f" {image.unit}" if image.unit else ""
    spread = f"{finite.min():g} to {finite.max():g}{unit}" if finite.size else "none is finite"
    facts = [["modality", image.modality], ["values", f"{spread} ({image.array.dtype})"]]
    if image.array.ndim == 4:
        facts.append([image.fourth_axis, ", ".join(image.fourth_labels) or str(len(image.array))])
    return facts


def _labels(segmentation: Any) -> Facts:
    present = segmentation.present
    facts = [
        ["label", f"{label.value}  {label.name}  {segmentation.volume_ml(label.value):.4g} mL"]
        for label in segmentation.scheme
        if label.value in present
    ]
    return facts or [["label", "none: the segmentation is empty"]]


def _installation() -> Facts:
    facts = [[_PACKAGE, version(_PACKAGE)], ["Python", platform.python_version()]]
    facts.append(["system", platform.platform()])
    facts += [[name, _version(name)] for name in ("numpy", "numba", "SimpleITK", "napari")]
    for extra, packages in _extras().items():
        absent = [name for name in packages if _version(name) == "not installed"]
        state = f"not installed: {', '.join(absent)}" if absent else "installed"
        facts.append([f"extra {extra}", state])
    return facts


def _extras() -> dict[str, list[str]]:
    """Packages that each extra brings, from the package's own metadata."""
    found: dict[str, list[str]] = {}
    for line in requires(_PACKAGE) or ():
        extra = re.search(r"""extra\s*==\s*['"]([\w-]+)['"]""", line)
        name = re.match(r"[\w.-]+", line)
        if extra and name and name[0] != _PACKAGE and extra[1] != "dev":
            found.setdefault(extra[1], []).append(name[0])
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


COMMAND = Command(
    "info", "Tell what a file, folder or cohort holds, or what is installed.", _configure, _run
)
