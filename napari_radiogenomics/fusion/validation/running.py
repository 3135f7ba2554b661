"""Fit every model on every split, and keep what they say of patients they did not see.

Letters: N patients, S splits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.fusion.explaining.conformal import conformal_interval, conformal_p
from napari_radiogenomics.fusion.explaining.importance import feature_weights
from napari_radiogenomics.fusion.explaining.shares import fold_shares
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.models.told import Benches
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.split_run import Data, SplitRun
from napari_radiogenomics.fusion.validation.splits import Split
from napari_radiogenomics.fusion.validation.survival_at import follow_up, survival_at
from napari_radiogenomics.progress import Progress, stop_if_cancelled

if TYPE_CHECKING:
    pass

__all__ = ["run_able", "run_splits"]

Reals = NDArray[np.float64]
LEVEL = 0.9
"""Coverage of intervals of numbers."""


def run_splits(
    data: Data,
    models: Mapping[str, FusionModel],
    splits: Sequence[Split],
    *,
    workers: int = 1,
    details: bool = True,
    lacking: bool = False,
    what: str = "Folds",
    progress: Progress,
) -> list[SplitRun]:
    """Fit models on the training patients of each split and ask them about the others.

    Parameters
    ----------
    data : Data
        Patients.
    models : mapping of str to FusionModel
        Unfitted; each split fits copies.
    splits : sequence of Split, length S
        Who is learned from.
    workers : int, optional
        Splits at a time, in threads.
    details : bool, optional
        Keep what a permutation does not need.
    lacking : bool, optional
        Keep, of what this leaves out, the answers as if the test patients lacked a modality.
    what : str, optional
        What the steps are called.
    progress : Progress
        A step is a split.

    Notes
    -----
    Each split draws from its own seed, so that the answer does not hang on the number of
    workers.
    """
    stopped = threading.Event()

    def check() -> None:
        stop_if_cancelled(progress, what)
        if stopped.is_set():
            raise Cancelled(f"{what} cancelled.")

    def run(split: Split) -> SplitRun:
        return _run(data, models, split, details, details or lacking, check)

    found: dict[int, SplitRun] = {}
    steps = _Steps(splits, run, workers)
    try:
        for at, done in progress(steps, what):
            found[at] = done
    except BaseException:
        stopped.set()
        raise
    finally:
        steps.close()
    return [found[at] for at in range(len(splits))]


def run_able(
    data: Data, models: Mapping[str, FusionModel], splits: Sequence[Split], **options: Any
) -> list[SplitRun]:
    """Run those models for which there are enough patients in every split.

    Parameters
    ----------
    data, models, splits, **options
        As for `run_splits`.

    Returns
    -------
    list of SplitRun
        Without the models that could not be fitted; empty where none could.
    """
    try:
        return run_splits(data, models, splits, **options)
    except InputError:
        if len(models) < 2:
            return []
    parts = [run_able(data, {name: model}, splits, **options) for name, model in models.items()]
    able = [part for part in parts if part]
    for part in able[1:]:
        for run, other in zip(able[0], part, strict=True):
            for own, more in zip(vars(run).values(), vars(other).values(), strict=True):
                if isinstance(own, dict):
                    own.update(more)
    return able[0] if able else []


class _Steps:
    """Runs of splits as they are done; knows how many there are."""

    def __init__(
        self, splits: Sequence[Split], run: Callable[[Split], SplitRun], workers: int
    ) -> None:
        self._splits, self._run, self._workers = splits, run, max(1, workers)
        self._pool: ThreadPoolExecutor | None = None

    def __len__(self) -> int:
        return len(self._splits)

    def __iter__(self) -> Iterator[tuple[int, SplitRun]]:
        if self._workers == 1:
            for at, split in enumerate(self._splits):
                yield at, self._run(split)
            return
        self._pool = ThreadPoolExecutor(self._workers)
        waiting: dict[Future[SplitRun], int] = {
            self._pool.submit(self._run, split): at for at, split in enumerate(self._splits)
        }
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()

    def close(self) -> None:
        """Let no further split begin, and wait for those that run."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def _run(
    data: Data,
    models: Mapping[str, FusionModel],
    split: Split,
    details: bool,
    lacking: bool,
    check: Callable[[], None],
) -> SplitRun:
    from threadpoolctl import threadpool_limits

    train, test = data.tables.take(split.train), data.tables.take(split.test)
    benches = Benches(data, split.train, (split.repeat, split.fold), check)
    run = SplitRun(split)
    with threadpool_limits(1):
        for name, unfitted in models.items():
            fitted = benches.fit(unfitted).fitted_
            check()
            run.links[name] = fitted.link(test)
            run.hazards[name] = fitted.hazard()
            if details:
                run.points[name] = fitted.points
                run.apparent[name] = fitted.link(train)
                run.weights[name] = feature_weights(fitted)
                run.sure[name] = how_sure(fitted, run.links[name], data.outcome)
                if split.repeat == 0:
                    check()
                    run.shares[name] = fold_shares(fitted, test)
            for source in test.present if lacking else ():
                check()
                lost = test.without(source, np.ones(len(test), bool))
                run.without[name, source] = fitted.link(lost)
    return run


def how_sure(fitted: Fitted, link: Reals, outcome: Outcome) -> Reals:
    """Conformal p-values of both classes, or ends of an interval, shape (N, 2).

    For times the probability of no event by the median follow-up with its interval, shape (N, 3).
    """
    if fitted.kind == "classification":
        return conformal_p(fitted.scores, link)
    if fitted.kind == "regression":
        return conformal_interval(fitted.scores, link, level=LEVEL)
    return survival_at(fitted.scores, link, follow_up(outcome), level=LEVEL)
