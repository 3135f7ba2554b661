"""One rule for what a name means: in Python, on the command line and in the dock."""

from __future__ import annotations

import pytest

from napari_radiogenomics import open_cohort, score_cohort
from napari_radiogenomics.cli import main
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_names import closest_name, find_name
from napari_radiogenomics.genomics.cohort_scores import score_names
from napari_radiogenomics.gui.genes.asked import find_asked
from napari_radiogenomics.simulate.sample import sample_cohort

NAMES = {
    "gene": ["VEGFA", "CA9", "Abc1", "ABC1"],
    "pathway": ["VEGF_LIGAND_RECEPTOR", "WINTER_HYPOXIA", "HALLMARK_HYPOXIA", "BILE_METABOLISM"],
    "mutation": ["EGFR", "CA9"],
}


@pytest.mark.parametrize(
    ("text", "name", "kind", "others"),
    [
        ("CA9", "CA9", "gene", ()),
        ("ca9", "CA9", "gene", ()),
        ("ca9 Mutation", "CA9", "mutation", ()),
        ("egfr", "EGFR", "mutation", ()),
        ("VEGF", "VEGFA", "gene", ("VEGF_LIGAND_RECEPTOR",)),
        ("vegf", "VEGFA", "gene", ("VEGF_LIGAND_RECEPTOR",)),
        ("vegf ligand", "VEGF_LIGAND_RECEPTOR", "pathway", ()),
        ("hypoxia", "HALLMARK_HYPOXIA", "pathway", ("WINTER_HYPOXIA",)),
        ("Abc1", "Abc1", "gene", ()),
    ],
)
def test_the_rule(text, name, kind, others):
    found = find_name(text, NAMES)
    assert (found.name, found.kind, found.others) == (name, kind, others)
    assert all(other in found.note for other in others)
    assert find_asked(text, NAMES).name == name


@pytest.mark.parametrize("text", ["MET", "", "VEGFA mutation"])
def test_a_part_of_a_word_means_nothing(text):
    assert find_name(text, NAMES) is None


def test_names_that_differ_by_case_alone_are_not_guessed():
    with pytest.raises(InputError, match="Abc1 or ABC1"):
        find_name("abc1", NAMES)


def test_a_kind_is_kept_to():
    assert find_name("VEGF", NAMES, kind="pathway").name == "VEGF_LIGAND_RECEPTOR"
    assert find_name("EGFR", NAMES, kind="gene") is None


def test_a_gene_that_became_a_date_is_told_with_the_remedy():
    hint = closest_name("SEPTIN2", {"gene": ["CA9", "2-Sep", "1-Mar"]})
    assert '"2-Sep" of SEPTIN2' in hint
    assert "repair_dates = true" in hint
    assert "MARCHF1 or MTARC1" in closest_name("MARC1", {"gene": ["CA9", "1-Mar"]})


@pytest.mark.parametrize("text", ["VEGF", "ca9", "hypoxia", "egfr mutation"])
def test_python_command_line_and_dock_mean_the_same(text, capsys):
    cohort = open_cohort(sample_cohort())
    scores = score_cohort(cohort, text)
    asked = find_asked(text, score_names(cohort))
    assert (scores.attrs["name"], scores.attrs["kind"]) == (asked.name, asked.kind)
    assert not asked.note or asked.note in scores.attrs["notes"]
    assert main(["scores", str(sample_cohort()), text]) == 0
    out, err = capsys.readouterr()
    assert {line.split()[2] for line in out.splitlines()[1:]} == {asked.name}
    assert asked.note in err
