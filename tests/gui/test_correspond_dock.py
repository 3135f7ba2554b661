"""The Correspondence dock: what it shows, links, says and keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics import open_cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.canvas.hover import card_lines
from napari_radiogenomics.gui.correspond import stage as stage_room
from napari_radiogenomics.gui.correspond.biopsies import BiopsyLine, WayToBiopsies, near_words
from napari_radiogenomics.gui.correspond.boxes import ReviewBox, SweepBox, ThreeBox
from napari_radiogenomics.gui.correspond.dock import CorrespondDock
from napari_radiogenomics.gui.correspond.footprint import footprint
from napari_radiogenomics.gui.correspond.linked import Linked, off_words
from napari_radiogenomics.gui.correspond.outlined import Outlined
from napari_radiogenomics.gui.correspond.sheet import CorrespondSheet
from napari_radiogenomics.gui.correspond.stage import Stage
from napari_radiogenomics.gui.correspond.words import counts_as, tumor_words
from napari_radiogenomics.gui.correspond.work import Asked, compare_patient
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.layers.layers import image_layers
from napari_radiogenomics.gui.session import SLIDES, session_of
from napari_radiogenomics.gui.texture.map_layer import show_maps
from napari_radiogenomics.io import reviews as kept
from napari_radiogenomics.io.reviews import read_reviews
from napari_radiogenomics.provenance import Record
from napari_radiogenomics.simulate.sample import sample_cohort

QUICK = {"surrogates": 0}


@pytest.fixture(scope="module")
def cohort() -> Any:
    return open_cohort(sample_cohort())


@pytest.fixture(scope="module")
def compared(cohort: Any) -> Any:
    return compare_patient(cohort, Asked("P003", "intensity", "mean_od", "CA9"), **QUICK)


def test_a_patient_is_brought_together(compared: Any) -> None:
    assert compared.problem == ""
    assert compared.found.n_voxels == (compared.section.mask.labels > 0).sum() > 500
    assert compared.overlay.side == "fixed"  # the scan lies under the slide, which stays
    assert len(compared.biopsies) == 4
    lps = compared.case.transform.points(compared.biopsies[["x_mm", "y_mm", "off_mm"]].to_numpy())
    inside = compared.case.scan.geometry.world_to_index(lps)
    assert (inside > 0).all()
    assert (inside < np.array(compared.case.scan.geometry.size)).all()


def test_what_cannot_be_compared_is_shown_with_its_reason(cohort: Any) -> None:
    asked = Asked("P002", "intensity", "positive_percent")  # nothing of this slide is positive
    found = compare_patient(cohort, asked, **QUICK)
    assert found.found is None
    assert "has the same value (0)" in found.problem
    assert found.tissue.map is not None


def test_the_intensity_is_a_map_of_its_region_and_the_window_stays(compared: Any) -> None:
    """A tumor of some 60 HU in the window of the lung: it would be one white."""
    viewer = ViewerModel()
    scan = compared.case.scan
    data, looks, _ = image_layers(scan)[0]
    chosen = (-1000.0, 100.0)
    base = viewer.add_image(data, **looks | {"contrast_limits": chosen})
    Stage(viewer)._show_scan(compared)
    layer = viewer.layers["Intensity of the scan"]
    region = compared.case.region
    inside = np.logical_or.reduce([one > 0 for one in region.layers()])
    values = np.asarray(scan.array)[inside]
    assert np.count_nonzero(np.isfinite(layer.data)) == values.size
    assert np.sort(layer.data[np.isfinite(layer.data)]) == pytest.approx(np.sort(values))
    places = compared.found.places["a"]  # those of the scatter: air at the rim is darker
    assert layer.contrast_limits == pytest.approx(np.percentile(places, [2, 98]), abs=0.01)
    assert layer.visible
    assert layer.colormap.name != "gray"
    assert compared.drawn.unit == scan.unit
    assert tuple(base.contrast_limits) == chosen
    place = np.argwhere(np.isfinite(layer.data))[0]
    here = np.rint(base.world_to_data(layer.data_to_world(place))).astype(int)
    assert layer.data[tuple(place)] == pytest.approx(base.data[tuple(here)])


def test_a_map_of_vessels_has_the_colors_of_the_places(compared: Any) -> None:
    """A vessel that winds far away would leave one color for the section."""
    places = compared.found.places.assign(a=np.linspace(1.51, 1.55, len(compared.found.places)))
    array = np.where(np.isfinite(compared.drawn.array), 1.5, np.nan)
    array[np.argwhere(np.isfinite(array))[0][0]] = 3.0
    drawn = replace(compared.drawn, array=array, unit="", name="Winding of vessel pieces")
    viewer = ViewerModel()
    Stage(viewer)._show_scan(replace(
        compared, asked=replace(compared.asked, feature="vessels_distance_metric"), drawn=drawn,
        found=replace(compared.found, places=places),
    ))  # fmt: skip
    limits = viewer.layers["Winding of vessel pieces"].contrast_limits
    assert limits == pytest.approx(np.percentile(places["a"], [2, 98]), abs=1e-3)


def test_a_comparison_comes_back_with_its_own_map(compared: Any) -> None:
    """Another dock has drawn its map since: a verdict is of what is seen."""
    viewer = ViewerModel()
    stage = Stage(viewer)
    stage.shown = compared
    stage._show_scan(compared)
    own = viewer.layers["Intensity of the scan"]
    limits, drawn = own.contrast_limits, own.data
    flat = replace(compared.drawn, array=compared.drawn.array * 0)
    run = Record("texture_maps", {}, {}, {}, "")
    other = show_maps(viewer, {"x": replace(flat, history=(run,))})
    assert (own.visible, other.visible) == (False, True)
    stage.see_own_map()
    assert (own.visible, other.visible) == (True, False)
    assert show_maps(viewer, {"x": flat}) is own  # of the same run: the layer shows that now
    stage.see_own_map()
    np.testing.assert_array_equal(own.data, drawn)
    assert own.contrast_limits == limits


class _View:
    """Stands for the view of a slide."""

    def __init__(self, slide: Any) -> None:
        self.slide, self.cross = slide, None
        self.clicked = self.moved = _Signal()

    def set_crosshair(self, place: Any) -> None:
        self.cross = place


class _Signal:
    def connect(self, slot: Callable) -> None:
        self.slot = slot


@pytest.fixture
def linked(compared: Any, qtbot: Any) -> Any:
    from qtpy.QtWidgets import QWidget

    viewer, owner = ViewerModel(), QWidget()
    qtbot.addWidget(owner)
    scan = compared.case.scan
    data, looks, _ = image_layers(scan)[0]  # the scan as it is shown: along the patient's axes
    viewer.add_image(data, **looks)
    link = Linked(viewer, owner)
    link.use(_View(compared.case.slide), compared.case.transform, scan.geometry)
    yield link
    assert owner is not None  # it lives as long as the link


def test_one_crosshair_goes_from_slide_to_scan_and_back(linked: Any, compared: Any) -> None:
    said: list[str] = []
    linked.told.connect(said.append)
    linked.go_to_slide(2.0, 1.5)
    lps = compared.case.transform.points([2.0, 1.5, 0.0])
    step = np.array(compared.case.scan.geometry.spacing[::-1])
    assert (np.abs(np.array(linked.viewer.dims.point) - lps[::-1]) <= step / 2 + 1e-6).all()
    (layer,) = [x for x in linked.viewer.layers if x.name == "Crosshair"]
    assert layer.data_to_world(layer.data[0]) == pytest.approx(lps[::-1])
    assert linked.view.cross == (2.0, 1.5)
    assert "on the section" in said[-1]
    linked.mark_scan(lps)
    assert linked.view.cross == pytest.approx((2.0, 1.5))
    off = compared.case.transform.points([2.0, 1.5, 2.5])
    linked.mark_scan(off)
    assert linked.view.cross == pytest.approx((2.0, 1.5))
    assert "2.5 mm above the section" in said[-1]
    linked.mark_scan(compared.case.transform.points([-9.0, 1.5, 0.0]))
    assert linked.view.cross is None
    assert "beside the slide" in said[-1]


def test_scan_and_slide_have_their_mark_whichever_was_pointed_at(
    linked: Any, compared: Any, qtbot: Any
) -> None:
    lps = compared.case.transform.points([2.0, 1.5, 2.5])  # off the section
    linked.mark_slide(1.0, 1.0)
    linked.mark_scan(lps)
    assert not linked._layer.visible  # where it was is not the place any more
    qtbot.waitUntil(lambda: linked._layer.visible)
    (layer,) = [x for x in linked.viewer.layers if x.name == "Crosshair"]
    assert layer.visible
    assert layer.data_to_world(layer.data[0]) == pytest.approx(lps[::-1])
    assert linked.view.cross == pytest.approx((2.0, 1.5))
    linked.rest()
    assert not layer.visible
    linked.wake()
    assert layer.visible
    assert card_lines(linked.viewer, lps[::-1]) != []
    assert not any("Crosshair" in line for line in card_lines(linked.viewer, lps[::-1]))


def test_the_section_is_looked_at_with_a_mark_on_both(linked: Any, compared: Any) -> None:
    stage = Stage(linked.viewer)
    stage.shown = compared
    middle = stage.look_at_section()
    linked.go_to_slide(*middle)
    lps = compared.case.transform.points([*middle, 0.0])
    section = compared.section
    places = section.scan_points(np.argwhere(section.mask.labels > 0))
    assert lps == pytest.approx(places.mean(axis=0), abs=0.05)
    (layer,) = [x for x in linked.viewer.layers if x.name == "Crosshair"]
    assert len(layer._view_data) == 1  # in the slice that is seen
    assert linked.view.cross == middle


def test_filled_regions_are_outlined_while_the_map_is_read_and_given_back() -> None:
    viewer, outlined = ViewerModel(), Outlined()
    filled, own, other = (viewer.add_labels(np.ones((3, 4, 4), int)) for _ in range(3))
    own.contour = 2
    outlined.draw(viewer)
    assert (filled.contour, own.contour) == (1, 2)
    other.contour = 3  # by the person
    outlined.undo()
    assert (filled.contour, own.contour, other.contour) == (0, 2, 3)


def test_map_and_outlines_leave_with_the_dock_and_are_back_with_it(
    compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = ViewerModel()
    region = viewer.add_labels(compared.case.region.labels)
    stage = Stage(viewer)
    stage.shown = compared
    stage._show_scan(compared)
    drawn = viewer.layers["Intensity of the scan"]
    assert (drawn.visible, region.contour) == (True, 1)
    stage.leave()
    assert (drawn.visible, region.contour) == (False, 0)
    view = SimpleNamespace(slide=compared.case.slide)
    monkeypatch.setattr(stage_room, "slide_view", lambda *_args, **_settings: view)
    assert stage.show_again(opacity=0.0, checkerboard=False) is view
    assert (drawn.visible, region.contour) == (True, 1)


def test_the_wide_dock_says_where_the_biopsies_are_and_leads_to_the_nearest(
    qtbot: Any, compared: Any
) -> None:
    table = compared.biopsies.assign(z=[10.0, 40.0, 52.0, -3.0], radius_mm=1.5)
    table.loc[3, "value"] = np.nan  # not measured
    here = replace(compared, biopsies=table)
    viewer, line = ViewerModel(), BiopsyLine()
    qtbot.addWidget(line)
    viewer.add_image(np.zeros((40, 200, 200)), scale=(2, 2, 2), translate=(-10, -200, -200),
                     axis_labels=("z", "y", "x"))  # fmt: skip
    viewer.dims.set_point(0, -2.0)
    way = WayToBiopsies(viewer, line)
    went: list[str] = []
    way.went.connect(went.append)
    way.use(here)
    nearest = table.iloc[0]
    said = "3 biopsies of this tumor carry CA9, none of them within 3 mm of the section; nearest: "
    assert line.text().startswith(f"{said}{nearest['sample_id']}, 12 mm above this slice. <a href")
    line.linkActivated.emit("go")
    assert went == [nearest["sample_id"]]
    place = nearest[["z", "y", "x"]].to_numpy(float)
    assert (np.abs(np.array(viewer.dims.point) - place) <= 1).all()
    assert viewer.scene.camera.center[-2:] == pytest.approx(place[1:])
    assert f"{nearest['sample_id']} lies in this slice, {nearest['away_mm']:.1f} mm" in line.text()
    assert "Back to the section" in line.text()
    viewer.dims.set_point(0, 60.0)  # the person goes on
    assert f"{table.iloc[2]['sample_id']}, 8.0 mm below this slice" in line.text()
    none = replace(compared, biopsies=table.assign(value=np.nan))
    way.use(none)
    assert line.text() == "No biopsy of this tumor has a place and a value of CA9."
    way.use(replace(compared, asked=replace(compared.asked, score="")))
    assert line.text() == ""
    assert near_words(here) == "CA9: none of 3 biopsies within 3 mm of the section."
    assert near_words(none) == "CA9: no biopsy has a place and a value."


def test_a_verdict_without_a_gene_says_as_what_it_counts(dock: Any, compared: Any) -> None:
    near = replace(compared, biopsies=compared.biopsies.assign(away_mm=[2.9, 3.1, 3.1, 3.1]))
    assert "card of CA9" in counts_as(near)
    dock.session.cohort = open_cohort(sample_cohort())
    dock.stage.shown = replace(compared, asked=replace(compared.asked, score=""))
    dock.keep_review("agrees", "", "AB")
    assert dock.tone == "good"
    assert "agreement of image and tissue, without a gene" in dock.message


def test_a_gene_with_no_biopsy_near_is_kept_and_not_counted(dock: Any, compared: Any) -> None:
    """Biopsies far from the section: nobody saw the gene beside scan and slide."""
    cohort = dock.session.cohort = open_cohort(sample_cohort())
    far, near = compared.biopsies.assign(away_mm=3.1), compared.biopsies.assign(away_mm=2.9)
    not_measured = near.assign(value=np.nan)
    for table, counted in ((far, False), (not_measured, False), (near, True)):
        dock.stage.shown = replace(compared, biopsies=table)
        dock.keep_review("agrees", "", "AB")
        (review,) = read_reviews(cohort)
        assert (review.score, review.gene_compared) == ("CA9", counted)
        assert ("The evidence card of CA9 counts it" in dock.message) is counted
        assert ("CA9 was not compared, as no biopsy" in dock.message) is not counted
    assert list(kept.review_table([review])["gene_compared"]) == [True]


def test_the_biopsy_under_the_crosshair_is_named_of_two_in_a_slice(
    qtbot: Any, compared: Any
) -> None:
    table = compared.biopsies.iloc[:2].assign(
        x=[0.0, 30.0], y=0.0, z=10.0, radius_mm=1.5, away_mm=[4.0, 21.0], value=1.0
    )
    viewer, line = ViewerModel(), BiopsyLine()
    qtbot.addWidget(line)
    viewer.add_image(np.zeros((20, 40, 40)), scale=(2, 2, 2), translate=(-10, -20, -20),
                     axis_labels=("z", "y", "x"))  # fmt: skip
    way = WayToBiopsies(viewer, line)
    way.use(replace(compared, biopsies=table))
    for x, at, away in ((0.0, 0, "4.0"), (30.0, 1, "21")):
        viewer.dims.set_point((0, 1, 2), (10.0, 0.0, x))
        said = f"{table['sample_id'].iloc[at]} lies in this slice, {away} mm from the section."
        assert said in line.text()


def test_the_outline_of_the_tissue_lies_where_its_section_does(compared: Any) -> None:
    lines = footprint(compared.tissue.map, compared.case.transform)
    slide = compared.case.transform.inverse().points(np.vstack(lines)[:, ::-1])
    index = np.argwhere(np.isfinite(compared.tissue.map.array))
    tissue = compared.tissue.map.geometry.index_to_world(index[:, ::-1])
    pixel = max(compared.tissue.map.geometry.spacing[:2])
    for end in ("min", "max"):
        found, wanted = (getattr(x[:, :2], end)(axis=0) for x in (slide, tissue))
        assert found == pytest.approx(wanted, abs=pixel)
    assert np.abs(slide[:, 2]).max() < 1e-6
    assert all(np.array_equal(line[0], line[-1]) for line in lines)


def test_the_outline_is_drawn_while_the_dock_is_in_front_and_goes_with_the_patient(
    compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_radiogenomics.gui.canvas.outline import outline_of

    viewer = ViewerModel()
    viewer.add_labels(compared.case.region.labels)
    stage = Stage(viewer)
    stage.shown = compared
    stage._show_scan(compared)
    drawn = outline_of(viewer)
    assert len(drawn.ends) >= 8
    stage.leave()
    assert outline_of(viewer) is None
    view = SimpleNamespace(slide=compared.case.slide)
    monkeypatch.setattr(stage_room, "slide_view", lambda *_args, **_settings: view)
    stage.show_again(opacity=0.0, checkerboard=False)
    assert outline_of(viewer) is drawn
    stage.leave_patient()
    assert outline_of(viewer) is None


def test_the_ring_is_of_pixels_not_of_millimeters(linked: Any) -> None:
    linked.mark_slide(1.0, 1.0)
    (layer,) = [x for x in linked.viewer.layers if x.name == "Crosshair"]
    assert layer.canvas_size_limits[1] <= 10
    ring_mm = layer.size[0] * layer.scale[0]
    assert 2 * ring_mm > layer.canvas_size_limits[1]  # at two pixels a mm
    assert ring_mm < 10  # napari makes room for it where it fits all layers into a view


def test_the_sliders_of_the_scan_move_the_mark_on_the_slide(
    linked: Any, compared: Any, qtbot: Any
) -> None:
    lps = compared.case.transform.points([2.0, 1.5, 0.0])
    with qtbot.waitSignal(linked.told):
        linked.viewer.dims.point = tuple(lps[::-1])
    point = np.array(linked.viewer.dims.point)[::-1]
    x, y, _ = compared.case.transform.inverse().points(point)
    assert linked.view.cross == pytest.approx((x, y))
    linked.release()
    assert linked.view.cross is None
    assert all(layer.name != "Crosshair" for layer in linked.viewer.layers)


def test_a_place_within_the_error_is_said() -> None:
    assert off_words(0.2, 0.5).endswith("(within its error of 0.5 mm)")
    assert off_words(float("nan"), 0.5) == "no place on the slide"
    assert off_words(0.0, 0.5) == "on the section"


def test_the_three_are_found_by_name_and_told_once(qtbot: Any, cohort: Any) -> None:
    box = ThreeBox()
    qtbot.addWidget(box)
    box.offer(cohort, {"gene": ["CA9"], "pathway": ["BUFFA_HYPOXIA"]})
    told: list[int] = []
    box.changed.connect(lambda: told.append(1))
    box.choose(feature="original_firstorder_Entropy", tissue="mean_od", score="CA9")
    assert told == [1]
    assert box.values == {"feature": "original_firstorder_Entropy", "tissue": "mean_od",
                          "score": "CA9", "role": ""}  # fmt: skip
    assert box.feature.currentText() == "Entropy (firstorder)"


def test_a_checkerboard_shows_the_scan(qtbot: Any) -> None:
    box = SweepBox()
    qtbot.addWidget(box)
    swept: list[tuple[float, bool]] = []
    box.swept.connect(lambda opacity, board: swept.append((opacity, board)))
    box.board.setChecked(True)
    assert swept[-1] == (1.0, True)
    assert box.cover.value() == 0  # else the measure would lie over it
    box.board.setChecked(False)
    assert (box.sweep.value(), box.cover.value()) == (0, 55)
    box.board.setChecked(True)
    box.cover.setValue(30)  # by the person
    box.board.setChecked(False)
    assert box.cover.value() == 30


def test_a_verdict_needs_a_word_and_a_name(qtbot: Any) -> None:
    box = ReviewBox()
    qtbot.addWidget(box)
    box.use(("P1", "intensity", "mean_od", ""), ())
    assert not box.save_button.isEnabled()
    box.verdict.setCurrentIndex(1)
    assert not box.save_button.isEnabled()
    box.reviewer.setText("AB")
    assert box.save_button.isEnabled()
    box.use(None, ())
    assert not box.isEnabled()


def test_what_is_typed_and_not_saved_is_back_with_its_comparison(qtbot: Any) -> None:
    box = ReviewBox()
    qtbot.addWidget(box)
    one, other = ("P1", "intensity", "mean_od", "CA9"), ("P2", "intensity", "mean_od", "CA9")
    box.use(one, ())
    box.reviewer.setText("AB")
    box.verdict.setCurrentIndex(box.verdict.findData("agrees"))
    box.note.setPlainText("both rims")
    for subject in (one, other, None, one):
        box.use(subject, ())
        here = subject == one
        assert box.note.toPlainText() == ("both rims" if here else "")
        assert box.verdict.currentData() == ("agrees" if here else "")
    said = kept.Review(*one, "agrees", "both rims", "AB")
    box.use(one, (said,))  # saved
    box.use(other, (said,))
    box.reviewer.setText("CD")
    box.use(one, (said,))
    assert (box.note.toPlainText(), box.verdict.currentData()) == ("", "")
    box.reviewer.setText("AB")
    box.reviewer.editingFinished.emit()
    assert box.note.toPlainText() == "both rims"


@pytest.fixture
def dock(qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    viewer = ViewerModel()
    dock = CorrespondDock(viewer)
    qtbot.addWidget(dock)
    folders = tmp_path / "reviews", tmp_path / "beside"
    monkeypatch.setattr(kept, "review_folders", lambda _cohort: folders)
    return dock


def test_without_cohort_or_patient_one_sentence_says_what_to_do(dock: Any, cohort: Any) -> None:
    dock.start()
    assert dock.tone == "error"
    assert "Open a cohort" in dock.message
    session_of(dock.viewer).cohort = cohort
    dock.start()
    assert dock.message == "No patient is open. Choose one in the Cohort dock."


def planted(cohort: Any, compared: Any) -> Any:
    """The comparison with a correlation that turns its sign when freed of the trend."""
    table = compared.found.table.copy()
    for step, r in (("raw", 0.5), ("partialled", -0.31)):
        table.loc[(table["step"] == step) & (table["method"] == "pearson"), "r"] = r
    return replace(compared.found, table=table)


def test_each_correlation_says_of_which_maps_it_is_and_a_turned_sign_is_told(
    qtbot: Any, cohort: Any, compared: Any
) -> None:
    found = planted(cohort, compared)
    given = "trend, edge distance, slice"
    sheet = CorrespondSheet()
    qtbot.addWidget(sheet)
    sheet.show_tumor(found, ("a", "b"), "P003")
    assert sheet.places.words.text().startswith("Maps as they are: r = 0.50, worth")
    sheet.left_box.setChecked(True)
    assert sheet.places.words.text().startswith(f"Maps freed of {given}: r = -0.31, worth")
    said = tumor_words(found)
    assert said.startswith(f"maps freed of {given}: r = -0.31")
    assert "The sign turns: as they are, r is 0.50." in said
    numbers = sheet.numbers.toPlainText()
    assert "The sign turns" in numbers
    assert f"freed of {given}" in numbers
    table = found.table.assign(r=found.table["r"].abs())
    alike = replace(found, table=table)
    assert "sign" not in tumor_words(alike)


def test_the_verdict_is_in_sight_when_the_sheet_takes_room_until_one_scrolls(
    dock: Any, qtbot: Any
) -> None:
    dock.show()
    dock._verdict_due = True
    dock._show_verdict()
    seen = []
    for height in (700, 480):
        dock.resize(320, height)
        qtbot.wait(50)
        top = dock.review.mapTo(dock.area.viewport(), dock.review.rect().topLeft()).y()
        below = top + dock.review.height() - dock.area.viewport().height()
        seen.append(below <= 2)
    assert seen == [True, True]
    bar = dock.area.verticalScrollBar()
    bar.triggerAction(bar.SliderAction.SliderToMinimum)
    dock.resize(320, 500)
    qtbot.wait(50)
    assert bar.value() == 0


def test_after_an_error_the_former_comparison_is_called_so(dock: Any, compared: Any) -> None:
    dock.stage.shown = compared
    dock.runner.ended.emit(Outcome(error=InputError("P001 has no slide.")))
    assert dock.tone == "error"
    assert dock.message.startswith(
        "P001 has no slide. What is shown is the former comparison: P003"
    )
    dock.stage.shown = None
    dock.runner.ended.emit(Outcome(error=InputError("P001 has no slide.")))
    assert "former" not in dock.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda cohort: replace(cohort, slides=cohort.slides.iloc[:0]), "has no slide"),
        (lambda cohort: replace(cohort, transforms=cohort.transforms.iloc[:0]), "No transform"),
        (lambda cohort: replace(cohort, segmentations=cohort.segmentations.iloc[:0]),
         "has no segmentation"),
    ],
)  # fmt: skip
def test_what_a_patient_lacks_is_one_sentence(
    dock: Any, cohort: Any, qtbot: Any, change: Callable, said: str
) -> None:
    session = session_of(dock.viewer)
    session.cohort = change(cohort)
    session.select(patient_id="P003")
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    assert dock.tone == "error"
    assert said in dock.message


@pytest.mark.slow
def test_a_comparison_is_shown_reviewed_and_left_with_the_patient(
    dock: Any, cohort: Any, qtbot: Any, opengl: None
) -> None:
    session = session_of(dock.viewer)
    session.cohort = cohort
    session.select(patient_id="P003")
    dock.form.values = QUICK
    dock.three.choose(feature="intensity", tissue="mean_od", score="CA9")
    with qtbot.waitSignal(dock.runner.ended, timeout=120_000):
        dock.start()
    assert dock.tone == "good", dock.message
    assert "this tumor only" in dock.message
    view = dock.stage.view
    names = [layer.name for layer in view.model.layers]
    assert names[0].startswith("P003-CAIX")
    assert names[1] == "Scan on the section"
    assert session.selection.gene == "CA9"
    assert "This tumor only" in dock.sheet.numbers.toPlainText()
    dock.sweep.sweep.setValue(60)
    qtbot.waitUntil(lambda: view.model.layers["Scan on the section"].visible)
    assert view.model.layers["Scan on the section"].opacity == pytest.approx(0.6)
    dock.sheet.place_chosen.emit(5)
    assert any(layer.name == "Crosshair" for layer in dock.viewer.layers)
    dock.review.reviewer.setText("AB")
    dock.review.note.setPlainText("Dark where brown.")
    dock.review.verdict.setCurrentIndex(dock.review.verdict.findData("agrees"))
    dock.review.save_button.click()
    (review,) = read_reviews(cohort)
    assert (review.verdict, review.note, review.reviewer) == ("agrees", "Dark where brown.", "AB")
    assert (review.scan, review.slide) == ("P003-t0-CT", "P003-CAIX")
    assert review.found["r"] == pytest.approx(dock.stage.shown.found.r)
    assert {"measure_tissue", "correspond_section"} <= {one["verb"] for one in review.history}
    assert "AB: agrees" in dock.review.before.text()
    session.select(patient_id="P001")
    assert dock.stage.shown is None
    assert not dock.review.isEnabled()
    assert view.slide is None  # that of the patient before does not stay beside the new scan
    assert len(view.model.layers) == 0
    view.shut()
    view.deleteLater()
    qtbot.wait(50)


def test_patients_are_dots_that_open_them(dock: Any, cohort: Any, qtbot: Any) -> None:
    from napari_radiogenomics import correspond_cohort

    session = session_of(dock.viewer)
    session.cohort = cohort
    session.select(patient_id="P003")
    found = correspond_cohort(cohort, tissue="mean_od", patients=["P001", "P003"], score="CA9")
    dock.three.choose(feature="intensity", tissue="mean_od", score="CA9")
    said = dock._show_cohort(found)
    assert "Fewer than 6 patients: no p-value" in said
    behind = dock.sheet.forest.words.toolTip()
    for shown in (said, behind):  # both, and what they are of
        assert "as they are: " in shown
        assert "freed of trend, edge distance, slice: " in shown
    dock.sheet.link.setCurrentIndex(0)
    assert "sites held fixed, " in dock.sheet.pairs.words.text()
    assert session.state[SLIDES] is found
    assert dock.sheet.link.count() == 3
    dock.sheet.forest.chosen.emit("P001")
    assert session.selection.patient_id == "P001"
    dock.three.choose(feature="vessels_curvature")
    assert dock.sheet.cohort_found is None  # another three: that answer is gone
