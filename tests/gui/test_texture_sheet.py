"""Parts of a region on the screen: the same values at the same places as the finished maps."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics import texture_maps
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.gui.texture.glance import Ask, Kept, glance
from napari_radiogenomics.gui.texture.job import Job
from napari_radiogenomics.gui.texture.kernel_box import kernel_extent
from napari_radiogenomics.gui.texture.sheet import Sheet
from napari_radiogenomics.imaging.display import show
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.radiomics.voxelwise import plan_maps

MEAN = "original_firstorder_Mean"
STRAIGHT = Geometry((9, 8, 7), (1.0, 1.5, 4.0), (-3.0, 5.0, 11.0))
TURNED = Geometry((9, 8, 7), (2.0, 1.0, 3.0), (10.0, -20.0, 30.0), (0, 0, -1, 1, 0, 0, 0, -1, 0))
_C, _S = np.cos(0.3), np.sin(0.3)
TILTED = Geometry((9, 8, 7), (1.0, 1.0, 2.0), (5, 6, 7), (_C, -_S, 0, _S, _C, 0, 0, 0, 1))
GRIDS = pytest.mark.parametrize("grid", [STRAIGHT, TURNED, TILTED], ids=["LPS", "turned", "tilted"])


def case(grid, dtype=np.float32):
    rng = np.random.default_rng(4)
    scan = Image((rng.normal(0, 60, grid.shape)).astype(dtype), grid, "HU", "chest")
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:6, 2:7, 3:8] = 3
    labels[rng.random(grid.shape) < 0.2] = 0
    return scan, Segmentation(labels, grid, name="expert")


def on_screen(image, sheet):
    """Voxels of a finished map where the sheet lies."""
    shown = show(image)[0]
    low = np.rint(shown.geometry.world_to_index(sheet.grid.origin)).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(low[::-1], sheet.numbers.shape, strict=True))
    assert shown.geometry.part(box).same_grid(sheet.grid)
    outside = shown.array.copy()
    outside[box] = np.nan
    assert not np.isfinite(outside).any()
    return shown.array[box]


@GRIDS
def test_a_full_sheet_shows_the_finished_map(grid):
    scan, drawn = case(grid)
    sheet = Sheet(plan_maps(scan, drawn, features=["Mean"], label=3))
    assert not np.isfinite(sheet.picture(MEAN)).any()
    for part in sheet.outward((0, 12.0)):
        sheet.measure(part)
    finished = texture_maps(scan, drawn, features=["Mean"], label=3)[MEAN]
    np.testing.assert_array_equal(sheet.picture(MEAN), on_screen(finished, sheet))
    np.testing.assert_array_equal(sheet.values[MEAN], finished.array[drawn.mask(3)])


@GRIDS
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_plane_brings_its_own_voxels_and_no_others(grid, axis):
    scan, drawn = case(grid)
    sheet = Sheet(plan_maps(scan, drawn, features=["Mean"], label=3))
    index = sheet.numbers.shape[axis] // 2
    place = sheet.grid.origin[2 - axis] + index * sheet.grid.spacing[2 - axis]
    sheet.probe()
    assert not np.isfinite(sheet.picture(MEAN)).any()  # probes are for the range alone
    sheet.measure(sheet.voxels_in((axis, place)))
    seen = np.isfinite(np.take(sheet.picture(MEAN), index, axis))
    np.testing.assert_array_equal(seen, np.take(sheet.numbers, index, axis) >= 0)
    assert sheet.voxels_in((axis, place + 1000)).size == 0


def test_the_rest_follows_from_the_slice_outward(monkeypatch):
    import napari_radiogenomics.gui.texture.sheet as module

    monkeypatch.setattr(module, "_CHUNK", 1)
    scan, drawn = case(STRAIGHT)
    sheet = Sheet(plan_maps(scan, drawn, features=["Mean"], label=3))
    middle = STRAIGHT.origin[2] + 3 * STRAIGHT.spacing[2]
    heights = np.argwhere(sheet.plan.mask)[:, 0]
    order = [set(heights[part]) for part in sheet.outward((0, middle)) if part.size]
    assert all(len(found) == 1 for found in order)
    distances = [abs(found.pop() - 3) for found in order]
    assert distances == sorted(distances)


def settings(**more):
    form = {"kernel_radius": 1, "masked_kernel": True, "bin_width": 25.0, "label": 3}
    return form | {"families": ("firstorder",), "features": ("firstorder_Mean",)} | more


def layers(scan, drawn):
    from napari_radiogenomics.gui.layers.layers import layers_of

    image, labels = layers_of([scan, drawn])
    return Job(None, scan, scan.array, "P1", image, labels)


def ask(key="voxels", planes=((0, 23.0),), **more):
    return Ask(key, lambda: None, settings(**more), planes)


@GRIDS
@pytest.mark.parametrize("more", [{}, {"kernel_radius": 2}, {"masked_kernel": False}], ids=str)
def test_a_glance_gives_final_values(grid, more):
    scan, drawn = case(grid)
    kept = Kept()
    middle = show(scan)[0].geometry
    plane = (0, middle.origin[2] + 3 * middle.spacing[2])
    sheet = glance(ask(planes=[plane], **more), layers(scan, drawn), kept)
    assert 0 < sheet.in_sight.sum() < sheet.known.size
    finished = texture_maps(scan, drawn, **settings(**more))[MEAN].array[drawn.mask(3)]
    np.testing.assert_array_equal(sheet.values[MEAN][sheet.known], finished[sheet.known])


def test_another_slice_fills_the_same_sheet_and_other_settings_make_a_new_one():
    scan, drawn = case(STRAIGHT)
    kept = Kept()
    first = glance(ask(), layers(scan, drawn), kept)
    seen = first.in_sight.sum()
    assert glance(ask(planes=((0, 27.0),)), None, kept) is first
    assert first.in_sight.sum() > seen
    assert glance(ask(kernel_radius=2), None, kept) is not first


def test_what_cannot_be_measured_is_said_of_the_whole_scan():
    scan, drawn = case(STRAIGHT)
    scan.array[4, 5, 6] = np.nan
    drawn.labels[4, 5, 6] = 3
    with pytest.raises(InputError, match="i=6, j=5, k=4"):
        glance(ask(), layers(scan, drawn), Kept())
    with pytest.raises(InputError, match="gray levels"):
        glance(ask(bin_width=1e-9), layers(*case(STRAIGHT)), Kept())
    with pytest.raises(InputError, match="above 0"):
        glance(ask(bin_width=0.0), layers(*case(STRAIGHT)), Kept())


def test_a_cancelled_glance_leaves_no_half_sheet():
    kept = Kept()
    stop = reporting(lambda *_: None, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        glance(ask(), layers(*case(STRAIGHT)), kept, progress=stop)
    assert glance(ask(), None, kept).in_sight.any()


def test_the_kernel_has_its_size_in_mm_wherever_the_axes_run():
    extent = kernel_extent(TURNED, TURNED.index_to_world([4, 4, 3])[::-1], 2)
    sizes = sorted((extent[1] - extent[0]).tolist())
    np.testing.assert_allclose(sizes, [5.0, 10.0, 15.0])
    center = TURNED.index_to_world([4, 4, 3])[::-1]
    np.testing.assert_allclose(extent.mean(axis=0), center)
    flat = kernel_extent(TURNED, center, 2, thin_axis=2)
    np.testing.assert_allclose(sorted((flat[1] - flat[0]).tolist()), [3.0, 5.0, 10.0])
