"""Kernels compiled ahead by other processes: what is asked for, how it stops, what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from napari_radiogenomics.errors import Cancelled
from napari_radiogenomics.progress import quiet, reporting
from napari_radiogenomics.radiomics import compiling, kernels
from napari_radiogenomics.radiomics.compiling import Compiled, needed_for
from napari_radiogenomics.radiomics.family import (
    Family,
    Feature,
    MatrixSettings,
    families_of,
    find_features,
)

USUAL = MatrixSettings()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder without kernels, and a program in place of the compiler."""
    started: list[subprocess.Popen] = []
    popen = subprocess.Popen

    def run(program: str) -> list[subprocess.Popen]:
        def start(command, **options):
            started.append(popen([sys.executable, "-c", program, *command[3:]], **options))
            return started[-1]

        monkeypatch.setattr(compiling.subprocess, "Popen", start)
        return started

    monkeypatch.setattr(kernels, "made_where", lambda: tmp_path)
    monkeypatch.setattr(compiling, "_ready", set())
    return run


def test_the_largest_correlation_has_a_kernel_of_its_own():
    wanted = find_features(["glcm", "ngtdm"], ["glcm_MCC", "glcm_Contrast", "ngtdm_Busyness"])
    assert needed_for(wanted, USUAL) == [
        Compiled("glcm"), Compiled("glcm", "MCC"), Compiled("ngtdm")
    ]  # fmt: skip
    other = MatrixSettings(symmetrical=False, weighting_norm="euclidean")
    assert needed_for(find_features(["gldm"], ["all"]), other) == [
        Compiled("gldm", symmetrical=False, joined=True)
    ]


def test_families_of_others_are_left_to_themselves():
    def measure(neighborhoods, centers, names):
        return np.zeros((len(names), centers.size))

    theirs = Family("theirs", "Theirs", (Feature("One", "One", "Once.", "1"),), measure)
    assert needed_for({theirs: theirs.features}, USUAL) == []


def test_what_is_compiled_is_not_asked_for_again(elsewhere):
    wanted = find_features(["firstorder", "gldm", "glszm"], ["all"])
    started = elsewhere("")
    compiling.prepare(wanted, USUAL, quiet)
    assert len(started) == compiling._PROCESSES
    compiling.prepare(wanted, USUAL, quiet)
    compiling._ready.clear()  # as in the next session
    compiling.prepare(wanted, USUAL, quiet)
    assert len(started) == compiling._PROCESSES


def test_a_compiler_that_fails_is_not_believed(elsewhere):
    wanted = find_features(["firstorder"], ["Mean"])
    started = elsewhere("raise SystemExit(1)")
    compiling.prepare(wanted, USUAL, quiet)
    compiling.prepare(wanted, USUAL, quiet)  # it is compiled here, on first use
    assert len(started) == 1
    compiling._ready.clear()
    compiling.prepare(wanted, USUAL, quiet)
    assert len(started) == 2


def test_cancel_ends_the_processes(elsewhere):
    wanted = find_features(["firstorder", "gldm"], ["all"])
    started = elsewhere("import time; time.sleep(100)")
    seen: list[str] = []

    def report(done, total, what):
        seen.append(what)

    stop = reporting(report, cancelled=lambda: len(seen) >= 3)
    with pytest.raises(Cancelled):
        compiling.prepare(wanted, USUAL, stop)
    assert all(process.returncode is not None for process in started)
    assert set(seen) == {compiling.WHAT}
    assert not any(one.stamp.exists() for one in needed_for(wanted, USUAL))


def test_every_family_can_be_compiled_ahead():
    for family in families_of("maps"):
        for one in needed_for({family: family.features}, USUAL):
            compiling.compile_now(json.dumps([one]))


def test_kernels_of_other_sources_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "made_where", lambda: tmp_path)
    kernels._forget_others()
    kept = tmp_path / "mcc.coefficients-1.py311.1.nbc"
    kept.touch()
    kernels._forget_others()
    assert kept.exists()
    monkeypatch.setattr(kernels, "made_of", lambda: "other sources")
    kernels._forget_others()
    assert not kept.exists()


@pytest.mark.slow
def test_another_process_leaves_what_this_one_loads(tmp_path):
    program = (
        "from napari_radiogenomics.radiomics import compiling\n"
        "from napari_radiogenomics.radiomics.family import MatrixSettings, find_features\n"
        "from napari_radiogenomics.progress import quiet\n"
        "compiling.prepare(find_features(['ngtdm'], ['all']), MatrixSettings(), quiet)\n"
        'compiling.compile_now(\'[["ngtdm", "", true, false]]\')\n'
        "from napari_radiogenomics.radiomics.kernels.ngtdm import tone_rows\n"
        "hits, misses = tone_rows.stats.cache_hits, tone_rows.stats.cache_misses\n"
        "print(sum(hits.values()), sum(misses.values()))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["1", "0"]
    assert list(tmp_path.rglob("ngtdm10.*.prepared"))
