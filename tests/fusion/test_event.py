"""Which of two classes is the event where nobody says it: one rule for all."""

from __future__ import annotations

import pandas as pd
import pytest

from napari_radiogenomics.fusion.event import likely_event
from napari_radiogenomics.fusion.outcome import outcome_of


@pytest.mark.parametrize(
    ("values", "event"),
    [
        (["wildtype"] * 2 + ["mutated"] * 5, "mutated"),
        (["Wild-type"] * 5 + ["R132H"] * 7, "R132H"),
        (["alive", "dead", "dead"], "dead"),
        (["methylated"] * 3 + ["unmethylated"], "methylated"),
        (["non-smoker"] + ["smoker"] * 3, "smoker"),
        ([0.0, 1.0, 1.0], 1.0),
        (["no", "no", "yes"], "yes"),
        (["M", "M", "F"], "F"),
        (["A", "B"], "B"),
        ([1, 2, 2], 2),
        ([0, 0, 1, 1, 1], 1),
        (["1", "2", "2"], "2"),
        ([True, True, False], True),
        (["nodule"] * 3 + ["cyst"] * 4, "nodule"),
    ],
)
def test_the_event_is_what_happens_or_the_rarer(values, event):
    assert likely_event(pd.Series(values)) == event
    outcome, _ = outcome_of(pd.Series(values * 10))
    assert outcome.classes[1] == event
    assert outcome.values.sum() == 10 * values.count(event)
