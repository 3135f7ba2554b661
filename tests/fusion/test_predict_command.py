"""``predict``: what a saved model says of new patients, with the numbers of Python."""

from __future__ import annotations

import pandas as pd
import pytest

from napari_radiogenomics.cli import main
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion import EarlyFusion, LateFusion, predict_patients, save_model
from napari_radiogenomics.fusion.validation.final import measure_models
from napari_radiogenomics.provenance import read_history


@pytest.fixture(scope="module")
def made(cohort, draw, tmp_path_factory):
    """A saved model, another cohort as files, and both in memory."""
    folder = tmp_path_factory.mktemp("predict")
    model = LateFusion(inner_folds=3).fit(cohort.modalities, cohort.target, cohort.sites)
    save_model(model, folder / "model.npz")
    other = draw(9)
    facts = other.modalities["clinical"].assign(EGFR=other.target, where=other.sites)
    facts.to_csv(folder / "patients.csv", index_label="patient_id")
    for name in ("imaging", "rna"):
        # The facts stand in the table of imaging too, as in an extraction of a cohort.
        table = other.modalities[name].join(facts) if name == "imaging" else other.modalities[name]
        table.to_csv(folder / f"{name}.csv", index_label="patient_id")
    return folder, model, other


def command(folder, *more, tables=("imaging", "rna")):
    named = [word for name in tables for word in ("--table", f"{name}={folder / f'{name}.csv'}")]
    return ["predict", str(folder / "model.npz"), *named, *map(str, more)]


def test_the_numbers_are_those_of_python(made, tmp_path, capsys):
    folder, model, other = made
    more = ("--patients", folder / "patients.csv", "--site", "where", "--outcome", "EGFR",
            "--threshold", "sensitive", "--level", 0.8, "--output", tmp_path / "p.csv")  # fmt: skip
    assert main(command(folder, *more)) == 0
    told = pd.read_csv(tmp_path / "p.csv", index_col=0, keep_default_na=False)
    expected = predict_patients(model, other.modalities, other.sites, level=0.8,
                                threshold="sensitive")  # fmt: skip
    assert list(told["outcome"]) == list(other.target.reindex(told.index))
    told = told.drop(columns="outcome")
    numbers = told.select_dtypes("number").columns
    assert "probability" in numbers
    pd.testing.assert_frame_equal(told[numbers], expected[numbers], rtol=1e-9)
    rest = [name for name in told if name not in numbers]
    assert (told[rest].astype(str) == expected[rest].astype(str)).all(axis=None)
    out, err = capsys.readouterr()
    measured = measure_models({"model": model}, (other.modalities, other.target, other.sites),
                              kind="classification", classes=model.fitted_.classes)  # fmt: skip
    assert f"{measured.loc['model', 'auc']:.3g}" in out
    assert "120 of 120 patients predicted" in out
    assert "The model learned at A, B, C too" in err
    assert read_history(tmp_path / "p.csv")[-1].verb == "predict_patients"


def test_what_lacks_is_told_and_some_patients_are_asked_for(made, tmp_path, capsys):
    folder, model, other = made
    more = ("--patients", folder / "patients.csv", "--only", "where=A", "--output",
            tmp_path / "p.csv")  # fmt: skip
    assert main(command(folder, *more, tables=["rna"])) == 0
    err = capsys.readouterr().err
    assert 'There is no "imaging"' in err
    told = pd.read_csv(tmp_path / "p.csv", index_col=0)
    who = other.sites.index[other.sites == "A"]
    assert set(told.index) == set(who)
    some = {name: other.modalities[name].loc[who] for name in ("rna", "clinical")}
    with pytest.warns(UserWarning, match="imaging"):
        expected = predict_patients(model, some)
    assert told["probability"].to_dict() == pytest.approx(expected["probability"].to_dict())
    assert (told["lacks"] == "imaging").all()


def test_a_modality_most_of_whose_columns_lack_is_told_in_the_refusal(
    made, cohort, tmp_path, capsys
):
    folder, late, other = made
    early = EarlyFusion(inner_folds=3).fit(cohort.modalities, cohort.target)
    save_model(early, tmp_path / "early.npz")
    few = other.modalities["imaging"][["f0", "f1", "f2"]]
    few.to_csv(tmp_path / "imaging.csv", index_label="patient_id")
    files = {"imaging": tmp_path / "imaging.csv", "rna": folder / "rna.csv"}
    named = [word for name, path in files.items() for word in ("--table", f"{name}={path}")]
    facts = ["--patients", str(folder / "patients.csv")]
    assert main(["predict", str(tmp_path / "early.npz"), *named, *facts]) == 2
    err = capsys.readouterr().err
    assert "rna and clinical is known; the model reads imaging with rna with clinical" in err
    assert '22 of 25 columns of "imaging" are missing (f3, f4, f5, f6, f7 …)' in err
    assert "it counts as not there. What that costs was not measured" in err
    assert "a late fusion model answers without" in err
    assert err.count("counts as not there") == 1
    tables = {**other.modalities, "imaging": few}
    with pytest.warns(match="22 of"), pytest.raises(InputError, match="22 of 25 columns"):
        early.predict(tables)
    with pytest.warns(UserWarning, match="22 of 25 columns"):
        answered = predict_patients(late, tables)
    assert answered["link"].notna().all()
    assert (answered["lacks"] == "imaging").all()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--table", "RNA=rna.csv"], 'no modality "RNA". Did you mean "rna"'),
        (["--outcome", "EGFR"], "--patients PATH"),
        (["--output", "."], "is a folder"),
        (["--output", "nowhere/p.csv"], "does not exist"),
        (["--threshold", "sensitiv"], 'Did you mean "sensitive"'),
        (["--at", "365"], "which has no times"),
    ],
)
def test_what_cannot_be_done_is_one_line(made, more, words, capsys):
    assert main(command(made[0], *more, tables=["rna"])) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert words in told


def test_nothing_to_read_is_told(made, capsys):
    assert main(command(made[0], tables=[])) == 2
    assert "The model reads" in capsys.readouterr().err
    assert main(["predict", str(made[0])]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_an_outcome_that_cannot_be_measured_is_no_end(made, tmp_path, capsys):
    folder = made[0]
    facts = pd.read_csv(folder / "patients.csv").assign(EGFR="mutated")
    facts.to_csv(tmp_path / "p.csv", index=False)
    assert main(command(folder, "--patients", tmp_path / "p.csv", "--outcome", "EGFR")) == 0
    out, err = capsys.readouterr()
    assert "Not measured: EGFR has 1 class" in err
    assert "120 of 120" in out


def test_a_table_under_another_name_and_a_threshold_without_classes_are_refused(made, draw):
    _, model, other = made
    with pytest.raises(InputError, match='no modality "RNA".*Did you mean "rna"'):
        model.predict({"RNA": other.modalities["rna"], "clinical": other.modalities["clinical"]})
    late = draw(2, kind="survival")
    rna = {"rna": late.modalities["rna"]}
    survival = EarlyFusion(inner_folds=3).fit(rna, late.target)
    with pytest.raises(InputError, match="threshold is sensitive, but the model predicts time"):
        survival.predict(rna, threshold="sensitive")
    with pytest.raises(InputError, match="has no classes"):
        predict_patients(survival, rna, threshold=0.3)
