"""ComBat with the features themselves as the prior."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.harmonization.combat import ComBat
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request, learned

__all__ = ["HARMONIZER"]


def _model(request: Request) -> Any:
    return ComBat(shrinkage="nonparametric", reference=request.reference)


HARMONIZER = Harmonizer(
    name="combat_nonparametric",
    title="ComBat, non-parametric",
    meaning="As ComBat, for features whose batch effects follow no bell curve.",
    doi="10.1093/biostatistics/kxj037",
    limits="Slow for many features; as ComBat otherwise.",
    run=learned(_model),
    model=_model,
    uses=frozenset({"reference"}),
)
