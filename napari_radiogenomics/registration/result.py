"""What a registration is: the transform, and how far off it is at every landmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.data.transform import Transform

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = ["Registration", "words_of"]


@dataclass(frozen=True, eq=False)
class Registration:
    """How a moving object lies to a fixed one.

    Attributes
    ----------
    transform : Transform
        From points of the fixed frame to those of the moving one; its ``error_mm`` is
        ``left_out_rms_mm`` (of one refined by brightness ``rms_mm``).
    landmarks : DataFrame
        A row a pair: ``name``, its places in mm, ``weight``, ``residual_mm`` (how far the
        transform brings it from its partner), ``left_out_mm`` (the same by the transform that is
        fitted without it) and ``note``. Empty without landmarks.
    method : str
        The model, and whether brightness refined it.
    error_frame : str
        In whose mm the errors are: the scan's between a slide and a scan, else the moving one's.
    similarity : tuple of float, or None
        Mutual information at the start and at the end, in nats; the higher, the more alike.
    warnings : tuple of str
        What should be known.
    history : tuple of Record
        How it came to be.
    """

    transform: Transform
    landmarks: pd.DataFrame
    method: str
    error_frame: str = ""
    similarity: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    @property
    def rms_mm(self) -> float:
        """Root mean square of the residuals; NaN without landmarks."""
        return _rms(self.landmarks["residual_mm"])

    @property
    def left_out_rms_mm(self) -> float:
        """Root mean square of the errors with each left out in turn; NaN without landmarks."""
        return _rms(self.landmarks["left_out_mm"])

    @property
    def worst(self) -> str:
        """Name of the pair that the others fit least; empty without landmarks."""
        errors = self.landmarks["left_out_mm"].fillna(self.landmarks["residual_mm"])
        return str(self.landmarks.loc[errors.idxmax(), "name"]) if len(errors) else ""

    def text(self) -> str:
        """The answer in words."""
        parts = [f"{self.method}: {words_of(self.transform)}."]
        if len(self.landmarks):
            parts.append(
                f"{len(self.landmarks)} landmarks, RMS {self.rms_mm:.2f} mm; with each left out "
                f"in turn {self.left_out_rms_mm:.2f} mm, worst {self.worst}."
            )
        if self.similarity is not None:
            before, after = self.similarity
            parts.append(f"Mutual information {before:.3f} at the start, {after:.3f} at the end.")
        return " ".join(parts)


def _rms(values: pd.Series) -> float:
    known = values.dropna().to_numpy(float)
    return float(np.sqrt((known**2).mean())) if len(known) else float("nan")


def words_of(transform: Transform) -> str:
    """How much a transform turns, scales and bends, in words.

    Examples
    --------
    >>> words_of(Transform.of(np.diag([2.0, 2.0, 2.0, 1.0])))
    'turned by 0.0°, scale 2.000'
    """
    if not transform.is_matrix:
        return "bent by a thin-plate spline"
    linear = transform.matrix[:3, :3]
    left, sizes, right = np.linalg.svd(linear)
    mirrored = np.linalg.det(linear) < 0
    turn = left @ np.diag([1, 1, -1 if mirrored else 1]) @ right
    angle = float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))
    low, high = float(sizes[-1]), float(sizes[0])
    scale = f"scale {low:.3f}" if high - low < 5e-4 else f"scale {low:.3f} to {high:.3f}"
    return f"turned by {angle:.1f}°, {scale}{', mirrored' if mirrored else ''}"
