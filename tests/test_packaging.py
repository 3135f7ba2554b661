"""What is built, installs and is found: wheel, sdist, editable install, manifest, house rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
import yaml

import napari_radiogenomics

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "napari_radiogenomics"
ASK_NPE2 = """
import json
from npe2 import PluginManager
manager = PluginManager.instance()
manager.discover()
manifest = manager.get_manifest("napari-radiogenomics")
print(json.dumps([manifest.display_name, json.loads(manifest.contributions.json())]))
"""
ASK_PACKAGE = """
import napari_radiogenomics as package
print(package.__file__, package.__version__, "read" in dir(package), sep="\\n")
"""


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    hidden = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={key: value for key, value in os.environ.items() if key not in hidden},
        capture_output=True,
        text=True,
        check=False,
    )


def must(*command: str | Path, cwd: Path | None = None) -> str:
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def tracked() -> list[Path]:
    """Files of the checkout, as git knows them; all of them where there is no git."""
    done = run("git", "ls-files", "-z", cwd=ROOT)
    if done.returncode == 0 and done.stdout:
        names = [ROOT / name for name in done.stdout.split("\0") if name]
        return [path for path in names if path.is_file()]
    made = {".venv", ".git", "__pycache__", "build", "dist", "demo_output"}
    files = (path for path in ROOT.rglob("*") if path.is_file())
    return [p for p in files if not made & set(p.parts) and "_cache" not in p.as_posix()]


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def manifest() -> dict[str, Any]:
    return yaml.safe_load((PACKAGE / "napari.yaml").read_text(encoding="utf-8"))


# What is built


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheel and sdist of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", folder]
    must(*build, "-t", "wheel", "-t", "sdist", cwd=ROOT)
    return {"wheel": next(folder.glob("*.whl")), "sdist": next(folder.glob("*.tar.gz"))}


def wheel_names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def sdist_names(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers()}


@pytest.mark.slow
def test_the_wheel_holds_the_package_its_types_manifest_and_data(built: dict[str, Path]) -> None:
    names = wheel_names(built["wheel"])
    source = {
        path.relative_to(ROOT).as_posix() for path in tracked() if path.is_relative_to(PACKAGE)
    }
    assert source <= names
    assert {
        f"napari_radiogenomics/{n}" for n in ("napari.yaml", "py.typed", "__init__.pyi")
    } < names
    beside = {name.partition("/")[0] for name in names}
    info = f"napari_radiogenomics-{napari_radiogenomics.__version__}.dist-info"
    assert beside == {"napari_radiogenomics", info}
    assert f"{info}/licenses/LICENSE" in names


@pytest.mark.slow
def test_the_manifest_in_the_wheel_is_a_file_with_the_same_content(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["wheel"]) as archive:
        content = archive.read("napari_radiogenomics/napari.yaml")
    assert yaml.safe_load(content) == manifest()


@pytest.mark.slow
def test_the_sdist_holds_what_is_needed_to_build_test_and_open_the_sample(
    built: dict[str, Path],
) -> None:
    names = sdist_names(built["sdist"])
    wanted = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "constraints.txt"}
    wanted |= {"Makefile", ".ci/run", ".ci/prepare", "napari.yaml", "tests/conftest.py"}
    wanted |= {
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.relative_to(ROOT).parts[0] in ("sample_data", "napari_radiogenomics", "tests")
    }
    assert wanted - names == set()
    assert not [name for name in names if ".venv" in name or "__pycache__" in name]


@pytest.mark.slow
def test_the_sdist_builds_the_same_wheel(built: dict[str, Path], tmp_path: Path) -> None:
    with tarfile.open(built["sdist"]) as archive:
        # Debian 12 has Python 3.11.2, where a TarFile knows no filters yet.
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path, **safe)
    (source,) = tmp_path.iterdir()
    build = [sys.executable, "-m", "hatchling", "build", "-d", tmp_path / "dist"]
    must(*build, "-t", "wheel", cwd=source)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert wheel_names(wheel) == wheel_names(built["wheel"])


# What is installed


def uv() -> Path:
    beside = Path(sys.executable).with_name("uv.exe" if sys.platform == "win32" else "uv")
    found = beside if beside.exists() else shutil.which("uv")
    if found is None:
        pytest.skip("uv is not installed")
    return Path(found)


def fresh_environment(folder: Path, *packages: str) -> Path:
    """Make an empty environment with some packages, of the versions that are pinned, or skip."""
    must(uv(), "venv", "--quiet", "--python", sys.executable, folder)
    scripts = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    python = folder / scripts
    install = [uv(), "pip", "install", "--quiet", "--python", python]
    install += ["-c", ROOT / "constraints.txt", *packages]
    if run(*install, "--offline").returncode:
        done = run(*install)
        if done.returncode:
            pytest.skip(f"no network to install {' '.join(packages)}: {done.stderr[-300:]}")
    return python


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """Python of a fresh environment in which the package is installed, in one of two ways."""
    folder = tmp_path_factory.mktemp("fresh") / "env"
    python = fresh_environment(folder, "npe2", "lazy-loader", "hatchling", "editables")
    install = [uv(), "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python]
    if request.param == "wheel":
        must(*install, request.getfixturevalue("built")["wheel"])
    else:
        must(*install, "--no-build-isolation", "-e", ROOT)
    return request.param, python


@pytest.mark.slow
def test_npe2_finds_the_plugin_and_all_its_contributions(
    installed: tuple[str, Path], tmp_path: Path
) -> None:
    name, contributions = json.loads(must(installed[1], "-c", ASK_NPE2, cwd=tmp_path))
    wanted = manifest()
    assert name == wanted["display_name"]
    for kind, entries in wanted["contributions"].items():
        found = contributions[kind]
        assert len(found) == len(entries), kind
        if kind == "commands":
            assert [c["id"] for c in found] == [c["id"] for c in entries]


@pytest.mark.slow
def test_the_installed_package_is_the_one_that_was_installed(
    installed: tuple[str, Path], tmp_path: Path
) -> None:
    way, python = installed
    file, number, listed = must(python, "-c", ASK_PACKAGE, cwd=tmp_path).split("\n")[:3]
    assert (number, listed) == (napari_radiogenomics.__version__, "True")
    inside = Path(file).resolve().is_relative_to(PACKAGE.resolve())
    assert inside == (way == "editable")


@pytest.mark.slow
def test_the_command_is_on_the_path(installed: tuple[str, Path]) -> None:
    names = {path.stem for path in installed[1].parent.iterdir()}
    assert "napari-radiogenomics" in names


# The manifest


def test_the_manifest_is_valid_and_every_command_can_be_imported() -> None:
    from npe2 import PluginManifest

    found = PluginManifest.from_file(PACKAGE / "napari.yaml")
    found.validate_imports()
    assert found.name == "napari-radiogenomics"


def test_the_manifest_at_the_root_is_a_link_to_the_real_one() -> None:
    if not (ROOT / "napari.yaml").is_symlink():
        pytest.skip("this checkout has no symbolic links (Windows)")
    assert os.readlink(ROOT / "napari.yaml") == "napari_radiogenomics/napari.yaml"


def test_every_contribution_names_a_command_and_every_command_has_a_place() -> None:
    contributions = manifest()["contributions"]
    commands = [command["id"] for command in contributions.get("commands", [])]
    assert len(commands) == len(set(commands))
    text = json.dumps({k: v for k, v in contributions.items() if k != "commands"})
    used = set(re.findall(r'"command": "([^"]+)"', text))
    assert used <= set(commands)
    assert all(command["title"].strip() for command in contributions.get("commands", []))


# What is declared


def test_the_version_is_said_once_and_the_same_everywhere() -> None:
    assert pyproject()["project"]["version"] == napari_radiogenomics.__version__
    assert version("napari-radiogenomics") == napari_radiogenomics.__version__


def test_no_qt_and_no_napari_without_the_gui_extra() -> None:
    base = [name for name in requires("napari-radiogenomics") or [] if "extra ==" not in name]
    assert not [name for name in base if re.match(r"(?i)napari|pyqt|pyside|qtpy|superqt", name)]
    assert not [name for name in base if name.lower().startswith("pyradiomics")]


def test_the_extras_are_those_that_messages_name() -> None:
    extras = pyproject()["project"]["optional-dependencies"]
    assert set(extras) == {
        "gui", "pyradiomics", "dicom", "slides", "genomics", "scale", "mofa", "all", "dev"
    }  # fmt: skip
    named = set()
    for path in PACKAGE.rglob("*.py"):
        named |= set(re.findall(r'extra="(\w+)"', path.read_text(encoding="utf-8")))
    assert named <= set(extras)


def test_the_plugin_is_found_by_napari_and_its_hub() -> None:
    project = pyproject()["project"]
    assert "Framework :: napari" in project["classifiers"]
    assert project["entry-points"]["napari.manifest"] == {
        "napari-radiogenomics": "napari_radiogenomics:napari.yaml"
    }
    assert (ROOT / ".napari-hub" / "DESCRIPTION.md").read_text(encoding="utf-8").strip()


def test_the_constraints_are_plain_pins_that_hold_on_every_system() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[A-Za-z0-9.+!-]+", pin) for pin in pins)
    names = [pin.partition("==")[0] for pin in pins]
    assert len(names) == len(set(names))
    assert "napari-radiogenomics" not in names
    extras = pyproject()["project"]["optional-dependencies"].values()
    wanted = pyproject()["project"]["dependencies"] + [name for some in extras for name in some]
    plain = {re.split(r"[\[>=<~! ;]", name)[0].lower() for name in wanted}
    assert plain - {"napari-radiogenomics"} <= set(names)


# The house


def test_no_lock_file_and_no_host_of_a_package_registry() -> None:
    hosts = ["py" + "pi.org", "python" + "hosted.org", "ana" + "conda.org", "npm" + "js.com"]
    for path in tracked():
        assert path.name not in ("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock")
        content = path.read_bytes()
        assert not [host for host in hosts if host.encode() in content], path


def test_the_top_level_stays_small() -> None:
    files = {"napari.yaml", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile"}
    allowed = files | {"constraints.txt", "napari_radiogenomics", "tests", "sample_data"}
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in top if not name.startswith(".")} <= allowed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no executable bit")
@pytest.mark.parametrize("name", [".ci/run", ".ci/prepare"])
def test_the_scripts_can_be_run_and_are_sound(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    assert run("bash", "-n", ROOT / name).returncode == 0


@pytest.mark.parametrize("goal", ["help", "demo", "test", "test-slow", "lint", "bench", "clean"])
def test_make_knows_its_goals(goal: str) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = run("make", "--dry-run", goal, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_tests_that_take_minutes_are_found_when_they_are_asked_for() -> None:
    marked = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if "pytest.mark.very_slow" in path.read_text(encoding="utf-8")
    } - {Path(__file__).relative_to(ROOT).as_posix()}
    done = run(sys.executable, "-m", "pytest", "-m", "very_slow", "--collect-only", "-q",
               *sorted(marked), cwd=ROOT)  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert {line.split("::")[0] for line in done.stdout.splitlines() if "::" in line} == marked


def test_no_file_of_the_package_is_too_long_to_be_read_at_once() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length >= 400} == {}
