"""Features of regions beside PyRadiomics, in one run: processor time and numbers.

``make bench`` runs it and writes ``regions.md`` and ``regions.csv``. The job is the usual one of
studies: the original, LoG with three widths and eight wavelets, all features and shape. Each
engine has one thread, and its time is processor time, so that what else the machine does counts
for neither. Where nyxus is installed it is timed too, on the original image.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"  # read when NumPy is loaded

import numpy as np  # noqa: E402
import SimpleITK as sitk  # noqa: E402

from napari_radiogenomics import extract_features, read, write  # noqa: E402
from napari_radiogenomics.radiomics.boxes import box_around, crop  # noqa: E402

DATA = Path(os.environ.get("NRG_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
CASES = ("brain1", "brain2", "breast1", "lung1", "lung2")
JOB = {"Original": {}, "LoG": {"sigma": [1.0, 2.0, 3.0]}, "Wavelet": {}}
RUNS = 3


@dataclass(frozen=True)
class Row:
    """One case; the fastest of some runs of ours, one run of PyRadiomics."""

    case: str
    voxels: int
    features: int
    pyradiomics_s: float
    ours_s: float
    ratio: float
    largest_difference: float


def _timed(image, segmentation, runs, **settings):
    times = []
    for _ in range(runs):
        start = time.process_time()
        table = extract_features(image, segmentation, image_types=JOB, labels=[1], **settings)
        times.append(time.process_time() - start)
    return min(times), table


def measure(case: str) -> Row:
    """Measure one case with both engines."""
    image, segmentation = (read(DATA / f"pyradiomics/{case}_{w}.nrrd") for w in ("image", "label"))
    ours_s, ours = _timed(image, segmentation, RUNS)
    theirs_s, theirs = _timed(image, segmentation, 1, engine="pyradiomics")
    theirs = theirs[ours.columns].astype(float)
    voxels = int(segmentation.mask(1).sum())
    difference = ((ours - theirs).abs() / theirs.abs()).max(axis=None)
    return Row(case, voxels, ours.shape[1], theirs_s, ours_s, theirs_s / ours_s, difference)


def nyxus_row(case: str) -> str:
    """Nyxus beside ours on the original image alone; it reads files only, so of the box.

    Its definitions differ (levels, volumes, merged angles): times are compared, not numbers.
    """
    import nyxus

    image, segmentation = (read(DATA / f"pyradiomics/{case}_{w}.nrrd") for w in ("image", "label"))
    box = box_around(segmentation.mask(1), 1)
    image, segmentation = crop(image, box), crop(segmentation, box)
    lifted = (image.array.astype(np.int32) - min(int(image.array.min()), 0)).astype(np.uint16)
    drawn = (segmentation.labels == 1).astype(np.uint16)
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{what}.nii.gz" for what in ("image", "label")]
        write(replace(image, array=lifted), paths[0])
        write(replace(segmentation, labels=drawn, scheme=()), paths[1])
        engine = nyxus.Nyxus3D(["*3D_ALL*"], n_feature_calc_threads=1, coarse_gray_depth=32)
        start = time.process_time()
        found = engine.featurize_files(paths[:1], paths[1:], False)
        theirs = time.process_time() - start
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        table = extract_features(image, segmentation, labels=[1])
        times.append(time.process_time() - start)
    return (
        f"| {case} | {found.shape[1] - 4} | {theirs:.3g} | {table.shape[1]} | {min(times):.3g} "
        f"| {theirs / min(times):.0f} |\n"
    )


def _nyxus(cases: list[str], folder: Path) -> str:
    """Table beside nyxus, where it is installed."""
    if importlib.util.find_spec("nyxus") is None:
        return "nyxus is not installed: nothing is compared with it.\n"
    head = "| case | nyxus features | nyxus s | our features | ours s | ratio |\n"
    said = head + "|---|---|---|---|---|---|\n" + "".join(map(nyxus_row, cases))
    (folder / "regions_nyxus.md").write_text(said, encoding="utf-8")
    return said


def _write(rows: list[Row], folder: Path) -> str:
    names = [field.name for field in fields(Row)]
    with open(folder / "regions.csv", "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    lines = [names, ["---"] * len(names)]
    for row in rows:
        numbers = [f"{n:.3g}" if isinstance(n, float) else str(n) for n in asdict(row).values()]
        lines.append(numbers)
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    theirs, ours = sum(r.pyradiomics_s for r in rows), sum(r.ours_s for r in rows)
    said = (
        f"{table}\nTogether: PyRadiomics {theirs:.1f} s, ours {ours:.2f} s: {theirs / ours:.0f}×\n"
    )
    (folder / "regions.md").write_text(said, encoding="utf-8")
    return said


def main() -> None:
    """Measure the cases that are there, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("bench_output"))
    folder: Path = parser.parse_args().into
    folder.mkdir(parents=True, exist_ok=True)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    found = [case for case in CASES if (DATA / f"pyradiomics/{case}_image.nrrd").exists()]
    if not found:
        sys.stdout.write(f"No case lies in {DATA}; set NRG_TEST_DATA.\n")
        return
    measure(found[0])  # what is compiled once does not count
    sys.stdout.write(_write([measure(case) for case in found], folder))
    sys.stdout.write(_nyxus(found, folder))


if __name__ == "__main__":
    main()
