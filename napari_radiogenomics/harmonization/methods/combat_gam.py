"""ComBat that keeps a smooth effect of a covariate."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.harmonization.combat import ComBat
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request

__all__ = ["HARMONIZER"]


def _run(request: Request) -> Any:
    model = ComBat(reference=request.reference, smooth=request.smooth)
    return model.fit_transform(request.features, batch=request.batch, covariates=request.covariates)


HARMONIZER = Harmonizer(
    name="combat_gam",
    title="ComBat-GAM",
    meaning="As ComBat, and a covariate such as age is kept as a curve.",
    doi="10.1016/j.neuroimage.2019.116450",
    limits="Needs enough different values of the covariate at every site.",
    run=_run,
    uses=frozenset({"reference", "smooth"}),
)
