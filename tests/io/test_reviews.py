"""Reviews are kept whole, read back, and never overwrite each other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from napari_radiogenomics import open_cohort
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.review import Review
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.io import reviews as module
from napari_radiogenomics.io.reviews import read_reviews, review_folders, write_review

REVIEW = Review(
    "P1", "intensity", "mean_od", "CA9", "agrees", "Dark where it is brown; é ≥ µ.", "AB",
    "2026-01-02T03:04:05+00:00", scan="P1-CT", slide="P1-CAIX", found={"r": -0.4},
    settings={"detrend": "linear"}, history=({"verb": "correspond_section"},),
)  # fmt: skip


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "cohort.toml").write_text('format = 1\nname = "Trial"\n')
    (folder / "patients.csv").write_text("patient_id,site\nP1,A\nP2,B\n")
    return open_cohort(folder)


def test_a_review_comes_back_with_everything_that_was_looked_at(cohort: Cohort) -> None:
    path = write_review(REVIEW, cohort)
    assert path.parent == cohort.root / "reviews"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert read_reviews(cohort) == [REVIEW]
    assert "µ" in path.read_text(encoding="utf-8")


def test_two_people_and_two_patients_stand_beside_each_other(cohort: Cohort) -> None:
    others = [replace(REVIEW, reviewer="CD"), replace(REVIEW, patient_id="P2"),
              replace(REVIEW, feature="vessels_curvature")]  # fmt: skip
    for review in (REVIEW, *others):
        write_review(review, cohort)
    assert len(read_reviews(cohort)) == 4


def test_the_last_word_counts_and_the_first_is_kept(cohort: Cohort) -> None:
    later = replace(REVIEW, verdict="cannot tell", time="2026-01-03T00:00:00+00:00")
    for review in (later, REVIEW):
        write_review(review, cohort)
    assert read_reviews(cohort) == [later]
    assert read_reviews(cohort, latest=False) == [REVIEW, later]


def test_a_folder_that_cannot_be_written_to_has_one_beside(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = tmp_path / "user" / "trial"
    own = review_folders(cohort)[0]
    own.write_text("a file where the folder should be")  # as unwritable as it gets, for root too
    monkeypatch.setattr(module, "review_folders", lambda _cohort: (own, beside))
    assert write_review(REVIEW, cohort).parent == beside
    assert read_reviews(cohort) == [REVIEW]
    beside.parent.joinpath("x").touch()
    monkeypatch.setattr(module, "review_folders", lambda _cohort: (own, own))
    with pytest.raises(InputError, match="cannot be written"):
        write_review(REVIEW, cohort)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "agree"}, 'Did you mean "agrees"'),
        ({"reviewer": " "}, "who looked"),
        ({"patient_id": ""}, "whose scan"),
    ],
)
def test_what_is_no_review_is_refused(change: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        replace(REVIEW, **change)  # type: ignore[arg-type]


def test_an_unknown_patient_and_a_damaged_file_are_named(cohort: Cohort) -> None:
    with pytest.raises(InputError, match="P9"):
        write_review(replace(REVIEW, patient_id="P9"), cohort)
    path = write_review(REVIEW, cohort)
    write_review(replace(REVIEW, reviewer="CD"), cohort)
    whole = REVIEW.to_dict()
    for broken, why in (
        ('{"verdict": "agrees"}', "lacks patient_id, feature, tissue, score"),
        (json.dumps({**whole, "mood": "good"}), "has mood"),
        (json.dumps({**whole, "history": 5}), "of another kind"),
        ("[]", "names and values"),
        ("{", "property name"),
    ):
        path.write_text(broken)
        with pytest.warns(DataWarning, match=f"{path.name} is no review and is left out .*{why}"):
            assert [one.reviewer for one in read_reviews(cohort)] == ["CD"]


def test_of_two_words_within_a_second_the_later_is_the_last(cohort: Cohort) -> None:
    for verdict in ("agrees", "disagrees") * 5:
        write_review(replace(REVIEW, verdict=verdict, time=""), cohort)  # type: ignore[arg-type]
        assert [one.verdict for one in read_reviews(cohort)] == [verdict]
