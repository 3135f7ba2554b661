"""A fitted model on patients of another cohort: what it reads there, says, and lacks."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.errors import DataWarning
from napari_radiogenomics.fusion.explaining.explain import predict_patients

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.models.model import FusionModel

__all__ = ["clinical_read", "modalities_read", "predicted", "seen_before"]


def modalities_read(model: FusionModel) -> list[str]:
    """Modalities that a fitted model reads."""
    experts = model.fitted_.experts
    sources = [view.view.source for expert in experts for view in expert.views.values()]
    return list(dict.fromkeys(sources))


def clinical_read(model: FusionModel, known: Collection[str]) -> list[str]:
    """Clinical columns that a fitted model reads, as far as they are known."""
    columns = [
        str(name)
        for expert in model.fitted_.experts
        for view in expert.views.values()
        if view.view.source == "clinical"
        for name in view.state["columns"]
    ]
    return [name for name in dict.fromkeys(columns) if name in known]


def seen_before(
    model: FusionModel, sites: pd.Series | None, tables: Mapping[str, pd.DataFrame]
) -> str:
    """What the sites tell of patients that may have been learned from; empty where nothing.

    A file does not name patients: the same sites are what can be told, where there are any.
    """
    known = model.fitted_.facts["sites"]
    if sites is None or not known:
        return (
            "Its file does not name the patients that it learned from. If these are the same, what "
            "it says of them proves nothing."
        )
    there = {str(sites[p]) for table in tables.values() for p in table.index if p in sites.index}
    same = sorted(there & set(known))
    if not same:
        return ""
    return (
        f"The model learned at {', '.join(same)} too, and its file does not name its patients. If "
        "these are the same patients, what it says of them proves nothing."
    )


def predicted(
    model: FusionModel,
    tables: Mapping[str, pd.DataFrame],
    sites: pd.Series | None = None,
    **settings: Any,
) -> tuple[pd.DataFrame, list[str]]:
    """What a model says of each patient, and what it lacks there.

    Parameters
    ----------
    model : FusionModel
        Fitted, or read from a file.
    tables : mapping of str to DataFrame
        By modality.
    sites : Series, optional
        By patient.
    **settings
        As for `predict_patients`.

    Returns
    -------
    table : DataFrame
        As `predict_patients` answers; ``lacks`` names what the model reads.
    said : list of str
        Columns and modalities that lack, with their cost.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        table = predict_patients(model, tables, sites, **settings)
    wanted = modalities_read(model)
    table["lacks"] = [", ".join(n for n in text.split(", ") if n in wanted)
                      for text in table["lacks"]]  # fmt: skip
    said = [str(one.message) for one in caught if issubclass(one.category, DataWarning)]
    return table, list(dict.fromkeys(said))
