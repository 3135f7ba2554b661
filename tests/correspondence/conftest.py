"""Regions and smooth fields whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from napari_radiogenomics import Cohort, Geometry, Image, Segmentation, open_cohort, write
from napari_radiogenomics.correspondence.at_points import values_at


def smooth(rng: np.random.Generator, shape: tuple[int, ...], sigma) -> np.ndarray:
    """White noise smoothed by a Gaussian, with nothing reflected at the border."""
    sigmas = [
        one if size > 1 else 0 for one, size in zip(np.broadcast_to(sigma, 3), shape, strict=True)
    ]
    around = [int(np.ceil(3 * one)) for one in sigmas]
    noise = rng.normal(size=[size + 2 * pad for size, pad in zip(shape, around, strict=True)])
    inside = tuple(slice(pad, pad + size) for size, pad in zip(shape, around, strict=True))
    return gaussian_filter(noise, sigmas, truncate=3)[inside]


def lumpy(shape: tuple[int, int, int], count: int, seed: int = 0) -> np.ndarray:
    """An irregular region of so many voxels."""
    rng = np.random.default_rng(seed)
    lumps = smooth(rng, shape, 3.0)
    axes = np.meshgrid(*(np.linspace(-1, 1, size) if size > 1 else [0.0] for size in shape),
                       indexing="ij")  # fmt: skip
    level = lumps / lumps.std() - 3 * sum(axis**2 for axis in axes)
    return level >= np.sort(level.ravel())[-count]


class Region:
    """A region, and maps on its grid."""

    def __init__(self, mask: np.ndarray, spacing=(1.0, 1.0, 1.0)) -> None:
        self.mask = mask
        self.grid = Geometry(mask.shape[::-1], spacing)
        self.tumor = Segmentation(mask.astype(np.uint8), self.grid, name="tumor")

    def image(self, values: np.ndarray, name: str = "") -> Image:
        return Image(np.asarray(values), self.grid, name=name)

    def noise(self, seed: int, sigma=2.0) -> np.ndarray:
        return smooth(np.random.default_rng(seed), self.mask.shape, sigma)

    def pairs(self, sigma, count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Unrelated maps, as values in the region."""
        rng = np.random.default_rng(seed)
        for _ in range(count):
            a, b = (smooth(rng, self.mask.shape, sigma)[self.mask] for _ in "ab")
            yield a, b


@pytest.fixture(scope="session")
def flat() -> Region:
    """900 pixels of a slice, of irregular outline."""
    return Region(lumpy((1, 52, 52), 900))


@pytest.fixture(scope="session")
def small() -> Region:
    """220 pixels of a slice."""
    return Region(lumpy((1, 40, 40), 220))


@pytest.fixture(scope="session")
def solid() -> Region:
    """700 voxels in slices three times as thick as their pixels."""
    return Region(lumpy((10, 16, 16), 700), (1.0, 1.0, 3.0))


class Biopsied:
    """A cohort on disk in which a field shows in the scan and drives the score of biopsies.

    Patients differ in the mean of their scores, and every second one was scanned brighter.
    """

    radius = 3.0

    def __init__(self, folder: Path, *, patients: int = 20, each: int = 4, seed: int = 3) -> None:
        self.folder, self.grid = folder, Geometry((20, 20, 10), (2.0, 2.0, 3.0), (-20.0, 5.0, 9.0))
        rng = np.random.default_rng(seed)
        z, y, x = np.indices(self.grid.shape)
        away = np.hypot(np.hypot((x - 9.5) * 2, (y - 9.5) * 2), (z - 4.5) * 3)
        self.inside = away < 14
        self.fields: dict[str, np.ndarray] = {}
        self.offsets = rng.normal(0, 1.5, patients)
        rows = [self._patient(number, each, rng) for number in range(patients)]
        self._write(pd.DataFrame([row for own in rows for row in own]))

    def truth(self, patient: str) -> np.ndarray:
        """Score that a biopsy of each voxel of the region would have, without its error."""
        image = Image(np.where(self.inside, self.fields[patient], np.nan), self.grid)
        centers = self.grid.index_to_world(np.argwhere(self.inside)[:, ::-1])
        means = values_at(image, centers, np.full(len(centers), 1.5))
        return 2 * means + self.offsets[int(patient[1:])]

    def _patient(self, number: int, each: int, rng: np.random.Generator) -> list[dict[str, Any]]:
        name = f"P{number:02d}"
        field = smooth(rng, self.grid.shape, (2.0, 3.0, 3.0))
        self.fields[name] = field = field / field.std()
        bright = 60 + 40 * (number % 2)
        scan = bright + 15 * field + rng.normal(0, 4, field.shape)
        scan[~self.inside] = -800
        image = Image(scan.astype(np.float32), self.grid, unit="HU", modality="CT")
        write(image, self.folder / f"{name}.nii.gz")
        regions = Segmentation(self.inside.astype(np.uint8), self.grid)
        write(regions, self.folder / f"{name}-seg.nii.gz")
        truth, places = self.truth(name), np.argwhere(self.inside)[:, ::-1]
        deep = np.flatnonzero(np.abs(places - [9.5, 9.5, 4.5]).max(axis=1) < 4)
        rows = []
        for at, place in enumerate(rng.choice(deep, each, replace=False)):
            x, y, z = self.grid.index_to_world(places[place])
            rows.append({
                "sample_id": f"{name}-b{at}", "patient_id": name, "kind": "biopsy", "frame": name,
                "coord_system": "LPS", "unit": "mm", "x": x, "y": y, "z": z, "radius_mm": 1.5,
                "uncertainty_mm": 1.5, "precision": "point", "timepoint": "t0",
                "score": truth[place] + rng.normal(0, 0.3), "chance": rng.normal(),
                "patient": self.offsets[number] + rng.normal(0, 0.1),
            })  # fmt: skip
        return rows

    def _write(self, samples: pd.DataFrame) -> None:
        names = list(self.fields)
        tables = {
            "patients": {"patient_id": names, "site": ["A", "B"] * (len(names) // 2)},
            "scans": {"scan_id": names, "patient_id": names, "modality": "CT", "role": "CT",
                      "path": [f"{name}.nii.gz" for name in names], "unit": "HU", "frame": names,
                      "timepoint": "t0"},
            "segmentations": {"segmentation_id": [f"{name}-seg" for name in names],
                              "scan_id": names, "path": [f"{name}-seg.nii.gz" for name in names]},
            "samples": samples,
        }  # fmt: skip
        (self.folder / "cohort.toml").write_text('format = 1\nname = "planted"\n', encoding="utf-8")
        for name, table in tables.items():
            pd.DataFrame(table).to_csv(self.folder / f"{name}.csv", index=False)

    @property
    def cohort(self) -> Cohort:
        """As opened."""
        return open_cohort(self.folder)

    def altered(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Cohort:
        """The cohort with other samples."""
        cohort = self.cohort
        return replace(cohort, samples=change(cohort.samples.copy()))


@pytest.fixture(scope="session")
def biopsied(tmp_path_factory: pytest.TempPathFactory) -> Biopsied:
    """20 patients of four biopsies, whose score follows the scan."""
    return Biopsied(tmp_path_factory.mktemp("biopsied"))
