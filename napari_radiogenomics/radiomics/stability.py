"""Which features stay what they are when the contour, the noise or the angle is a little other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Annotated, Any, get_args

import numpy as np

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.radiomics.perturb import (
    KINDS,
    Perturbation,
    perturbed,
    require_perturbations,
)
from napari_radiogenomics.radiomics.region import extract_features
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting
from napari_radiogenomics.statistics.agreement import IccKind, intraclass_correlation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["feature_stability", "stable_features"]

# Tumours below which an intraclass correlation is a guess, and a note says so.
_FEW = 10


@verb
def feature_stability(
    cases: Iterable[tuple[Image, Segmentation]],
    *,
    perturbations: Sequence[Perturbation] = KINDS,
    repeats: Annotated[int, Setting(minimum=1)] = 3,
    margin_mm: Annotated[float, Setting(unit="mm", minimum=0)] = 1.0,
    noise: Annotated[float, Setting(unit="noise of the scan", minimum=0)] = 1.0,
    degrees: Annotated[float, Setting(unit="°", minimum=0)] = 5.0,
    label: Annotated[int | None, Setting(minimum=1)] = None,
    icc: Annotated[IccKind, Setting(advanced=True)] = "1,1",
    extraction: Mapping[str, Any] | None = None,
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Measure how stable features are under small changes of contour, noise and angle.

    Parameters
    ----------
    cases : iterable of (Image, Segmentation)
        Tumours, each with its scan; read one by one where it is a generator.
    perturbations : str or sequence of str, optional
        One or several of ``"contour"``, ``"grow"``, ``"shrink"``, ``"noise"``, ``"rotation"``.
    repeats : int, optional
        Copies with random contours, and with random noise.
    margin_mm : float, optional
        How far regions grow or shrink.
    noise : float, optional
        Added noise, in standard deviations of what the scan has.
    degrees : float, optional
        Angle around the axis of the slices, both ways.
    label : int, optional
        Label to measure; 1 where there is one, else the only one.
    icc : str, optional
        Which intraclass correlation; perturbations are interchangeable, as in ``"1,1"``.
    extraction : Mapping, optional
        Settings of `extract_features`, such as ``{"bin_width": 10.0}``.
    seed : int, optional
        The same seed gives the same perturbations.
    progress : Progress, optional
        Reports cases; may cancel.

    Returns
    -------
    DataFrame, one row a feature
        ``icc, low, high`` (95 % interval), ``p_value``, ``cv`` (median over the cases of the
        standard deviation over the perturbations by the absolute mean), ``n_cases`` and
        ``n_perturbations``. ``icc`` is missing where fewer than two cases have the feature;
        ``attrs["notes"]`` say so.

    Raises
    ------
    InputError
        If there is no case, or none that can be perturbed, or a setting is not known: this is
        told before any work. A tumour that cannot be, because it
        is too small to shrink for example, is left out, and ``attrs["notes"]`` name it.

    References
    ----------
    Zwanenburg 2019, https://doi.org/10.1038/s41598-018-36938-4 (perturbations).

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> grid, rng = Geometry((16, 16, 8)), np.random.default_rng(0)
    >>> z, y, x = np.mgrid[:8, :16, :16]
    >>> def case(radius):
    ...     ball = (z - 4) ** 2 + (y - 8) ** 2 + (x - 8) ** 2 <= radius**2
    ...     scan = Image(100.0 * ball + rng.normal(size=ball.shape), grid)
    ...     return scan, Segmentation(ball.astype(np.uint8), grid)
    >>> found = feature_stability(
    ...     [case(2.5), case(3.0), case(3.5)], perturbations=["noise"],
    ...     extraction={"families": ["firstorder"], "features": ["Mean", "Range"]})
    >>> sorted(found.index)
    ['original_firstorder_Mean', 'original_firstorder_Range']
    """
    if icc not in get_args(IccKind):
        hint = did_you_mean(str(icc), list(get_args(IccKind)))
        raise InputError(f'No intraclass correlation "{icc}". {hint}')
    named: Any = perturbations  # one alone is one, not its letters
    kinds = (named,) if isinstance(named, str) else tuple(named)
    require_perturbations(kinds, repeats, margin_mm, noise, degrees)
    settings = _settings(extraction)
    tables, left_out = [], []
    for number, (image, segmentation) in enumerate(progress(_counted(cases), "Tumours"), 1):
        copies = perturbed(
            image, segmentation, label, kinds=kinds, repeats=repeats,
            margin_mm=margin_mm, noise=noise, degrees=degrees, seed=seed + number,
        )  # fmt: skip
        try:
            tables.append(_measured(copies, settings))
        except InputError as error:  # one tumour that cannot be perturbed hides no other
            name = segmentation.name or image.name or f"Tumour {number}"
            left_out.append((f"{name} is left out: {error}", error))
    if left_out and not tables:
        raise left_out[0][1]
    if not tables:
        raise InputError("There is no tumour to perturb. Give at least one scan with its region.")
    table = _summary(tables, icc)
    table.attrs["notes"] += tuple(note for note, _ in left_out)
    return table


def _measured(
    copies: Iterable[tuple[str, Image, Segmentation]], settings: Mapping[str, Any]
) -> dict[str, pd.Series]:
    """Features of each perturbed copy."""
    return {
        name: extract_features(copy, region, **settings).iloc[0] for name, copy, region in copies
    }


def _counted(
    cases: Iterable[tuple[Image, Segmentation]],
) -> Iterable[tuple[Image, Segmentation]]:
    if isinstance(cases, tuple) and len(cases) == 2 and isinstance(cases[0], Image):
        raise InputError("Give a list of (scan, segmentation) pairs, also for a single tumour.")
    return cases


def _settings(extraction: Mapping[str, Any] | None) -> dict[str, Any]:
    settings = dict(extraction or {})
    for name in ("labels", "progress"):
        if name in settings:
            raise InputError(f'"{name}" is not for extraction here; use the parameter of its own.')
    known = [
        name
        for name, parameter in signature(extract_features).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name not in ("labels", "progress")
    ]
    for name in settings:
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise InputError(f'extract_features has no setting "{name}". {hint}')
    return settings


def _summary(tables: Sequence[Mapping[str, pd.Series]], icc: IccKind) -> pd.DataFrame:
    import pandas as pd

    first = pd.DataFrame(tables[0])
    values = np.stack(
        [pd.DataFrame(rows).reindex(first.index).to_numpy(float) for rows in tables]
    )  # (cases, features, perturbations)
    records = [_one(values[:, at], icc) for at in range(len(first))]
    table = pd.DataFrame(records, index=pd.Index(first.index, name="feature"))
    table.attrs["notes"] = _notes(table, len(tables))
    return table


def _one(values: np.ndarray, icc: IccKind) -> dict[str, float]:
    """Stability of one feature, values of shape (cases, perturbations)."""
    whole = values[np.isfinite(values).all(axis=1)]
    found = dict.fromkeys(("icc", "low", "high", "p_value", "cv"), np.nan)
    if len(whole) >= 2:
        agreement = intraclass_correlation(whole, icc)
        found |= {
            "icc": agreement.value,
            "low": agreement.low,
            "high": agreement.high,
            "p_value": agreement.p_value,
        }
    means = np.abs(whole.mean(axis=1)) if len(whole) else np.empty(0)
    if (means > 0).any():
        found["cv"] = float(np.median(whole.std(axis=1, ddof=1)[means > 0] / means[means > 0]))
    return {**found, "n_cases": len(whole), "n_perturbations": values.shape[1]}


def _notes(table: pd.DataFrame, n_cases: int) -> tuple[str, ...]:
    notes = []
    if n_cases < 2:
        notes.append("One tumour has no intraclass correlation: look at cv, or give more tumours.")
    elif n_cases < _FEW:
        notes.append(
            f"{n_cases} tumours are few: the intervals tell how little the correlations are known."
        )
    lost = int((table["n_cases"] < n_cases).sum())
    if lost:
        lack = counted(lost, "feature", "is", "are")
        notes.append(f"{lack} undefined in some perturbation of some tumours.")
    return tuple(notes)


def stable_features(table: pd.DataFrame, icc: float = 0.75, *, bound: str = "low") -> list[str]:
    """Names of the features that are stable enough.

    Parameters
    ----------
    table : DataFrame
        From `feature_stability`.
    icc : float, optional
        Least intraclass correlation: 0.75 is called good, 0.9 excellent.
    bound : {"low", "icc"}, optional
        Whether the lower end of the interval has to reach it, or the estimate.

    Returns
    -------
    list of str
        In the order of the table; unknown correlations are not stable.

    Raises
    ------
    InputError
        If ``icc`` is no correlation, or the table has no such column.

    References
    ----------
    Koo and Li 2016, https://doi.org/10.1016/j.jcm.2016.02.012.

    Examples
    --------
    >>> import pandas as pd
    >>> stable_features(pd.DataFrame({"low": [0.8, 0.3]}, index=["Mean", "Range"]))
    ['Mean']
    """
    if bound not in ("low", "icc"):
        raise InputError(f'bound is "low" or "icc", not "{bound}".')
    if not -1 <= icc <= 1:
        raise InputError(
            f"icc is a correlation, 1 at most; got {icc:g}. 0.75 is called good, 0.9 excellent."
        )
    if bound not in table:
        has = ", ".join(map(str, list(table.columns)[:8])) or "none"
        raise InputError(
            f'The table has no column "{bound}"; it has {has}. Give the one that '
            "feature_stability returns."
        )
    return [str(name) for name in table.index[table[bound] >= icc]]
