"""Importing the package is instant and loads nothing that is not asked for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import napari_radiogenomics

PACKAGE = Path(napari_radiogenomics.__file__).parent
QT = {"PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy", "superqt", "magicgui", "napari", "vispy"}
HEAVY = {
    "SimpleITK", "dask", "highdicom", "matplotlib", "numba", "pandas", "pydicom", "pyqtgraph",
    "scipy", "skimage", "sklearn", "tifffile", "zarr",
}  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """Top-level packages that another Python has loaded after running some code."""
    code += "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def public_names() -> list[str]:
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return [alias.asname or alias.name for node in imports for alias in node.names]


def test_importing_the_package_loads_no_other_package() -> None:
    extra = loaded_by("import napari_radiogenomics") - loaded_by("import lazy_loader")
    assert extra - {"napari_radiogenomics"} - set(sys.stdlib_module_names) == set()


def test_the_interface_lists_its_names_without_loading_them() -> None:
    code = "import napari_radiogenomics as n; assert 'read' in dir(n); n.__version__"
    assert loaded_by(code) & (QT | HEAVY | {"numpy"}) == set()


def test_reading_and_writing_are_at_hand_without_a_screen_or_a_heavy_package() -> None:
    code = (
        "from napari_radiogenomics import read, write\n"
        "from napari_radiogenomics.io.format import FORMATS\n"
        "FORMATS.names()"
    )
    assert loaded_by(code) & (QT | HEAVY) == set()


def test_importing_costs_a_small_part_of_importing_numpy() -> None:
    """A ratio, because seconds say something of the machine only; the best of three."""
    code = (
        "from time import perf_counter as now\n"
        "start = now(); import napari_radiogenomics; ours = now() - start\n"
        "start = now(); import numpy; theirs = now() - start\n"
        "print(ours / theirs)"
    )
    command = [sys.executable, "-c", code]
    ratios = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(ratios) < 1 / 3


@pytest.mark.parametrize("name", public_names())
def test_every_public_name_is_there_and_documented(name: str) -> None:
    public = getattr(napari_radiogenomics, name)
    assert name in dir(napari_radiogenomics)
    assert (public.__doc__ or "").strip()


def test_the_public_names_are_sorted_by_module_and_name() -> None:
    text = (PACKAGE / "__init__.pyi").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("from .")]
    assert lines == sorted(lines)
    assert len(public_names()) == len(set(public_names()))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_verb"):
        _ = napari_radiogenomics.no_such_verb


def test_everything_below_the_screen_loads_without_qt_or_napari() -> None:
    modules = [
        ".".join(("napari_radiogenomics", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in sorted(PACKAGE.rglob("*.py"))
        if "gui" not in path.parts and path.name not in ("__init__.py", "__main__.py")
    ]
    code = "\n".join(f"import {module}" for module in modules)
    assert loaded_by(code) & QT == set()
