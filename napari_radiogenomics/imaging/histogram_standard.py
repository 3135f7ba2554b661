"""One scale of intensities for all scans: landmarks of the histogram learned from some of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.imaging.foreground import foreground, hu_note, require_one_scan
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import Record, verb
from napari_radiogenomics.signature import Setting

__all__ = ["HistogramStandard", "learn_histogram", "match_histogram"]

Scans = Iterable[Image | tuple[Image, Segmentation]]
_FORMAT = 1
PERCENTILES = (1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 99.0)


@dataclass(frozen=True)
class HistogramStandard:
    """Where the percentiles of every scan are brought to.

    Attributes
    ----------
    percentiles, landmarks : tuple of float
        Percentiles, and the standard value of each.
    n_scans : int
        How many scans it was learned from.
    history : tuple of Record
        How it came to be.
    """

    percentiles: tuple[float, ...]
    landmarks: tuple[float, ...]
    n_scans: int
    history: tuple[Record, ...] = ()

    def save(self, path: str | Path) -> Path:
        """Write as JSON.

        Parameters
        ----------
        path : str or Path
            File to write; its folder exists.
        """
        content = {
            "format": _FORMAT,
            "percentiles": list(self.percentiles),
            "landmarks": list(self.landmarks),
            "n_scans": self.n_scans,
            "history": [record.to_dict() for record in self.history],
        }
        with atomic_path(Path(path)) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> HistogramStandard:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is not there, or not such a standard.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                raise ValueError(f"format {content['format']} instead of {_FORMAT}")
            percentiles = tuple(map(float, content["percentiles"]))
            landmarks = tuple(map(float, content["landmarks"]))
            if len(percentiles) != len(landmarks) or (np.diff(landmarks) <= 0).any():
                raise ValueError("percentiles and landmarks do not fit")
            history = tuple(Record(**record) for record in content["history"])
            return cls(percentiles, landmarks, int(content["n_scans"]), history)
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} is not a histogram standard of this version ({error}). Make it again "
                "with learn_histogram."
            ) from error


@verb
def learn_histogram(
    scans: Scans,
    *,
    percentiles: Annotated[Sequence[float], Setting(minimum=0, maximum=100, advanced=True)] = (
        PERCENTILES
    ),
    low: float = 0.0,
    high: float = 100.0,
    label: Annotated[int | None, Setting(minimum=1)] = None,
    progress: Progress = quiet,
) -> HistogramStandard:
    """Learn a standard histogram from scans of one kind.

    Parameters
    ----------
    scans : iterable of Image, or of (Image, Segmentation)
        Training scans, each with the region that counts; what is not air without one.
    percentiles : sequence of float, optional
        Landmarks; the first and last of each scan are brought to ``low`` and ``high``.
    low, high : float, optional
        Ends of the standard scale.
    label : int, optional
        Label of the regions that counts.
    progress : Progress, optional
        Reports scans; may cancel.

    Returns
    -------
    HistogramStandard
        For `match_histogram`. ``save`` writes it as JSON.

    Raises
    ------
    InputError
        If there is no scan, or one has too few values to tell the landmarks apart.

    References
    ----------
    Nyúl, Udupa and Zhang, IEEE Trans Med Imaging 2000, doi:10.1109/42.836373; Shah et al., Med
    Image Anal 2011, doi:10.1016/j.media.2010.12.003 (deciles).

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> values = np.arange(1000.0).reshape(10, 10, 10)
    >>> scans = [Image(gain * values, Geometry((10, 10, 10))) for gain in (1.0, 2.5)]
    >>> standard = learn_histogram(scans)
    >>> round(float(np.median(match_histogram(scans[1], standard=standard).array)))
    50
    """
    wanted = _checked(percentiles)
    if not low < high:
        raise InputError(f"low ({low}) is below high ({high}) on the standard scale.")
    rows = []
    for scan in progress(scans, "Scans"):
        image, segmentation = scan if isinstance(scan, tuple) else (scan, None)
        found = _landmarks(image, segmentation, label, wanted)
        rows.append(low + (found - found[0]) * (high - low) / (found[-1] - found[0]))
    if not rows:
        raise InputError("There is no scan to learn the histogram from.")
    standard = np.mean(rows, axis=0)
    return HistogramStandard(wanted, tuple(map(float, standard)), len(rows))


@verb
def match_histogram(
    image: Image,
    segmentation: Segmentation | None = None,
    *,
    standard: HistogramStandard,
    label: Annotated[int | None, Setting(minimum=1)] = None,
) -> Image:
    """Bring the intensities of a scan to a standard histogram.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan of the kind that the standard was learned from.
    segmentation : Segmentation, optional
        Region that counts, as at the learning.
    standard : HistogramStandard
        From `learn_histogram`; never of scans that a model is tested on.
    label : int, optional
        Label that counts.

    Returns
    -------
    Image
        float32. Between landmarks the scale is linear, beyond them it goes on as it was.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If the scan has too few values to tell the landmarks apart.
    """
    own = _landmarks(image, segmentation, label, standard.percentiles)
    array = _piecewise(image.array.astype(np.float64), own, np.asarray(standard.landmarks))
    return replace(
        image,
        array=array.astype(np.float32),
        unit="",
        notes=(*image.notes, *hu_note(image)),
    )


def _checked(percentiles: Sequence[float]) -> tuple[float, ...]:
    wanted = tuple(map(float, percentiles))
    rising = len(wanted) > 1 and all(a < b for a, b in pairwise(wanted))
    if not rising or wanted[0] < 0 or wanted[-1] > 100:
        raise InputError(f"percentiles rise from 0 or more to 100 or less; got {wanted}.")
    return wanted


def _landmarks(
    image: Image,
    segmentation: Segmentation | None,
    label: int | None,
    percentiles: Sequence[float],
) -> NDArray[np.float64]:
    """Percentiles of a scan, rising."""
    require_one_scan(image)
    values = image.array[foreground(image, segmentation, label)]
    found = np.percentile(values.astype(np.float64), percentiles)
    if (np.diff(found) <= 0).any():
        raise InputError(
            f"{image.name or 'A scan'} has too few different values: two of its percentiles are "
            "the same. Use fewer percentiles, or a region without air."
        )
    return found


def _piecewise(
    values: NDArray[np.float64], own: NDArray[np.float64], standard: NDArray[np.float64]
) -> NDArray[np.float64]:
    slopes = np.diff(standard) / np.diff(own)
    below, above = np.minimum(values - own[0], 0), np.maximum(values - own[-1], 0)
    inner: NDArray[np.float64] = np.interp(values, own, standard)
    return inner + below * slopes[0] + above * slopes[-1]
