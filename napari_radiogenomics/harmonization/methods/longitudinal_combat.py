"""ComBat for patients who were scanned more than once."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request
from napari_radiogenomics.harmonization.longitudinal import LongitudinalComBat

__all__ = ["HARMONIZER"]


def _run(request: Request) -> Any:
    if request.patient is None:
        raise InputError("Longitudinal ComBat needs the patient of each row. Give patient=….")
    return LongitudinalComBat().fit_transform(
        request.features,
        batch=request.batch,
        patient=request.patient,
        covariates=request.covariates,
    )


HARMONIZER = Harmonizer(
    name="longitudinal_combat",
    title="Longitudinal ComBat",
    meaning="As ComBat, where patients were scanned more than once: each keeps its own level.",
    doi="10.1016/j.neuroimage.2020.117129",
    limits="Describes a whole table; it cannot be learned on some patients and used on others.",
    run=_run,
    uses=frozenset({"patient"}),
)
