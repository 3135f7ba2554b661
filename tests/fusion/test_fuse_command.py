"""``fuse`` on the command line: a second cohort, a missing modality, and what is refused there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.cli import main
from napari_radiogenomics.fusion import fuse, load_model, missing_curve

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}
TOLD = ["--folds", "3", "--inner-folds", "3", "--repeats", "1", "--no-thorough"]


@pytest.fixture(scope="module")
def folders(cohort, draw, tmp_path_factory):
    """Two cohorts as folders; the same patients as one table with a column that tells them."""
    other = draw(9)
    second = {n: t.rename("X{}".format) for n, t in other.modalities.items()}
    target, sites = other.target.rename("X{}".format), other.sites.rename("X{}".format)
    found = []
    for modalities, y, where in ((cohort.modalities, cohort.target, cohort.sites),
                                 (second, target, sites)):  # fmt: skip
        folder = tmp_path_factory.mktemp("cohort")
        facts = modalities["clinical"].assign(EGFR=y, where=where)
        facts.to_csv(folder / "patients.csv", index_label="patient_id")
        for name in ("imaging", "rna"):
            modalities[name].to_csv(folder / f"{name}.csv", index_label="patient_id")
        found.append(folder)
    both = tmp_path_factory.mktemp("both")
    for name in ("patients", "imaging", "rna"):
        parts = [pd.read_csv(folder / f"{name}.csv") for folder in found]
        if name == "patients":
            parts = [part.assign(cohort=at) for at, part in enumerate(parts, 1)]
        pd.concat(parts).to_csv(both / f"{name}.csv", index=False)
    return *found, both, (second, target, sites)


@pytest.fixture(scope="module")
def expected(cohort, folders):
    return fuse(cohort.modalities, cohort.target, groups=cohort.sites, strategies=["late"],
                external=folders[3], event="mutated", **QUICK)  # fmt: skip


def command(folder, *more):
    tables = [word for name in ("imaging", "rna")
              for word in ("--table", f"{name}={folder / f'{name}.csv'}")]  # fmt: skip
    return ["fuse", str(folder), "--outcome", "EGFR", "--clinical", "age", "sex", "--site", "where",
            *tables, "--strategies", "late", "--event", "mutated", *TOLD,
            *map(str, more)]  # fmt: skip


def test_a_folder_is_the_second_cohort(folders, expected, tmp_path, capsys):
    first, second, _, _ = folders
    assert main(command(first, "--external", second, "--output", tmp_path / "out")) == 0
    assert "second cohort" in capsys.readouterr().out
    told = pd.read_csv(tmp_path / "out" / "external.csv", index_col=0)
    pd.testing.assert_frame_equal(told, expected.external, rtol=1e-9, check_dtype=False)
    points = pd.read_csv(tmp_path / "out" / "points.csv")
    pd.testing.assert_frame_equal(points, expected.points, rtol=1e-9)
    model = load_model(tmp_path / "out" / "model.npz")
    assert model.fitted_.points["youden"] == pytest.approx(
        expected.model().fitted_.points["youden"], rel=1e-9
    )


def test_a_column_tells_the_second_cohort(folders, expected, tmp_path):
    more = ("--test-on", "cohort=2", "--output", tmp_path / "out")
    assert main(command(folders[2], *more)) == 0
    told = pd.read_csv(tmp_path / "out" / "external.csv", index_col=0)
    pd.testing.assert_frame_equal(told, expected.external, rtol=1e-9, check_dtype=False)
    assert main(command(folders[2], "--learn-from", "cohort=1", *more)) == 0
    again = pd.read_csv(tmp_path / "out" / "external.csv", index_col=0)
    pd.testing.assert_frame_equal(told, again)


def test_what_a_missing_modality_costs(folders, cohort, tmp_path, capsys):
    more = ("--missing", "rna", "--missing-shares", 0, 0.5, "--missing-mechanism", "outcome")
    assert main(command(folders[0], *more, "--output", tmp_path)) == 0
    told = pd.read_csv(tmp_path / "missing_curve.csv")
    expected = missing_curve(
        cohort.modalities, cohort.target, "rna", groups=cohort.sites, strategies=["late"],
        shares=(0, 0.5), mechanism="outcome", event="mutated", folds=3, inner_folds=3,
    )  # fmt: skip
    pd.testing.assert_frame_equal(told, expected, check_dtype=False, rtol=1e-9)
    out = capsys.readouterr().out
    assert "where missing" in out
    assert "50%" in out
    assert "where low" in out  # how often a modality lacks, by outcome


def test_the_event_turns_the_mechanism_around(cohort):
    settings = {"shares": [0.4], "mechanism": "outcome", "strategies": ["single"], "folds": 3,
                "inner_folds": 3}  # fmt: skip
    rna = {name: cohort.modalities[name] for name in ("imaging", "rna")}
    one, other = (missing_curve(rna, cohort.target, "rna", event=event, **settings)
                  for event in ("mutated", "wildtype"))  # fmt: skip
    value = [t.set_index("strategy").loc["rna alone", "value"] for t in (one, other)]
    assert not np.isclose(*value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--missing", "rnaa"], 'There is no modality "rnaa"'),
        (["--missing", "rna", "--missing-shares", "1.5"], "from 0 to below 1"),
        (["--test-on", "cohort=9"], 'No patient has "9" in the column "cohort"'),
        (["--test-on", "cohort"], "is not COLUMN=VALUE"),
        (["--learn-from", "cohrt=1"], 'Did you mean "cohort"'),
        (["--learn-from", "cohort=1", "--test-on", "cohort=1"], "were learned from"),
        (["--external", "nowhere"], "nowhere"),
        (["--external", "nowhere", "--test-on", "cohort=1"], "Give one of them"),
        (["--external-table", "gene=x.csv"], 'names "gene", which no --table does'),
    ],
)
def test_what_cannot_be_done_is_one_line(folders, more, words, capsys, tmp_path):
    both = folders[2]
    if "--external-table" in more:
        more = ["--external", str(folders[1]), *more]
    assert main(command(both, *more)) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


def _rare(table):
    return table.assign(EGFR=["mutated"] * 3 + ["wildtype"] * (len(table) - 3))


@pytest.mark.parametrize(
    ("name", "change", "more", "words"),
    [
        ("patients", lambda t: t.assign(EGFR="mutated"), [], "has 1 class"),
        ("patients", _rare, [], "3 cases of the rarer class"),
        ("patients", lambda t: t, ["--folds", "200"], "cannot fill 200 folds"),
        ("rna", lambda t: t.assign(patient_id="TCGA-" + t["patient_id"]), [], 'rows of "rna"'),
        ("rna", lambda t: pd.concat([t, t.iloc[:1]]), [], "more than one row"),
        ("patients", lambda t: pd.concat([t, t.iloc[:1]]), [], "more than one row"),
    ],
)
def test_bad_files_are_refused_in_one_line(folders, tmp_path, capsys, name, change, more, words):
    for own in ("patients", "imaging", "rna"):
        table = pd.read_csv(folders[0] / f"{own}.csv")
        table = change(table) if own == name else table
        table.to_csv(tmp_path / f"{own}.csv", index=False)
    assert main(command(tmp_path, *more)) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_a_column_that_is_the_outcome_is_told(folders, tmp_path, capsys):
    for own in ("patients", "imaging", "rna"):
        table = pd.read_csv(folders[0] / f"{own}.csv")
        if own == "rna":
            y = pd.read_csv(folders[0] / "patients.csv").set_index("patient_id")["EGFR"]
            table["again"] = table["patient_id"].map(y).eq("mutated").astype(float)
        table.to_csv(tmp_path / f"{own}.csv", index=False)
    assert main(command(tmp_path)) == 0
    assert "rna: again" in capsys.readouterr().out
