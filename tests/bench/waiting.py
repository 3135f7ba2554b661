"""What a person waits for: the slice in sight, a cancel, the first run of a session.

``make bench`` runs it and writes ``waiting.md``. All 94 features, on a simulated tumour of
24,464 voxels. Waiting grows with what else the machine does, so processor time stands beside it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
from texture import ALL, ALL_FAMILIES, case_of, plan_of

from napari_radiogenomics import texture_maps
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import Cancelled
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.radiomics.family import FAMILIES

RUNS = 8
GOALS_MS = {1: 50, 2: 200}


def largest_slice(plan) -> np.ndarray:
    """Numbers of the voxels in the slice that holds most of them."""
    k = np.nonzero(plan.mask)[0]
    return np.flatnonzero(k == np.bincount(k).argmax())


def slice_ms(radius: int) -> tuple[int, float, float]:
    """Voxels of the largest slice, and ms until it is seen: waited, and of processors."""
    case = case_of("simulated")
    plan = plan_of(case, ALL, radius)
    part = largest_slice(plan)
    plan.measure(part)  # kernels are loaded
    waited, computed = [], []
    for _ in range(RUNS):
        start, cpu = time.perf_counter(), time.process_time()
        plan_of(case, ALL, radius).measure(part)  # made ready anew, as by another setting
        waited.append(1e3 * (time.perf_counter() - start))
        computed.append(1e3 * (time.process_time() - cpu))
    return part.size, min(waited), min(computed)


class Stop:
    """A cancel that comes after some seconds, and the time at which it came."""

    def __init__(self, seconds: float) -> None:
        self.at = time.perf_counter() + seconds

    def is_set(self) -> bool:
        return time.perf_counter() >= self.at


def cancel_ms() -> float:
    """The longest of some waits for a run to stop, at a radius of 3."""
    plan = plan_of(case_of("simulated"), ALL, 3)
    plan.measure(np.arange(100))
    waits = []
    for after in np.linspace(0.02, 0.3, RUNS):
        stop = Stop(after)
        try:
            plan.measure(progress=reporting(lambda *_: None, cancelled=stop.is_set))
        except Cancelled:
            waits.append(1e3 * (time.perf_counter() - stop.at))
    return max(waits)


def warm_start_s() -> tuple[float, float]:
    """Processor time of a new process: to import numba; of the first run, less the second's.

    An installation keeps the bytecode of what it imports; here a first process leaves it, also
    where this one may not.
    """
    command = [sys.executable, __file__, "--first"]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        env["PYTHONPYCACHEPREFIX"] = folder
        for _ in range(2):
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    said = done.stdout.split()
    return float(said[-2]), float(said[-1])


def first_run() -> None:
    plan = plan_of(case_of("simulated"), ALL, 1)
    start = time.process_time()
    import numba  # noqa: F401

    imported = time.process_time() - start
    part = np.arange(100)
    times = []
    for _ in range(2):
        start = time.process_time()
        plan.measure(part)
        times.append(time.process_time() - start)
    sys.stdout.write(f"{imported} {times[0] - times[1]}\n")


def memory_mb(n: int) -> float:
    """Peak memory that maps of a ball of about n voxels add to a scan of 512 × 512 × 300."""
    grid = Geometry((512, 512, 300))
    reach = int((n * 3 / 4 / np.pi) ** (1 / 3)) + 1
    z, y, x = np.indices((2 * reach + 1,) * 3) - reach
    labels = np.zeros(grid.shape, np.uint8)
    box = tuple(slice(m // 2 - reach, m // 2 + reach + 1) for m in grid.shape)
    labels[box] = z**2 + y**2 + x**2 <= (n * 3 / 4 / np.pi) ** (2 / 3)
    array = np.zeros(grid.shape, np.int16)
    array[box] = np.random.default_rng(0).normal(300, 130, labels[box].shape)
    names = sorted({x.name for name in ALL_FAMILIES for x in FAMILIES[name].features})
    tracemalloc.start()
    texture_maps(Image(array, grid), Segmentation(labels, grid), features=names)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("bench_output"))
    parser.add_argument("--first", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.first:
        first_run()
        return
    lines = ["| what | waited | processor time | goal |", "|---|---|---|---|"]
    for radius, goal in GOALS_MS.items():
        voxels, waited, computed = slice_ms(radius)
        lines.append(
            f"| largest slice, {voxels:,} voxels, r = {radius} | {waited:.0f} ms "
            f"| {computed:.0f} ms | {goal} ms |"
        )
    lines.append(f"| cancel, r = 3 | {cancel_ms():.0f} ms | | 200 ms |")
    imported, loaded = warm_start_s()
    lines.append(f"| kernels loaded in a new process | | {loaded:.2f} s | 1 s |")
    lines.append(f"| numba imported before | | {imported:.2f} s | |")
    for voxels in (25_000, 1_000_000):
        what = f"memory of all maps, {voxels:,} voxels in 512 × 512 × 300"
        lines.append(f"| {what} | {memory_mb(voxels):.0f} MB | | 500 MB |")
    said = "\n".join(lines) + "\n"
    given.into.mkdir(parents=True, exist_ok=True)
    (given.into / "waiting.md").write_text(said, encoding="utf-8")
    sys.stdout.write(said)


if __name__ == "__main__":
    main()
