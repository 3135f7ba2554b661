"""The evidence card as a picture: a place for every number, a word for every verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from defusedxml.ElementTree import fromstring

from napari_radiogenomics import Study, weigh_evidence
from napari_radiogenomics.report.forest import VERDICT_COLORS, evidence_hints, evidence_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def card():
    rng = np.random.default_rng(0)
    ids = [f"P{i}" for i in range(60)]
    x = rng.normal(size=60)
    outcomes = pd.DataFrame({"A<B & C": x + rng.normal(size=60)}, ids)
    site = pd.Series(["A", "B"] * 30, ids)
    features = pd.DataFrame({"winding": x, "other": rng.normal(size=60)}, ids)
    return weigh_evidence("winding", "A<B & C", Study(features, outcomes, site=site), repeats=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_line_is_there_with_its_numbers(card, theme):
    picture = fromstring(evidence_svg(card, theme=theme))
    words = [element.text for element in picture.iter(f"{SVG}text")]
    assert card.conclusion.upper() in words
    for line in card.lines:
        assert any(word == line.title or "…" in word for word in words), line.title
        if line.effect is not None:
            effect = line.effect
            assert f"{effect.value:.2f} [{effect.low:.2f}, {effect.high:.2f}]" in words
    assert words.count("not tested") == sum(line.verdict == "untested" for line in card.lines)
    assert "winding  ~  A<B & C" in words


def test_points_lie_where_the_axis_says(card):
    picture = fromstring(evidence_svg(card))
    texts = {element.text: float(element.get("x")) for element in picture.iter(f"{SVG}text")}
    zero, half = texts["0"], texts["0.5"]
    centers = [float(circle.get("cx")) for circle in picture.iter(f"{SVG}circle")]
    expected = zero + card["raw"].effect.value * (half - zero) / 0.5
    assert min(abs(center - expected) for center in centers) < 0.2
    width = float(picture.get("width"))
    assert all(0 <= x <= width for x in centers)


@pytest.mark.parametrize("width", [420, 760])
def test_the_summary_is_read_whole_and_rows_begin_below_it(card, width):
    told = replace(card, summary=" ".join(f"word{number}" for number in range(70)))
    texts = list(fromstring(evidence_svg(told, width=width)).iter(f"{SVG}text"))
    lines = [text for text in texts if (text.text or "").startswith("word")]
    assert " ".join(line.text for line in lines) == told.summary
    heading = next(text for text in texts if text.text == "robustness")
    assert float(heading.get("y")) > max(float(line.get("y")) for line in lines) + 10
    edge, hint = evidence_hints(told, width=width)[1]
    raw = next(text for text in texts if text.text == "Raw")
    assert card["raw"].sentence in hint
    assert edge - 20 < float(raw.get("y")) < edge


def test_an_effect_of_another_measure_is_told_and_not_drawn(card):
    mixed = replace(card["raw"].effect, measure="auc")
    assert card["adjusted"].effect is not None
    lines = tuple(replace(x, effect=mixed) if x.name == "adjusted" else x for x in card.lines)
    before, after = evidence_svg(card), evidence_svg(replace(card, lines=lines))
    assert after.count("<circle") == before.count("<circle") - 1
    assert "AUC " in after


def test_verdicts_have_colors_of_their_own(card):
    assert len(set(VERDICT_COLORS.values())) == len(VERDICT_COLORS)
    assert VERDICT_COLORS[card["raw"].verdict] in evidence_svg(card)
