"""BraTS values are detected by name and values together, never by one of them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics import Geometry, Label, Segmentation, read, write
from napari_radiogenomics.errors import DataWarning

GRID = Geometry((4, 3, 2))


def written(path, values):
    labels = np.zeros(GRID.shape, np.uint8)
    labels.flat[: len(values)] = values
    path.parent.mkdir(exist_ok=True)
    return write(Segmentation(labels, GRID), path)


@pytest.mark.parametrize(
    "name", ["BraTS_001_seg.nii.gz", "BraTS2021_00002/a_seg.nii.gz", "x/b.nrrd"]
)
@pytest.mark.parametrize("values", [(1, 2, 4), (1, 2, 3), (2, 4)])
def test_names_come_where_file_and_values_agree(tmp_path, name, values):
    path = written(tmp_path / name, values)
    if "BraTS" not in name:
        assert read(path, kind="segmentation").notes == ()
        return
    with pytest.warns(DataWarning, match="named as in BraTS"):
        found = read(path, kind="segmentation")
    assert found["enhancing tumour" if values[-1] in (3, 4) else "oedema"].value == values[-1]


@pytest.mark.parametrize("values", [(1,), (1, 2, 3, 4), (1, 2, 5)])
def test_other_values_get_no_name(tmp_path, values):
    found = read(written(tmp_path / "BraTS_1_seg.nii.gz", values), kind="segmentation")
    assert [label.name for label in found.scheme] == [Label(v).name for v in values]
