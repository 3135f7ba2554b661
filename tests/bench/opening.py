"""How long it takes to open each patient of the sample cohort in the workspace, in one run.

``make bench`` runs it and writes ``opening.md``. The window has three linked views and all docks,
at 1366×768; without a display Xvfb is started, so that OpenGL is done by the processor. A patient
is open when it is chosen, read, shown and drawn in all views; the first one, which also imports
and compiles, is told apart. Hidden scans come later and are not counted.
"""

from __future__ import annotations

import argparse
import os
import time
from contextlib import nullcontext
from pathlib import Path

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.screen import has_display, virtual_screen

SIZE = (1366, 768)
# A person looks at a patient for longer than this before the next one is chosen.
LOOK_S = 1.5
LIMIT_S = 60.0


def _until(done, application) -> None:
    end = time.perf_counter() + LIMIT_S
    while not done() and time.perf_counter() < end:
        application.processEvents()
        time.sleep(0.001)


def measure() -> list[tuple[str, float, float]]:
    """Open all patients; answer with id, seconds, and seconds of the window's own thread."""
    import napari
    from qtpy.QtWidgets import QApplication

    from napari_radiogenomics.gui.workspace import open_workspace
    from napari_radiogenomics.simulate import sample_cohort

    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    dock = open_workspace(viewer)["Cohort"]
    application = QApplication.instance()
    times = []

    ends = []
    dock.drawn.connect(lambda: ends.append((time.perf_counter(), time.thread_time())))

    def timed(patient, begin):
        ends.clear()
        wall, own = time.perf_counter(), time.thread_time()
        begin()
        _until(lambda: ends, application)
        times.append((patient, ends[0][0] - wall, ends[0][1] - own))
        rest = time.perf_counter() + LOOK_S
        _until(lambda: dock.at_rest and time.perf_counter() > rest, application)

    cohort = sample_cohort()
    timed("P001", lambda: dock.open_cohort(cohort))
    for patient in dock.page.table.rows.shown[1:]:
        timed(patient, lambda patient=patient: dock.session.select(patient_id=patient))
    return times


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("bench_output"))
    into = parser.parse_args().into
    lines = ["| patient | s | s of the window's thread |", "| --- | --- | --- |"]
    times = measure()
    lines += [f"| {patient} | {wall:.2f} | {own:.2f} |" for patient, wall, own in times]
    later = [wall for _, wall, _ in times[1:]]
    quick = sum(wall < 1 for wall in later)
    lines.append(
        f"\nAfter the first: {quick} of {len(later)} patients under 1 s, at most {max(later):.2f} s"
    )
    text = "\n".join(lines) + "\n"
    into.mkdir(parents=True, exist_ok=True)
    (into / "opening.md").write_text(text, encoding="utf-8")
    print(text, flush=True)


if __name__ == "__main__":
    try:
        with nullcontext() if has_display() else virtual_screen(SIZE):
            main()
    except InputError as error:
        print(f"The opening of patients is not timed: {error}", flush=True)
    os._exit(0)  # the window needs no farewell
