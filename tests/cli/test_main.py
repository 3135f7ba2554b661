"""The command line as a whole: the commands, mistakes, exit codes, notes, progress, help."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from napari_radiogenomics import read
from napari_radiogenomics.cli import main, options
from napari_radiogenomics.cli.command import COMMANDS
from napari_radiogenomics.io.format import FORMATS

ENTROPY, MEAN = (f"original_firstorder_{name}.nii.gz" for name in ("Entropy", "Mean"))


def test_the_commands_are_those_promised():
    assert COMMANDS.names() == [
        "associate", "batch-effects", "convert", "correspond", "correspond-cohort", "demo",
        "extract-cohort", "features", "fuse", "habitats", "harmonize", "info", "maps",
        "missingness", "predict", "register", "scores", "simulate", "skat", "stability", "tissue",
        "validate", "vessels", "virtual-biopsy", "weigh-evidence",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "--help"),
        (["map"], 'Did you mean "maps"'),
        (["maps"], "IMAGE"),
        (["info", "--nonsense"], "--nonsense"),
    ],
)
def test_mistakes_are_told_in_one_line(argv, told, fails):
    assert told in fails(*argv)


def test_ctrl_c_answers_130(monkeypatch, files, capsys):
    def interrupt(*_args, **_settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_radiogenomics.io.files.read_all", interrupt)
    assert main(["info", files[0]]) == 130
    assert "stopped" in capsys.readouterr().err


def test_a_bug_keeps_its_traceback(monkeypatch, files):
    def fail(*_args, **_settings):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("napari_radiogenomics.io.files.read_all", fail)
    with pytest.raises(ZeroDivisionError, match="planted"):
        main(["info", files[0]])


def test_notes_of_the_data_are_single_lines(monkeypatch, files, tmp_path, capsys):
    noted = replace(read(files[0]), notes=("Two slices\nare missing.",))
    noting = replace(FORMATS["nrrd"], read=lambda *_: [noted])
    monkeypatch.setitem(FORMATS.entries, "nrrd", noting)
    assert main(["convert", files[0], str(tmp_path / "a.mha")]) == 0
    assert capsys.readouterr().err == "napari-radiogenomics: note: Two slices are missing.\n"
    assert main(["info", files[0]]) == 0  # tells its notes among the facts, once
    out, err = capsys.readouterr()
    assert (err, out.count("are missing.")) == ("", 1)


def test_progress_is_drawn_for_a_person_only(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert options.terminal_progress() is options.quiet
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert options.terminal_progress() is options.bar


def test_help_loads_nothing_heavy():
    program = (
        "import sys\n"
        "from napari_radiogenomics.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('numpy', 'pandas', 'numba', 'SimpleITK', 'napari', 'qtpy')\n"
        "sys.stderr.write(str([m for m in heavy if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "Map texture" in done.stdout
    assert done.stderr == "[]"


def test_the_installed_program_runs(files, tmp_path):
    program = Path(sys.executable).with_name("napari-radiogenomics")
    if not program.exists():
        pytest.skip("the program is not installed beside this Python")
    argv = [program, "maps", *files, "--output", tmp_path / "maps", "--features", "Mean"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "maps" / MEAN).is_file()
    refused = subprocess.run(
        [program, "info", "nothing"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
