"""Counts of 10x Genomics: the HDF5 matrix, and the folder of a Visium section."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io.expression_layout import ExpressionLayout, RawExpression, dense
from napari_radiogenomics.io.text import read_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LAYOUT", "is_visium", "read_visium_spots"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_MATRICES = ("filtered_feature_bc_matrix.h5", "raw_feature_bc_matrix.h5")
_SPOTS = ("in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres")


def _matrix_of(path: Path) -> Path | None:
    """Matrix of a Visium folder; sections are often named before the standard name."""
    for name in _MATRICES:
        found = sorted(path.glob(f"*{name}"))
        if found:
            return found[0]
    return None


def is_visium(path: Path) -> bool:
    """Whether a path is the folder of a Visium section."""
    return path.is_dir() and (path / "spatial").is_dir() and _matrix_of(path) is not None


def _reads(path: Path) -> bool:
    if path.is_dir():
        return is_visium(path)
    if not path.is_file() or path.suffix.lower() not in (".h5", ".hdf5"):
        return False
    with path.open("rb") as file:
        return file.read(8) == _HDF5


def _read(path: Path) -> RawExpression:
    found = _matrix_of(path) if path.is_dir() else path
    if found is None:
        raise InputError(f"{path} has no {_MATRICES[0]}. Choose the folder that holds it.")
    return _read_matrix(found)


def _read_matrix(path: Path) -> RawExpression:
    try:
        import h5py
    except ImportError as error:
        raise MissingDependency("h5py", extra="genomics", purpose="read 10x matrices") from error
    from scipy.sparse import csc_matrix

    with h5py.File(path) as file:
        if "matrix/features/name" not in file:
            raise InputError(
                f"{path} has no matrix/features, so it is no matrix of Cell Ranger 3 or later. "
                "Convert it, or give the .h5ad."
            )
        group = file["matrix"]
        parts = tuple(group[name][:] for name in ("data", "indices", "indptr"))
        matrix = csc_matrix(parts, shape=tuple(group["shape"][:])).T.tocsc()
        barcodes, genes, kinds = (
            _texts(group[name]) for name in ("barcodes", "features/name", "features/feature_type")
        )
    expressed = [at for at, kind in enumerate(kinds) if kind == "Gene Expression"]
    notes: tuple[str, ...] = ()
    if len(expressed) < len(genes):
        notes = (f"{path}: {len(genes) - len(expressed)} features are no genes; left out.",)
    return RawExpression(
        dense(matrix[:, expressed], path),
        barcodes,
        [genes[at] for at in expressed],
        "samples",
        "10x matrices have a barcode a sample",
        "count",
        notes,
    )


def _texts(found: Any) -> list[str]:
    return [one.decode() if isinstance(one, bytes) else str(one) for one in found[:]]


def read_visium_spots(path: str | Path) -> pd.DataFrame:
    """Read where the spots of a Visium section lie.

    Parameters
    ----------
    path : str or Path
        Folder of the section, or its ``spatial`` folder.

    Returns
    -------
    DataFrame
        Index ``barcode``; ``in_tissue``, ``array_row``, ``array_col``, and the position of the
        center, ``pxl_row_in_fullres`` and ``pxl_col_in_fullres``, in pixels of the
        full-resolution image.

    Raises
    ------
    InputError
        If there is no table of positions, or it has another form.
    """
    import io

    import pandas as pd

    folder = Path(path)
    folder = folder / "spatial" if (folder / "spatial").is_dir() else folder
    names = ("tissue_positions.csv", "tissue_positions_list.csv")
    table = next((folder / name for name in names if (folder / name).is_file()), None)
    if table is None:
        raise InputError(f"{folder} has no {' or '.join(names)}. Choose the section's folder.")
    data = read_bytes(table)
    has_header = data.lstrip()[:8].lower().startswith(b"barcode")
    frame = pd.read_csv(io.BytesIO(data), header=None, skiprows=int(has_header))
    numbers = frame.iloc[:, 1:]
    if frame.shape[1] != 6 or not all(kind.kind in "iuf" for kind in numbers.dtypes):
        raise InputError(
            f"{table} has {frame.shape[1]} columns; barcode, in_tissue, row, column and two "
            "positions in pixels are expected. Copy it again."
        )
    frame.columns = pd.Index(["barcode", *_SPOTS])
    return frame.set_index("barcode")


LAYOUT = ExpressionLayout(name="10x", title="10x matrix or Visium folder", reads=_reads, read=_read)
