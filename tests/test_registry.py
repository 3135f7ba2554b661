"""A folder is a registry: one new file is one new entry."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import napari_radiogenomics
from napari_radiogenomics import registry as registry_module
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.registry import Registry, did_you_mean

ENTRY = "from types import SimpleNamespace\nENTRY = SimpleNamespace(name={name!r}, size={size})\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "planted_shapes"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for size, name in enumerate(("square", "circle")):
        (package / f"{name}.py").write_text(ENTRY.format(name=name, size=size))
    (package / "_helper.py").write_text("raise RuntimeError('helpers are no entries')\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield package
    for module in [m for m in sys.modules if m.partition(".")[0] == "planted_shapes"]:
        del sys.modules[module]


def shapes() -> Registry[Any]:
    return Registry("planted_shapes", attribute="ENTRY", noun="shape", group="planted.shapes")


def bring(monkeypatch: pytest.MonkeyPatch, *points: EntryPoint) -> None:
    monkeypatch.setattr(registry_module, "entry_points", lambda group: points)


def test_nothing_is_imported_before_somebody_asks() -> None:
    made = Registry[Any]("no_such_package", attribute="ENTRY", noun="shape", group="x")
    with pytest.raises(ModuleNotFoundError):
        made.names()


@pytest.mark.usefixtures("folder")
def test_each_file_but_the_helpers_is_an_entry_in_the_order_of_the_files() -> None:
    found = shapes()
    assert found.names() == ["circle", "square"]
    assert len(found) == 2
    assert "circle" in found
    assert "_helper" not in found
    assert [entry.size for entry in found] == [1, 0]
    assert found["square"].size == 0


def test_one_new_file_is_one_new_entry(folder: Path) -> None:
    (folder / "star.py").write_text(ENTRY.format(name="five-pointed star", size=5))
    assert shapes()["five-pointed star"].size == 5


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("wrong", ["cirlce", "Circle", "CIRCLES"])
def test_an_unknown_name_answers_did_you_mean(wrong: str) -> None:
    with pytest.raises(InputError, match=r'Did you mean "circle"\? Known: circle, square\.') as e:
        shapes()[wrong]
    assert f'Unknown shape "{wrong}"' in str(e.value)


def test_a_name_like_no_other_gets_the_list_alone() -> None:
    assert did_you_mean("xyz", ["circle", "square"]) == "Known: circle, square."
    assert did_you_mean("xyz", []) == "Known: none."
    many = [f"shape{k}" for k in range(60)] + ["entropy", "energy"]
    said = did_you_mean("entropi", many)
    assert said.startswith('Did you mean "entropy"? Known: entropy, energy, ')
    assert said.endswith(", … and 50 more.")
    assert said.count(",") == 12


def test_two_files_of_one_name_are_refused(folder: Path) -> None:
    (folder / "round.py").write_text(ENTRY.format(name="circle", size=9))
    with pytest.raises(InputError, match='Two shape entries are called "circle"'):
        shapes().names()


@pytest.mark.usefixtures("folder")
def test_another_package_adds_an_entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "planted_other.py").write_text(ENTRY.format(name="ring", size=7))
    bring(monkeypatch, EntryPoint("ring", "planted_other:ENTRY", "planted.shapes"))
    assert shapes()["ring"].size == 7
    del sys.modules["planted_other"]


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (None, "planted_broken:ENTRY"),
        ("", "planted_broken:ENTRY"),
        (ENTRY.format(name="circle", size=9), "planted_broken:ENTRY"),
        ("ENTRY = 3\n", "planted_broken:ENTRY"),
    ],
    ids=["no module", "no object", "taken name", "no entry"],
)
def test_a_broken_package_does_not_take_away_what_is_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, value: str
) -> None:
    if content is not None:
        (folder.parent / "planted_broken.py").write_text(content)
    bring(monkeypatch, EntryPoint("broken", value, "planted.shapes"))
    found = shapes()
    with pytest.warns(DataWarning, match=r"shape broken of planted_broken:ENTRY is left out"):
        names = found.names()
    assert names == ["circle", "square"]
    assert found["circle"].size == 1
    sys.modules.pop("planted_broken", None)


def every_registry() -> list[Registry[Any]]:
    """All registries of the package: module-level objects of the files that make one."""
    root = Path(napari_radiogenomics.__file__).parent
    found = {}
    for path in sorted(root.rglob("*.py")):
        if "= Registry(" in path.read_text(encoding="utf-8"):
            parts = path.relative_to(root.parent).with_suffix("").parts
            module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
            for value in vars(module).values():
                if isinstance(value, Registry):
                    found[value.package] = value
    return [found[package] for package in sorted(found)]


REGISTRIES = every_registry()


def test_the_registries_of_the_package_are_found() -> None:
    assert "napari_radiogenomics.io.formats" in [found.package for found in REGISTRIES]


@pytest.mark.parametrize("found", REGISTRIES, ids=lambda found: found.noun)
def test_every_registry_is_complete(found: Registry[Any]) -> None:
    assert len(found) > 0
    assert found.group.startswith("napari_radiogenomics.")
    folder = importlib.import_module(found.package)
    modules = [m.name for m in pkgutil.iter_modules(folder.__path__) if m.name[0] != "_"]
    assert len(modules) == len(found)
    for module in modules:
        text = importlib.import_module(f"{found.package}.{module}").__doc__
        assert text, f"{module} has no docstring"
        assert len(text.split()) >= 3


@pytest.mark.parametrize("found", REGISTRIES, ids=lambda found: found.noun)
def test_every_registry_answers_did_you_mean(found: Registry[Any]) -> None:
    for name in found.names():
        with pytest.raises(InputError, match="Did you mean|Known: ") as refused:
            found[name + "_"]
        assert f'Did you mean "{name}"?' in str(refused.value)
        assert found.noun in str(refused.value)
