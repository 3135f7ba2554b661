"""The command lines of simulate and demo: what they print and writes, and how it says no."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

import napari_radiogenomics.cli.commands.demo
from napari_radiogenomics.cli import main


def test_simulate_writes_a_cohort_that_opens(tmp_path, capsys):
    folder = tmp_path / "simulated"
    small = ["--n-patients", "1", "--n-validation", "0", "--seed", "3", "--field-of-view", "tumor"]
    assert main(["simulate", str(folder), *small]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    assert main(["info", str(folder)]) == 0
    assert re.search(r"^patients +1$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(13, "Permission denied", "{ro}/.simulating-x"), "{ro}: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_the_system_refuses_is_one_line(tmp_path, monkeypatch, error, told, fails):
    if error.filename:
        error.filename = error.filename.format(ro=tmp_path)

    def refuse(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    line = fails("simulate", str(tmp_path / "c"), "--n-patients", "1")
    assert told.format(ro=tmp_path) in line
    assert "free space" in line


def test_an_error_of_the_system_without_a_file_is_a_bug(files, monkeypatch):
    def fail(*_args, **_settings):
        raise OSError("planted")

    monkeypatch.setattr("napari_radiogenomics.io.files.read_all", fail)
    with pytest.raises(OSError, match="planted"):
        main(["info", files[0]])


def test_demo_says_that_its_folder_cannot_be_made(monkeypatch, tmp_path, fails):
    pytest.importorskip("napari")

    def refuse(self, *_args, **_kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "mkdir", refuse)
    told = fails("demo", "--no-window")
    assert f"{tmp_path / 'demo_output'} cannot be made (Permission denied)" in told
    assert "--output" in told


@pytest.fixture
def shown(monkeypatch) -> list[Path | None]:
    """Where the demo was asked to put its pictures; no window is opened."""
    calls: list[Path | None] = []
    stand_in = types.ModuleType("napari_radiogenomics.gui.demo")
    stand_in.run_demo = calls.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "napari_radiogenomics.gui.demo", stand_in)
    return calls


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], None),
        (["--output", "pictures"], Path("pictures")),
        (["--no-window"], Path("demo_output")),
        (["--no-window", "--output", "pictures"], Path("pictures")),
    ],
)
def test_demo_asks_the_window_for_pictures(shown, argv, expected):
    assert main(["demo", *argv]) == 0
    assert shown == [expected]


def test_demo_names_the_extra_where_napari_is_absent(shown, monkeypatch, fails):
    find = napari_radiogenomics.cli.commands.demo.importlib.util.find_spec
    monkeypatch.setattr(
        napari_radiogenomics.cli.commands.demo.importlib.util,
        "find_spec",
        lambda name, package=None: None if name == "napari" else find(name, package),
    )
    assert 'pip install "napari-radiogenomics[gui]"' in fails("demo")
    assert shown == []
