"""By what a scan is known again in a later session: its grid and its values, not its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.provenance import content_hash

if TYPE_CHECKING:
    from napari.layers import Layer

__all__ = ["drawn_scan", "scan_mark", "scans_of"]

_MOST = 32  # values along each axis that count: a large scan is known in a few milliseconds


def scans_of(layers: Iterable[Layer]) -> list[Layer]:
    """Layers of voxels that a person may draw on."""
    from napari.layers import Image

    return [x for x in layers if isinstance(x, Image) and not (x.rgb or x.multiscale)]


def scan_mark(scan: Layer) -> str:
    """Return a short text that differs from scan to scan, and is the same for a copy of the file.

    Parameters
    ----------
    scan : napari.layers.Image
        Layer of the scan.

    Examples
    --------
    >>> from napari.layers import Image
    >>> values = np.arange(60.0).reshape(3, 4, 5)
    >>> one, copy, other = Image(values, name="a"), Image(values, name="b"), Image(values + 1)
    >>> scan_mark(one) == scan_mark(copy), scan_mark(one) == scan_mark(other)
    (True, False)
    """
    steps = tuple(slice(None, None, max(1, n // _MOST)) for n in scan.data.shape)
    seen = np.ascontiguousarray(np.asarray(scan.data[steps]), np.float64)
    grid = [list(scan.data.shape), np.round([*scan.scale, *scan.translate], 4)]
    return content_hash([*grid, seen])[:16]


def drawn_scan(region: Layer, layers: Iterable[Layer]) -> Layer | None:
    """Return the scan that regions without a file were drawn on.

    Parameters
    ----------
    region : napari.layers.Labels
        The regions.
    layers : iterable of Layer
        Among these: the scan it was made for, else the first on its grid, else the first at all.
    """
    scans = scans_of(layers)
    made_for = _facts(region).get("scan_path")
    named = (x for x in scans if made_for and _facts(x).get("path") == made_for)
    beneath = (x for x in scans if _on_one_grid(region, x))
    return next(named, None) or next(beneath, None) or next(iter(scans), None)


def _facts(layer: Layer) -> Any:
    return getattr(layer.metadata.get(SOURCE), "metadata", {})


def _on_one_grid(region: Layer, scan: Layer) -> bool:
    return (
        region.data.shape == scan.data.shape
        and np.allclose(region.scale, scan.scale)
        and np.allclose(region.translate, scan.translate)
    )
