"""The curves of a missing modality: told apart by color, and whom they are of."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.gui.fusion.missing_page import MissingPage

NAMES = ["baseline", "volume alone", "imaging alone", "rna alone", "clinical alone",
         "cooperative", "early", "hybrid", "late", "mofa"]  # fmt: skip


@pytest.fixture
def page(qtbot):
    shown = MissingPage()
    qtbot.addWidget(shown)
    curve = pd.DataFrame(
        [(name, share, 0.6, 0.5, 0.7, 1 - share if name == "rna alone" else 1.0)
         for name in NAMES for share in (0.0, 0.4)],
        columns=["strategy", "missing", "value", "low", "high", "answered"],
    )  # fmt: skip
    missing = pd.DataFrame([{"modality": "rna", "patients": 70, "missing": 0.0, "missing_low": 0.0,
                             "missing_high": 0.0, "p_value": np.nan}])  # fmt: skip
    shown.show_result(SimpleNamespace(missing=missing, main="concordance"))
    shown.show_degraded(SimpleNamespace(modality="rna", mechanism="random", table=curve))
    return shown


def test_ten_strategies_have_ten_colors(page):
    colors = re.findall(r"color:(#\w+)", page.plot.words.text())
    assert len(colors) == len(set(colors)) == len(NAMES)


def test_who_is_not_answered_is_told(page):
    told = page.plot.words.text()
    assert "Where 40% lack rna, not all are answered and measured: rna alone 60%." in told
