"""One segmentation out of several readers': STAPLE or majority.

Letters: R readers, V voxels, P patterns of votes that occur.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.segmentation.edit import Mask, holder_of, region

__all__ = ["Method", "Staple", "consensus", "staple"]

Method = Literal["STAPLE", "majority"]
_METHODS = ["STAPLE", "majority"]
_MOST_READERS = 32
_START = 0.99999  # sensitivity and specificity that each reader starts with
_CLOSE = 1e-10


@dataclass(frozen=True, eq=False)
class Staple:
    """Outcome of STAPLE for one label.

    Attributes
    ----------
    probability : ndarray of float64
        That a voxel belongs to the label, in the shape of the masks.
    sensitivity, specificity : tuple of float
        Of each reader against the estimated truth.
    rounds : int
        Steps until nothing changed.
    """

    probability: NDArray[np.float64]
    sensitivity: tuple[float, ...]
    specificity: tuple[float, ...]
    rounds: int


def staple(masks: Sequence[Mask], *, prior: float | None = None, most_rounds: int = 1000) -> Staple:
    """Estimate the truth behind several masks, and how good each reader is.

    Voxels with the same votes share one probability, so that only the patterns of votes are
    computed on, whatever the size of the scan.

    Parameters
    ----------
    masks : sequence of ndarray of bool, same shape
        One a reader; two or more.
    prior : float, optional
        Expected part of the voxels that belong to the label; the mean part over the readers
        where None is given. A box that is mostly background makes it small.
    most_rounds : int, optional
        Steps after which it gives up.

    Returns
    -------
    Staple

    Raises
    ------
    InputError
        If there are fewer than two masks or more than 32, shapes differ, or all are empty.

    References
    ----------
    Warfield et al., IEEE Trans Med Imaging 2004, doi:10.1109/TMI.2004.828354.

    Examples
    --------
    >>> votes = [np.array([1, 1, 1, 0], bool), np.array([1, 1, 0, 0], bool)]
    >>> staple([votes[0], votes[0], votes[1]]).probability.round(2).tolist()
    [1.0, 1.0, 1.0, 0.0]
    """
    _require_masks(masks)
    code = np.zeros(masks[0].shape, np.uint32)
    for reader, mask in enumerate(masks):
        code |= mask.astype(np.uint32) << np.uint32(reader)
    patterns, place, counts = np.unique(code, return_inverse=True, return_counts=True)
    votes = (patterns[None] >> np.arange(len(masks), dtype=np.uint32)[:, None]) & 1 == 1  # (R, P)
    share = float(votes @ counts @ np.ones(len(masks))) / (len(masks) * counts.sum())
    prior = share if prior is None else prior
    p = q = np.full(len(masks), _START)
    rounds = 0
    while rounds < most_rounds:
        rounds += 1
        weight = _expect(votes, p, q, prior)
        before = np.concatenate([p, q])
        p, q = _maximize(votes, counts, weight)
        if np.abs(np.concatenate([p, q]) - before).max() < _CLOSE:
            break
    weight = _expect(votes, p, q, prior)
    probability = weight[place.reshape(code.shape)]
    return Staple(probability, tuple(p.tolist()), tuple(q.tolist()), rounds)


def _require_masks(masks: Sequence[Mask]) -> None:
    if not 2 <= len(masks) <= _MOST_READERS:
        raise InputError(f"A consensus needs 2 to {_MOST_READERS} readers; got {len(masks)}.")
    if len({mask.shape for mask in masks}) > 1:
        raise InputError("The masks of the readers have different shapes. Resample them first.")
    if not any(mask.any() for mask in masks):
        raise InputError("No reader has drawn a voxel: there is nothing to agree on.")


def _expect(
    votes: NDArray[np.bool_], p: NDArray[np.float64], q: NDArray[np.float64], prior: float
) -> NDArray[np.float64]:
    """Probability of each pattern, shape (P,)."""
    inside = prior * np.where(votes, p[:, None], 1 - p[:, None]).prod(axis=0)
    outside = (1 - prior) * np.where(votes, 1 - q[:, None], q[:, None]).prod(axis=0)
    total = inside + outside
    return np.divide(inside, total, out=np.full(total.shape, prior), where=total > 0)


def _maximize(
    votes: NDArray[np.bool_], counts: NDArray[np.int64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sensitivity and specificity of each reader, shape (R,)."""
    inside, outside = counts * weight, counts * (1 - weight)
    p = (votes @ inside) / max(inside.sum(), 1e-300)
    q = (~votes @ outside) / max(outside.sum(), 1e-300)
    return p, q


@verb
def consensus(
    segmentations: Sequence[Segmentation],
    *,
    labels: Sequence[int] | None = None,
    method: Method = "STAPLE",
    progress: Progress = quiet,
) -> Segmentation:
    """Make one segmentation out of several readers'.

    Parameters
    ----------
    segmentations : sequence of Segmentation
        Two or more of the same scan, on the same grid.
    labels : sequence of int, optional
        Labels to agree on; all that occur where None is given.
    method : {"STAPLE", "majority"}, optional
        ``"STAPLE"`` weighs readers by how well they agree with the estimated truth;
        ``"majority"`` takes what more than half of them have.
    progress : Progress, optional
        Reports the labels, may cancel.

    Returns
    -------
    Segmentation
        Named ``"consensus"``. Where two labels claim a voxel the more probable one has it.
        STAPLE notes each reader's sensitivity and specificity.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If there are fewer than two segmentations, or a label occurs in none.

    References
    ----------
    Warfield et al., IEEE Trans Med Imaging 2004, doi:10.1109/TMI.2004.828354.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((3, 1, 1))
    >>> drawn = ([[[1, 1, 0]]], [[[1, 1, 1]]], [[[1, 0, 0]]])
    >>> readers = [Segmentation(np.array(labels), grid) for labels in drawn]
    >>> consensus(readers, method="majority").labels.tolist()
    [[[1, 1, 0]]]
    """
    if method not in _METHODS:
        raise InputError(f'Unknown method "{method}". {did_you_mean(method, _METHODS)}')
    if len(segmentations) < 2:
        raise InputError(f"A consensus needs 2 readers or more; got {len(segmentations)}.")
    first = segmentations[0]
    for number, other in enumerate(segmentations[1:], 2):
        names = ("Segmentation 1", f"segmentation {number}")
        require_same_grid(first.geometry, other.geometry, names=names)
    wanted = _wanted(segmentations, labels)
    agreed = np.zeros(first.geometry.shape, holder_of(max(wanted), np.zeros(1, np.uint8)))
    best, notes = np.full(agreed.shape, 0.5), []
    for label in progress(wanted, "Labels"):
        probability, note = _probability(segmentations, label, method)
        agreed[probability > best] = label
        np.maximum(best, probability, out=best)
        notes += [note] if note else []
    schemes = {x.value: x for other in reversed(segmentations) for x in other.scheme}
    scheme = tuple(schemes[label] for label in wanted)
    return Segmentation(agreed, first.geometry, scheme=scheme, name="consensus", notes=tuple(notes))


def _wanted(segmentations: Sequence[Segmentation], labels: Sequence[int] | None) -> tuple[int, ...]:
    either = sorted({label for other in segmentations for label in other.present})
    found = tuple(either) if labels is None else tuple(dict.fromkeys(map(int, labels)))
    missing = [label for label in found if label not in either]
    if missing or not found:
        raise InputError(
            f"Label {', '.join(map(str, missing)) or 'of any value'} occurs in none of the "
            f"segmentations. Present: {', '.join(map(str, either)) or 'none'}."
        )
    return found


def _probability(
    segmentations: Sequence[Segmentation], label: int, method: str
) -> tuple[NDArray[np.float64], str]:
    masks = [np.any([layer == label for layer in s.layers()], axis=0) for s in segmentations]
    if method == "majority":
        return np.mean(masks, axis=0), ""
    # STAPLE's prior is a part of the box: the same box gives the same answer on any scan.
    part = region(np.any(masks, axis=0), (1.0, 1.0, 1.0))
    found = staple([mask[part.box] for mask in masks])
    probability = np.zeros(masks[0].shape)
    probability[part.box] = found.probability
    told = ", ".join(
        f"{s.name or number} {p:.3f} / {q:.3f}"
        for number, (s, p, q) in enumerate(
            zip(segmentations, found.sensitivity, found.specificity, strict=True), 1
        )
    )
    return probability, f"Label {label}, sensitivity / specificity of the readers: {told}."
