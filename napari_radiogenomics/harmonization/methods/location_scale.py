"""Location and scale of each batch alone."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.harmonization.combat import ComBat
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request, learned

__all__ = ["HARMONIZER"]


def _model(request: Request) -> Any:
    return ComBat(shrinkage="none", reference=request.reference)


HARMONIZER = Harmonizer(
    name="location_scale",
    title="Location and scale",
    meaning="Each feature by itself gets the same mean and variance in every batch.",
    doi="10.1093/biostatistics/kxj037",
    limits="Overfits small batches, since nothing is shared between features.",
    run=learned(_model),
    model=_model,
    uses=frozenset({"reference"}),
)
