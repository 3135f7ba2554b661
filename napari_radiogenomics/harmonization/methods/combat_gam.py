"""ComBat that keeps a smooth effect of a covariate."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.harmonization.combat import ComBat
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request, learned

__all__ = ["HARMONIZER"]


def _model(request: Request) -> Any:
    return ComBat(reference=request.reference, smooth=request.smooth)


HARMONIZER = Harmonizer(
    name="combat_gam",
    title="ComBat-GAM",
    meaning="As ComBat, and a covariate such as age is kept as a curve.",
    doi="10.1016/j.neuroimage.2019.116450",
    limits="Needs enough different values of the covariate at every site.",
    run=learned(_model),
    model=_model,
    uses=frozenset({"reference", "smooth"}),
)
