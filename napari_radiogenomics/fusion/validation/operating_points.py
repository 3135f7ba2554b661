"""At which probability a patient is called: operating points, chosen where the model did not look.

Thresholds come from the predictions of the inner folds, whose fits did not see the patient; what
they reach is measured on patients that no fold has learned from.

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.metrics import wilson
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.validation.split_run import SplitRun

__all__ = [
    "POINTS",
    "external_points",
    "point_table",
    "points_of",
    "require_points",
    "threshold_of",
]

Reals = NDArray[np.float64]
_SHARE = 0.9
POINTS: Mapping[str, str] = {
    "youden": "greatest sum of sensitivity and specificity",
    "sensitive": f"calls {_SHARE:.0%} of those with the event",
    "specific": f"leaves {_SHARE:.0%} of those without it uncalled",
}
"""Operating points and what each is for."""
_COLUMNS = ["strategy", "cohort", "point", "threshold"] + [
    f"{name}{end}" for name in ("sensitivity", "specificity", "ppv", "npv")
    for end in ("", "_low", "_high")
]  # fmt: skip


def points_of(outcome: Outcome, inner: Reals) -> dict[str, float]:
    """Thresholds on the probability; none where there are no two classes.

    Parameters
    ----------
    outcome : Outcome
        Of N training patients.
    inner : ndarray, shape (N,)
        Their log odds by fits that did not see them; NaN where there is none.

    References
    ----------
    Youden 1950, https://doi.org/10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3.

    Examples
    --------
    >>> y = np.array([0.0, 0.0, 1.0, 1.0])
    >>> points_of(Outcome("classification", y, y == y), np.log([0.25, 1.0, 3.0, 9.0]))["youden"]
    0.625
    """
    if outcome.kind != "classification":
        return {}
    known = np.isfinite(inner)
    y, p = outcome.values[known] == 1, np.asarray(sigmoid(inner[known]), float)
    values = np.unique(p)
    # Between two patients a threshold calls nobody else: the middle keeps off both.
    cuts = np.concatenate([[values[0] / 2], (values[1:] + values[:-1]) / 2])
    called = p[:, None] > cuts
    hit = (called & y[:, None]).sum(axis=0) / max(int(y.sum()), 1)
    left = (~called & ~y[:, None]).sum(axis=0) / max(int((~y).sum()), 1)
    enough = np.flatnonzero(hit >= _SHARE)
    spared = np.flatnonzero(left >= _SHARE)
    return {
        "youden": float(cuts[np.argmax(hit + left)]),
        "sensitive": float(cuts[enough[-1]]),
        "specific": float(cuts[spared[0]]) if spared.size else (1 + float(values[-1])) / 2,
    }


def require_points(kind: str, points: Mapping[str, Any]) -> dict[str, float]:
    """Thresholds of a file, checked.

    Raises
    ------
    InputError
        If they are not those of the kind, or no probabilities.
    """
    wanted = set(POINTS) if kind == "classification" else set()
    found = {str(name): float(value) for name, value in points.items()}
    if set(found) != wanted or not all(0 < value < 1 for value in found.values()):
        raise InputError("its thresholds are not those of its outcome")
    return found


def threshold_of(points: Mapping[str, float], wish: str | float) -> float:
    """Probability above which a patient is called.

    Parameters
    ----------
    points : mapping
        Of the model.
    wish : str or float
        Name of an operating point, or the probability itself.

    Raises
    ------
    InputError
        If there is no such point, or it is no probability.
    """
    if isinstance(wish, str):
        if wish not in points:
            hint = did_you_mean(wish, list(points))
            raise InputError(f'The model has no operating point "{wish}". {hint}')
        return points[wish]
    if not 0 < wish < 1:
        raise InputError(f"threshold is {wish}; it must be between 0 and 1, or one of {_known()}.")
    return float(wish)


def _known() -> str:
    return ", ".join(f'"{name}"' for name in POINTS)


def point_table(outcome: Outcome, runs: Sequence[SplitRun]) -> pd.DataFrame:
    """What the thresholds of each fold reach in its test patients; see `FusionResult.points`."""
    import pandas as pd

    rows = []
    repeats = len({run.split.repeat for run in runs})
    for name in runs[0].points:
        for point in runs[0].points[name]:
            counts = sum(
                _counts(outcome.values[run.split.test], run.links[name], run.points[name][point])
                for run in runs
            )
            mean = float(np.mean([run.points[name][point] for run in runs]))
            rows.append((name, "left out", point, mean, *_rates(np.asarray(counts) / repeats)))
    return pd.DataFrame(rows, columns=_COLUMNS)


def external_points(outcome: Outcome, links: Mapping[str, Reals], points: Mapping[str, Any]) -> Any:
    """What the thresholds of the final models reach in another cohort; rows as `point_table`.

    Parameters
    ----------
    outcome : Outcome
        Of N patients of it.
    links : mapping of str to ndarray, shape (N,)
        What each model says of them.
    points : mapping of str to mapping
        Thresholds of each.
    """
    import pandas as pd

    rows = [
        (name, "external", point, threshold, *_rates(_counts(outcome.values, link, threshold)))
        for name, link in links.items()
        for point, threshold in points[name].items()
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _counts(y: Reals, link: Reals, threshold: float) -> Reals:
    """Called with and without the event, uncalled with and without it."""
    known = np.isfinite(link)
    called, event = sigmoid(link[known]) > threshold, y[known] == 1
    parts = [called & event, called & ~event, ~called & event, ~called & ~event]
    return np.array([part.sum() for part in parts], float)


def _rates(counts: Reals) -> list[float]:
    """Sensitivity, specificity and both predictive values, each with Wilson's interval."""
    hit, false, lost, spared = counts
    found: list[float] = []
    for part, rest in ((hit, lost), (spared, false), (hit, false), (spared, lost)):
        total = part + rest
        share = part / total if total else np.nan
        found += [share, *(wilson(share, total) if total else (np.nan, np.nan))]
    return found
