"""What the Correspondence dock says of a comparison, and keeps of it with a verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.correspondence.result import step_words
from napari_radiogenomics.data.review import Review
from napari_radiogenomics.data.wording import p_said
from napari_radiogenomics.gui.correspond.plots import signs_differ
from napari_radiogenomics.gui.correspond.work import NEAR_MM

if TYPE_CHECKING:
    from napari_radiogenomics.correspondence.result import Correspondence
    from napari_radiogenomics.gui.correspond.work import Compared

__all__ = ["counts_as", "review_of", "tumor_words"]


def tumor_words(found: Correspondence) -> str:
    """The answer of one tumor, with the step that it is of, and what to do next."""
    row = found.row()
    p_value = p_said(row["p_value"]) if np.isfinite(row["p_value"]) else "no p-value"
    parts = [
        f"maps {step_words(row)}: r = {row['r']:.2f}, worth {row['n_effective']:.1f} places, "
        f"{p_value}: this tumor only.",
        signs_differ(found),
    ]
    return " ".join(filter(None, parts))


def counts_as(shown: Compared) -> str:
    """What the verdict is on the evidence card."""
    score = shown.asked.score
    if score and shown.n_near:
        return f"The evidence card of {score} counts it (coherence)."
    why = "No gene was compared"
    if score:
        why = f"{score} was not compared, as no biopsy of it lies within {NEAR_MM:g} mm"
    return (
        f"{why}: the evidence cards of this image feature count it (coherence) as agreement of "
        "image and tissue, without a gene."
    )


def review_of(shown: Compared, verdict: Any, note: str, reviewer: str) -> Review:
    """A review with the numbers, settings and records of what was on the screen."""
    asked, found = shown.asked, shown.found
    numbers: dict[str, Any] = {"problem": shown.problem} if shown.problem else {}
    records = [*shown.image.map.history, *shown.tissue.map.history]
    if found is not None:
        row = found.row()
        numbers = {
            name: float(row[name]) if np.isfinite(row[name]) else None
            for name in ("r", "low", "high", "n_effective", "p_value", "p_surrogate")
        }
        records += found.history
    review = Review(
        asked.patient_id, asked.feature, asked.tissue, asked.score, verdict, note, reviewer,
        scan=str(shown.case.scan.metadata.get("scan_id", "")), slide=shown.case.slide.name,
        found=numbers, settings=shown.settings, gene_compared=shown.n_near > 0,
    )  # fmt: skip
    return replace(review, history=tuple(record.to_dict() for record in records))
