"""An expression table of a cohort, on the scale on which samples may be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.nature import settle_nature, stated_kind
from napari_radiogenomics.genomics.matrix import table_like
from napari_radiogenomics.genomics.normalize import normalize_counts
from napari_radiogenomics.io.cohort_genes import CohortBlanks, chosen, cohort_expression, kept
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["comparable", "normalized_expression"]

# Units that say nothing of the scale; the values decide.
_OPEN = ("", "array")


def normalized_expression(
    cohort: Cohort,
    *,
    expression: str = "",
    blanks: CohortBlanks = "as_stated",
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Expression of a cohort on a log scale, as `score_cohort` uses it.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    expression : str, optional
        Id of the table; the first where not given.
    blanks : str, optional
        Rule for blank cells, as for `cohort_expression`.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame, N samples × G genes
        Kept for the next call: copy it before changing it. Blank cells stay missing. ``attrs``
        as of `cohort_expression`, with the new ``unit``.

    Raises
    ------
    InputError
        If there is no table, or its values are not what its unit says.
    """
    reference = chosen(cohort, "expression", cohort.expression, expression)

    def make() -> pd.DataFrame:
        table = cohort_expression(cohort, expression=reference.id, blanks=blanks, progress=progress)
        return comparable(table, progress=progress)

    return kept(cohort, ("normalized", reference.id, blanks), reference.path, make)


def comparable(expression: pd.DataFrame, *, progress: Progress = quiet) -> pd.DataFrame:
    """Put expression on the scale that fits its unit: log2 CPM, log2 (x + 1), or as it is.

    Parameters
    ----------
    expression : DataFrame, N samples × G genes
        ``attrs["unit"]`` says what it holds; the values do where it is empty.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame
        ``attrs["unit"]`` says what became of it; blank cells stay missing.

    Raises
    ------
    InputError
        If the values cannot be what the unit says: fractions or negative values as counts.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"VEGFA": [3.0, 7.0], "CA9": [0.0, None]})
    >>> table.attrs["unit"] = "TPM"
    >>> logs = comparable(table)
    >>> logs["VEGFA"].tolist(), logs.attrs["unit"]
    ([2.0, 3.0], 'log2 (TPM + 1)')
    """
    unit = str(expression.attrs.get("unit", ""))
    if unit not in _OPEN and stated_kind(unit) is None:
        return expression  # an energy, an intensity: nothing is known that would compare better
    blank = expression.isna()
    has_blanks = bool(blank.to_numpy().any())
    filled = expression.fillna(0.0) if has_blanks else expression
    stated = "" if unit in _OPEN else unit
    nature, notes = settle_nature(filled.to_numpy(float), stated, table=expression)
    if nature.kind in ("log", "z", "intensity"):
        said = unit or nature.kind
        values, said_notes = expression.to_numpy(float), notes
    else:
        counts = nature.kind in ("count", "expected count")
        method = "log_cpm" if counts else "log2"
        result = normalize_counts(filled, method=method, nature=nature.kind, progress=progress)
        said = result.attrs["unit"] if counts else f"log2 ({unit or nature.kind} + 1)"
        values, said_notes = result.to_numpy(float), notes
        if has_blanks:
            values[blank.to_numpy()] = float("nan")
    out = table_like(values, expression, said, notes=said_notes)
    kept_facts = ("patients", "precision", "unmatched", "without", "sample_facts", "id")
    out.attrs.update({k: expression.attrs[k] for k in kept_facts if k in expression.attrs})
    return out
