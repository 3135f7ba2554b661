"""Fill the slices between drawn ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.segmentation.blend import Way, blended, shares
from napari_radiogenomics.segmentation.edit import (
    Mask,
    Region,
    require_labels,
    require_unlocked,
    spacing_zyx,
    values_of,
    with_masks,
)
from napari_radiogenomics.segmentation.seeds import Appearance, grow_seeds, scaled
from napari_radiogenomics.segmentation.slices import between, drawn_slices
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "Across", "Between", "interpolate"]

Across = Literal["auto", "k", "j", "i"]
Between = Literal["auto", "image", "shape", "distance"]
_AXES = {"k": 0, "j": 1, "i": 2}
_WAYS = ["auto", "image", "shape", "distance"]

_AROUND_MM = 15.0  # how far beyond the drawn outlines a shape may move between slices
_SHAPE_MM = 5.0  # distance from the interpolated outline at which the image counts twice as much
# The image has a say where it tells at least this part of a drawn slice from the others'.
_TELLING = 0.65
_LITTLE = 0.2  # part of the scan below which it is told


@verb
def interpolate(
    segmentation: Segmentation,
    image: Image | None = None,
    *,
    labels: Sequence[int] | None = None,
    across: Across = "auto",
    method: Between = "auto",
    largest_gap_mm: float | None = None,
    follow_shift: bool = False,
    locked: Sequence[int] = (),
    progress: Progress = quiet,
) -> Segmentation:
    """Fill the slices between drawn ones; drawn slices and other labels stay as they are.

    Parameters
    ----------
    segmentation : Segmentation
        Labels drawn in some of the slices.
    image : Image, optional
        Scan on the same grid; with it, shapes follow what the drawn regions look like.
    labels : sequence of int, optional
        Labels to fill in; all that are not locked and have gaps where None is given.
    across : {"auto", "k", "j", "i"}, optional
        Axis of the grid that the drawn slices lie across (``"k"``: the acquired slices);
        ``"auto"`` takes the one along which the largest part of a label's extent is empty.
    method : {"auto", "image", "shape", "distance"}, optional
        ``"image"`` grows the drawn regions through the scan, near the interpolated shape;
        ``"shape"`` interpolates distances and lets areas change smoothly, as in a round body;
        ``"distance"`` interpolates distances alone, which suits straight bodies. ``"auto"``
        leaves out each drawn slice in turn and blends the ways by how well they predict it; of
        fewer than four drawn slices it takes ``"image"`` where a scan is given that tells the
        region from its surroundings, and ``"shape"`` otherwise.
    largest_gap_mm : float, optional
        Leave wider gaps empty; drawn slices count as separate regions there.
    follow_shift : bool, optional
        Move shapes that do not overlap along the line between their centres, as of a vessel
        that runs at an angle.
    locked : sequence of int, optional
        Labels that never change.
    progress : Progress, optional
        Reports the labels, may cancel.

    Returns
    -------
    Segmentation
        With a note where the scan was of no help.

    Raises
    ------
    InputError
        If a label has no gap, is locked, or a scan is needed and not given.
    GeometryError
        If scan and segmentation are on different grids.

    References
    ----------
    Raya and Udupa, IEEE Trans Med Imaging 1990, doi:10.1109/42.52980.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> drawn = np.zeros((3, 5, 5), np.uint8); drawn[[0, 2], 1:4, 1:4] = 1
    >>> grid = Geometry((5, 5, 3), (1, 1, 3))
    >>> interpolate(Segmentation(drawn, grid), method="distance").labels.sum(axis=(1, 2)).tolist()
    [9, 9, 9]
    """
    _require_ways(across, method, image)
    wanted, axes = _wanted(segmentation, labels, across, locked)
    values = None if image is None else values_of(image, segmentation)
    result, notes = segmentation, list(segmentation.notes)
    for label in progress(wanted, "Labels"):
        mask = segmentation.mask(label)
        plane = _Stack(mask, axes[label], spacing_zyx(segmentation), largest_gap_mm)
        filled, note = _filled(plane, values, method, follow_shift)
        result = with_masks(result, {label: mask | filled}, locked=locked, overwrite=False)
        notes += [f"Label {label}: {note}"] if note else []
    return replace(result, notes=tuple(notes))


def _require_ways(across: str, method: str, image: Image | None) -> None:
    if method not in _WAYS:
        raise InputError(f'Unknown method "{method}". {did_you_mean(method, _WAYS)}')
    if across not in ("auto", *_AXES):
        raise InputError(f'Unknown axis "{across}". {did_you_mean(across, ["auto", *_AXES])}')
    if method == "image" and image is None:
        raise InputError('The method "image" needs a scan. Choose one, or method="shape".')


def _wanted(
    segmentation: Segmentation, labels: Sequence[int] | None, across: str, locked: Sequence[int]
) -> tuple[list[int], dict[int, int]]:
    """Labels to fill in, and the axis of the array along which each has its gaps."""
    asked = labels
    if labels is None:
        labels = [label for label in segmentation.present if label not in locked]
    found = require_labels(segmentation, labels)
    require_unlocked(segmentation, found, locked)
    axes, without = {}, []
    for label in found:
        gaps = {axis: _gaps(segmentation.mask(label), number) for axis, number in _AXES.items()}
        axis = across if across != "auto" else max(gaps, key=lambda name: gaps[name])
        if gaps[axis]:
            axes[label] = _AXES[axis]
        else:
            without.append(label)
    if not axes or (asked is not None and without):
        where = f"across {across}" if across != "auto" else "across any axis"
        raise InputError(
            f"Label {', '.join(map(str, without))} has no empty slice between drawn ones {where}. "
            "Draw it in two slices with a gap, or choose another axis."
        )
    return list(axes), axes


def _gaps(mask: Mask, axis: int) -> float:
    """Part of the slices between the first and the last drawn that are empty."""
    drawn = drawn_slices(np.moveaxis(mask, axis, 0))
    return 1 - len(drawn) / float(drawn[-1] - drawn[0] + 1)


class _Stack:
    """One label with its slices first, cut to what lies between the first and the last drawn."""

    def __init__(
        self, mask: Mask, axis: int, spacing: Sequence[float], largest_gap: float | None
    ) -> None:
        pad = [int(np.ceil(_AROUND_MM / step)) + 1 for step in spacing]
        pad[axis] = 0
        self.part, self.axis = Region(mask, pad), axis
        self.mask: Mask = self.turned(self.part.mask)
        order = [axis, *(a for a in range(3) if a != axis)]
        self.spacing = [spacing[a] for a in order]
        self.runs = self._runs(largest_gap)

    def turned(self, array: NDArray) -> NDArray:
        """Slices first."""
        return np.moveaxis(array, self.axis, 0)

    def whole(self, mask: Mask) -> Mask:
        """Back to the grid."""
        return self.part.whole(np.moveaxis(mask, 0, self.axis))

    def _runs(self, largest_gap: float | None) -> list[slice]:
        """Parts of the stack between gaps that are too wide."""
        drawn = drawn_slices(self.mask)
        if largest_gap is None:
            return [slice(0, len(self.mask))]
        wide = np.flatnonzero((np.diff(drawn) - 1) * self.spacing[0] > largest_gap + 1e-6)
        starts = [int(drawn[0]), *(int(drawn[n + 1]) for n in wide)]
        stops = [*(int(drawn[n]) + 1 for n in wide), int(drawn[-1]) + 1]
        return [slice(a, b) for a, b in zip(starts, stops, strict=True)]


def _filled(
    stack: _Stack, values: NDArray | None, method: str, follow_shift: bool
) -> tuple[Mask, str]:
    filled, notes = np.zeros(stack.mask.shape, bool), []
    for run in stack.runs:
        mask = stack.mask[run]
        if mask.any(axis=(1, 2)).all():
            continue
        ways, note = _ways(stack, run, values, method, follow_shift)
        inside, more = _by_the_best(mask, ways, stack.spacing)
        inside[mask.any(axis=(1, 2))] = False
        filled[run] = inside
        notes += [text for text in (note, more) if text]
    return stack.whole(filled), notes[0] if notes else ""


def _ways(
    stack: _Stack, run: slice, values: NDArray | None, method: str, follow_shift: bool
) -> tuple[dict[str, Way], str]:
    """Ways that a method allows, the one that is trusted first; why the scan is none of them."""
    mask, spacing = stack.mask[run], stack.spacing

    def shaped(rounded: bool) -> Way:
        def fill(mask: Mask, part: slice, left_out: int | None) -> Mask:
            return between(mask, spacing, rounded=rounded, follow_shift=follow_shift) > 0

        return Way(fill)

    if method in ("distance", "shape"):
        return {method: shaped(method == "shape")}, ""
    ways = {"shape": shaped(True), "distance": shaped(False)}
    if values is None:
        return ways, ""
    near = scaled(stack.turned(values[stack.part.box])[run])
    guide = _Guide(near, mask, spacing, follow_shift)
    if method == "image":
        return {"image": Way(guide.fill)}, ""
    if guide.told_apart < _TELLING:
        return ways, (
            "the scan does not tell the region from its surroundings, so that only its shape was "
            "interpolated."
        )
    return {"image": Way(guide.fill, order=1), **ways}, ""


def _by_the_best(mask: Mask, ways: dict[str, Way], spacing: Sequence[float]) -> tuple[Mask, str]:
    """Blend by what predicts drawn slices; the first way where too few are drawn to tell."""
    whole = slice(0, len(mask))
    parts = shares(mask, ways) if len(ways) > 1 else {}
    if not parts:
        return next(iter(ways.values())).fill(mask, whole, None), ""
    filled = {name: way.fill(mask, whole, None) for name, way in ways.items()}
    part = parts.get("image", 1.0)
    note = (
        f"drawn slices are predicted better by their neighbours' shapes than by the scan, which "
        f"counts for {part:.0%}."
        if part < _LITTLE
        else ""
    )
    return blended(filled, parts, spacing), note


class _Guide:
    """Grows region and surroundings from drawn slices through the scan."""

    def __init__(
        self,
        values: NDArray[np.float64],
        mask: Mask,
        spacing: Sequence[float],
        follow_shift: bool,
    ) -> None:
        self.values, self.spacing, self.follow_shift = values, spacing, follow_shift
        self.drawn = drawn_slices(mask)
        self.seeds = _both_sides(mask)
        self.look = Appearance(values, spacing)

    @property
    def told_apart(self) -> float:
        """How well region and surroundings differ."""
        return _told_apart(self.look, self.seeds, self.drawn)

    def fill(self, mask: Mask, part: slice, left_out: int | None) -> Mask:
        """Fill a part of the stack; what is left out is not looked at."""
        known = self.seeds
        if left_out is not None:
            known = known.copy()
            known[left_out] = 0
        level = between(mask, self.spacing, rounded=True, follow_shift=self.follow_shift)
        by_look = self.look.likelihoods(known, (1, 2))[0][part]
        by_shape = np.clip(1 / (1 + np.exp(-np.clip(level / _SHAPE_MM, -30, 30))), 0.02, 0.98)
        both = by_look * by_shape
        both /= both + (1 - by_look) * (1 - by_shape)
        likelihoods = np.stack([both, 1 - both])
        seeds = _both_sides(mask)
        found = grow_seeds(self.values[part], seeds, (1, 2), self.spacing, likelihoods=likelihoods)
        return found == 1


def _both_sides(mask: Mask) -> NDArray[np.uint8]:
    """Region (1) and surroundings (2) in drawn slices."""
    drawn = drawn_slices(mask)
    seeds = np.zeros(mask.shape, np.uint8)
    seeds[drawn] = np.where(mask[drawn], 1, 2)
    return seeds


def _told_apart(look: Appearance, seeds: NDArray[np.integer], drawn: NDArray[np.intp]) -> float:
    """Mean part of region and surroundings told right in a slice, by the looks of the others."""
    right = []
    for k in drawn:
        others = seeds.copy()
        others[k] = 0
        chance = look.likelihoods(others, (1, 2))[0][k]  # (Y, X)
        region = seeds[k] == 1
        right.append((np.mean(chance[region] > 0.5) + np.mean(chance[~region] <= 0.5)) / 2)
    return float(np.mean(right))


TOOL = Tool(
    "interpolate",
    "Interpolate",
    "draw",
    "Fills the slices between drawn ones, by their shapes and by what the scan shows.",
    interpolate,
    limits="What appears and ends between two drawn slices cannot be found.",
    doi="10.1109/42.52980",
)
