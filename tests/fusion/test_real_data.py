"""Real cohorts end to end, beside plain scikit-learn and scikit-survival on the same folds.

GSE7390 (Desmedt 2007, https://doi.org/10.1158/1078-0432.CCR-06-2765): 198 women with breast
cancer, the 76 genes of Wang 2005 chosen in another cohort, age, receptor, grade and size; time to
distant metastases. Leukemia (Armstrong 2002, https://doi.org/10.1038/ng765, as GSEA gives it):
24 ALL and 24 AML, which a plain classifier tells apart without error. Airway (Himes 2014,
https://doi.org/10.1371/journal.pone.0099625): eight samples of four people.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_radiogenomics import fuse, load_model, read_expression
from napari_radiogenomics.cli import main
from napari_radiogenomics.errors import InputError

CLINICAL = ["age", "er", "grade", "size"]
BREAST = {"strategies": ["baseline", "single", "late", "hybrid", "cooperative"], "repeats": 1,
          "folds": 5, "inner_folds": 4, "thorough": False}  # fmt: skip
BLOOD = {"strategies": ["single"], "folds": 4, "inner_folds": 3, "repeats": 1, "thorough": False}


def told(settings):
    """The same settings on the command line."""
    words = []
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        if name == "thorough":
            words.append("--no-thorough")
        else:
            words += [option, *map(str, value if isinstance(value, list) else [value])]
    return words


@pytest.fixture(scope="module")
def breast():
    pytest.importorskip("sksurv")
    return breast_cancer()


def breast_cancer():
    """Modalities of 198 women, and when metastases were seen."""
    from sksurv.datasets import load_breast_cancer

    table, times = load_breast_cancer()
    table.index = pd.Index([f"B{n:03d}" for n in range(len(table))], name="patient_id")
    clinical = table[CLINICAL].astype({"er": str, "grade": str})
    target = pd.DataFrame({"time": times["t.tdm"], "event": times["e.tdm"]}, table.index)
    return {"rna": table.drop(columns=CLINICAL), "clinical": clinical}, target


@pytest.fixture(scope="module")
def metastases(breast):
    return fuse(*breast, **BREAST)


def _by_coxnet(tables, target, predictions):
    """Concordance of plain CoxNet on all columns, on the folds of the predictions."""
    linear = pytest.importorskip("sksurv.linear_model")
    joined = pd.get_dummies(tables["rna"].join(tables["clinical"])).astype(float)
    joined = joined.fillna(joined.median())
    times = np.array(list(zip(target["event"], target["time"], strict=True)),
                     dtype=[("event", bool), ("time", float)])  # fmt: skip
    reached = []
    for _, fold in predictions.groupby("fold"):
        test = joined.index.isin(fold["patient_id"])
        model = make_pipeline(
            StandardScaler(), linear.CoxnetSurvivalAnalysis(l1_ratio=0.5, alphas=[0.1])
        )
        model.fit(joined[~test], times[~test])
        reached.append(model.score(joined[test], times[test]))
    return np.array(reached)


@pytest.mark.slow
def test_metastases_of_breast_cancer_are_told_as_well_as_by_plain_coxnet(breast, metastases):
    found = metastases
    own = found.predictions[found.predictions["strategy"] == "cooperative"]
    plain = _by_coxnet(*breast, own)
    reached = found.table["concordance"]
    error = plain.std(ddof=1) / len(plain) ** 0.5
    assert reached.max() > plain.mean() - error
    assert (abs(reached - plain.mean()) < 2 * error + 0.03).all()
    # Desmedt 2007: the 76 genes speak of early metastases, and all of these are above chance.
    assert reached.between(0.55, 0.75).all()
    assert found.table.loc[found.trusted, "concordance_low"] > 0.5
    assert found.table.loc[found.trusted, "integrated_brier"] < 0.16
    assert any("51 events" in sentence for sentence in found.advice)


@pytest.mark.slow
def test_the_command_reaches_the_same_with_breast_cancer(breast, metastases, tmp_path, capsys):
    tables, target = breast
    tables["clinical"].join(target.astype({"event": int})).to_csv(tmp_path / "patients.csv")
    tables["rna"].to_csv(tmp_path / "rna.csv")
    words = ["fuse", str(tmp_path), "--outcome", "time", "event", "--clinical", *CLINICAL,
             "--table", f"rna={tmp_path / 'rna.csv'}", *told(BREAST)]  # fmt: skip
    assert main([*words, "--output", str(tmp_path / "out")]) == 0
    assert metastases.advice[0] in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out" / "table.csv", index_col=0)
    pd.testing.assert_series_equal(
        table["concordance"], metastases.table["concordance"], rtol=1e-9, check_names=False
    )
    model = load_model(tmp_path / "out" / "model.npz")
    assert model.fitted_.kind == "survival"


@pytest.fixture(scope="module")
def blood(real_data):
    path = real_data("expression/Leukemia_hgu95av2.trim.gct")
    return path, *leukemias(path, real_data("expression/Leukemia.cls"))


def leukemias(path, classes):
    """Expression of 48 patients, and which leukemia they have."""
    table = read_expression(path)
    words = classes.read_text(encoding="utf-8").split("\n")[2].split()
    return table, pd.Series(words, table.index, name="kind")


@pytest.fixture(scope="module")
def leukemia(blood):
    _, table, kind = blood
    with pytest.warns(UserWarning, match="tell kind almost without error"):
        return fuse({"rna": table}, kind, event="AML", **BLOOD)


@pytest.mark.slow
def test_leukemias_are_told_apart_as_by_plain_logistic_regression(blood, leukemia):
    _, table, kind = blood
    own = leukemia.predictions.set_index("patient_id")
    plain = pd.Series(np.nan, table.index)
    for _, fold in leukemia.predictions.groupby("fold"):
        test = table.index.isin(fold["patient_id"])
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
        model.fit(table[~test], kind[~test])
        plain[test] = model.decision_function(table[test])
    assert leukemia.table.loc["rna alone", "auc"] > 0.99
    assert leukemia.table.loc["rna alone", "balanced_accuracy"] > 0.93
    assert leukemia.table.loc["rna alone", "auc"] >= roc_auc_score(kind == "AML", plain) > 0.95
    assert plain.rank().corr(own["link"].reindex(plain.index).rank()) > 0.7


@pytest.mark.slow
def test_the_command_reads_the_gct_itself(blood, leukemia, tmp_path, capsys):
    path, _, kind = blood
    kind.to_csv(tmp_path / "patients.csv", index_label="patient_id")
    words = ["fuse", str(tmp_path / "patients.csv"), "--outcome", "kind", "--event", "AML",
             "--table", f"rna={path}", *told(BLOOD)]  # fmt: skip
    assert main([*words, "--output", str(tmp_path / "out")]) == 0
    assert "rna alone" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out" / "table.csv", index_col=0)
    assert table.loc["rna alone", "auc"] == leukemia.table.loc["rna alone", "auc"]
    history = json.loads((tmp_path / "out" / "table.csv.history.json").read_text("utf-8"))
    assert "fuse" in json.dumps(history)


def test_eight_samples_are_refused(real_data, tmp_path, capsys):
    path = real_data("expression/airway.h5ad")
    table = read_expression(path)
    facts = pytest.importorskip("anndata").read_h5ad(path).obs
    dex = facts["dex"].astype(str)
    words = "dex has 4 cases of the rarer class in 8 patients; at least 10 are needed"
    with pytest.raises(InputError, match=words):
        fuse({"rna": table}, dex, folds=2, inner_folds=2)
    people = table.set_axis(facts["cell"].astype(str), axis=0)
    with pytest.raises(InputError, match="4 patients have more than one row"):
        fuse({"rna": people}, dex.set_axis(people.index))
    dex.to_csv(tmp_path / "patients.csv", index_label="patient_id")
    told = ["fuse", str(tmp_path / "patients.csv"), "--outcome", "dex", "--table", f"rna={path}"]
    assert main(told) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
