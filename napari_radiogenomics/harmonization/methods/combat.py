"""ComBat with parametric priors."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.harmonization.combat import ComBat
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request, learned

__all__ = ["HARMONIZER"]


def _model(request: Request) -> Any:
    return ComBat(reference=request.reference)


HARMONIZER = Harmonizer(
    name="combat",
    title="ComBat",
    meaning="Mean and variance of each batch, drawn together over the features, are taken out.",
    doi="10.1093/biostatistics/kxj037",
    limits="What differs between the patients of the sites goes too, unless it is kept.",
    run=learned(_model),
    model=_model,
    uses=frozenset({"reference"}),
)
