"""The Slide dock: slides of the patient on a canvas of their own, measured, and spots by gene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from napari.components import ViewerModel

from napari_radiogenomics import open_cohort, read
from napari_radiogenomics.correspondence.choices import TISSUE_MAPS
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.slide.dock import SlideDock
from napari_radiogenomics.gui.slide.overlays import field_colors
from napari_radiogenomics.gui.slide.placing import slide_view
from napari_radiogenomics.gui.slide.result import title_of
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.tissue.kinds import MAP_TITLES

pytestmark = pytest.mark.usefixtures("opengl")
UM = 2.0
NAMES = ["P1-HE", "P1-CD31", "P1-broken"]


def vessels(path: Path, stain: str) -> None:
    """Pale tissue with a brown vessel every 200 µm: 25 per mm²."""
    pixels = np.full((500, 600, 3), (205, 200, 226), np.uint8)
    y, x = np.indices((500, 600)) % 100
    pixels[(y - 50) ** 2 + (x - 50) ** 2 <= 36] = (150, 90, 60)
    pixels[:, 500:] = (245, 245, 245)
    tifffile.imwrite(
        path / f"{stain}.tif", pixels, photometric="rgb", tile=(64, 64), compression="zlib",
        resolution=(10_000 / UM,) * 2, resolutionunit="CENTIMETER",
    )  # fmt: skip


@pytest.fixture
def cohort(tmp_path):
    for stain in ("HE", "CD31"):
        vessels(tmp_path, stain)
    (tmp_path / "broken.tif").write_bytes(b"II*\0nothing more")
    rows = [("P1-HE", "H&E", "HE.tif"), ("P1-CD31", "CD31", "CD31.tif"),
            ("P1-broken", "CAIX", "broken.tif")]  # fmt: skip
    lines = [f"{key},P1,{stain},{path},{key}" for key, stain, path in rows]
    for name, text in {
        "cohort.toml": 'format = 1\nname = "Slides"\n',
        "patients.csv": "patient_id\nP1\nP2\n",
        "scans.csv": "scan_id,patient_id,path\n",
        "slides.csv": "slide_id,patient_id,stain,path,frame\n" + "\n".join(lines) + "\n",
    }.items():
        (tmp_path / name).write_text(text)
    return open_cohort(tmp_path)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def dock(qtbot, viewer):
    dock = SlideDock(viewer)
    qtbot.addWidget(dock)
    yield dock
    view = slide_view(viewer)
    view.shut()
    view.deleteLater()
    qtbot.wait(50)


def use(qtbot, dock, cohort, patient="P1"):
    session = session_of(dock.viewer)
    session.cohort = cohort
    session.select(patient_id=patient)
    qtbot.waitUntil(lambda: not dock.reader.running, timeout=20_000)
    return session


def shown(qtbot, dock, key):
    qtbot.waitUntil(lambda: dock.current is not None and dock.current.key == key, timeout=20_000)
    return slide_view(dock.viewer)


def test_slides_are_listed_with_their_sizes_and_what_is_broken(qtbot, dock, cohort):
    use(qtbot, dock, cohort)
    assert [entry.key for entry in dock.entries] == NAMES
    row = [dock.table.item(1, column).text() for column in range(4)]
    assert row == ["P1-CD31", "CD31", "2", "1.2 × 1.0"]
    assert "CD31.tif" in dock.table.item(1, 0).toolTip()
    assert dock.table.item(2, 3).text() == "⚠"
    assert "P1-broken: " in dock.message
    assert "again" in dock.message
    assert dock.tone == "error"
    session_of(dock.viewer).select(patient_id="P2")
    qtbot.waitUntil(lambda: dock.message.startswith("P2 has no slides."), timeout=10_000)


def test_a_slide_fills_its_view_until_somebody_looks_closer(qtbot, dock, cohort):
    """It may be shown before its view has its room."""
    session = use(qtbot, dock, cohort)
    session.select(slide_id="P1-CD31")
    view = shown(qtbot, dock, "P1-CD31")
    camera, canvas = view.model.scene.camera, view.model.canvas
    canvas.size = (100, 100)
    small = camera.zoom
    canvas.size = (800, 800)
    assert camera.zoom == pytest.approx(8 * small)
    view.go_to(0.5, 0.5, 0.2)
    near = camera.zoom
    canvas.size = (400, 400)
    assert camera.zoom == near
    session.select(slide_id="P1-HE")
    shown(qtbot, dock, "P1-HE")
    session.select(slide_id="P1-CD31")
    shown(qtbot, dock, "P1-CD31")
    assert camera.zoom == near  # as it was left


def test_one_selection_opens_a_slide_from_anywhere(qtbot, dock, cohort):
    session = use(qtbot, dock, cohort)
    session.select(slide_id="P1-CD31")
    view = shown(qtbot, dock, "P1-CD31")
    assert view.slide.stain == "CD31"
    assert dock.measure.currentData() == "vessels"
    assert view.model.dims.ndim == 2
    np.testing.assert_allclose(view.picture.scale, UM / 1000)
    dock.table.selectRow(0)
    assert session.selection.slide_id == "P1-HE"
    shown(qtbot, dock, "P1-HE")
    assert dock.measure.currentData() == "nuclei"
    session.back()
    shown(qtbot, dock, "P1-CD31")
    session.select(patient_id="P2")
    assert view.slide is None
    assert not view.model.layers


def test_an_unknown_stain_keeps_no_measure_that_another_stain_proposed(qtbot, dock, cohort):
    """After CAIX it was hypoxia; what a person chose stays."""
    slide = read(cohort.root / "CD31.tif")
    took = []
    for at, stain in enumerate(("CAIX", "", "H&E", "")):
        entry = replace(slide, stain=stain, name=f"s{at}")
        dock.take([entry])
        shown(qtbot, dock, f"{entry.metadata.get('path', '')}#{entry.name}")
        took.append(dock.measure.currentData())
    assert took == ["hypoxia", "vessels", "nuclei", "vessels"]
    dock.measure.setCurrentIndex(dock.measure.findData("nuclei"))  # by a person
    dock._propose("")
    assert dock.measure.currentData() == "nuclei"


def test_one_measure_has_one_name_wherever_it_is_read():
    assert {name: one.title for name, one in TISSUE_MAPS.items()} == MAP_TITLES
    assert {name: title_of(name) for name in MAP_TITLES} == MAP_TITLES


def test_a_broken_slide_is_said_and_crashes_nothing(qtbot, dock, cohort):
    use(qtbot, dock, cohort)
    dock.choose("P1-broken")
    qtbot.waitUntil(lambda: not dock.opener.running, timeout=10_000)
    assert dock.current is None
    assert "broken.tif" in dock.message


def test_a_slide_is_measured_and_its_fields_lead_there(qtbot, dock, cohort, tmp_path):
    use(qtbot, dock, cohort)
    dock.choose("P1-CD31")
    view = shown(qtbot, dock, "P1-CD31")
    dock.form.values = {"field_mm": 0.25, "map_step_mm": 0.1, "window_mm": 0.4}
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    assert dock.tone == "good"
    assert dock.message.startswith("Microvessel density 25")
    assert " /mm², endothelial area " in dock.message
    layers = {layer.name: layer for layer in view.model.layers}
    assert {"Fields", "Vessels"} <= set(layers)
    maps = [layer for layer in view.model.layers if layer.metadata.get("radiogenomics") is not None
            and getattr(layer.metadata["radiogenomics"], "modality", "") == "map"]  # fmt: skip
    assert [layer.visible for layer in maps] == [True, False]
    dock.result.map.setCurrentIndex(2)
    assert [layer.visible for layer in maps] == [False, True]
    dock.result.opacity.setValue(30)
    assert maps[1].opacity == pytest.approx(0.3)
    dock.result.objects_box.setChecked(False)
    assert not layers["Vessels"].visible
    places = layers["Vessels"].data * 1000 / UM % 100  # a vessel at 50, 50 of each 100 pixels
    np.testing.assert_allclose(places, 50, atol=0.5)
    dock.result.fields.selectRow(1)
    field = dock._measured.found.fields.iloc[1]
    np.testing.assert_allclose(
        view.model.scene.camera.center[-2:], (field["y_mm"], field["x_mm"]), atol=1e-6
    )
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.save_as(tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv", index_col=0)
    assert table["vessels_per_mm2"].iloc[0] == pytest.approx(
        25, rel=0.01
    )  # glass is told to a pixel or two
    assert len(pd.read_csv(tmp_path / "out-fields.csv")) == len(dock._measured.found.fields)
    assert read_history(tmp_path / "out.csv")[-1].settings["field_mm"] == 0.25
    dock.choose("P1-HE")
    shown(qtbot, dock, "P1-HE")
    assert "Fields" not in [layer.name for layer in view.model.layers]
    dock.choose("P1-CD31")
    shown(qtbot, dock, "P1-CD31")
    assert "Fields" in [layer.name for layer in view.model.layers]  # what was measured is kept


def test_a_warning_stands_beside_the_numbers(qtbot, dock, cohort):
    use(qtbot, dock, cohort)
    dock.choose("P1-CD31")
    shown(qtbot, dock, "P1-CD31")
    dock.form.values = {"threshold": 2.5}
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    assert dock.tone == "warning"
    assert dock.message.startswith("Microvessel density 0 /mm²")
    assert "No vessels were found: nothing of 20 µm² or more is 2.5 OD above" in dock.message
    others = len(dock._measured.found.warnings) - 1
    assert others > 0
    assert f"({others} more warning" in dock.message
    for warning in dock._measured.found.warnings:
        assert warning in dock.message_line.toolTip()


def test_a_slide_of_unknown_pixel_size_has_no_millimeters(qtbot, dock, tmp_path):
    dock.take([Slide((np.full((300, 400, 3), 230, np.uint8),), None, name="S9")])
    view = shown(qtbot, dock, "#S9")
    assert {str(unit) for unit in view.model.layers.units} == {"kilopixel"}
    np.testing.assert_allclose(view.picture.scale, 1e-3)
    view.draw_region()  # in the units of the picture
    assert {str(unit) for unit in view.model.layers.units} == {"kilopixel"}
    assert view.where.text() == "pixel size not known: lengths are in pixels"


def test_only_the_drawn_region_is_measured(qtbot, dock, cohort):
    use(qtbot, dock, cohort)
    dock.choose("P1-CD31")
    view = shown(qtbot, dock, "P1-CD31")
    assert dock.region_text.text() == "whole section"
    dock.draw_region()
    assert view.model.layers.selection.active.mode == "add_polygon"
    dock.overlays.region_layer.add_polygons([[(0.1, 0.2), (0.1, 0.8), (0.5, 0.8)]])  # y, x
    assert dock.region_text.text() == "within the polygon"
    _, (entry, corners), _ = dock.arguments()
    assert entry.key == "P1-CD31"
    np.testing.assert_allclose(corners, [(0.2, 0.1), (0.8, 0.1), (0.8, 0.5)])
    dock.clear_region()
    assert dock.arguments()[1][1] is None


def test_spots_of_a_gene_are_colored(qtbot, dock, real_data):
    dock.open_files([real_data("visium")])
    qtbot.waitUntil(lambda: dock.spots.spots is not None, timeout=40_000)
    view = slide_view(dock.viewer)
    spots = dock.spots.spots
    gene = str(spots.counts.sum().idxmax())
    dock.spots.search.asked.emit(gene.lower())
    layer = next(layer for layer in view.model.layers if layer.name == f"Spots: {gene.upper()}")
    counts = spots.counts[gene].to_numpy(float)
    expected = np.log2(1 + 1e4 * counts / spots.counts.to_numpy(float).sum(axis=1))
    np.testing.assert_allclose(layer.features["value"], expected)
    # The most and the least expressed have the ends of viridis: yellow, and dark violet.
    most, least = layer.face_color[expected.argmax()], layer.face_color[expected.argmin()]
    assert most[0] > 0.9
    assert most[1] > 0.8
    assert least[1] < 0.1
    assert not dock.spots.bar.isHidden()
    dock.spots.ask("NOSUCHGENE")
    assert 'No gene "NOSUCHGENE"' in dock.message
    assert dock.tone == "error"


def test_a_map_lies_where_it_says_and_the_crosshair_too(qtbot, dock, viewer):
    view = slide_view(viewer)
    seen = []
    view.moved.connect(seen.append)
    view.show_slide(Slide((np.full((400, 300, 3), 250, np.uint8),), um_per_pixel=(2.0, 2.0)))
    grid = Geometry((3, 4, 1), (0.2, 0.2, 1.0), (0.1, 0.1, 0.0))
    values = np.arange(12, dtype=np.float32).reshape(1, 4, 3)
    layer = view.add_map(Image(values, grid, "1/mm²", "density", "map"))
    np.testing.assert_allclose(layer.data_to_world((2, 1)), (0.5, 0.3))
    assert view.model.dims.ndim == 2
    view.set_crosshair((0.3, 0.5))
    cross = view.model.layers["Crosshair"]
    np.testing.assert_allclose(cross.data, [(0.5, 0.3)])
    view.set_crosshair(None)
    assert "Crosshair" not in view.model.layers
    view.go_to(0.3, 0.5, 0.1)
    np.testing.assert_allclose(view.model.scene.camera.center[-2:], (0.5, 0.3))


def test_two_themes(qtbot, dock, viewer):
    view = slide_view(viewer)
    viewer.theme = "light"
    assert view.model.theme == "light"


def test_in_a_window_slides_open_beside_the_scan(qtbot, make_napari_viewer):
    from napari_radiogenomics.gui.workspace import open_workspace

    folder = Path(__file__).resolve().parents[2] / "sample_data" / "cohort"
    if not folder.exists():
        pytest.skip("sample_data is not in this checkout")
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1366, 768)
    docks = open_workspace(viewer, three_views=False)
    cohort, slides = docks["Cohort"], docks["Slide"]
    cohort.page.boxes["slides"].setChecked(True)
    cohort.open_cohort(folder)
    qtbot.waitUntil(lambda: slides.current is not None, timeout=60_000)
    assert slides.current.key == "P001-HE"
    view = slide_view(viewer)
    qtbot.waitUntil(lambda: view.width() > 250, timeout=5_000)
    assert view.isVisible()
    assert viewer.window.geometry()[2] <= 1366
    assert not any(getattr(layer, "rgb", False) for layer in viewer.layers)
    steps = [axis.step for axis in viewer.dims.range]
    assert min(steps) > 0.5  # slices of the scan, not pixels of the slide
    qtbot.waitUntil(lambda: cohort.at_rest, timeout=30_000)
    cohort.page.table.rows.thumbnails.stop()
    view.shut()
    viewer.window.remove_dock_widget("all")
    view.deleteLater()
    qtbot.wait(50)


def test_fields_beside_the_tissue_are_drawn_faintly():
    """Fields are laid out over the edge of the section too; what holds nothing counts nothing."""
    fields = pd.DataFrame({"kind": ["systematic", "systematic", "systematic", "hot spot"],
                           "tissue_mm2": [0.25, 0.03, 0.001, 0.2]})  # fmt: skip
    model = ViewerModel()
    squares = [np.array([(0, 0), (0, 1), (1, 1), (1, 0)]) + n for n in range(4)]
    layer = model.add_shapes(squares, edge_color=field_colors(fields, 0.5))
    assert layer.edge_color[:, 3] == pytest.approx([1, 1, 0x40 / 255, 1])
    assert (layer.edge_color[0, :3] == layer.edge_color[2, :3]).all()
    assert (layer.edge_color[0, :3] != layer.edge_color[3, :3]).any()
