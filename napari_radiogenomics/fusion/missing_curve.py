"""`missing_curve`: how each strategy falls as a modality goes missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from napari_radiogenomics.fusion.study import data_of, models_of, splits_of
from napari_radiogenomics.fusion.validation.missingness import Mechanism, degradation
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["missing_curve"]


@verb
def missing_curve(
    modalities: Mapping[str, pd.DataFrame],
    target: pd.Series | pd.DataFrame,
    modality: str,
    *,
    shares: Sequence[float] = (0.0, 0.2, 0.4, 0.6),
    mechanism: Mechanism = "random",
    strategies: Sequence[str] | None = None,
    groups: pd.Series | None = None,
    event: str = "",
    learner: str = "linear",
    learner_settings: Mapping[str, Any] | None = None,
    preparations: Mapping[str, Any] | None = None,
    folds: Annotated[int, Setting(minimum=2)] = 5,
    repeats: Annotated[int, Setting(minimum=1)] = 1,
    inner_folds: Annotated[int, Setting(minimum=2, advanced=True)] = 5,
    seed: Annotated[int, Setting(advanced=True)] = 0,
    workers: Annotated[int, Setting(minimum=1, advanced=True)] = 1,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Take a modality away from more and more patients, and validate anew each time.

    Parameters
    ----------
    modalities, target
        As for `fuse`.
    modality : str
        Which is taken away, from training and test patients alike.
    shares : sequence of float, optional
        Shares of the patients who lose it.
    mechanism : {"random", "outcome"}, optional
        From anybody, or three times as often where the outcome is high.
    strategies, groups, event, learner, learner_settings, preparations
        As for `fuse`.
    folds, repeats, inner_folds, seed, workers, progress
        As for `fuse`.

    Returns
    -------
    DataFrame
        ``strategy``, ``missing``, the main measure as ``value`` with ``low`` and ``high``, and
        ``answered``, the share of patients that got a prediction; 0 where too few patients are
        left to learn from.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(60)]
    >>> y = pd.Series(rng.integers(0, 2, 60), ids)
    >>> imaging = pd.DataFrame(rng.normal(size=(60, 4)) + y.to_numpy()[:, None], ids)
    >>> rna = pd.DataFrame(rng.normal(size=(60, 4)) + y.to_numpy()[:, None], ids)
    >>> curve = missing_curve({"imaging": imaging, "rna": rna}, y, "rna", shares=[0.4],
    ...                       strategies=["late"], folds=3, inner_folds=3)
    >>> curve["answered"].tolist()
    [1.0]
    """
    data = data_of(
        modalities,
        target,
        groups,
        preparations=preparations,
        inner_folds=inner_folds,
        seed=seed,
        event=event,
    )
    models = models_of(data, strategies, learner=learner, learner_settings=learner_settings)
    splits = splits_of(data, data.outcome, "kfold", folds=folds, repeats=repeats)
    return degradation(
        data,
        models,
        splits,
        modality,
        shares=[float(share) for share in np.atleast_1d(shares)],
        mechanism=mechanism,
        workers=workers,
        progress=progress,
    )
