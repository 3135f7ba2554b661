"""Image types, one file each: what a scan looks like through a filter."""

from __future__ import annotations

from napari_radiogenomics.radiomics.filter import FILTERS, Filter, derive, margin

__all__ = ["FILTERS", "Filter", "derive", "margin"]
