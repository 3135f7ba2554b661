"""Sort the planes of a series into stacks: by orientation, and by what repeats at one place."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_radiogenomics.data.image import FourthAxis
from napari_radiogenomics.io.dicom.grid import depth_groups
from napari_radiogenomics.io.dicom.planes import Plane

__all__ = ["Stack", "by_series_and_plane", "split"]

# What may tell planes at one place apart, most telling first, and the axis it makes.
_FACTS: tuple[tuple[str, FourthAxis], ...] = (
    ("time point", "time"),
    ("stack", "channel"),
    ("b", "channel"),
    ("TE", "channel"),
    ("TI", "channel"),
    ("direction", "channel"),
    ("type", "channel"),
    ("reference", "time"),
    ("trigger", "time"),
    ("acquisition", "time"),
)
_UNITS = {"TE": "ms", "TI": "ms", "trigger": "ms", "reference": "s", "b": "s/mm²"}


@dataclass(frozen=True)
class Stack:
    """Planes that make one image.

    Attributes
    ----------
    volumes : tuple of tuple of Plane
        For each volume its planes, sorted along the normal; all volumes have the same places.
    axis : {"", "channel", "time"}
        What the volumes differ in.
    labels : tuple of str
        Name of each volume.
    notes : tuple of str
        What a person should know about the sorting.
    """

    volumes: tuple[tuple[Plane, ...], ...]
    axis: FourthAxis = ""
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def by_series_and_plane(planes: Iterable[Plane]) -> list[list[Plane]]:
    """Group planes that may form one stack: same series, orientation, matrix and pixel size."""
    groups: list[tuple[tuple[Hashable, ...], np.ndarray, list[Plane]]] = []
    for plane in planes:
        header = plane.header
        spacing = tuple(round(s, 4) for s in plane.spacing) if plane.spacing else None
        key = (
            str(header.get("SeriesInstanceUID", "")),
            str(header.get("FrameOfReferenceUID", "")),
            int(header.Rows),
            int(header.Columns),
            int(header.get("SamplesPerPixel") or 1),
            spacing,
            plane.path if not plane.placed else None,  # without a place, files stay apart
        )
        direction = plane.orientation if plane.orientation is not None else np.zeros(6)
        for known, reference, members in groups:
            # 1e-3 is 0.06°: rounding in the header, not another orientation.
            if known == key and np.abs(reference - direction).max() < 1e-3:
                members.append(plane)
                break
        else:
            groups.append((key, direction, [plane]))
    return [members for _, _, members in groups]


def split(planes: Sequence[Plane], where: Path) -> list[Stack]:
    """Sort planes of one orientation into stacks with one plane at each place.

    Where planes repeat at every place and the header tells them apart (echo time, b-value,
    time), they become one four-dimensional stack; else they are kept apart and it is told.
    """
    if not planes[0].placed:
        return [_unplaced(planes)]
    groups = depth_groups(planes)
    most = max(len(group) for group in groups)
    if most == 1:
        return [Stack((tuple(group[0] for group in groups),))]
    regular = all(len(group) == most for group in groups)
    if regular and (stack := _by_facts(groups, most) or _by_moment(groups)):
        return [stack]
    return _apart(groups, most, where)


def _unplaced(planes: Sequence[Plane]) -> Stack:
    if len(planes) == 1:
        return Stack(((planes[0],),))
    header = planes[0].header
    cine = "FrameTime" in header or header.get("Modality") in ("US", "XA", "RF", "ES", "XC")
    axis: FourthAxis = "time" if cine else "channel"
    return Stack(tuple((plane,) for plane in planes), axis, _numbered(len(planes), "frame"))


def _numbered(count: int, what: str) -> tuple[str, ...]:
    return tuple(f"{what} {n + 1}" for n in range(count))


def _by_facts(groups: Sequence[Sequence[Plane]], most: int) -> Stack | None:
    """Volumes by one fact, or by two together, that every place repeats in the same way."""
    for count in (1, 2):
        for chosen in itertools.combinations(_FACTS, count):
            names = tuple(name for name, _ in chosen)
            keys = [sorted(_key(plane, names) for plane in group) for group in groups]
            if len(set(keys[0])) == most and all(key == keys[0] for key in keys):
                axis: FourthAxis = "time" if chosen[-1][1] == "time" else "channel"
                ordered = [sorted(group, key=lambda p: _key(p, names)) for group in groups]
                labels = tuple(_label(key, names) for key in keys[0])
                return Stack(tuple(zip(*ordered, strict=True)), axis, labels)
    return None


def _key(plane: Plane, names: Sequence[str]) -> tuple[tuple[bool, str, tuple[float, ...]], ...]:
    """Sortable values of some facts; an absent one comes first."""
    key = []
    for name in names:
        value = plane.facts.get(name)
        numbers = (value,) if isinstance(value, int | float) else ()
        if isinstance(value, tuple) and value and isinstance(value[0], float):
            numbers = value
        text = "" if numbers or value is None else "\\".join(value)
        key.append((value is not None, text, tuple(round(float(n), 4) for n in numbers)))
    return tuple(key)


def _label(key: tuple[tuple[bool, str, tuple[float, ...]], ...], names: Sequence[str]) -> str:
    parts = []
    for (known, text, numbers), name in zip(key, names, strict=True):
        shown = text or ", ".join(f"{number:g}" for number in numbers)
        if not known:
            shown = "none"
        parts.append(f"{name} {shown} {_UNITS.get(name, '')}".strip())
    return ", ".join(parts)


def _by_moment(groups: Sequence[Sequence[Plane]]) -> Stack | None:
    """Volumes by the rank of the acquisition time at each place, where it is always known."""
    ordered = []
    for group in groups:
        moments = [plane.facts.get("acquired") for plane in group]
        if None in moments or len(set(moments)) < len(group):
            return None
        ordered.append(sorted(group, key=lambda plane: plane.facts["acquired"]))
    volumes = tuple(zip(*ordered, strict=True))
    starts = [min(plane.facts["acquired"] for plane in volume) for volume in volumes]
    labels = tuple(f"{start - starts[0]:g} s" for start in starts)
    return Stack(volumes, "time", labels)


def _apart(groups: Sequence[Sequence[Plane]], most: int, where: Path) -> list[Stack]:
    """Volumes by the first fact that sorts repeats, else by instance number, kept apart."""
    planes = [plane for group in groups for plane in group]
    repeated = [group for group in groups if len(group) > 1]
    first = repeated[0]
    more = f" (and so at {len(repeated) - 1} more places)" if len(repeated) > 1 else ""
    note = (
        f"{where}: {first[0].name} and {first[1].name} lie at the same place{more}, and not "
        f"every place has {most} slices that the headers tell apart alike"
    )
    for name, _ in _FACTS:
        values = sorted({_key(plane, (name,)) for plane in planes})
        sorted_out = [[p for p in planes if _key(p, (name,)) == value] for value in values]
        if len(values) == most and all(_one_each(members) for members in sorted_out):
            labels = [_label(value, (name,)) for value in values]
            return _named(sorted_out, labels, f"{note}. They are kept apart by {name}.")
    ranked: list[list[Plane]] = [[] for _ in range(most)]
    for group in groups:
        order = sorted(group, key=lambda p: (p.facts.get("instance", 0.0), p.path.name, p.frame))
        for rank, plane in enumerate(order):
            ranked[rank].append(plane)
    labels = [f"({rank + 1} of {most})" for rank in range(most)]
    remedy = "Where one slice lies there twice, move one of its files away."
    return _named(ranked, labels, f"{note}. They are kept apart by instance number. {remedy}")


def _one_each(members: Sequence[Plane]) -> bool:
    return all(len(group) == 1 for group in depth_groups(members))


def _named(parts: Sequence[Sequence[Plane]], labels: Sequence[str], note: str) -> list[Stack]:
    return [
        Stack((tuple(group[0] for group in depth_groups(part)),), "", (label,), (note,))
        for part, label in zip(parts, labels, strict=True)
    ]
