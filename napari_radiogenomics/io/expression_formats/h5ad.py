"""AnnData files (.h5ad)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_radiogenomics.errors import MissingDependency
from napari_radiogenomics.io.expression_layout import ExpressionLayout, RawExpression, dense

__all__ = ["LAYOUT"]


def _reads(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(".h5ad")


def _read(path: Path) -> RawExpression:
    try:
        import anndata
    except ImportError as error:
        raise MissingDependency("anndata", extra="genomics", purpose="read .h5ad files") from error
    data = anndata.read_h5ad(path)
    notes = []
    if data.layers:
        notes.append(f"{path}: X is read; there are also the layers {', '.join(data.layers)}.")
    return RawExpression(
        dense(data.X, path),
        [str(name) for name in data.obs_names],
        [str(name) for name in data.var_names],
        "samples",
        "AnnData has an observation a row",
        "",
        tuple(notes),
        _facts(data.obs),
    )


def _facts(obs: Any) -> dict[str, dict[str, Any]]:
    return {str(name): {str(k): v for k, v in row.items()} for name, row in obs.iterrows()}


LAYOUT = ExpressionLayout(name="h5ad", title="AnnData", reads=_reads, read=_read)
