"""AnnData, MuData and CSV of a cohort: what goes out is what came in, and comes back."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import cohort_expression, link_cohort, open_cohort, read_expression
from napari_radiogenomics.cli import main
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io import multimodal
from napari_radiogenomics.io.multimodal import to_anndata, to_mudata, write_multimodal
from napari_radiogenomics.simulate.sample import sample_cohort


@pytest.fixture(scope="module")
def cohort():
    return open_cohort(sample_cohort())


@pytest.fixture(scope="module")
def links(cohort):
    return link_cohort(cohort)


def test_anndata_holds_expression_samples_clinic_and_links(cohort, links, tmp_path):
    anndata = pytest.importorskip("anndata")
    path = write_multimodal(cohort, tmp_path / "cohort.h5ad", links=links)
    data = anndata.read_h5ad(path)
    counts = pd.read_csv(cohort.root / "expression.csv.gz", index_col="sample_id")
    assert data.obs_names.tolist() == counts.index.tolist()
    assert data.var_names.tolist() == counts.columns.tolist()
    np.testing.assert_array_equal(data.X, counts.to_numpy())
    obs = data.obs
    assert obs.loc["P001-b1", "region"] == "necrotic core"
    assert obs.loc["P001-bulk", "precision"] == "tumour"
    assert obs.loc["P001-b1", "clinical_age"] == cohort.patients.loc["P001", "age"]
    assert len(data.uns["links"]) == len(links)
    facts = data.uns["radiogenomics"]
    assert facts["unit"] == "count"
    assert json.loads(facts["history"])[0]["verb"] == "read_expression"
    assert read_expression(path).loc["P002-b1", "CA9"] == counts.loc["P002-b1", "CA9"]


def test_mudata_holds_imaging_rna_clinic_and_links(cohort, links, tmp_path):
    mudata = pytest.importorskip("mudata")
    volumes = np.arange(12.0)
    imaging = pd.DataFrame({"original_shape_MeshVolume": volumes, "scanner": "X"},
                           index=cohort.patients.index)  # fmt: skip
    path = write_multimodal(cohort, tmp_path / "cohort.h5mu", imaging=imaging, links=links)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what the package says of itself
        data = mudata.read_h5mu(path)
    assert list(data.mod) == ["imaging", "rna", "clinical"]
    np.testing.assert_array_equal(data["imaging"].X[:, 0], volumes)
    assert data["imaging"].obs["scanner"].tolist() == ["X"] * 12
    clinical = data["clinical"]
    assert clinical.var_names.tolist() == ["age", "crp_mg_l", "os_days", "os_event"]
    np.testing.assert_array_equal(clinical.X[:, 0], cohort.patients["age"])
    for part in data.mod.values():
        assert set(part.obs["patient_id"]) == set(cohort.patients.index)
    found = data.uns["links"]
    assert found["region"].tolist() == links.table["region"].tolist()


def test_features_of_regions_keep_their_patient(cohort):
    pytest.importorskip("mudata")
    imaging = pd.DataFrame({"patient_id": ["P001", "P001"], "mean": [1.0, 2.0]}, index=["a", "b"])
    data = to_mudata(cohort, imaging)
    assert data["imaging"].obs["patient_id"].tolist() == ["P001", "P001"]
    assert data["imaging"].var_names.tolist() == ["mean"]
    with pytest.raises(InputError, match="1 patients of the image features are not in"):
        to_mudata(cohort, imaging.assign(patient_id="X"))
    with pytest.raises(InputError, match="have the same name"):
        to_mudata(cohort, imaging.set_axis(["a", "a"]))


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
def test_csv_comes_back(cohort, tmp_path, name):
    path = write_multimodal(cohort, tmp_path / name)
    pd.testing.assert_frame_equal(
        read_expression(path), cohort_expression(cohort), check_dtype=False
    )
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_other_names_and_missing_folders_are_refused(cohort, tmp_path):
    with pytest.raises(InputError, match="must end with .h5ad"):
        write_multimodal(cohort, tmp_path / "x.xlsx")
    with pytest.raises(InputError, match="does not exist"):
        write_multimodal(cohort, tmp_path / "no" / "x.csv")


def test_a_missing_package_names_its_extra(cohort, monkeypatch):
    def fail(package):
        raise ImportError(package)

    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(MissingDependency, match=r"napari-radiogenomics\[genomics\]"):
        to_anndata(cohort)
    assert multimodal.__all__ == ["to_anndata", "to_mudata", "write_multimodal"]


# ---------------------------------------------------------------- command line


def test_scores_on_the_command_line(cohort, tmp_path, capsys):
    folder, table = str(cohort.root), tmp_path / "scores.csv"
    names = ["CA9", "BUFFA_HYPOXIA"]
    assert main(["scores", folder, *names, "--regions", "--output", str(table)]) == 0
    found = pd.read_csv(table)
    assert set(found["name"]) == set(names)
    assert set(found["region"]) == {"necrotic core", "viable tumor", "edema", "whole tumor"}
    assert main(["scores", folder, "EGFR", "--kind", "mutation"]) == 0
    said = capsys.readouterr()
    assert "P001-bulk" in said.out
    assert "12 samples joined patients" in said.err
    assert main(["scores", folder]) == 0
    assert "66 samples × 2025 genes (symbol), unit count" in capsys.readouterr().out
    assert main(["scores", folder, "CA99"]) == 2
    assert "Did you mean" in capsys.readouterr().err
    assert main(["scores", folder, "--output", str(tmp_path / "all.csv")]) == 0
    assert (tmp_path / "all.csv").is_file()


def test_image_features_go_into_the_file_of_the_cohort(cohort, tmp_path, capsys):
    features, target = tmp_path / "features.csv", tmp_path / "all.h5mu"
    features.write_text("patient_id,region,entropy\nP001,core,1.5\nP001,rim,2\nP002,core,3\n")
    folder = str(cohort.root)
    assert main(["scores", folder, "--imaging", str(features), "--output", str(target)]) == 0
    imaging = pytest.importorskip("mudata").read_h5mu(target)["imaging"]
    assert list(imaging.obs["patient_id"]) == ["P001", "P001", "P002"]
    assert list(imaging.obs["region"]) == ["core", "rim", "core"]
    np.testing.assert_allclose(imaging[:, "entropy"].X.ravel(), [1.5, 2, 3])
    capsys.readouterr()
    for rest in (["CA9", "--output", str(target)], ["--output", str(tmp_path / "x.csv")], []):
        assert main(["scores", folder, *rest, "--imaging", str(features)]) == 2
        assert "--output NAME.h5mu" in capsys.readouterr().err
