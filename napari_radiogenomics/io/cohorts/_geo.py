"""Series matrices of the Gene Expression Omnibus: what they say of the samples."""

from __future__ import annotations

import csv
from pathlib import Path

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.text import decode, read_bytes

__all__ = ["read_series_matrix"]

_WANTED = ("title", "geo_accession")


def read_series_matrix(path: Path) -> list[dict[str, str]]:
    """Facts of each sample of a series matrix; its table of values is not read.

    Parameters
    ----------
    path : Path
        ``GSE…_series_matrix.txt``, gzipped or not.

    Returns
    -------
    list of dict
        ``title``, ``geo_accession`` and each ``key: value`` of the characteristics.

    Raises
    ------
    InputError
        If it is no series matrix.
    """
    text, _ = decode(read_bytes(path), path.name)
    columns: dict[str, list[str]] = {}
    traits: list[list[str]] = []
    for line in text.splitlines():
        if not line.startswith("!Sample_"):
            continue
        name, *cells = next(csv.reader([line], delimiter="\t"))
        if name.startswith("!Sample_characteristics"):
            traits.append(cells)
        columns.setdefault(name.removeprefix("!Sample_"), cells)
    if not set(_WANTED) <= set(columns):
        raise InputError(
            f"{path} has no !Sample_title and !Sample_geo_accession lines, so it is no series "
            "matrix of GEO. Download it again."
        )
    samples = [dict(zip(_WANTED, pair, strict=True))
               for pair in zip(*(columns[name] for name in _WANTED), strict=True)]  # fmt: skip
    for cells in traits:
        for sample, cell in zip(samples, cells, strict=False):
            key, _, value = cell.partition(":")
            if value:
                sample[key.strip()] = value.strip()
    return samples
