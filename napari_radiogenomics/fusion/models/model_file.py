"""A fusion model as a file: what was learned as plain arrays, the rest as JSON.

A digest of both tells of a file that was changed or cut off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.calibration import Line
from napari_radiogenomics.fusion.models.expert import Expert
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.models.predictor import predictor_from
from napari_radiogenomics.fusion.models.views import FittedView, View
from napari_radiogenomics.fusion.preparation import PREPARATIONS
from napari_radiogenomics.fusion.validation.operating_points import require_points
from napari_radiogenomics.io.model_archive import ModelArchive
from napari_radiogenomics.provenance import content_hash

__all__ = ["SavedModel", "load_model", "save_model"]

_ARCHIVE = ModelArchive(
    "fusion model",
    "model",
    "Choose a file that save_model wrote, or fit the model again.",
    version=2,
)


class SavedModel(FusionModel):
    """A fusion model that was read from a file: it predicts, and is not fitted again.

    Parameters
    ----------
    strategy : str
        Which kind of model it was.
    """

    def __init__(self, strategy: str = "") -> None:
        self.strategy = strategy

    def _fit(self, bench: Any) -> Fitted:
        raise InputError(
            "A model that was read from a file is not fitted again. Make a new one, such as "
            "EarlyFusion()."
        )

    def _setting(self, name: str) -> Any:
        return {"preparations": None, "inner_folds": 2, "seed": 0}[name]


def save_model(model: FusionModel, path: str | Path) -> Path:
    """Save a fitted model as plain arrays and JSON, and its card beside it (Markdown, ``.md``).

    Parameters
    ----------
    model : FusionModel
        Fitted.
    path : str or Path
        File, ending with ``.npz``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the name does not end with ``.npz``, the folder is missing, or it cannot be written.

    See Also
    --------
    load_model : Read it back.
    """
    from sklearn.utils.validation import check_is_fitted

    from napari_radiogenomics.fusion.models.model_card import model_card

    check_is_fitted(model, "fitted_")
    arrays: dict[str, NDArray] = {}
    about = {
        **_ARCHIVE.header(),
        "strategy": getattr(model, "strategy", type(model).__name__),
        "model": _packed(_state(model.fitted_), arrays, ""),
    }
    about["digest"] = _digest(about, arrays)
    return _ARCHIVE.write(Path(path), about, arrays, beside={".md": model_card(model)})


def load_model(path: str | Path) -> SavedModel:
    """Read a model that `save_model` wrote; no code in it is run.

    Parameters
    ----------
    path : str or Path
        File.

    Returns
    -------
    SavedModel
        It predicts and explains as the one that was saved.

    Raises
    ------
    InputError
        If the file is damaged, was changed, or is of another schema or version.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tempfile, pathlib
    >>> from napari_radiogenomics import LateFusion, load_model, save_model
    >>> rng = np.random.default_rng(0)
    >>> y = pd.Series(rng.integers(0, 2, 60), [f"P{n}" for n in range(60)])
    >>> rna = pd.DataFrame(rng.normal(size=(60, 4)), y.index)
    >>> model = LateFusion(inner_folds=3).fit({"rna": rna}, y)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.npz"
    >>> back = load_model(save_model(model, path))
    >>> bool((back.predict_proba({"rna": rna}) == model.predict_proba({"rna": rna})).all())
    True
    """
    with _ARCHIVE.opened(Path(path)) as (about, arrays):
        if about.pop("digest", "") != _digest(about, arrays):
            raise InputError("it is not what was saved; it was changed or cut off")
        model = SavedModel(str(about["strategy"]))
        model.fitted_ = _fitted(_unpacked(about["model"], arrays))
        model.classes_ = np.array(model.fitted_.classes)
    return model


def _digest(about: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> str:
    told = json.dumps({k: v for k, v in about.items() if k != "digest"}, sort_keys=True)
    return content_hash([told, dict(sorted(arrays.items()))])


def _packed(value: Any, arrays: dict[str, NDArray], at: str) -> Any:
    """Value as JSON, in which arrays stand as references to ``arrays``."""
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"map": {str(k): _packed(v, arrays, f"{at}/{k}") for k, v in value.items()}}
    if isinstance(value, list | tuple):
        return [_packed(item, arrays, at) for item in value]
    if isinstance(value, str | int | float | bool | None):
        return value
    raise InputError(
        f"The setting {at.strip('/')} holds a {type(value).__name__}, which cannot be saved. Give "
        "plain values (numbers, texts, lists, dictionaries)."
    )


def _unpacked(value: Any, arrays: Mapping[str, NDArray]) -> Any:
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]]
        return {name: _unpacked(item, arrays) for name, item in value["map"].items()}
    if isinstance(value, list):
        return [_unpacked(item, arrays) for item in value]
    return value


def _state(fitted: Fitted) -> dict[str, Any]:
    return {
        "kind": fitted.kind,
        "target": fitted.target,
        "classes": list(fitted.classes),
        "rule": fitted.rule,
        "weights": fitted.weights,
        "line": [fitted.line.intercept, fitted.line.slope],
        "scores": dict(fitted.scores),
        "points": dict(fitted.points),
        "facts": dict(fitted.facts),
        "experts": [_expert_state(expert) for expert in fitted.experts],
    }


def _expert_state(expert: Expert) -> dict[str, Any]:
    return {
        "views": [_view_state(view) for view in expert.views.values()],
        "maps": [expert.maps[name] for name in expert.views],
        "predictor": expert.predictor.state(),
        "line": [expert.line.intercept, expert.line.slope],
    }


def _view_state(fitted: FittedView) -> dict[str, Any]:
    # What a preparation was told (lists of ICCs, gene sets) it has made part of its state.
    view = fitted.view
    return {
        "name": view.name,
        "source": view.source,
        "preparation": view.preparation,
        "columns": None if view.columns is None else list(view.columns),
        "state": dict(fitted.state),
        "mean": fitted.mean,
        "scale": fitted.scale,
    }


def _fitted(state: Mapping[str, Any]) -> Fitted:
    experts = tuple(_expert(part) for part in state["experts"])
    weights = np.asarray(state["weights"], float)
    if not experts or weights.shape != (len(experts),) or state["rule"] not in ("first", "mean"):
        raise InputError("its experts do not fit together")
    if state["kind"] not in ("classification", "regression", "survival"):
        raise InputError(f'it predicts "{state["kind"]}", which is not known')
    return Fitted(
        state["kind"],
        str(state["target"]),
        tuple(state["classes"]),
        state["rule"],
        experts,
        weights,
        Line(*map(float, state["line"])),
        {name: np.asarray(value, float) for name, value in state["scores"].items()},
        require_points(state["kind"], state["points"]),
        state["facts"],
    )


def _expert(state: Mapping[str, Any]) -> Expert:
    views = [_view(part) for part in state["views"]]
    maps, width = {}, 0
    for view, weights in zip(views, state["maps"], strict=True):
        weights = np.asarray(weights, float)
        if weights.ndim not in (1, 2) or len(weights) != len(view.mean):
            raise InputError("its features do not fit together")
        maps[view.view.name] = weights
        width += len(weights) if weights.ndim == 1 else weights.shape[1]
    predictor = predictor_from(state["predictor"], width)
    named = {view.view.name: view for view in views}
    return Expert(named, maps, predictor, Line(*map(float, state["line"])))


def _view(state: Mapping[str, Any]) -> FittedView:
    PREPARATIONS[state["preparation"]]  # one that another package brought may be missing
    columns = state["columns"]
    view = View(
        str(state["name"]),
        str(state["source"]),
        state["preparation"],
        {},
        None if columns is None else tuple(columns),
    )
    mean, scale = (np.asarray(state[name], float) for name in ("mean", "scale"))
    if mean.shape != scale.shape or len(state["state"]["names"]) != len(mean):
        raise InputError("its features do not fit together")
    return FittedView(view, state["state"], mean, scale)
