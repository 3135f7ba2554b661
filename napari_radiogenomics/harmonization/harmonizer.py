"""What a harmonizer is: one module in ``methods/`` that defines ``HARMONIZER``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HARMONIZERS", "Harmonizer", "Request", "learned"]


@dataclass(frozen=True, eq=False)
class Request:
    """What a harmonizer is asked.

    Attributes
    ----------
    features : DataFrame, N samples × P features
        Numbers.
    batch : Series, length N
        With the index of the features.
    covariates : DataFrame or None
        What is kept, with the same index.
    reference : str or None
        Batch that stays as it is.
    smooth : tuple of str
        Covariates with a curve.
    patient : Series or None
        Patient of each row.
    """

    features: pd.DataFrame
    batch: pd.Series
    covariates: pd.DataFrame | None = None
    reference: str | None = None
    smooth: tuple[str, ...] = ()
    patient: pd.Series | None = None


@dataclass(frozen=True)
class Harmonizer:
    """One way to take batch effects out of features.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name in full.
    meaning : str
        What it does, in one sentence.
    doi : str
        Where it is defined.
    limits : str
        Where it fails.
    run : callable
        ``run(request) -> DataFrame`` of the shape of ``request.features``.
    model : callable or None
        ``model(request)`` is an estimator with ``fit`` and ``transform``, for folds; None where
        the harmonizer describes a whole table only.
    uses : frozenset of str
        Which of ``"reference"``, ``"smooth"`` and ``"patient"`` it takes.
    """

    name: str
    title: str
    meaning: str
    doi: str
    limits: str
    run: Callable[[Request], Any] = field(repr=False)
    model: Callable[[Request], Any] | None = field(default=None, repr=False)
    uses: frozenset[str] = frozenset()


def learned(model: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Run of a harmonizer whose model is fitted on the whole table."""

    def run(request: Request) -> Any:
        return model(request).fit_transform(
            request.features, batch=request.batch, covariates=request.covariates
        )

    return run


HARMONIZERS: Registry[Harmonizer] = Registry(
    "napari_radiogenomics.harmonization.methods",
    attribute="HARMONIZER",
    noun="harmonizer",
    group="napari_radiogenomics.harmonizers",
)
