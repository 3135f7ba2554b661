"""Image types: PyRadiomics' numbers and names, in a box as from the whole scan."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import Cancelled, DataWarning, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.radiomics.boxes import box_around, crop
from napari_radiogenomics.radiomics.filters import FILTERS, derive, margin
from napari_radiogenomics.radiomics.filters.lbp3d import icosphere

BOX = (slice(2, 7), slice(5, 16), slice(3, 12))
# All image types, with settings that are not the defaults.
EVERY: list[tuple[str, dict[str, Any]]] = [
    ("Original", {}),
    ("Square", {}),
    ("SquareRoot", {}),
    ("Logarithm", {}),
    ("Exponential", {}),
    ("Gradient", {}),
    ("Gradient", {"gradientUseSpacing": False}),
    ("LoG", {"sigma": [1.0, 2.5]}),
    ("LoG", {"sigma": [3]}),
    ("Wavelet", {}),
    ("Wavelet", {"wavelet": "haar", "level": 2}),
    ("Wavelet", {"wavelet": "db3", "start_level": 1}),
    ("Wavelet", {"force2D": True}),
    ("Wavelet", {"force2D": True, "force2Ddimension": 2}),
    ("LBP2D", {}),
    ("LBP2D", {"lbp2DRadius": 2.5, "lbp2DSamples": 12, "force2Ddimension": 1}),
    ("LBP2D", {"lbp2DMethod": "var"}),
    ("LBP3D", {}),
    ("LBP3D", {"lbp3DLevels": 3, "lbp3DIcosphereRadius": 2, "lbp3DIcosphereSubdivision": 2}),
]  # fmt: skip


def named(case: tuple[str, dict[str, Any]]) -> str:
    return "-".join([case[0], *(f"{k}={v}" for k, v in case[1].items())])


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, np.ndarray]]:
    """Image types by PyRadiomics, by name."""
    pytest.importorskip("radiomics", reason="PyRadiomics is the oracle")
    import scipy.special
    from radiomics import imageoperations

    # What PyRadiomics 3.0.1 imports for LBP3D has moved since, or comes with trimesh.
    def sph_harm(m: int, n: int, azimuth: np.ndarray, polar: np.ndarray) -> np.ndarray:
        found = scipy.special.sph_harm_y(n, m, np.abs(polar), azimuth)
        return np.asarray(found)

    interpolation, creation = ModuleType("interpolation"), ModuleType("creation")
    interpolation.map_coordinates = scipy.ndimage.map_coordinates  # type: ignore[attr-defined]
    creation.icosphere = lambda n, radius: type(  # type: ignore[attr-defined]
        "Mesh", (), {"vertices": icosphere(n) * radius}
    )
    monkeypatch.setitem(sys.modules, "scipy.ndimage.interpolation", interpolation)
    monkeypatch.setitem(sys.modules, "trimesh", ModuleType("trimesh"))
    monkeypatch.setitem(sys.modules, "trimesh.creation", creation)
    monkeypatch.setattr(scipy.special, "sph_harm", sph_harm, raising=False)

    def run(image: Image, name: str, settings: dict[str, Any], mask: np.ndarray | None = None):
        import SimpleITK as sitk

        scan = sitk.GetImageFromArray(image.array)
        scan.SetSpacing(image.geometry.spacing)
        inside = np.ones(image.array.shape, np.uint8) if mask is None else mask.astype(np.uint8)
        region = sitk.GetImageFromArray(inside)
        region.CopyInformation(scan)
        logging.disable(logging.CRITICAL)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = getattr(imageoperations, f"get{name}Image")(scan, region, **settings)
            arrays = {key: sitk.GetArrayFromImage(value) for value, key, _ in found}
        logging.disable(logging.NOTSET)
        return arrays

    return run


def scan_of(dtype: Any, shape: tuple[int, int, int] = (9, 21, 16), seed: int = 0) -> Image:
    """Smooth tissue with noise, positive and negative."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    values = 300 * gaussian_filter(rng.normal(size=shape), 1) + rng.normal(60, 20, shape)
    values = np.abs(values) if np.dtype(dtype).kind == "u" else values
    return Image(values.astype(dtype), Geometry(shape[::-1], (0.7, 0.8, 2.0)), unit="HU")


def test_every_image_type_of_pyradiomics_is_there_and_tested() -> None:
    assert {name for name, _ in EVERY} == set(FILTERS.names())
    radiomics = pytest.importorskip("radiomics", reason="PyRadiomics is the oracle")
    assert set(FILTERS.names()) == set(radiomics.getImageTypes())


@pytest.mark.parametrize("dtype", [np.int16, np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("case", EVERY, ids=named)
def test_the_numbers_and_names_are_those_of_pyradiomics(theirs, case, dtype) -> None:
    name, settings = case
    scan = scan_of(dtype)
    expected = theirs(scan, name, settings)
    found = dict(derive(scan, {name: settings}))
    assert list(found) == list(expected)
    for key, array in expected.items():
        assert found[key].array.dtype == array.dtype
        np.testing.assert_allclose(found[key].array, array, rtol=1e-9, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("shape", [(9, 21, 16), (8, 20, 15)], ids=str)
@pytest.mark.parametrize("case", EVERY, ids=named)
def test_in_a_box_they_are_those_of_the_whole_scan(case, shape) -> None:
    name, settings = case
    scan = scan_of(np.int16, shape)
    whole = dict(derive(scan, {name: settings}))
    # LoG is rounded to single precision; others may be summed in another order.
    floor = {"LoG": 4e-4, "Wavelet": 1e-10, "LBP3D": 1e-10}.get(name, 0)
    corner = tuple(slice(n - 3, n) for n in shape)
    for box in (BOX, (slice(0, 2), slice(0, 3), slice(0, 1)), corner):
        found = dict(derive(scan, {name: settings}, box=box))
        assert list(found) == list(whole)
        place = scan.geometry.index_to_world([part.start for part in box[::-1]])
        for key, image in whole.items():
            np.testing.assert_allclose(
                found[key].array, image.array[box], rtol=0, atol=floor, err_msg=key
            )
            assert found[key].geometry.origin == pytest.approx(tuple(place))


@pytest.mark.parametrize("name", ["brain1", "lung1"])
def test_real_scans_in_the_box_of_the_tumor(real_case, theirs, name) -> None:
    scan, regions = real_case(name)
    box = box_around(regions.labels == 1, 1)
    if name == "lung1":  # the whole of it takes PyRadiomics long; wide enough for its own filters
        wide = (slice(0, 47), slice(250, 470), slice(100, 331))
        scan = crop(scan, wide)
        box = tuple(
            slice(part.start - far.start, part.stop - far.start)
            for part, far in zip(box, wide, strict=True)
        )
    types = {"LoG": {"sigma": [1.0, 3.0]}, "Wavelet": {}, "Gradient": {}, "SquareRoot": {}}
    found = dict(derive(scan, types, box=box))
    for kind, settings in types.items():
        for key, array in theirs(scan, kind, settings).items():
            ours = found.pop(key).array
            close = {"rtol": 1e-9, "atol": 1e-9}
            if kind == "LoG":
                # Nearly all voxels are the same to the last bit of single precision.
                close = {"rtol": 0, "atol": 2e-7 * float(np.ptp(array))}
                assert (ours == array[box]).mean() > 0.99
            np.testing.assert_allclose(ours, array[box], err_msg=key, **close)
    assert not found


def test_lbp_3d_of_a_tumor_is_that_of_pyradiomics_in_its_voxels(theirs) -> None:
    scan = scan_of(np.int16)
    mask = np.random.default_rng(0).random(scan.shape) < 0.2
    expected = theirs(scan, "LBP3D", {}, mask)
    for key, image in derive(scan, ["LBP3D"]):
        np.testing.assert_allclose(image.array[mask], expected[key][mask], rtol=1e-9)


def test_the_sphere_has_its_corners_on_it_and_evenly() -> None:
    for n in range(4):
        corners = icosphere(n)
        assert len(corners) == 10 * 4**n + 2
        np.testing.assert_allclose(np.linalg.norm(corners, axis=1), 1)
        np.testing.assert_allclose(corners.sum(axis=0), 0, atol=1e-12)
    golden = (1 + np.sqrt(5)) / 2
    ends = {tuple(np.round(np.abs(corner), 9)) for corner in icosphere(0)}
    assert ends == {
        tuple(np.round(np.roll((0, 1, golden), n) / np.sqrt(2 + golden), 9)) for n in range(3)
    }


def test_images_come_in_the_order_asked_with_unit_and_name() -> None:
    scan = scan_of(np.int16)
    types = {"Gradient": None, "LoG": {"sigma": [2.0]}, "LBP2D": {}, "Original": {}}
    found = dict(derive(scan, types))
    assert list(found) == ["gradient", "log-sigma-2-0-mm-3D", "lbp-2D", "original"]
    assert [image.unit for image in found.values()] == ["HU/mm", "HU", "", "HU"]
    assert found["gradient"].metadata["image_type"] == "gradient"
    assert found["original"] is scan


def test_common_settings_reach_the_types_that_know_them_and_own_ones_win() -> None:
    scan = scan_of(np.int16)
    flat = dict(derive(scan, ["Original", "Wavelet"], common={"force2D": True, "other": 1}))
    assert list(flat) == ["original", "wavelet-LH", "wavelet-HL", "wavelet-HH", "wavelet-LL"]
    deep = dict(derive(scan, {"Wavelet": {"force2D": False}}, common={"force2D": True}))
    assert "wavelet-LLH" in deep


def test_the_margin_is_enough() -> None:
    scan = scan_of(np.int16, (60, 61, 63))
    types = {"Wavelet": {"level": 2}, "LoG": {"sigma": [0.5]}, "LBP3D": {}, "Gradient": {}}
    far = margin({"Wavelet": {"level": 2}, "Gradient": {}}, scan.geometry.spacing[::-1])
    assert far == 12
    assert margin(types, scan.geometry.spacing[::-1]) == 29
    middle = tuple(slice(28, 31) for _ in range(3))
    outer = tuple(slice(28 - far, 31 + far) for _ in range(3))
    inner = tuple(slice(far, far + 3) for _ in range(3))
    whole = dict(derive(scan, {"Wavelet": {"level": 2}}, box=middle))
    for key, image in derive(crop(scan, outer), {"Wavelet": {"level": 2}}):
        np.testing.assert_allclose(image.array[inner], whole[key].array, atol=1e-10)


def test_a_scan_too_small_for_sigma_is_said_and_left_out() -> None:
    scan = scan_of(np.int16, (4, 20, 20))
    with pytest.warns(DataWarning, match=r"log-sigma-8-0-mm-3D is left out.*20×20×4.*8 mm needs"):
        found = dict(derive(scan, {"LoG": {"sigma": [1.0, 8.0]}}))
    assert list(found) == ["log-sigma-1-0-mm-3D"]


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (["Wavelt"], 'Unknown image type "Wavelt". Did you mean "Wavelet"?'),
        ("LoG", "image_types is a list of names"),
        ({"LoG": {}}, "LoG needs sigma"),
        ({"LoG": {"sigma": [0]}}, "more than 0; got 0"),
        ({"LoG": {"sigmas": [1]}}, 'no setting "sigmas". Did you mean "sigma"?'),
        ({"Wavelet": {"wavelet": "coif0"}}, 'Unknown wavelet "coif0". Did you mean "coif'),
        ({"Wavelet": {"level": 0}}, "level is 1 or more"),
        ({"LBP2D": {"lbp2DMethod": "unifrm"}}, 'Did you mean "uniform"'),
        ({"LBP2D": {"lbp2DRadius": 0}}, "lbp2DRadius"),
        ({"LBP2D": {"force2Ddimension": 3}}, "force2Ddimension is 0, 1 or 2"),
        ({"LBP3D": {"lbp3DLevels": 0}}, "lbp3DLevels is 1 or more"),
        ({"LBP3D": {"lbp3DIcosphereRadius": 0}}, "lbp3DIcosphereRadius"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(types, message) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        list(derive(scan_of(np.int16), types))


@pytest.mark.parametrize(
    ("kind", "least"),
    [("LBP3D", 25), ("LoG", 3), ("Wavelet", 3), ("LBP2D", 44), ("Gradient", 100)],
)
def test_a_filter_is_cancelled_between_its_parts(kind, least) -> None:
    """On the box of a tumor of 24,000 voxels and kernels of radius 5."""
    scan = scan_of(np.int16, (60, 90, 90))
    box = tuple(slice(n // 2 - 22, n // 2 + 22) for n in scan.shape)
    types = {kind: {"sigma": [1.0]} if kind == "LoG" else {}}
    steps: list[tuple[int, int, str]] = []
    whole = dict(derive(scan, types, box=box, progress=reporting(lambda *s: steps.append(s))))
    assert whole
    assert len(steps) > least
    assert {what for _, _, what in steps} == {FILTERS[kind].title}
    seen = 0

    def stop() -> bool:
        nonlocal seen
        seen += 1
        return seen > 2

    with pytest.raises(Cancelled):
        list(derive(scan, types, box=box, progress=reporting(lambda *_: None, cancelled=stop)))
    assert seen == 3


def test_sweeps_over_a_large_box_are_cancelled_too() -> None:
    scan = scan_of(np.int16, (40, 190, 190))  # edges of 420 voxels in all
    steps: list[int] = []
    whole = dict(
        derive(scan, {"LoG": {"sigma": [1.0]}}, progress=reporting(lambda n, *_: steps.append(n)))
    )
    assert whole
    assert steps == list(range(101))
    stop = reporting(lambda *_: None, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        list(derive(scan, {"LoG": {"sigma": [1.0]}}, progress=stop))


def test_samples_between_voxels_are_those_of_scipy() -> None:
    from scipy.ndimage import map_coordinates

    from napari_radiogenomics.radiomics.filter import Source
    from napari_radiogenomics.radiomics.filters.lbp3d import _Sampled

    shape, steps = (5, 7, 1), np.random.default_rng(0).uniform(-2, 2, (20, 3))
    steps[0], steps[1] = (1.0, 0.0, 0.0), (-1e-17, 0.5, 1e-17)
    whole = tuple(slice(0, n) for n in shape)
    for kind in (np.int16, np.uint8, np.float32, np.float64):
        values = scan_of(kind, shape).array
        sampled = _Sampled(values, 2, Source(values, (1.0, 1.0, 1.0), whole))
        for step in steps:
            places = np.indices(shape) + step[:, None, None, None]
            expected = map_coordinates(values, places, output=kind, order=3)
            found = sampled.beside(whole, step)
            assert found.dtype == kind
            np.testing.assert_allclose(
                found, expected, rtol=1e-6 if kind == np.float32 else 1e-12, atol=1e-10
            )


def test_values_that_are_not_finite_are_refused_where_they_matter() -> None:
    scan = scan_of(np.float64)
    scan.array[8, 20, 15] = np.nan
    far = tuple(slice(0, 2) for _ in range(3))
    for kind in ("Gradient", "LBP2D", "Original"):
        list(derive(scan, [kind], box=far))
    for kind in ("Square", "Logarithm"):
        with pytest.raises(InputError, match="not finite"):
            list(derive(scan, [kind], box=far))
    for kind in ("Gradient", "Wavelet", "LBP3D"):
        with pytest.raises(InputError, match="not finite"):
            list(derive(scan, [kind]))


def test_missing_slices_and_empty_scans_are_refused() -> None:
    scan = replace(scan_of(np.int16), blank_slices=(4,))
    with pytest.raises(InputError, match="slices that are missing.*slice 4"):
        list(derive(scan, ["Gradient"], box=(slice(5, 7), slice(0, 3), slice(0, 3))))
    black = Image(np.zeros((4, 4, 4), np.int16), Geometry((4, 4, 4)), name="Black")
    for kind in ("Square", "SquareRoot", "Logarithm", "Exponential"):
        with pytest.raises(InputError, match="Every value of Black is 0"):
            list(derive(black, [kind]))


def test_flags_and_half_floats_are_filtered_too() -> None:
    for dtype in (bool, np.float16, np.int64):
        scan = Image(scan_of(np.float64).array.astype(dtype), Geometry((16, 21, 9)))
        for kind in FILTERS.names():
            types = {kind: {"sigma": [1]} if kind == "LoG" else {}}
            assert all(image.shape == scan.shape for _, image in derive(scan, types))
