"""ComBat, then the same for covariances."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.harmonization.covbat import CovBat
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request, learned

__all__ = ["HARMONIZER"]


def _model(request: Request) -> Any:
    return CovBat(reference=request.reference)


HARMONIZER = Harmonizer(
    name="covbat",
    title="CovBat",
    meaning="As ComBat, and how features vary together is made alike too.",
    doi="10.1002/hbm.25688",
    limits="Needs complete features and more samples a batch than ComBat.",
    run=learned(_model),
    model=_model,
    uses=frozenset({"reference"}),
)
