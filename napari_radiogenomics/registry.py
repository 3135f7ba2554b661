"""Registries: a folder of modules, one entry a file, found on first use.

A texture family, a file format, a cohort layout: each is one new module in its folder that
defines one module-level object. Third parties add theirs by entry point. Nothing is imported
before somebody asks.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from napari_radiogenomics.errors import DataWarning, InputError

__all__ = ["Registry", "did_you_mean"]

Entry = TypeVar("Entry")


_MOST_NAMED = 12


def did_you_mean(name: str, known: list[str]) -> str:
    """Say which known name an unknown one resembles; of many, the nearest are listed.

    Examples
    --------
    >>> did_you_mean("niffti", ["nifti", "nrrd"])
    'Did you mean "nifti"? Known: nifti, nrrd.'
    >>> did_you_mean("gmm", ["gaussian_mixture", "kmeans"])
    'Did you mean "gaussian_mixture"? Known: gaussian_mixture, kmeans.'
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=3)
    close.sort(key=lambda found: sorted(found) != sorted(name.lower()))  # swapped letters first
    close = close or [one for one in by_lower if _is_short_for(name.lower(), one)]
    hint = f'Did you mean "{by_lower[close[0]]}"? ' if close else ""
    if len(known) <= _MOST_NAMED:
        return f"{hint}Known: {', '.join(known) or 'none'}."
    near = difflib.get_close_matches(name.lower(), by_lower, n=_MOST_NAMED, cutoff=0.3)
    listed = list(dict.fromkeys([*(by_lower[one] for one in near), *known]))[:_MOST_NAMED]
    return f"{hint}Known: {', '.join(listed)}, … and {len(known) - len(listed)} more."


def _is_short_for(name: str, known: str) -> bool:
    """Whether a name begins with the initials of a known one of several words."""
    initials = "".join(word[0] for word in re.split(r"[\W_]+", known) if word)
    return len(initials) > 1 and name.startswith(initials)


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
        Entry-point group by which other packages add entries. One that cannot be loaded, or
        takes a name that is already there, is left out with a `DataWarning`.

    Examples
    --------
    >>> from napari_radiogenomics.io.format import FORMATS
    >>> FORMATS["nifti"].title, "nrrd" in FORMATS
    ('NIfTI', True)
    """

    def __init__(self, package: str, *, attribute: str, noun: str, group: str) -> None:
        self.package = package
        self.attribute = attribute
        self.noun = noun
        self.group = group
        self._entries: dict[str, Entry] | None = None

    def _load(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        folder = importlib.import_module(self.package)
        for name in sorted(m.name for m in pkgutil.iter_modules(folder.__path__)):
            if not name.startswith("_"):
                module = importlib.import_module(f"{self.package}.{name}")
                self._add(entries, getattr(module, self.attribute))
        for point in entry_points(group=self.group):
            # What another package brings must not take away what is here.
            try:
                self._add(entries, point.load())
            except (ImportError, AttributeError, InputError) as error:
                warnings.warn(
                    f"The {self.noun} {point.name} of {point.value} is left out: {error}. "
                    "Update or remove the package that brings it.",
                    DataWarning,
                    stacklevel=3,
                )
        return entries

    def _add(self, entries: dict[str, Entry], entry: Any) -> None:
        if entry.name in entries:
            raise InputError(f'Two {self.noun} entries are called "{entry.name}"; rename one')
        entries[entry.name] = entry

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
                f'Unknown {self.noun} "{name}". {did_you_mean(str(name), self.names())}'
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

    def titles(self) -> dict[str, str]:
        """Names of all entries, each with its title."""
        entries: Mapping[str, Any] = self.entries
        return {name: entry.title for name, entry in entries.items()}

    def meanings(self) -> dict[str, str]:
        """Names of all entries, each with its title and what it means in plain words."""
        entries: Mapping[str, Any] = self.entries
        return {name: f"{entry.title}. {entry.meaning}" for name, entry in entries.items()}
