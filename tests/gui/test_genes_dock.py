"""The Genes dock: regions, samples and scores linked both ways, never finer than allowed."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Labels, Points
from scipy.stats import gaussian_kde

from napari_radiogenomics.data.structures import WHOLE
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_scores import score_cohort, score_names
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.canvas.hover import card_lines
from napari_radiogenomics.gui.cohort.patient import AT_FIRST, PatientView, load_layers
from napari_radiogenomics.gui.genes.answer import Question, answer
from napari_radiogenomics.gui.genes.asked import Asked, find_asked
from napari_radiogenomics.gui.genes.dock import GenesDock
from napari_radiogenomics.gui.genes.pick import pick
from napari_radiogenomics.gui.genes.plots import Dot, ScatterPlot, rank_correlation
from napari_radiogenomics.gui.genes.violin import violin
from napari_radiogenomics.gui.layers.layers import image_layers
from napari_radiogenomics.gui.plots.scales import MISSING, Scale, scale_of
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.io.cohorts import load_patient, open_cohort
from napari_radiogenomics.io.structure_map import read_structures
from napari_radiogenomics.radiomics import texture_maps
from napari_radiogenomics.simulate.sample import sample_cohort

PATIENT, TIME = "P001", "t0"
CORE, RIM = 1, 3


@pytest.fixture(scope="module")
def cohort():
    return open_cohort(sample_cohort())


def show(viewer, cohort, patient=PATIENT):
    """Open a patient as the Cohort dock does."""
    session = session_of(viewer)
    session.cohort = cohort
    session.select(patient_id=patient)
    loaded = load_layers(cohort, patient, timepoint=TIME, open_with=AT_FIRST)
    attached(viewer, PatientView).show(loaded, session.edits)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def dock(viewer, qtbot):
    dock = GenesDock(viewer)
    qtbot.addWidget(dock)
    dock.show()
    qtbot.waitExposed(dock)
    return dock


def settle(qtbot, dock):
    qtbot.waitUntil(lambda: dock.at_rest, timeout=30_000)


@pytest.fixture
def opened(dock, viewer, cohort, qtbot):
    show(viewer, cohort)
    settle(qtbot, dock)
    return dock


def ask(qtbot, dock, text):
    dock.ask(text)
    settle(qtbot, dock)


def of_kind(viewer, kind):
    return next(layer for layer in viewer.layers if isinstance(layer, kind))


def test_a_text_is_a_gene_a_pathway_or_a_mutation(cohort):
    names = score_names(cohort)
    assert find_asked("vegfa", names) == Asked("VEGFA", "gene")
    assert find_asked("hypoxia", names) == Asked("HALLMARK_HYPOXIA", "pathway")
    assert find_asked("EGFR Mutation", names) == Asked("EGFR", "mutation")
    with pytest.raises(InputError, match="Did you mean"):
        find_asked("VEGFX", names)
    with pytest.raises(InputError, match="No gene"):
        find_asked("VEGFA mutation", names)


def test_regions_are_listed_with_their_samples(opened):
    rows = {row.name: row for row in opened.shown_rows}
    assert rows["necrotic core"].label == CORE
    assert rows["viable tumor"].label == RIM
    whole = rows[WHOLE]
    parts = rows["necrotic core"].volume_ml + rows["viable tumor"].volume_ml
    assert whole.volume_ml == pytest.approx(parts)
    assert "Search a gene" in opened.message
    assert opened.page.search.offered[0] == "BUFFA_HYPOXIA"


def test_a_gene_colors_regions_and_biopsies_by_their_samples(opened, viewer, cohort, qtbot):
    ask(qtbot, opened, "CA9")
    scores = score_cohort(cohort, "CA9")
    core = next(row for row in opened.shown_rows if row.label == CORE)
    expected = scores.loc[list(core.samples), "value"].mean()
    assert core.score == pytest.approx(expected)
    assert core.precision == "region"
    labels, points = of_kind(viewer, Labels), of_kind(viewer, Points)
    scale = scale_of(scores)
    np.testing.assert_allclose(labels.get_color(CORE)[:3], scale.rgba(expected)[:3], atol=0.01)
    for row, name in enumerate(points.features["sample_id"]):
        value = scores.loc[name, "value"]
        np.testing.assert_allclose(points.face_color[row][:3], scale.rgba(value)[:3], atol=1e-6)
    assert "log2 CPM" in opened.message
    assert "n=2" in opened.message
    assert opened.page.legend.scale == scale


def test_colors_come_back(opened, viewer, qtbot):
    labels, points = of_kind(viewer, Labels), of_kind(viewer, Points)
    before = labels.get_color(CORE), labels.opacity, points.face_color.copy()
    ask(qtbot, opened, "CA9")
    assert not np.allclose(labels.get_color(CORE), before[0])
    opened.page.color_regions.setChecked(False)
    opened.page.color_points.setChecked(False)
    np.testing.assert_allclose(labels.get_color(CORE), before[0])
    assert labels.opacity == before[1]
    np.testing.assert_allclose(points.face_color, before[2])
    opened.page.color_regions.setChecked(True)
    ask(qtbot, opened, "")
    np.testing.assert_allclose(labels.get_color(CORE), before[0])


def test_bulk_colors_the_whole_tumor_as_one(opened, viewer, qtbot):
    ask(qtbot, opened, "EGFR mutation")
    labels, points = of_kind(viewer, Labels), of_kind(viewer, Points)
    np.testing.assert_allclose(labels.get_color(CORE), labels.get_color(RIM))
    assert "whole tumor" in opened.message
    assert "tumor" in opened.page.claim.text()
    assert not points.face_color[:, 3].any()  # hollow
    assert all(not row.n for row in opened.shown_rows if not row.is_whole)


def test_regions_without_a_sample_are_outlined_and_not_filled(dock, viewer, cohort, qtbot):
    show(viewer, cohort, "P006")
    settle(qtbot, dock)
    ask(qtbot, dock, "CA9")
    labels = of_kind(viewer, Labels)
    edema = next(row for row in dock.shown_rows if row.name == "edema")
    assert edema.n == 0
    assert labels.get_color(edema.label)[3] == 0
    outline = dock.coloring.outlines.layer
    np.testing.assert_array_equal(outline.data == edema.label, labels.data == edema.label)
    assert set(np.unique(outline.data)) == {0, edema.label}
    assert outline.contour == 1
    assert outline not in dock.page.region.layers
    place = labels.data_to_world(np.argwhere(np.asarray(labels.data) == edema.label)[0])
    attached(viewer, PatientView).go_to(tuple(place)[::-1])
    lines = card_lines(viewer, place)
    assert lines.count("edema (2)") == 1
    assert "whole tumor, n=1" in " ".join(lines).replace("\u00a0", " ").replace("   ", " ")
    labels.visible = False
    assert not outline.visible
    dock.page.color_regions.setChecked(False)
    assert dock.coloring.outlines.layer is None
    assert labels.get_color(edema.label)[3] > 0


def test_a_region_is_selected_both_ways(opened, viewer, qtbot):
    session, labels = opened.session, of_kind(viewer, Labels)
    ask(qtbot, opened, "CA9")
    opened.page.table.chosen.emit(1)
    assert (session.selection.label, session.selection.region) == (RIM, "viable tumor")
    assert labels.selected_label == RIM
    labels.selected_label = CORE
    assert session.selection.label == CORE
    assert opened.page.table.region.label == CORE
    session.select(sample_id="P001-b4")
    assert opened.page.table.region.label == RIM
    points = of_kind(viewer, Points)
    chosen = points.features["sample_id"].iloc[list(points.selected_data)]
    assert list(chosen) == ["P001-b4"]


def test_a_click_selects_what_lies_there(opened, viewer):
    labels, points = of_kind(viewer, Labels), of_kind(viewer, Points)
    inside = np.argwhere(np.asarray(labels.data) == RIM)
    points.visible = False
    place = tuple(labels.data_to_world(inside[0]))
    attached(viewer, PatientView).go_to(place[::-1])
    assert pick(viewer, viewer, place)
    assert opened.session.selection.label == RIM
    assert not pick(viewer, viewer, (place[0], *labels.extent.world[0][1:]))


def test_the_hover_card_tells_the_gene(opened, viewer, qtbot):
    ask(qtbot, opened, "CA9")
    labels = of_kind(viewer, Labels)
    place = labels.data_to_world(np.argwhere(np.asarray(labels.data) == CORE)[0])
    attached(viewer, PatientView).go_to(tuple(place)[::-1])
    card = " ".join(card_lines(viewer, place))
    assert "CA9 8.1 log2 CPM" in card
    assert "region, n=2" in card


def test_scores_in_standard_deviations(opened, qtbot):
    opened.page.units.setCurrentIndex(1)
    ask(qtbot, opened, "CA9")
    assert opened.answered.unit == "z"
    assert opened.scale.kind == "diverging"
    assert opened.scale.low == -opened.scale.high


def test_pathways_of_the_region_beside_the_cohort(opened, qtbot):
    opened.session.select(label=CORE, region="necrotic core")
    ask(qtbot, opened, "hypoxia")
    bars = opened.page.pathways.bars
    assert bars
    assert all(bar.low <= bar.median <= bar.high for bar in bars)
    assert [bar.value for bar in bars] == sorted((bar.value for bar in bars), reverse=True)


def test_patients_are_compared_and_a_dot_opens_its_patient(opened, qtbot):
    ask(qtbot, opened, "CA9")
    opened.page.tabs.setCurrentIndex(1)
    settle(qtbot, opened)
    dots = opened.page.strip.dots
    assert len({dot.patient_id for dot in dots}) == 12
    own = {dot.region: dot.y for dot in dots if dot.patient_id == PATIENT}
    rows = {row.name: row.score for row in opened.shown_rows}
    assert own == pytest.approx(rows)
    opened.page.strip.chosen.emit("P003", "necrotic core")
    assert opened.session.selection.patient_id == "P003"
    assert opened.session.selection.gene == "CA9"


def test_a_map_is_measured_in_all_patients_as_it_was_made(opened, viewer, cohort, qtbot):
    data = load_patient(cohort, PATIENT, timepoint=TIME, slides=False)
    drawn = data.segmentations[0]
    scan = next(s for s in data.scans if s.metadata["scan_id"] == drawn.metadata["scan_id"])
    name = "original_firstorder_Mean"
    made = texture_maps(scan, drawn, label=RIM, features=("firstorder_Mean",), kernel_radius=1)
    for pixels, settings, _ in image_layers(made[name]):
        viewer.add_image(pixels, **settings)
    opened.page.map.layer = viewer.layers[-1]
    ask(qtbot, opened, "CA9")
    opened.page.tabs.setCurrentIndex(2)
    settle(qtbot, opened)
    opened.tabs.compare()
    settle(qtbot, opened)
    dots = opened.page.scatter.dots
    assert {dot.region for dot in dots} == {"viable tumor"}
    own = next(dot for dot in dots if dot.patient_id == PATIENT)
    expected = np.nanmean(np.where(drawn.mask(RIM), made[name].array, np.nan))
    assert own.x == pytest.approx(expected)
    row = next(row for row in opened.shown_rows if row.label == RIM)
    assert row.mean == pytest.approx(expected)
    assert len({dot.patient_id for dot in dots}) > 3


def test_unknown_genes_leave_the_regions(opened, viewer, qtbot):
    ask(qtbot, opened, "VEGFX")
    assert "Did you mean" in opened.message
    assert len(opened.shown_rows) == 3
    ask(qtbot, opened, "VEGFA")
    assert "VEGFA is highest" in opened.message


def test_a_broken_expression_table_is_said(dock, viewer, cohort, qtbot, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(cohort.root, folder, ignore=shutil.ignore_patterns("slides"))
    (folder / "expression.csv.gz").write_bytes(b"no gzip at all")
    show(viewer, open_cohort(folder))
    settle(qtbot, dock)
    assert "expression.csv.gz" in dock.message
    assert {row.label for row in dock.shown_rows} == {CORE, RIM, None}


def test_a_faulty_gmt_takes_no_gene_away(dock, viewer, cohort, qtbot, tmp_path):
    folder = tmp_path / "faulty"
    shutil.copytree(cohort.root, folder, ignore=shutil.ignore_patterns("slides"))
    (folder / "gene_sets.gmt").write_text("BAD na CA9 VEGFA\n")
    show(viewer, open_cohort(folder))
    settle(qtbot, dock)
    for text, said in (("CA9", "CA9 is highest"), ("hypoxia", "Hypoxia is highest")):
        ask(qtbot, dock, text)
        assert said in dock.message
        assert "gene_sets.gmt, row 1" in dock.message
        assert "separated by tabs" in dock.message
        assert dock.scale is not None
    assert "BUFFA_HYPOXIA_51" in dock.page.search.offered


def test_a_cohort_without_genes_teaches(dock, viewer, cohort, qtbot):
    show(viewer, replace(cohort, expression=(), variants=()))
    settle(qtbot, dock)
    assert "cohort.toml" in dock.page.hint.text()
    assert not dock.page.search.isEnabled()
    assert len(dock.shown_rows) == 3


def test_a_cohort_without_images_says_what_can_be_seen(dock, viewer, cohort, qtbot):
    none = {name: getattr(cohort, name).iloc[:0] for name in ("scans", "segmentations", "slides")}
    session = session_of(viewer)
    session.cohort = replace(cohort, **none)
    session.select(patient_id=PATIENT)
    settle(qtbot, dock)
    assert "has no images: there is nothing to draw" in dock.page.hint.text()
    assert "Patients × genes" in dock.page.hint.text()
    assert not dock.page.hint.isHidden()
    assert dock.page.search.isEnabled()


def test_single_files_are_listed_without_a_cohort(dock, viewer, cohort, qtbot):
    for data, settings, kind in load_layers(cohort, PATIENT, timepoint=TIME).layers:
        if kind == "labels":
            viewer.add_labels(data, **settings)
    settle(qtbot, dock)
    assert "Open a cohort" in dock.page.hint.text()
    assert [row.name for row in dock.shown_rows][-1] == WHOLE


def test_a_flip_is_flagged_corrected_and_undone(dock, viewer, cohort, qtbot):
    table = cohort.samples.copy()
    table.loc["P001-b1", "coord_system"] = "LPS"
    show(viewer, replace(cohort, samples=table))
    settle(qtbot, dock)
    flips = dock.answered.links.flips
    if not flips:
        pytest.fail("the flipped biopsy is not flagged")
    assert "P001-b1" in dock.page.flip_text.text()
    assert "RAS" in dock.page.flip_button.text()
    dock.flips.correct()
    assert dock.session.cohort.samples.at["P001-b1", "coord_system"] == "RAS"
    assert dock.session.selection.patient_id == PATIENT
    dock.flips.undo()
    assert dock.session.cohort.samples.at["P001-b1", "coord_system"] == "LPS"
    settle(qtbot, dock)


def test_corrections_and_structures_are_saved_in_the_cohort(dock, viewer, cohort, qtbot, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(cohort.root, folder, ignore=shutil.ignore_patterns("slides"))
    text = (
        (folder / "samples.csv")
        .read_text()
        .replace("P001-b1,P001,t0,biopsy,P001-t0,RAS", "P001-b1,P001,t0,biopsy,P001-t0,LPS")
    )
    (folder / "samples.csv").write_text(text)
    show(viewer, open_cohort(folder))
    settle(qtbot, dock)
    dock.flips.correct()
    show(viewer, dock.session.cohort)
    settle(qtbot, dock)
    assert dock.answered.links.flips == {}
    dock.flips.save()
    assert open_cohort(folder).samples.at["P001-b1", "coord_system"] == "RAS"
    structures = dock.page.structures
    combo = structures.table.cellWidget(0, 1)
    combo.setCurrentText("edema")
    settle(qtbot, dock)
    name = structures.table.item(0, 0).text()
    assert dock.tabs.edited_structures[name] == ("edema",)
    structures.save_asked.emit()
    assert read_structures(folder / "structures.csv")[name] == ("edema",)


def test_structures_that_are_called_as_regions_need_no_map(opened):
    table = opened.page.structures.table
    names = {table.item(row, 0).text(): table.cellWidget(row, 1) for row in range(table.rowCount())}
    assert "as it is called" in names["core"].currentText()
    assert names["CTpan"].currentText() == "necrotic"
    assert names["CTpan"].findText("viable tumor") >= 0  # a region of this cohort


def test_structures_move_samples_without_coordinates(cohort):
    table = cohort.samples.copy()
    rows = (table["patient_id"] == PATIENT) & (table["structure"] == "core")
    table.loc[rows, ["x", "y", "z"]] = np.nan
    table.loc[rows, ["coord_system", "structure", "precision"]] = ["", "CTpan", "region"]
    loaded = load_layers(cohort, PATIENT, timepoint=TIME)
    drawn = [layer for layer in loaded.layers if layer[2] == "labels"]
    question = Question(replace(cohort, samples=table), PATIENT, TIME, drawn, "CA9")
    found = answer(question)
    core = found.regions.set_index("region").loc["necrotic core"]
    assert core["how"] == "structure name"
    assert core["n"] == 2
    from napari_radiogenomics.data.structures import DEFAULT_STRUCTURES

    edited = DEFAULT_STRUCTURES.changed({"CTpan": "viable tumor"})
    moved = answer(replace(question, structures=edited)).regions.set_index("region")
    assert moved.loc["necrotic core", "n"] == 0
    assert moved.loc["viable tumor", "n"] == 5


def test_scales_are_the_same_in_all_patients_and_gray_where_missing():
    scale = Scale("sequential", 0.0, 1.0)
    assert scale.rgba(math.nan) == MISSING
    assert scale.rgba(-5) == scale.rgba(0) != scale.rgba(1) == scale.rgba(9)


def test_long_tails_have_logarithmic_colors():
    table = pd.DataFrame({"value": np.geomspace(1, 100, 51), "precision": "region"})
    table.attrs["unit"] = "ISH expression energy"
    scale = scale_of(table)
    assert scale.log
    assert scale.share(10.0) == pytest.approx(0.5)
    table.attrs["unit"] = "log2 CPM"
    assert not scale_of(table).log


def test_violins_reach_as_far_as_their_values_and_need_ten_of_them():
    values = np.random.default_rng(0).normal(5, 1, 400)
    places, density = violin(values)
    assert (places[0], places[-1]) == (values.min(), values.max())
    assert places[density.argmax()] == pytest.approx(5, abs=0.3)
    spread = min(1.0, np.ptp(np.percentile(values, [25, 75])) / 1.349 / values.std(ddof=1))
    oracle = gaussian_kde(values, bw_method=0.9 * 400**-0.2 * spread)(places)
    np.testing.assert_allclose(density, oracle / oracle.max(), atol=1e-9)
    assert violin(values[:9]) is None
    assert violin([0.0, 1.0] * 20) is None  # classes
    assert violin([*values[:30], 60.0]) is None  # an outlier would be an island


def test_rank_correlation_of_dots():
    dots = [Dot(f"P{n}", "tumor", n, n**3) for n in range(5)]
    assert rank_correlation(dots) == pytest.approx(1)
    assert math.isnan(rank_correlation(dots[:2]))


def test_a_plot_is_written_as_a_picture(qtbot, tmp_path):
    plot = ScatterPlot()
    qtbot.addWidget(plot)
    plot.use_theme("dark")
    plot.show_dots([Dot("P1", "tumor", 1, 2), Dot("P2", "tumor", 2, 3)], "P1", "", ("bits", "z"))
    assert plot.save(tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in plot.save(tmp_path / "plot.svg").read_text()
    with pytest.raises(InputError, match=r"\.pdf"):
        plot.save(tmp_path / "plot.pdf")
