"""The bench: what it measures, and what it writes."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import defusedxml.ElementTree as ElementTree
import pytest

FILE = Path(__file__).parents[1] / "bench" / "texture.py"


@pytest.fixture
def bench(monkeypatch, phantom):
    """The program, on a small case."""
    pytest.importorskip("radiomics", reason="PyRadiomics is what it compares with")
    import sys

    spec = importlib.util.spec_from_file_location("bench_texture", FILE)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_texture", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "case_of", lambda _: phantom((6, 8, 9)))
    monkeypatch.setattr(module.plans, "_THREADS", 2)
    return module


def test_the_numbers_it_times_are_those_of_pyradiomics(bench):
    rows = bench.compare("small", 1, 12, 1)
    assert [row.family for row in rows] == [*bench.ALL_FAMILIES, "all"]
    assert rows[-1].features == 94
    assert all(row.largest_difference < 1e-6 for row in rows)
    total = sum(row.pyradiomics_s for row in rows[:-1])
    assert rows[-1].pyradiomics_s == pytest.approx(total)
    assert all(row.ratio == row.pyradiomics_s / row.ours_s for row in rows)


def test_a_difference_is_a_share_of_the_size_of_a_feature(bench):
    import numpy as np

    theirs = {"Mean": np.array([100.0, 200.0, np.nan])}
    ours = {"original_glcm_Mean": np.array([101.0, 200.0, np.nan])}
    assert bench.difference(ours, theirs, "glcm") == pytest.approx(0.01)
    ours["original_glcm_Mean"][2] = 0.0
    assert math.isinf(bench.difference(ours, theirs, "glcm"))


def test_table_and_chart_tell_every_row(bench):
    rows = [
        bench.Row("brain1", 4137, 33, 1, family, 94, 20.0, 0.02, 2, 1000.0, 900.0, 5.4, 1e-12)
        for family in ("glcm", "all")
    ]
    lines = bench.table(rows, {("brain1", 1): 400.0}).splitlines()
    assert len(lines) == 4
    assert "1,000 × | 900 ×" in lines[3]
    assert lines[3].endswith("| 400 |")
    texts = [found.text for found in ElementTree.fromstring(bench.chart(rows)).iter() if found.text]
    assert "brain1 r=1 all" in texts
    assert "1,000 ×" in texts
