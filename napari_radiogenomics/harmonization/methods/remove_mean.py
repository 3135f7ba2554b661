"""Batch means taken out by a linear model, as limma's removeBatchEffect."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_radiogenomics.harmonization.design import (
    BatchCode,
    CovariateCode,
    indicator,
    require_estimable,
)
from napari_radiogenomics.harmonization.harmonizer import Harmonizer, Request
from napari_radiogenomics.harmonization.inputs import inputs_of, shaped_like
from napari_radiogenomics.harmonization.means import least_squares

__all__ = ["HARMONIZER"]


def _run(request: Request) -> Any:
    values, names, kept = inputs_of(request.features, request.batch, request.covariates)
    code, covariates = BatchCode.of(names), CovariateCode.of(kept)
    batches = indicator(code.encode(names), len(code.levels))
    columns = covariates.encode(kept, len(values))
    require_estimable(batches, columns, covariates)
    slopes = least_squares(np.hstack([batches, columns]), values)[: len(code.levels)]
    # limma centers the batches among themselves, each counting once.
    return shaped_like(values - batches @ (slopes - slopes.mean(axis=0)), request.features)


HARMONIZER = Harmonizer(
    name="remove_mean",
    title="Batch means removed",
    meaning="The mean of each batch, beside the covariates, is subtracted (linear model).",
    doi="10.1093/nar/gkv007",
    limits="Leaves variances; for pictures and clustering, never before a test.",
    run=_run,
)
