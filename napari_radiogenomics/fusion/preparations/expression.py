"""Expression: counts made comparable by frozen factors, then genes or pathways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.gene_sets import gene_sets_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.columns import filled, learn_columns
from napari_radiogenomics.fusion.models.site_effect import learn_sites, without_sites
from napari_radiogenomics.fusion.preparation import Preparation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PREPARATION"]

Reals = NDArray[np.float64]
_FEWEST_GENES = 5


def _learn(
    frame: pd.DataFrame, sites: NDArray[Any] | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    state, values = learn_columns(frame)
    state["reference"] = _reference(values) if _are_counts(values, settings["scale"]) else None
    logs = _logs(state, values)
    effect = learn_sites(logs, sites) if settings["harmonize"] else None
    logs = logs if effect is None else without_sites(effect, logs, sites)
    state["effect"] = effect
    if settings["gene_sets"] is None:
        return _genes(state, logs, settings["n_genes"])
    return _pathways(state, logs, settings["gene_sets"])


def _are_counts(values: Reals, scale: str) -> bool:
    if scale not in ("auto", "counts", "log"):
        raise InputError(f'scale is "{scale}". Choose "auto", "counts" or "log".')
    if scale != "auto":
        return scale == "counts"
    return bool((values >= 0).all() and (values == np.rint(values)).all() and values.max() > 50)


def _reference(counts: Reals) -> Reals:
    """Mean log count of the genes with reads in all training patients, NaN elsewhere."""
    if (counts.sum(axis=1) == 0).any():
        raise InputError("A patient has no reads at all. Leave that patient out of the counts.")
    everywhere = (counts > 0).all(axis=0)
    logs = np.log(np.where(everywhere, counts, 1)).mean(axis=0)
    return np.where(everywhere, logs, np.nan)


def _logs(state: Mapping[str, Any], values: Reals) -> Reals:
    """Logarithms, each patient by itself: new patients do not change each other."""
    reference = state["reference"]
    if reference is None:
        return values
    known = np.isfinite(reference)
    if known.sum() >= _FEWEST_GENES:
        ratios = np.log(np.maximum(values[:, known], 0.5)) - reference[known]
        factors = np.exp(np.median(ratios, axis=1))
    else:
        factors = values.sum(axis=1) / 1e6
    return np.log2(values / np.maximum(factors, 1e-12)[:, None] + 1)


def _genes(state: dict[str, Any], logs: Reals, n_genes: int | None) -> dict[str, Any]:
    """Keep the genes that vary most."""
    order = np.argsort(-logs.var(axis=0), kind="stable")[:n_genes]
    kept = np.sort(order)
    columns = state["columns"]
    if len(kept) < len(columns):
        state["notes"].append(f"The {len(kept)} genes that vary most of {len(columns)} are used.")
    needed = kept
    if state["reference"] is not None:  # the factors need the others too
        needed = np.arange(len(columns))
    state["places"] = np.searchsorted(needed, kept)
    state["names"] = [columns[at] for at in kept]
    state["columns"] = [columns[at] for at in needed]
    state["medians"] = state["medians"][needed]
    if state["effect"] is not None:
        effect = state["effect"]
        state["effect"] = {k: v if k == "sites" else v[..., needed] for k, v in effect.items()}
    return {**state, "sets": None}


def _pathways(state: dict[str, Any], logs: Reals, gene_sets: Any) -> dict[str, Any]:
    """Mean z-score of each gene set times the root of its size, by frozen means and spreads."""
    if isinstance(gene_sets, str):
        from napari_radiogenomics.io.gene_sets import curated_gene_sets, read_gene_sets

        known = curated_gene_sets() if gene_sets == "curated" else read_gene_sets(gene_sets)
    else:
        known = gene_sets_of(gene_sets)
    place = {name: at for at, name in enumerate(state["columns"])}
    sets = {name: [place[g] for g in known[name].genes if g in place] for name in known}
    sets = {name: places for name, places in sets.items() if len(places) >= _FEWEST_GENES}
    if not sets:
        raise InputError(
            f"None of the {len(known)} gene sets has {_FEWEST_GENES} genes in the table. Check "
            "that both use the same gene names."
        )
    weights = np.zeros((len(place), len(sets)))
    for at, places in enumerate(sets.values()):
        weights[places, at] = len(places) ** -0.5
    spread = logs.std(axis=0, ddof=1)
    sound = np.where(spread > 0, spread, np.inf)
    frozen = {"weights": weights, "mean": logs.mean(axis=0), "spread": sound}
    return {**state, "places": None, "sets": frozen, "names": list(sets)}


def _apply(state: Mapping[str, Any], frame: pd.DataFrame, sites: Any) -> NDArray[Any]:
    logs = without_sites(state["effect"], _logs(state, filled(state, frame)), sites)
    if state["sets"] is None:
        return logs[:, state["places"]]
    frozen = state["sets"]
    return ((logs - frozen["mean"]) / frozen["spread"]) @ frozen["weights"]


PREPARATION = Preparation(
    name="expression",
    title="Expression",
    meaning="Counts become logarithms by factors frozen at the fit (median of ratios, DESeq2); "
    "then the genes that vary most are kept, or pathways are scored.",
    defaults={"scale": "auto", "n_genes": 1000, "gene_sets": None, "harmonize": False},
    learn=_learn,
    apply=_apply,
)
