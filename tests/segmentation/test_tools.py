"""What every tool of the registry keeps to."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import napari_radiogenomics.segmentation as room
from napari_radiogenomics import Geometry, Image, Label, Segmentation
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.segmentation import TOOLS
from napari_radiogenomics.signature import describe

NAMES = TOOLS.names()
LOCKED = 200  # a label with a gap below it


def example(name: str) -> tuple[list[Any], dict[str, Any]]:
    """Arguments that a tool does something with; label 200 lies around what it changes."""
    grid = Geometry((24, 20, 9), (1.0, 1.5, 4.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[2:7, 6:14, 6:18] = 1
    labels[4, 9, 10] = 0
    labels[1, 1:3, 1:3] = 1
    labels[2:7, 14:18, 6:18] = LOCKED
    if name in ("grow", "classify_pixels"):
        labels[:2], labels[7:] = 2, 2
    if name == "interpolate":
        labels[[3, 5]] = 0
    if name == "combine":
        labels[labels == LOCKED] = 0
        labels[2:7, 15:18, 6:18] = LOCKED
        labels[2:7, 14, 6:18] = 2
    drawn = Segmentation(labels, grid, (Label(1, "tumour"), Label(LOCKED, "vessel")))
    values = np.where(labels > 0, 100.0, 0.0) + np.arange(24) / 100
    if name == "refine":
        values[:, :8] = 0
    scan = Image(values, grid, unit="HU")
    corners = np.array([[2.0, 3.0, 16.0], [20.0, 3.0, 16.0], [20.0, 24.0, 16.0], [2.0, 24.0, 16.0]])
    settings: dict[str, dict[str, Any]] = {
        "contours": {},
        "fill_holes": {"by": "volume"},
        "mask": {"low": 100.1},
        "refine": {"method": "regions", "reach_mm": 4.0},
        "ring": {"into": 7},
        "smooth": {"labels": [1]},
        "threshold": {"low": 100.1},
    }
    more = [[corners]] if name == "contours" else []
    more = [scan] if TOOLS[name].needs_image or name == "mask" else more
    return [drawn, *more], settings.get(name, {})


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_is_described_and_reachable(name):
    tool = TOOLS[name]
    assert getattr(room, name) is tool.verb
    module = importlib.import_module(f"napari_radiogenomics.segmentation.tools.{name}")
    assert module.TOOL is tool
    form = describe(tool.verb)
    assert form.summary.endswith(".")
    assert form["segmentation"].is_data
    assert form["locked"].many
    assert all(parameter.help for parameter in form.parameters)
    assert tool.meaning.endswith(".")
    assert ("image" in {p.name for p in form.data if p.required}) == tool.needs_image
    assert ">>> " in (inspect.getdoc(tool.verb) or "")


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_does_something_keeps_locked_labels_and_changes_nothing_in_place(name):
    data, settings = example(name)
    drawn = data[0]
    before = drawn.labels.copy()
    after = TOOLS[name].verb(*data, **settings, locked=[LOCKED])
    assert np.array_equal(drawn.labels, before)
    assert not np.array_equal(after.labels, before)
    assert np.array_equal(after.labels == LOCKED, before == LOCKED)
    assert after.geometry == drawn.geometry
    assert after["vessel"].value == LOCKED
    assert [record.verb for record in after.history] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_preview_is_the_result_without_its_record(name):
    data, settings = example(name)
    shown = inspect.unwrap(TOOLS[name].verb)(*data, **settings)
    assert shown.history == ()
    assert np.array_equal(shown.labels, TOOLS[name].verb(*data, **settings).labels)


WITH_LABEL = [
    name for name in NAMES if "label" in {p.name for p in describe(TOOLS[name].verb).settings}
]


@pytest.mark.parametrize("name", WITH_LABEL)
def test_a_locked_label_is_not_edited(name):
    data, settings = example(name)
    target = settings.get("into", 1)
    with pytest.raises(InputError, match=f"Label {target} .* is locked"):
        TOOLS[name].verb(*data, **settings, locked=[target])


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("threshold", "contours")])
def test_an_empty_segmentation_is_refused(name):
    data, settings = example(name)
    empty = Segmentation(np.zeros(data[0].labels.shape, np.uint8), data[0].geometry)
    with pytest.raises(InputError, match="does not occur|do not occur|No label is chosen"):
        TOOLS[name].verb(empty, *data[1:], **settings)


@pytest.mark.parametrize("name", [n for n in NAMES if TOOLS[n].needs_image])
def test_a_scan_on_another_grid_is_refused(name):
    data, settings = example(name)
    other = Image(np.zeros((9, 20, 25)), Geometry((25, 20, 9), (1.0, 1.5, 4.0)))
    with pytest.raises(GeometryError, match="Resample the segmentation onto the scan"):
        TOOLS[name].verb(data[0], other, **settings)


def test_describing_the_tools_loads_nothing_heavy():
    program = (
        "import sys; from napari_radiogenomics.segmentation import TOOLS;"
        "from napari_radiogenomics.signature import describe;"
        "[describe(tool.verb) for tool in TOOLS];"
        "heavy = ('pandas', 'numba', 'SimpleITK', 'scipy', 'skimage', 'pydicom');"
        "sys.exit(str([m for m in heavy if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"


def test_an_unknown_tool_is_answered():
    with pytest.raises(InputError, match='Did you mean "islands"'):
        TOOLS["island"]
