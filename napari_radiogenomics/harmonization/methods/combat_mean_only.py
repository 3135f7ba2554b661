"""ComBat that leaves the variances alone."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.harmonization.combat import ComBat
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request, learned

__all__ = ["HARMONIZER"]


def _model(request: Request) -> Any:
    return ComBat(mean_only=True, reference=request.reference)


HARMONIZER = Harmonizer(
    name="combat_mean_only",
    title="ComBat, means only",
    meaning="Only the mean of each batch is taken out; its variance stays.",
    doi="10.1093/biostatistics/kxj037",
    limits="Leaves differences of scale, such as those of noise and reconstruction kernels.",
    run=learned(_model),
    model=_model,
    uses=frozenset({"reference"}),
)
