"""Registries: a folder of modules, one entry a file, found on first use.

A texture family, a file format, a cohort layout: each is one new module in its folder that
defines one module-level object. Third parties add theirs by entry point. Nothing is imported
before somebody asks.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from napari_radiogenomics.errors import InputError

__all__ = ["Registry", "did_you_mean"]

Entry = TypeVar("Entry")


def did_you_mean(name: str, known: list[str]) -> str:
    """Say which known name an unknown one resembles.

    Examples
    --------
    >>> did_you_mean("niffti", ["nifti", "nrrd"])
    'Did you mean "nifti"? Known: nifti, nrrd.'
    """
    close = difflib.get_close_matches(name, known, n=1)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    return f"{hint}Known: {', '.join(known)}."


class Registry(Generic[Entry]):
    """Entries of one kind, by name.

    Parameters
    ----------
    package : str
        Dotted name of the folder whose modules each define one entry.
    attribute : str
        Name of the module-level object that is the entry. It has a ``name``.
    noun : str
        What an entry is called in messages, for example ``"file format"``.
    group : str
        Entry-point group by which other packages add entries.
    """

    def __init__(self, package: str, *, attribute: str, noun: str, group: str) -> None:
        self.package = package
        self.attribute = attribute
        self.noun = noun
        self.group = group
        self._entries: dict[str, Entry] | None = None

    def _load(self) -> dict[str, Entry]:
        folder = importlib.import_module(self.package)
        names = sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if m.name[0] != "_")
        modules = (importlib.import_module(f"{self.package}.{name}") for name in names)
        found = [getattr(module, self.attribute) for module in modules]
        found += [point.load() for point in entry_points(group=self.group)]
        entries: dict[str, Entry] = {}
        for entry in found:
            name = entry.name
            if name in entries:
                raise InputError(f'Two {self.noun} entries are called "{name}"; rename one.')
            entries[name] = entry
        return entries

    @property
    def entries(self) -> dict[str, Entry]:
        """All entries by name, imported on first use."""
        if self._entries is None:
            self._entries = self._load()
        return self._entries

    def __getitem__(self, name: str) -> Entry:
        try:
            return self.entries[name]
        except KeyError:
            raise InputError(
                f'Unknown {self.noun} "{name}". {did_you_mean(name, self.names())}'
            ) from None

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def __len__(self) -> int:
        return len(self.entries)

    def names(self) -> list[str]:
        """Names of all entries, in order."""
        return list(self.entries)
