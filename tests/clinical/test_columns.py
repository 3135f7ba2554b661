"""Columns are recognized, missing values found in their many spellings, corrections obeyed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import column_types
from napari_radiogenomics.clinical import typed_table
from napari_radiogenomics.clinical.levels import natural_order
from napari_radiogenomics.clinical.missing import as_number, find_missing
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import history_of

NSCLC = "nsclc_radiogenomics/NSCLCR01Radiogenomic_DATA_LABELS_2018-05-22_1500-shifted.csv"


@pytest.fixture(scope="module")
def nsclc(real_data) -> pd.DataFrame:
    return pd.read_csv(real_data(NSCLC), dtype=str, keep_default_na=False)


SPELLINGS = [
    "", " ", "NA", "n/a", "N/A", "#N/A", "NaN", "null", "Unknown", "UNK", "Not Collected",
    "not assessed", "Not Recorded In Database", "[Not Available]", "[Not Applicable]",
    "<unknown>", ".", "-", "--", "?", "n.d.", "Not done", "missing",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_missing_values_are_known_by_their_spellings(spelling: str) -> None:
    for others in (["61", "58", "70"], ["left", "right", "left"]):
        found = find_missing(pd.Series([*others, spelling]))
        assert found.mask.tolist() == [False, False, False, True]
        assert found.spellings == {spelling.strip(): 1}


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ([61, -9, 58, -9, 70], [-9]),
        ([61.0, 58.0, -99.0, 44.0], [-99]),
        ([61, 58, 999, 70], [999]),
        ([3.2, 1.1, 9999, 0.4], [9999]),
        ([12, 99, 20, 99, 31], [99]),
        ([12, 99, 20, 31], []),  # one 99 may be an outlier
        ([400, 999, 2300, 80], []),  # days may be 999
        ([-9, -3, 4, 12], []),  # below zero is possible here
        ([0, 1, 9, 2, 9], []),  # 9 is never a code by itself
        ([55, 62, 99, 99, 97], []),  # nor is 99 among ages
    ],
)
def test_numbers_no_patient_can_have_are_missing(values: list, missing: list) -> None:
    for column in (pd.Series(values), pd.Series([str(v) for v in values])):
        found = find_missing(column)
        gone = [v for v, m in zip(values, found.mask, strict=True) if m]
        assert sorted(set(gone)) == missing
        assert len(found.codes) == len(missing)


def test_none_is_a_level_among_words_and_missing_among_numbers() -> None:
    assert not find_missing(pd.Series(["none", "radiation", "chemo"])).mask.any()
    assert find_missing(pd.Series(["none", "3", "4"])).mask.tolist() == [True, False, False]
    assert find_missing(pd.Series(["0", "9", "1"]), also=[9]).mask.tolist() == [
        False, True, False,
    ]  # fmt: skip


def test_the_real_table_is_understood(nsclc: pd.DataFrame) -> None:
    found = column_types(nsclc)
    kinds = found["type"]
    expected = {
        "Patient ID": "identifier",
        "Patient affiliation": "nominal",
        "Age at Histological Diagnosis": "ratio",
        "Weight (lbs)": "ratio",
        "Smoking status": "ordinal",
        "Pack Years": "ratio",
        "%GG": "ordinal",
        "Pathological T stage": "ordinal",
        "EGFR mutation status": "nominal",
        "CT Date": "date",
        "Date of Death": "date",
        "Time to Death (days)": "ratio",
    }
    assert {name: kinds[name] for name in expected} == expected
    assert found.loc["%GG", "levels"] == "0%, >0 - 25%, 25 - 50%, 50 - 75%, 75 - < 100%, 100%"
    assert found.loc["Pathological T stage", "levels"] == "Tis, T1a, T1b, T2a, T2b, T3, T4"
    assert found.loc["Pack Years", "written"] == '48 × "N/A", 8 × "Not Collected"'
    assert found.loc["EGFR mutation status", "missing"] == 39
    assert found.loc["Weight (lbs)", "missing"] == 59
    assert not found["unreadable"].any()
    typed = typed_table(nsclc)
    first = typed.loc[0]
    assert first["CT Date"] == pd.Timestamp("1994-08-10")
    assert typed["Pathological T stage"].max() == "T4"
    assert typed["Pack Years"].notna().sum() == 155


@pytest.mark.parametrize(
    ("levels", "order"),
    [
        (["IV", "I", "III", "II"], ("I", "II", "III", "IV")),
        (["Stage IIB", "Stage IIA", "Stage I"], ("Stage I", "Stage IIA", "Stage IIB")),
        (["T2", "Tis", "T1b", "T1a"], ("Tis", "T1a", "T1b", "T2")),
        (["G3", "4", "G1"], ("G1", "G3", "4")),
        (["severe", "Mild", "moderate"], ("Mild", "moderate", "severe")),
        (["current", "never", "former"], ("never", "former", "current")),
        (["50-75%", "<25%", "25-50%"], ("<25%", "25-50%", "50-75%")),
        ([">10 mm", "left"], None),
        (["A", "B", "C"], None),
        (["yes", "no"], None),
    ],
)
def test_orders_are_those_of_medicine(levels: list, order: tuple | None) -> None:
    assert natural_order(levels) == order


def test_kinds_by_values_and_names() -> None:
    n = 12
    table = pd.DataFrame(
        {
            "patient_id": [f"P{i}" for i in range(n)],
            "barcode": [f"TCGA-{i:03d}" for i in range(n)],
            "ecog": [0, 1, 2, 1, 0, 1, 2, 3, 1, 0, 0, 1],
            "arm": [1, 2, 3] * 4,
            "event": [0, 1] * 6,
            "site": list("ABCDEFGHABCD"),
            "note": ["came with a cough for three weeks"] * 6
            + ["no complaints, found by chance"] * 6,
            "scan": ["2024-01-03", "2024-02-29"] * 6,
            "taken": ["20240103", "20240229"] * 6,
            "empty": [None] * n,
        }
    )
    kinds = column_types(table)["type"].to_dict()
    assert kinds == {
        "patient_id": "identifier", "barcode": "identifier", "ecog": "ordinal", "arm": "nominal",
        "event": "nominal", "site": "nominal", "note": "text", "scan": "date", "taken": "nominal",
        "empty": "text",
    }  # fmt: skip
    typed = column_types(table, types={"taken": "date", "arm": "ratio", "event": ["1", "0"]})
    assert typed.loc[["taken", "arm", "event"], "type"].tolist() == ["date", "ratio", "ordinal"]
    assert typed.loc["event", "why"] == "you gave its levels"
    assert history_of(typed)[0].settings["types"]["arm"] == "ratio"


def test_days_and_months_are_told_apart_by_the_whole_column() -> None:
    table = pd.DataFrame({"a": ["3/4/2024", "31/4/2023", "31/12/2023"], "b": ["3/4/2024"] * 3,
                          "c": ["4/3/2024", "12/31/2023", "1/1/2024"]})  # fmt: skip
    found = column_types(table, types={"a": "date", "b": "date"})
    typed = typed_table(table, types={"a": "date", "b": "date"})
    assert typed["a"][0] == pd.Timestamp("2024-04-03")
    assert pd.isna(typed["a"][1])  # there is no 31st of April
    assert found.loc["a", "unreadable"] == "31/4/2023"
    assert typed["c"][0] == pd.Timestamp("2024-04-03")
    assert "month/day/year is assumed" in found.loc["b", "note"]
    assert found.loc["c", "note"] == ""


def test_what_cannot_be_read_is_said_and_counts_as_missing() -> None:
    ages = [*map(str, range(40, 60)), "ca. 60"]
    found = column_types(pd.DataFrame({"age": ages}))
    assert found.loc["age", ["type", "missing", "unreadable"]].tolist() == ["ratio", 1, "ca. 60"]
    assert np.isnan(typed_table(pd.DataFrame({"age": ages}))["age"].iloc[-1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"types": {"aeg": "ratio"}}, 'no column "aeg". Did you mean "age"'),
        ({"types": {"age": "number"}}, '"number" is no type'),
        ({"types": {"side": "ratio"}}, '"side" cannot be ratio'),
        ({"types": {"side": "ordinal"}}, "order of the levels"),
        ({"missing": {"sid": ["x"]}}, 'Did you mean "side"'),
    ],
)
def test_wrong_corrections_are_refused(settings: dict, message: str) -> None:
    table = pd.DataFrame({"age": [61, 58, 58], "side": ["left", "right", "left"]})
    with pytest.raises(InputError, match=message):
        column_types(table, **settings)


def test_columns_of_the_same_name_are_refused() -> None:
    with pytest.raises(InputError, match='Two columns are called "a"'):
        column_types(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_numbers_are_read_as_people_write_them() -> None:
    assert [as_number(text) for text in ("3.5", "3,5", " 7 ", "1e3", "-2")] == [
        3.5,
        3.5,
        7,
        1000,
        -2,
    ]
    assert np.isnan([as_number(text) for text in ("", "G2", "3 mm", "1.2.3")]).all()
