"""PyRadiomics and this package side by side, in one run: time, memory, numbers.

``make bench`` runs it and writes a table (Markdown, CSV) and a chart (SVG) into a folder.
PyRadiomics takes minutes to hours for a whole tumour, so it measures some of its voxels, all
together as it is fastest, and the time of one voxel is taken for that of all. Its values are
those of ``voxelBatch=1``: those of larger batches depend on the batch. Neither nyxus nor MIRP
makes voxelwise maps.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import logging
import os
import subprocess
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from napari_radiogenomics import read
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.progress import quiet
from napari_radiogenomics.radiomics import plan as plans
from napari_radiogenomics.radiomics.family import FAMILIES, families_of
from napari_radiogenomics.radiomics.plan import MapPlan, plan_maps

DATA = Path(os.environ.get("NRG_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
CASES = ("brain1", "lung1", "breast1", "simulated")
ALL = "all"
ALL_FAMILIES = tuple(family.name for family in families_of("maps"))


@dataclass(frozen=True)
class Row:
    """One family at one radius on one case; times are of the whole tumour.

    ``ours_s`` is what a person waits, all threads together, and grows with what else the
    machine does; one thread is measured in processor time, as PyRadiomics is.
    """

    case: str
    voxels: int
    levels: int
    radius: int
    family: str
    features: int
    pyradiomics_s: float
    ours_s: float
    threads: int
    ratio: float
    ratio_one_thread: float
    ours_us_a_voxel_one_thread: float
    largest_difference: float


def case_of(name: str) -> tuple[Image, Segmentation]:
    """Scan and tumour: a real one, or a ball of 24,464 voxels of smooth texture and noise."""
    if name != "simulated":
        files = (DATA / "pyradiomics" / f"{name}_{what}.nrrd" for what in ("image", "label"))
        scan, regions = map(read, files)
        return scan, regions
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    smooth = gaussian_filter(rng.normal(size=(44, 44, 44)), 2.5)
    array = 300 + 130 * smooth / smooth.std() + rng.normal(0, 30, smooth.shape)
    z, y, x = np.indices(array.shape) - 21.5
    grid = Geometry(array.shape[::-1])
    ball = (z**2 + y**2 + x**2 <= 18**2).astype(np.uint8)
    return Image(array.astype(np.int16), grid), Segmentation(ball, grid)


def plan_of(case: tuple[Image, Segmentation], family: str, radius: int) -> MapPlan:
    families = ALL_FAMILIES if family == ALL else (family,)
    names = sorted({x.name for name in families for x in FAMILIES[name].features})
    return plan_maps(*case, families=families, features=names, kernel_radius=radius, label=1)


def fastest(plan: MapPlan, threads: int, clock, least: int = 4, most_s: float = 4.0) -> float:
    """Seconds for the whole tumour, the best of several runs: other programs only add to it."""
    plans._THREADS = threads
    plan.measure(progress=quiet)  # kernels are loaded
    found, end = [], time.perf_counter() + most_s
    while len(found) < least or (time.perf_counter() < end and len(found) < 10 * least):
        start = clock()
        plan.measure(progress=quiet)
        found.append(clock() - start)
    return min(found)


class Theirs:
    """PyRadiomics on some voxels of a tumour, in its surroundings, levels of the whole."""

    def __init__(self, case: tuple[Image, Segmentation], radius: int, n: int) -> None:
        import SimpleITK as sitk
        from radiomics import imageoperations

        scan, regions = case
        self.radius = radius
        mask = regions.labels == 1
        places = np.argwhere(mask)[:, ::-1]
        box = np.stack([places.min(axis=0), places.max(axis=0)], axis=1).ravel()
        images = [scan.array.astype(np.int32), mask.astype(np.uint8)]
        pair = [sitk.GetImageFromArray(image) for image in images]
        for image in pair:
            image.SetSpacing(scan.geometry.spacing)
        self.scan, self.mask = imageoperations.cropToTumorMask(*pair, box, padDistance=radius)
        # Voxels side by side, as a block of its own would be, from all through the tumour.
        parts = np.array_split(np.arange(len(places)), max(len(places) * 10 // n, 1))
        some = np.concatenate([part[: max(n // len(parts), 1)] for part in parts])
        self.chosen = some[:n] if len(places) > n else np.arange(len(places))

    def measure(self, family: str, batch: int) -> tuple[float, dict[str, np.ndarray]]:
        """Seconds, and the values of each feature."""
        import SimpleITK as sitk

        module = importlib.import_module(f"radiomics.{family}")
        kind = next(v for k, v in vars(module).items() if k.lower() == f"radiomics{family}")
        measured = kind(
            self.scan, self.mask, voxelBased=True, voxelBatch=batch, initValue=np.nan,
            kernelRadius=self.radius, binWidth=25.0,
        )  # fmt: skip
        measured.enableAllFeatures()
        if family == "firstorder":
            measured.enableFeatureByName("StandardDeviation")
        measured.labelledVoxelCoordinates = measured.labelledVoxelCoordinates[:, self.chosen]
        start = time.process_time()
        found = measured.execute()
        seconds = time.process_time() - start
        at = tuple(measured.labelledVoxelCoordinates)
        return seconds, {k: sitk.GetArrayFromImage(v)[at] for k, v in found.items()}


def difference(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], family: str) -> float:
    """Largest |ours − theirs|, for each feature as a share of its size."""
    largest = 0.0
    for name, values in theirs.items():
        mine = ours.get(f"original_{family}_{name}")
        if mine is None:
            continue
        if not np.array_equal(np.isnan(mine), np.isnan(values)):
            return float("inf")
        size = np.maximum(np.abs(values), 1e-3 * np.nanmax(np.abs(values), initial=1e-300))
        largest = max(largest, float(np.nanmax(np.abs(mine - values) / size, initial=0.0)))
    return largest


def compare(name: str, radius: int, n: int, threads: int) -> list[Row]:
    """One row a family, and one for all of them."""
    case = case_of(name)
    whole = plan_of(case, ALL, radius)
    voxels = whole.centers.size
    ((_, around),) = whole.seen.values()
    theirs = Theirs(case, radius, n)
    rows, theirs_s, differences = [], 0.0, 0.0
    for family in (*ALL_FAMILIES, ALL):
        plan = whole if family == ALL else plan_of(case, family, radius)
        if family != ALL:
            seconds, _ = theirs.measure(family, len(theirs.chosen))
            _, values = theirs.measure(family, 1)
            seconds *= voxels / len(theirs.chosen)
            differs = difference(plan.measure(theirs.chosen), values, family)
            theirs_s, differences = theirs_s + seconds, max(differences, differs)
        else:
            seconds, differs = theirs_s, differences
        ours = fastest(plan, threads, time.perf_counter)
        alone = fastest(plan, 1, time.process_time)
        rows.append(
            Row(
                name, voxels, around.n_native_levels, radius, family, len(plan.features),
                seconds, ours, threads, seconds / ours, seconds / alone, alone / voxels * 1e6,
                differs,
            )
        )  # fmt: skip
    return rows


def peak_mb(name: str, radius: int) -> float:
    """Peak memory of a process of its own that measures everything."""
    command = [sys.executable, __file__, "--peak", name, "--radii", str(radius)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(said.stdout.split()[-1])


def say_peak(name: str, radius: int) -> None:
    plan_of(case_of(name), ALL, radius).measure()
    print(own_peak())


def own_peak() -> float:
    """Most memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # what Linux counts elsewhere includes the process that started this one
        lines = status.read_text(encoding="ascii").splitlines()
        return next(float(x.split()[1]) for x in lines if x.startswith("VmHWM:")) / 1e3
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def table(rows: list[Row], peaks: dict[tuple[str, int], float]) -> str:
    """Markdown."""
    lines = [
        "| case | voxels | levels | r | family | features | PyRadiomics s | ours s | ratio "
        "| ratio, one thread | µs a voxel, one thread | largest relative difference | peak MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        peak = f"{peaks[row.case, row.radius]:.0f}" if row.family == ALL else ""
        lines.append(
            f"| {row.case} | {row.voxels:,} | {row.levels} | {row.radius} | {row.family} "
            f"| {row.features} | {row.pyradiomics_s:.3g} | {row.ours_s:.3g} | {row.ratio:,.0f} × "
            f"| {row.ratio_one_thread:,.0f} × | {row.ours_us_a_voxel_one_thread:.2f} "
            f"| {row.largest_difference:.0e} | {peak} |"
        )
    return "\n".join(lines) + "\n"


def chart(rows: list[Row]) -> str:
    """SVG: how many times faster, on a scale of powers of ten."""
    left, width, step = 190, 560, 18
    height = 40 + step * len(rows)
    top = max(np.ceil(np.log10(max(row.ratio for row in rows))), 1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{left + width + 90}" height="{height}" fill="white"/>',
        '<text x="8" y="18">Times faster than PyRadiomics (logarithmic)</text>',
    ]
    for power in range(int(top) + 1):
        x = left + width * power / top
        parts.append(f'<line x1="{x}" x2="{x}" y1="26" y2="{height - 8}" stroke="#ccc"/>')
        parts.append(f'<text x="{x + 2}" y="{height - 2}" fill="#777">{10**power:,}</text>')
    for i, row in enumerate(rows):
        y, long = 30 + step * i, width * np.log10(max(row.ratio, 1.0)) / top
        color = "#c1440e" if row.family == ALL else "#4878a8"
        parts.append(f'<text x="8" y="{y + 12}">{row.case} r={row.radius} {row.family}</text>')
        parts.append(
            f'<rect x="{left}" y="{y + 2}" width="{long:.1f}" height="12" fill="{color}"/>'
        )
        parts.append(f'<text x="{left + long + 4:.1f}" y="{y + 12}">{row.ratio:,.0f} ×</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("bench_output"))
    parser.add_argument("--cases", nargs="+", default=CASES, choices=CASES)
    parser.add_argument("--radii", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--voxels", type=int, default=200, help="that PyRadiomics measures")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak:
        say_peak(given.peak, given.radii[0])
        return
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    here = [x for x in given.cases if x == "simulated" or (DATA / "pyradiomics").is_dir()]
    rows, peaks = [], {}
    for name in here:
        for radius in given.radii:
            rows += compare(name, radius, given.voxels, given.threads)
            peaks[name, radius] = peak_mb(name, radius)
            print(f"{name}, r = {radius}: {rows[-1].ratio:,.0f} × PyRadiomics", flush=True)
    given.into.mkdir(parents=True, exist_ok=True)
    (given.into / "texture.md").write_text(table(rows, peaks), encoding="utf-8")
    (given.into / "texture.svg").write_text(chart(rows), encoding="utf-8")
    with open(given.into / "texture.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(asdict(rows[0])))
        writer.writeheader()
        writer.writerows(map(asdict, rows))
    print(table([row for row in rows if row.family == ALL], peaks))
    print(
        f"PyRadiomics measured up to {given.voxels} voxels of each tumour; its seconds are those "
        f"for all voxels at that pace. Ours: {given.threads} threads. All families: {given.into}/"
    )


if __name__ == "__main__":
    main()
