"""Bias against variance as a picture: a bar a strategy, as long as its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from defusedxml.ElementTree import fromstring

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.report.trade_off import BIAS_COLOR, VARIANCE_COLOR, trade_off_svg

SVG = "{http://www.w3.org/2000/svg}"


@dataclass
class Result:
    """What the picture reads of a comparison."""

    trade_off: pd.DataFrame
    missing: pd.DataFrame
    kind: str = "classification"
    target: str = "A<B"
    star: str = "late"


@pytest.fixture
def result():
    rows = [("early", "", 0.10, 0.05), ("late", "", 0.12, 0.01),
            ("early", "rna", np.nan, np.nan), ("late", "rna", 0.15, 0.02)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["strategy", "without", "bias", "variance"])
    table["error"], table["learned"] = table["bias"] + table["variance"], 80.0
    missing = pd.DataFrame({"modality": ["imaging", "rna"], "missing": [0.0, 0.4]})
    return Result(table, missing)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_are_as_long_as_bias_and_variance(result, theme):
    picture = fromstring(trade_off_svg(result, theme=theme))
    bars = {color: [float(bar.get("width")) for bar in picture.iter(f"{SVG}rect")
                    if bar.get("fill") == color][1:]
            for color in (BIAS_COLOR, VARIANCE_COLOR)}  # fmt: skip
    assert np.array(bars[BIAS_COLOR]) / bars[BIAS_COLOR][0] == pytest.approx([1, 1.2, 1.5], 1e-3)
    ratio = np.array(bars[VARIANCE_COLOR]) / bars[BIAS_COLOR][0]
    assert ratio == pytest.approx([0.5, 0.1, 0.2], abs=2e-3)
    words = [element.text for element in picture.iter(f"{SVG}text")]
    assert "late ★" in words
    assert "thin: patients without rna" in words
    assert words.count("cannot answer") == 1
    assert "0.100 + 0.050" in words
    assert words[0].startswith("A<B: bias against variance, learned from 80 patients")


def test_nothing_to_draw_is_said(result):
    result.trade_off = result.trade_off.iloc[:0]
    with pytest.raises(InputError, match="thorough=True"):
        trade_off_svg(result)
