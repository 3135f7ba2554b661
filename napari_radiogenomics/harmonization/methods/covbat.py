"""ComBat, then the same for covariances."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.harmonization.covbat import CovBat
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request

__all__ = ["HARMONIZER"]


def _run(request: Request) -> Any:
    model = CovBat(reference=request.reference)
    return model.fit_transform(request.features, batch=request.batch, covariates=request.covariates)


HARMONIZER = Harmonizer(
    name="covbat",
    title="CovBat",
    meaning="As ComBat, and how features vary together is made alike too.",
    doi="10.1002/hbm.25688",
    limits="Needs complete features and more samples a batch than ComBat.",
    run=_run,
    uses=frozenset({"reference"}),
)
