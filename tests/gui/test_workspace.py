"""The workspace and the demo, as far as they need no window."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from npe2 import PluginManifest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui import demo, screen
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.demo import Picture, is_blank, run_demo
from napari_radiogenomics.gui.workspace import DOCKS


def test_every_dock_of_the_workspace_is_in_the_manifest():
    manifest = PluginManifest.from_distribution("napari-radiogenomics")
    assert set(DOCKS) <= {widget.display_name for widget in manifest.contributions.widgets}


def test_every_command_has_a_title_and_can_be_imported():
    manifest = PluginManifest.from_distribution("napari-radiogenomics")
    manifest.validate_imports()
    titles = [command.title for command in manifest.contributions.commands]
    assert len(set(titles)) == len(titles)
    assert {"Open tumour cohort…", "Open radiogenomics workspace"} <= set(titles)


def test_without_linked_views_there_is_one_model():
    viewer = ViewerModel()
    assert models(viewer) == [viewer]


@pytest.mark.parametrize(
    ("order", "upright"), [((2, 1, 0), (2, 0, 1)), ((1, 0, 2), (1, 0, 2)), ((0, 1, 2), (0, 1, 2))]
)
def test_the_head_is_up_in_every_view(order, upright):
    views = pytest.importorskip("napari_radiogenomics.gui.canvas.three_views")
    assert views.upright_order(("z", "y", "x"), order) == upright


def test_the_camera_moves_only_when_the_slices_would_be_out_of_sight():
    views = pytest.importorskip("napari_radiogenomics.gui.canvas.three_views")
    viewer = ViewerModel()
    viewer.add_image(np.zeros((10, 100, 100)), translate=(0, -500, -500))
    viewer.canvas.size = (200, 200)
    viewer.scene.camera.zoom = 4  # 50 mm are seen
    viewer.dims.point = (0, -450, -420)
    assert views.center_in_sight(viewer, (0, -455, -480)) == (0, -455, -420)


def test_without_xvfb_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(screen.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="apt-get install xvfb"), screen.virtual_screen((10, 10)):
        pass


def test_a_display_is_what_the_environment_says(monkeypatch):
    monkeypatch.setattr(screen.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not screen.has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert screen.has_display()


def test_a_picture_with_a_scan_is_not_blank_and_a_flat_one_is():
    flat = np.full((100, 100, 4), 40, np.uint8)
    assert is_blank(flat)
    flat[40:60, 40:60] = 200
    assert not is_blank(flat)


def test_the_page_shows_every_picture_beside_it(monkeypatch, tmp_path, capsys):
    pictures = [Picture("2-ct.png", "CT & regions"), Picture("3-map.png", "Map")]
    monkeypatch.setattr(demo, "_take_pictures", lambda folder: pictures)
    assert run_demo(tmp_path / "out") == pictures
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert 'src="2-ct.png"' in page
    assert "CT &amp; regions" in page
    assert "http" not in page
    assert "index.html" in capsys.readouterr().out


def test_a_blank_picture_fails_the_demo(monkeypatch, tmp_path):
    class Blank:
        layers = ("scan",)
        theme = "dark"
        window = type("Window", (), {"resize": staticmethod(lambda *size: None)})

        def screenshot(self, path, **_more):
            return np.zeros((768, 1366, 4), np.uint8)

    monkeypatch.setattr(demo, "_settle", lambda: None)
    with pytest.raises(InputError, match="blank canvas"):
        demo._photograph(Blank(), tmp_path, "2-ct", "CT")


def test_the_workspace_reads_volumes_without_asking_and_keeps_what_was_chosen(monkeypatch):
    from types import SimpleNamespace

    from napari_radiogenomics.gui.preferences import prefer_own_reader

    plugins = SimpleNamespace(extension2reader={"*.nrrd": "another-reader"})
    monkeypatch.setattr("napari.settings.get_settings", lambda: SimpleNamespace(plugins=plugins))
    prefer_own_reader()
    chosen = plugins.extension2reader
    assert chosen["*.nrrd"] == "another-reader"
    assert chosen["*.nii.gz"] == chosen["*.mha"] == "napari-radiogenomics"
    assert "*.tif" not in chosen
