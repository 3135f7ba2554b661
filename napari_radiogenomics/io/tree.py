"""Which files exist, with one look at each folder instead of one at each file."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from napari_radiogenomics.errors import InputError

__all__ = ["Finding", "Tree", "find_first", "walk"]

_IGNORED = re.compile(r"^(\.|__MACOSX$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
# Names in one folder among which a similar one is looked for.
_MOST_COMPARED = 500
# Missing files for which one is looked for; where all are missing, the folder is wrong.
_MOST_SUGGESTED = 200


def is_absolute(path: str) -> bool:
    """Whether a path of either system is absolute.

    Examples
    --------
    >>> is_absolute("/data/a.nii"), is_absolute("C:/a.nii"), is_absolute("a/b.nii")
    (True, True, False)
    """
    return path.startswith(("/", "\\\\")) or bool(_DRIVE.match(path))


@dataclass(frozen=True)
class Finding:
    """What became of a path in a table.

    Attributes
    ----------
    path : str
        Path to use, with forward slashes; ``""`` where there is none.
    what, remedy : str
        What is wrong, and what to do; ``""`` where nothing is.
    usable : bool
        Whether there is something to open.
    """

    path: str
    what: str = ""
    remedy: str = ""
    usable: bool = True


@dataclass
class Tree:
    """Existence of files below a root; each folder is listed once, when it is asked for.

    Attributes
    ----------
    root : Path
        Folder to which paths are relative.
    absolute : bool
        Whether paths may lie outside it.
    claimed : frozenset of str
        Paths that are somebody's already, and so are not proposed for a missing one.
    """

    root: Path
    absolute: bool = False
    claimed: frozenset[str] = frozenset()
    _listings: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    _suggested: int = field(default=0, repr=False)

    def listing(self, folder: str) -> dict[str, str]:
        """Names in a folder, by their lower-case form; empty where there is no such folder."""
        if folder not in self._listings:
            try:
                names = os.listdir(os.path.join(self.root, folder))
            except OSError:
                names = []
            exact = {name: name for name in names}
            self._listings[folder] = {name.lower(): name for name in names} | exact
        return self._listings[folder]

    def exists(self, path: str) -> bool:
        """Whether a path with forward slashes exists, letter by letter."""
        folder, _, name = path.rpartition("/")
        if path.startswith("/") and not folder:
            folder = "/"
        return self.listing(folder).get(name) == name

    def find(self, text: str) -> Finding:
        """Look for the file that a cell names; see `Finding`."""
        path = text
        what = remedy = ""
        if "\\" in path:
            path = path.replace("\\", "/")
            what, remedy = "The path has backslashes.", f"Write {path}, which every system reads."
        if is_absolute(path):
            relative = self._below_root(path)
            if relative:
                what = f"{text} is absolute, which breaks when the folder moves."
                path, remedy = relative, f"Write {relative}."
            elif not self.absolute:
                what = f"{text} is absolute and lies outside the cohort's folder; it is not opened."
                return Finding("", what, "Move the file into the folder.", usable=False)
        else:
            path = os.path.normpath(path).replace(os.sep, "/") if path else path
            if (path == ".." or path.startswith("../")) and not self.absolute:
                what = f"{text} leads out of the cohort's folder; it is not opened."
                return Finding("", what, "Move the file into the folder.", usable=False)
        if self.exists(path):
            return Finding(path, what, remedy)
        return self._missing(path)

    def _below_root(self, path: str) -> str:
        for root in (self.root, self.root.resolve()):
            start = str(root).replace(os.sep, "/").rstrip("/") + "/"
            if path.startswith(start):
                return os.path.normpath(path[len(start) :]).replace(os.sep, "/")
        return ""

    def _missing(self, path: str) -> Finding:
        """Follow the path as far as it goes, with other upper and lower case where needed."""
        done = "/" if path.startswith("/") else ""
        parts = [part for part in path.split("/") if part]
        for place, part in enumerate(parts):
            names = self.listing(done)
            name = names.get(part) or names.get(part.lower(), "")
            if not name:
                return self._unknown(path, done, parts[place:])
            done = f"{done.rstrip('/')}/{name}" if done else name
        what = f"{path} is written {done} on disk, which other systems do not find."
        return Finding(done, what, f"Write {done}.")

    def _unknown(self, path: str, done: str, rest: list[str]) -> Finding:
        few = self._suggested < _MOST_SUGGESTED
        names = sorted(set(self.listing(done).values()))[:_MOST_COMPARED] if few else []
        where = done or "the cohort's folder"
        what = f"{path} does not exist."
        if len(rest) > 1:
            what = f"{path} does not exist: there is no folder {rest[0]} in {where}."
        self._suggested += 1
        for name in difflib.get_close_matches(rest[0], names):
            nearest = "/".join(filter(None, (done.rstrip("/"), name, *rest[1:])))
            if nearest not in self.claimed:
                return Finding(path, what, f"Did you mean {nearest}?", usable=False)
        return Finding(path, what, f"Correct the path or copy the file to {where}.", usable=False)


def walk(root: Path, *, depth: int = 12) -> Iterator[tuple[str, list[str]]]:
    """Go through a tree in order of names.

    Parameters
    ----------
    root : Path
        Where to begin.
    depth : int, optional
        Levels below the root; deeper folders are not entered.

    Yields
    ------
    folder : str
        Relative to the root, with forward slashes; ``""`` for the root.
    files : list of str
        Names of the files in it. Hidden files and those that systems leave behind are skipped.

    Raises
    ------
    InputError
        If the root cannot be listed.
    """
    if not root.is_dir():
        raise InputError(f"{root} is no folder. Choose the folder that holds the cohort.")
    pending, seen = [""], set()
    while pending:
        folder = pending.pop()
        try:
            place = os.stat(root / folder)
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            if not folder:
                raise InputError(f"{root} cannot be listed: {error}.") from error
            continue
        if (place.st_dev, place.st_ino) in seen and place.st_ino:
            continue  # a link that leads back into the tree
        seen.add((place.st_dev, place.st_ino))
        entries = [entry for entry in entries if not _IGNORED.match(entry.name)]
        yield folder, [entry.name for entry in entries if entry.is_file()]
        if len(PurePosixPath(folder).parts) < depth:
            below = [entry.name for entry in entries if entry.is_dir()]
            pending += [f"{folder}/{name}" if folder else name for name in reversed(below)]


def find_first(root: Path, pattern: re.Pattern[str], *, depth: int = 3, folders: int = 200) -> str:
    """Path of the first file whose name matches, or ``""``; looks at few folders only.

    Parameters
    ----------
    root : Path
        Where to begin; a file answers for itself.
    pattern : re.Pattern
        Matched against the whole name.
    depth, folders : int, optional
        How deep, and at how many folders, to look.
    """
    if root.is_file():
        return root.name if pattern.fullmatch(root.name) else ""
    for count, (folder, files) in enumerate(walk(root, depth=depth)):
        for name in files:
            if pattern.fullmatch(name):
                return f"{folder}/{name}" if folder else name
        if count >= folders:
            break
    return ""
