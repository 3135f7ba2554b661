"""`correspond`: whether two maps of a tumor lie in the same places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.beside import Partial, Trend, steps_of
from napari_radiogenomics.correspondence.comparison import Comparison
from napari_radiogenomics.correspondence.effective import LEAST_PLACES, Lags
from napari_radiogenomics.correspondence.matched import Matched, match
from napari_radiogenomics.correspondence.result import Correspondence
from napari_radiogenomics.correspondence.surrogates import (
    Supervoxels,
    require_surrogates,
    supervoxels,
)
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting
from napari_radiogenomics.statistics.linear import basis_of, residuals

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["correspond"]

Reals = NDArray[np.float64]
_METHODS = ("pearson", "spearman")
_FEW = 10.0
# A correlation as near to 1 as numbers of 32 bits hold it.
_SAME = 1 - 1e-6


@verb
def correspond(
    map_a: Image,
    map_b: Image,
    mask: Segmentation,
    confounders: Sequence[Image] = (),
    *,
    label: Annotated[int | None, Setting(minimum=1)] = None,
    detrend: Trend = "linear",
    partial: Sequence[Partial] = ("edge", "slice"),
    resample: bool = False,
    surrogates: Annotated[int, Setting(minimum=0)] = 999,
    n_supervoxels: Annotated[int, Setting(minimum=50, advanced=True, title="Supervoxels")] = 300,
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    progress: Progress = quiet,
) -> Correspondence:
    """Compare two maps of one tumor, place by place.

    Parameters
    ----------
    map_a, map_b : Image, shape (Z, Y, X)
        For example an image feature, and a tissue measure brought onto the scan.
    mask : Segmentation
        Holds the region they are compared in.
    confounders : sequence of Image, optional
        Maps that may explain both, as cellularity or necrosis: taken out of both.
    label : int, optional
        Label of the region. Without it, all labels together.
    detrend : {"linear", "quadratic", "none"}, optional
        Trend across the region that is taken out of both: tumors are not stationary.
    partial : sequence of {"edge", "slice"}, optional
        What else is taken out of both: the distance to the edge of the region, and whatever is
        the same all over a slice.
    resample : bool, optional
        Bring maps and region onto the grid of the first map. Without it, other grids are refused.
    surrogates : int, optional
        Random maps with the variogram of one map that are held against the other: 99 or more, or
        0 for none. Where k of n are as strong, p is (k + 1) / (n + 1), never 0.
    n_supervoxels : int, optional
        Blocks of voxels, about, that surrogates are drawn on.
    seed : int, optional
        Of the random numbers.
    progress : Progress, optional
        Reports steps; may cancel.

    Returns
    -------
    Correspondence
        ``table`` with the correlations as they are, detrended, and partialled; ``places`` for a
        scatter plot; ``text()``, the answer in words.

    Raises
    ------
    GeometryError
        If grids differ and ``resample`` is off.
    InputError
        If a map is constant, or nothing of it is left beside what is given, or fewer than 30
        voxels have values, or there are 1 to 98 surrogates.

    Notes
    -----
    Voxels of a smooth map are no independent samples. The p-value counts as many as the two maps
    are worth together (Dutilleul 1993), by Fourier transforms and without the bias that a mean or
    a trend taken out brings to a correlogram. Of unrelated maps, 3 to 7 in 100 have a p-value
    below 0.05 for a smoothness of 1 to 5 pixels; in a region that is worth fewer than 10 places
    it may be 2 in 100, and 7 to 9 by surrogates. Smoothness may differ between the plane and
    across slices, but is taken as the same in all directions of the plane and all over the
    region. Surrogates are Gaussian, with a fitted variogram. Where the voxels are worth 3 places
    or fewer there is no p-value.

    References
    ----------
    Dutilleul 1993, https://doi.org/10.2307/2532625; Clifford 1989,
    https://doi.org/10.2307/2532039; Burt 2020, https://doi.org/10.1016/j.neuroimage.2020.117038;
    Viladomat 2014, https://doi.org/10.1111/biom.12139; Cressie 1985,
    https://doi.org/10.1007/BF01032109.

    Examples
    --------
    >>> from scipy.ndimage import gaussian_filter
    >>> from napari_radiogenomics import Geometry, Image, Segmentation, correspond
    >>> grid = Geometry((40, 40, 1))
    >>> noise = np.random.default_rng(1).normal(size=(3, 1, 40, 40))
    >>> shared, own, other = (gaussian_filter(one, (0, 2, 2)) for one in noise)
    >>> tumor = Segmentation(np.ones(grid.shape, np.uint8), grid)
    >>> found = correspond(Image(shared + own / 2, grid), Image(shared, grid), tumor)
    >>> found.n_voxels, bool(found.n_effective < 100), bool(found.p_value < 0.001)
    (1600, True, True)
    >>> chance = correspond(Image(own, grid), Image(other, grid), tumor)
    >>> bool(chance.p_value > 0.05)
    True
    """
    _check(detrend, partial)
    require_surrogates(surrogates)
    matched = match(map_a, map_b, mask, confounders, label=label, resample=resample)
    spacing = matched.geometry.spacing[::-1]
    lags = Lags.of(matched.mask, spacing)
    blocks = supervoxels(matched.index, np.array(spacing), n_supervoxels) if surrogates else None
    ranks = bool(matched.confounders.shape[1])
    plain = steps_of(matched, detrend=detrend, partial=partial, ranks=False)
    ranked = steps_of(matched, detrend=detrend, partial=partial, ranks=True) if ranks else plain
    rows: list[dict[str, Any]] = []
    for step in progress(list(plain), "Correspondence"):
        compared = None
        for method, steps in zip(_METHODS, (plain, ranked), strict=True):
            given, words = steps[step]
            if compared is None or (ranks and step == "partialled"):
                compared = Comparison.of(given, lags, blocks, progress=progress)
            a, b = (values if method == "pearson" else _ranks(values)
                    for values in (matched.a, matched.b))  # fmt: skip
            found = compared.test(
                a, b, names=matched.names, given=words, surrogates=surrogates, seed=seed
            )
            rows.append({"step": step, "method": method, **found, "given": words})
    return _result(matched, rows, list(plain.values())[-1][0], blocks)


def _check(detrend: str, partial: Sequence[str]) -> None:
    trends = ["none", "linear", "quadratic"]
    if detrend not in trends:
        raise InputError(f'No trend "{detrend}". {did_you_mean(detrend, trends)}')
    if isinstance(partial, str):
        raise InputError(f'partial is a list, as ("{partial}",).')
    for one in partial:
        if one not in ("edge", "slice"):
            raise InputError(f'"{one}" cannot be taken out. {did_you_mean(one, ["edge", "slice"])}')


def _ranks(values: Reals) -> Reals:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values))


def _result(
    matched: Matched, rows: list[dict[str, Any]], given: Reals, blocks: Supervoxels | None
) -> Correspondence:
    import pandas as pd

    table = pd.DataFrame(rows)
    basis = basis_of(given)
    left = [
        residuals(basis, values - values.mean()) + values.mean()
        for values in (matched.a, matched.b)
    ]
    places = pd.DataFrame(matched.index, columns=["z", "y", "x"])
    places = places.assign(a=matched.a, b=matched.b, a_left=left[0], b_left=left[1])
    count = 0 if blocks is None else len(blocks)
    notes = (*matched.notes, *_notes(table, count))
    return Correspondence(table, places, matched.names, len(matched.a), count, notes=notes)


def _notes(table: pd.DataFrame, blocks: int) -> list[str]:
    """What the numbers cannot carry."""
    notes = []
    if abs(table["r"].iloc[0]) > _SAME:
        notes.append(
            "The two maps are the same, but for scale and offset: that is no link between two "
            "things. Choose another map."
        )
    last = table.iloc[-2]
    if not last["n_effective"] > LEAST_PLACES:
        notes.append(
            f"The maps are so smooth that the region is worth {last['n_effective']:.1f} "
            "independent places: no p-value. Look at several patients together."
        )
    elif last["n_effective"] < _FEW:
        notes.append(
            f"The region is worth {last['n_effective']:.1f} independent places: only a very "
            "strong link could be told from chance."
        )
    if last["given"] and "trend" in last["given"]:
        notes.append(
            "Tumors are not stationary: a trend was taken out of both maps. The first rows of the "
            "table show them as they are."
        )
    if blocks and not np.isfinite(last["p_surrogate"]):
        notes.append(
            f"{blocks} supervoxels are too few for what is given: no surrogates. Ask for more of "
            "them, or give less."
        )
    return notes
