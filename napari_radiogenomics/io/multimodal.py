"""A cohort for other programs: AnnData of its expression, MuData of all that is measured, CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.link import Links
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.io.cohort_genes import cohort_expression
from napari_radiogenomics.io.tables import write_table
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import history_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_anndata", "to_mudata", "write_multimodal"]

_SUFFIXES = (".h5ad", ".h5mu", ".csv", ".csv.gz")


def to_anndata(
    cohort: Cohort,
    links: Links | None = None,
    *,
    expression: str = "",
    clinical: bool = True,
    progress: Progress = quiet,
) -> Any:
    """Expression of a cohort as AnnData, each sample with what is known of it.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    links : Links, optional
        Regions of the samples, from `link_cohort`: ``obs`` gets ``region``, ``label`` and
        ``how`` of the one that the sample counts for, ``uns["links"]`` the whole table.
    expression : str, optional
        Id of the table; the first where not given.
    clinical : bool, optional
        Repeat the clinical facts of the patient for each of their samples.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    anndata.AnnData, N samples × G genes
        ``X`` as it stands in the table, blank cells NaN. ``obs``: ``patient_id``,
        ``precision``, the columns of the samples table, and clinical ones as
        ``clinical_<name>``. ``uns["radiogenomics"]``: ``unit``, ``gene_id``, ``notes`` and
        ``history`` (JSON).

    Raises
    ------
    MissingDependency
        Without anndata.
    InputError
        If the cohort has no expression.
    """
    anndata = _imported("anndata")
    table = cohort_expression(cohort, expression=expression, progress=progress)
    obs = _observations(cohort, table, links, clinical=clinical)
    uns: dict[str, Any] = {"radiogenomics": _facts(cohort, table)}
    if links is not None:
        uns["links"] = _plain(links.table).set_index(np.arange(len(links)).astype(str))
    import pandas as pd

    var = pd.DataFrame(index=pd.Index([str(name) for name in table.columns], name="gene"))
    return anndata.AnnData(table.to_numpy(float), obs=obs, var=var, uns=uns)


def to_mudata(
    cohort: Cohort,
    imaging: pd.DataFrame | None = None,
    links: Links | None = None,
    *,
    expression: str = "",
    progress: Progress = quiet,
) -> Any:
    """A cohort as MuData with the modalities ``imaging``, ``rna`` and ``clinical``.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    imaging : DataFrame, optional
        Image features, one row a patient, scan or region; index any name, and a column
        ``patient_id`` where that is not the index. Columns of numbers are features, the others
        become ``obs``. Left out where not given.
    links : Links, optional
        Regions of the samples, as for `to_anndata`.
    expression : str, optional
        Id of the expression table; the first where not given.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    mudata.MuData
        Each modality has ``obs["patient_id"]``, by which rows belong together: ``rna`` has a
        row for each sample, ``clinical`` for each patient, ``imaging`` as given.
        ``uns["links"]`` says which sample speaks for which region.

    Raises
    ------
    MissingDependency
        Without mudata.
    InputError
        If there is no expression, or features of unknown patients.
    """
    mudata = _imported("mudata")
    rna = to_anndata(cohort, links, expression=expression, clinical=False, progress=progress)
    parts = {"rna": rna, "clinical": _clinical(cohort)}
    if imaging is not None:
        parts = {"imaging": _imaging(cohort, imaging), **parts}
    with mudata.set_options(pull_on_update=False):
        data = mudata.MuData(parts)
    if "links" in rna.uns:
        data.uns["links"] = rna.uns.pop("links")
    data.uns["radiogenomics"] = {"cohort": cohort.name, "layout": cohort.layout}
    return data


def write_multimodal(
    cohort: Cohort,
    path: str | Path,
    *,
    imaging: pd.DataFrame | None = None,
    links: Links | None = None,
    expression: str = "",
    progress: Progress = quiet,
) -> Path:
    """Write a cohort as ``.h5ad``, ``.h5mu`` or, its expression alone, ``.csv``, all or nothing.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    path : str or Path
        Where; the name says as what.
    imaging, links, expression
        As for `to_mudata`.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    Path
        The written file.

    Raises
    ------
    InputError
        If the name ends otherwise, or the folder is missing.
    """
    path = Path(path)
    if not path.name.lower().endswith(_SUFFIXES):
        raise InputError(f'"{path.name}" must end with {", ".join(_SUFFIXES)}. Rename it.')
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist. Create it, then save again.")
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return _write_csv(cohort_expression(cohort, expression=expression, progress=progress), path)
    if name.endswith(".h5ad"):
        data = to_anndata(cohort, links, expression=expression, progress=progress)
        with atomic_path(path) as temporary:
            data.write_h5ad(temporary)
        return path
    data = to_mudata(cohort, imaging, links, expression=expression, progress=progress)
    with _imported("mudata").set_options(pull_on_update=False), atomic_path(path) as temporary:
        data.write_h5mu(temporary)
    return path


def _write_csv(table: pd.DataFrame, path: Path) -> Path:
    if not path.name.lower().endswith(".gz"):
        return write_table(table, path)
    import gzip

    with atomic_path(path) as temporary:
        plain = write_table(table, temporary.with_suffix(""))
        temporary.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        plain.unlink()
    return path


def _imported(package: str) -> Any:
    import importlib

    try:
        return importlib.import_module(package)
    except ImportError as error:
        purpose = f"export {'AnnData' if package == 'anndata' else 'MuData'}"
        raise MissingDependency(package, extra="genomics", purpose=purpose) from error


def _facts(cohort: Cohort, table: pd.DataFrame) -> dict[str, Any]:
    history = json.dumps([record.to_dict() for record in history_of(table)])
    return {
        "cohort": cohort.name,
        "expression": table.attrs["id"],
        "unit": table.attrs["unit"],
        "gene_id": table.attrs["gene_id"],
        "notes": np.array(table.attrs["notes"], dtype=str),
        "history": history,
    }


def _observations(
    cohort: Cohort, table: pd.DataFrame, links: Links | None, *, clinical: bool
) -> pd.DataFrame:
    """What is known of each sample, in the order of the table."""
    import pandas as pd

    index = [str(name) for name in table.index]
    known = cohort.samples.drop(columns=["patient_id", "precision"]).reindex(index)
    patients = [table.attrs["patients"][name] for name in index]
    head = pd.DataFrame(
        {"patient_id": patients, "precision": [table.attrs["precision"][n] for n in index]},
        index=known.index,
    )
    parts = [head, known]
    if links is not None:
        counted = links.table[links.table["counts"]].drop_duplicates("sample_id")
        parts.append(counted.set_index("sample_id")[["region", "label", "how"]].reindex(index))
    if clinical:
        own = cohort.patients.reindex(patients).set_axis(known.index).add_prefix("clinical_")
        parts.append(own)
    return _plain(pd.concat(parts, axis=1))


def _clinical(cohort: Cohort) -> Any:
    """Clinical facts: numbers as variables, the rest as observations of the patients."""
    return _matrix(cohort.patients, list(map(str, cohort.patients.index)))


def _imaging(cohort: Cohort, imaging: pd.DataFrame) -> Any:
    patients = imaging.get("patient_id", imaging.index)
    lost = [str(one) for one in dict.fromkeys(patients) if one not in cohort.patients.index]
    if lost:
        raise InputError(
            f"{len(lost)} patients of the image features are not in {cohort.name}: "
            f"{', '.join(lost[:3])}. Give features with a column patient_id of this cohort."
        )
    if not imaging.index.is_unique:
        raise InputError("Rows of the image features have the same name. Give each its own.")
    return _matrix(imaging.drop(columns="patient_id", errors="ignore"), list(map(str, patients)))


def _matrix(frame: pd.DataFrame, patients: list[str]) -> Any:
    anndata = _imported("anndata")
    import pandas as pd

    numbers = [name for name, kind in frame.dtypes.items() if kind.kind in "iuf"]
    obs = _plain(frame.drop(columns=numbers).set_axis(list(map(str, frame.index)), axis=0))
    obs.insert(0, "patient_id", patients)
    var = pd.DataFrame(index=pd.Index([str(name) for name in numbers]))
    return anndata.AnnData(frame[numbers].to_numpy(float), obs=obs, var=var)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that HDF5 can hold: text, "" where missing, and floats, NaN where missing."""
    columns: Mapping[Any, Any] = {
        str(name): frame[name].to_numpy(float, na_value=np.nan)
        if frame[name].dtype.kind in "iuf"
        else frame[name].to_numpy(bool)
        if frame[name].dtype.kind == "b"
        else frame[name].astype(object).where(frame[name].notna(), "").astype(str).to_numpy()
        for name in frame
    }
    import pandas as pd

    index = pd.Index([str(name) for name in frame.index], name=frame.index.name, dtype=object)
    return pd.DataFrame(columns, index=index)
