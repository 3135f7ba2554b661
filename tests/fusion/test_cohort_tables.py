"""Modalities of a cohort, without what is the outcome itself or was fitted on everybody."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import harmonize, normalize_counts, open_cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.fusion.cohort_tables import (
    clinical_columns,
    cohort_modalities,
    modality_names,
)
from napari_radiogenomics.provenance import history_of, write_history
from napari_radiogenomics.simulate.sample import sample_cohort


@pytest.fixture(scope="module")
def cohort():
    return open_cohort(sample_cohort())


@pytest.fixture(scope="module")
def features(cohort):
    rng = np.random.default_rng(0)
    ids = pd.Index(cohort.patients.index, name="patient_id")
    names = ["original_glcm_Contrast", "original_shape_MeshVolume", "vessels_length", "age"]
    blocks = dict(zip(names, ["features", "shape", "vessels", "clinical"], strict=True))
    return CohortFeatures(pd.DataFrame(rng.normal(size=(len(ids), 4)), ids, names), blocks)


def test_measures_become_modalities_and_clinical_columns_do_not_come_twice(cohort, features):
    assert list(modality_names(features, cohort)) == [
        "imaging", "vessels", "rna", "pathways", "clinical",
    ]  # fmt: skip
    found = cohort_modalities(features, cohort, ["imaging", "vessels"])
    assert list(found.tables["imaging"]) == ["original_glcm_Contrast", "original_shape_MeshVolume"]
    assert list(found.tables["vessels"]) == ["vessels_length"]
    assert found.preparations == {"imaging": "imaging", "vessels": "imaging"}


def test_what_is_known_only_later_is_not_taken_by_itself(cohort):
    known = clinical_columns(cohort)
    assert not known["os_days"]
    assert not known["os_event"]
    taken = cohort_modalities(None, cohort, ["clinical"]).tables["clinical"]
    assert not {"os_days", "os_event", "site", "cohort", "note"} & set(taken)
    asked = cohort_modalities(None, cohort, ["clinical"], clinical=["age", "os_event"])
    assert "os_event looks like what is known only later" in asked.notes[0]


def test_the_outcome_is_not_among_what_predicts_it(cohort, features):
    found = cohort_modalities(features, cohort, ["imaging", "clinical"],
                              outcome=["stage", "original_glcm_Contrast"])  # fmt: skip
    assert "stage" not in found.tables["clinical"]
    assert list(found.tables["imaging"]) == ["original_shape_MeshVolume"]
    assert len(found.notes) == 2
    with pytest.raises(InputError, match="made of the expression"):
        cohort_modalities(None, cohort, ["rna"], outcome=["CA9"], outcome_kind="gene")


def test_counts_of_the_bulk_samples_come_raw(cohort):
    found = cohort_modalities(None, cohort, ["rna"])
    table = found.tables["rna"]
    assert found.preparations["rna"] == {"method": "expression", "scale": "counts"}
    assert set(table.index) <= set(cohort.patients.index)
    assert table.index.is_unique
    values = table.to_numpy()
    assert (values == np.rint(values)).all()
    sets = cohort_modalities(None, cohort, ["pathways"])
    assert sets.preparations["pathways"]["gene_sets"] == "curated"
    with pytest.raises(InputError, match="Choose one"):
        cohort_modalities(None, cohort, ["rna", "pathways"])


def test_expression_that_was_normalized_over_all_samples_is_refused(tmp_path):
    shutil.copytree(sample_cohort(), tmp_path / "cohort")
    cohort = open_cohort(tmp_path / "cohort")
    file = cohort.expression[0].path
    counts = pd.DataFrame({"VEGFA": [10, 20, 40], "CA9": [30, 10, 70]})
    write_history(normalize_counts(counts, method="log_cpm"), file)
    assert history_of(cohort_modalities(None, cohort, ["rna"]).tables["rna"])
    write_history(normalize_counts(counts, method="tmm"), file)
    with pytest.raises(InputError, match=f"{file.name}.*went through normalize_counts.*anew"):
        cohort_modalities(None, cohort, ["rna"])


def test_a_harmonized_table_is_refused(cohort, features):
    numbers = features.table[["original_glcm_Contrast", "vessels_length"]]
    sites = pd.Series(np.array(["A", "B"])[np.arange(len(numbers)) % 2], numbers.index)
    even = harmonize(numbers, sites)
    outside = CohortFeatures(even, features.blocks, history=history_of(even))
    with pytest.raises(InputError, match="The table went through harmonize"):
        cohort_modalities(outside, cohort, ["imaging"])


def test_regions_of_one_patient_are_refused(cohort, features):
    rows = pd.MultiIndex.from_product([features.table.index, [1, 2]], names=["patient_id", "label"])
    table = pd.DataFrame(np.ones((len(rows), 1)), rows, ["original_glcm_Contrast"])
    with pytest.raises(InputError, match="regions of one patient"):
        cohort_modalities(CohortFeatures(table, {"original_glcm_Contrast": "features"}), cohort,
                          ["imaging"])  # fmt: skip


def test_whom_and_what_is_not_there(cohort, features):
    some = list(cohort.patients.index[:5])
    found = cohort_modalities(features, cohort, ["imaging", "clinical"], patients=some)
    assert [len(table) for table in found.tables.values()] == [5, 5]
    with pytest.raises(InputError, match='no modality "imagin".*imaging'):
        cohort_modalities(features, cohort, ["imagin"])
    with pytest.raises(InputError, match="Tick a modality"):
        cohort_modalities(features, cohort, [])
    with pytest.raises(InputError, match='no column "agee"'):
        cohort_modalities(None, cohort, ["clinical"], clinical=["agee"])


def test_a_modality_of_nobody_is_left_out_and_told_and_nothing_at_all_is_refused():
    import numpy as np
    import pandas as pd

    from napari_radiogenomics import open_cohort
    from napari_radiogenomics.extraction.result import CohortFeatures
    from napari_radiogenomics.simulate.sample import sample_cohort

    cohort = open_cohort(sample_cohort())
    table = pd.DataFrame({"f": np.arange(3.0)}, pd.Index(list("xyz"), name="patient_id"))
    features = CohortFeatures(table, {"f": "features"})
    patients = set(map(str, cohort.patients.index))
    found = cohort_modalities(features, cohort, ["imaging", "clinical"], patients=patients)
    assert list(found.tables) == list(found.preparations) == ["clinical"]
    assert "None of these patients is in imaging, which was left out." in found.notes
    with pytest.raises(InputError, match='None of the 3 rows of "imaging"'):
        cohort_modalities(features, cohort, ["imaging"], patients=patients)
