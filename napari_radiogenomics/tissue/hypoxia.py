"""Hypoxia: which part of the tissue is positive for CAIX or pimonidazole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.tissue.scene import Scene

__all__ = [
    "AMOUNT_STEP", "HISTOGRAM_STEP", "Stained", "faint_notes", "full_notes", "histogram",
    "otsu", "stained_by_cell",
]  # fmt: skip

HISTOGRAM_STEP = 0.01
AMOUNT_STEP = 0.001
_HIGHEST = 3.0
_SMOOTH = 2.0  # steps of the histogram
# Between two kinds of tissue the histogram falls to this part of the lower of its two peaks.
_VALLEY = 0.8
_LEAST_SHARE = 0.01
_LEVELS = 3
# A window is as good as all positive above this percentage.
_FULL = 95.0
# A smaller part of the tissue than this is next to nothing, and as good as all lies below the most.
_NEXT_TO_NOTHING = 1e-3


def histogram(scene: Scene, progress: Progress) -> NDArray[np.int64]:
    """Histogram of the amount of stain in the tissue, in steps of 0.01 from 0; less counts as 0."""
    counts = _no_counts()
    for tile in scene.tiles(progress, "Histogram"):
        _count(counts, scene.contrast(tile)[scene.at(tile, scene.ground.counted)])
    return counts


def _no_counts() -> NDArray[np.int64]:
    return np.zeros(round(_HIGHEST / HISTOGRAM_STEP), np.int64)


def _count(counts: NDArray[np.int64], values: NDArray[np.float32]) -> None:
    steps = np.clip(values / HISTOGRAM_STEP, 0, len(counts) - 1).astype(np.intp)
    counts += np.bincount(steps, minlength=len(counts))


def otsu(counts: NDArray[np.int64]) -> float:
    """Otsu's threshold of a histogram that has two peaks.

    Parameters
    ----------
    counts : ndarray of int
        From `histogram`.

    Returns
    -------
    float
        Amount of stain that divides the two.

    Raises
    ------
    InputError
        If the histogram has one peak only: then a threshold would divide what is all alike.

    References
    ----------
    Otsu, IEEE Trans SMC 1979, doi:10.1109/TSMC.1979.4310076.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = np.concatenate([rng.normal(0.1, 0.03, 5000), rng.normal(0.5, 0.08, 2000)])
    >>> counts, _ = np.histogram(values, np.arange(0, 3.005, 0.01))
    >>> 0.2 < otsu(counts) < 0.4
    True
    """
    from scipy.ndimage import gaussian_filter1d

    share = counts / max(1, counts.sum())
    middles = (np.arange(len(counts)) + 0.5) * HISTOGRAM_STEP
    below, partial = np.cumsum(share)[:-1], np.cumsum(share * middles)[:-1]
    mean = float((share * middles).sum())
    both = (np.cumsum(counts)[:-1] > 0) & (np.cumsum(counts)[:-1] < counts.sum())
    between = np.zeros(len(below))
    between[both] = (mean * below - partial)[both] ** 2 / (below * (1 - below))[both]
    # The middle of all that are best: between two peaks far apart any threshold is.
    cut = int(np.flatnonzero(between >= between.max() * (1 - 1e-12)).mean()) + 1
    smooth = gaussian_filter1d(share, _SMOOTH)
    low, high = int(smooth[:cut].argmax()), cut + int(smooth[cut:].argmax())
    valley = smooth[low : high + 1].min()
    lower = min(smooth[low], smooth[high])
    small = min(share[:cut].sum(), share[cut:].sum())
    if small < _LEAST_SHARE or valley > _VALLEY * lower:
        raise InputError(
            "The stain of this tissue has one peak, not two: it is all positive or all negative "
            "or a slow change, and Otsu's threshold would divide what is alike. Give a fixed "
            "threshold, the same for all slides of a study."
        )
    return float(cut * HISTOGRAM_STEP)


@dataclass(frozen=True, eq=False)
class Stained:
    """How the tissue is stained.

    Attributes
    ----------
    positive : ndarray of int, shape of the cells
        Positive pixels.
    amount : ndarray of int, shape of the cells
        Sum of the amount of stain, in steps of 0.001; less than nothing counts as 0.
    levels : ndarray of int, shape (3,)
        Pixels at the threshold or above, at twice and at three times of it.
    steps : ndarray of int
        Histogram of the amount, as of `histogram`.
    """

    positive: NDArray[np.int64]
    amount: NDArray[np.int64]
    levels: NDArray[np.int64]
    steps: NDArray[np.int64]

    @property
    def most(self) -> float:
        """Amount of stain that no more than one pixel of a thousand exceeds."""
        part = np.cumsum(self.steps) / max(1, int(self.steps.sum()))
        return float((np.searchsorted(part, 1 - _NEXT_TO_NOTHING) + 1) * HISTOGRAM_STEP)


def stained_by_cell(scene: Scene, threshold: float, progress: Progress) -> Stained:
    """Sum up the stain in each cell.

    Parameters
    ----------
    scene : Scene
        The slide.
    threshold : float
        From which on a pixel is positive.
    progress : Progress
        Reports tiles.
    """
    found = Stained(
        np.zeros(scene.cells.shape, np.int64),
        np.zeros(scene.cells.shape, np.int64),
        np.zeros(_LEVELS, np.int64),
        _no_counts(),
    )
    for tile in scene.tiles(progress, "Stain"):
        values, counted = scene.contrast(tile), scene.at(tile, scene.ground.counted)
        _count(found.steps, values[counted])
        values = np.where(counted, values, -1)
        scene.cells.add(found.positive, values >= threshold, tile, scene.lattice)
        steps = np.rint(np.maximum(values, 0) / AMOUNT_STEP).astype(np.int64)
        scene.cells.add(found.amount, steps, tile, scene.lattice)
        found.levels[:] += [int((values >= threshold * (k + 1)).sum()) for k in range(_LEVELS)]
    return found


def faint_notes(seen: Stained, threshold: float) -> tuple[str, ...]:
    """Say where nothing, or next to nothing, is above the threshold: that may be the stain's fault.

    Parameters
    ----------
    seen : Stained
        How the tissue is stained.
    threshold : float
        From which on a pixel is positive.
    """
    total, positive = int(seen.steps.sum()), int(seen.levels[0])
    if positive >= _NEXT_TO_NOTHING * total:
        return ()
    where = f"In {100 * positive / total:.2g} % only is" if positive else "Nowhere is"
    return (
        f"{where} the stain {threshold:g} OD or more; 99.9 % of the tissue has less than "
        f"{seen.most:.2g} OD. Choose a lower threshold if the stain is weak, "
        "the same for all slides of a study.",
    )


def full_notes(percent: NDArray[np.float32], threshold: float) -> tuple[str, ...]:
    """Say where most of a map is as good as all positive: its ranks there are chance.

    Parameters
    ----------
    percent : ndarray
        Positive percent in the windows of the map; NaN where there is none.
    threshold : float
        From which on a pixel is positive.

    Examples
    --------
    >>> full_notes(np.array([99.0, 98.0, 40.0, np.nan], np.float32), 0.2)[0][:46]
    'In 67 % of the map more than 95 % is positive:'
    >>> full_notes(np.array([99.0, 80.0, 40.0], np.float32), 0.2)
    ()
    """
    known = percent[np.isfinite(percent)]
    full = float((known > _FULL).mean()) if known.size else 0.0
    if full <= 0.5:
        return ()
    return (
        f"In {100 * full:.0f} % of the map more than {_FULL:g} % is positive: the fraction cannot "
        "tell what is more hypoxic there, and what less. Look at the mean stain, or choose a "
        f"threshold above {threshold:g} OD, the same for all slides of a study.",
    )
