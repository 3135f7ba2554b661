"""One id of two hospitals: two patients who would be joined into one.

Hospitals that number their patients alike ("P001" here and there) make tables that fit together
and should not. Where tables say the site, the same id must have the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.warned import warned

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["require_one_site", "warn_of_two_names"]

_SITE = re.compile(r"^(study[ _.]?)?(site|center|centre|hospital|institution|institute|clinic)"
                   r"([ _.]?(id|name|code))?$", re.IGNORECASE)  # fmt: skip
_REMEDY = (
    "If hospitals number their patients alike, put the site before the id in all tables "
    '(table.index = table["{}"] + "-" + table.index); else correct the site.'
)


def require_one_site(tables: Mapping[str, pd.DataFrame], groups: Any = None) -> None:
    """Refuse an id that is of one site in one table, and of another site in another.

    Sites are read from the columns of the tables that are called so. Tables that write all
    sites otherwise (1 and 2 for A and B) agree.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By patient id.
    groups : Series, optional
        Site of each patient, by id.

    Raises
    ------
    InputError
        If an id has two sites.

    Examples
    --------
    >>> import pandas as pd
    >>> ids = [f"P{n}" for n in range(4)]
    >>> image = pd.DataFrame({"site": ["A", "B", "A", "B"]}, ids)
    >>> require_one_site({"imaging": image, "rna": pd.DataFrame({"VEGFA": 1.0}, ids)})
    """
    _doubtful(tables, groups)


def warn_of_two_names(tables: Mapping[str, pd.DataFrame], groups: Any = None) -> tuple[str, ...]:
    """Warn where it cannot be told whether two tables name a site otherwise, or mean another.

    Returns
    -------
    tuple of str
        The warnings; empty where sites agree or are unknown.
    """
    return warned(_doubtful(tables, groups))


def _doubtful(tables: Mapping[str, pd.DataFrame], groups: Any) -> list[str]:
    """What is to be warned of; what is sure is refused."""
    import pandas as pd

    known: dict[str, tuple[str, pd.Series]] = {}
    for name, frame in tables.items():
        found = _site_of(frame)
        if found is not None:
            known[f'"{name}"'] = found
    if isinstance(groups, pd.Series):
        known["the sites"] = (str(groups.name or "site"), _words(groups))
    for where, (column, sites) in known.items():
        _refuse_twice(where, column, sites)
    return [
        text
        for (one, (column, first)), (other, (_, second)) in combinations(known.items(), 2)
        if (text := _compare(one, _once(first), other, _once(second), column))
    ]


def _site_of(frame: pd.DataFrame) -> tuple[str, pd.Series] | None:
    """Column of a table that says the site; None where there is none."""
    for at, column in enumerate(frame.columns):
        if _SITE.match(str(column)):
            sites = _words(frame.iloc[:, at])
            if sites.nunique() <= max(1, len(sites) / 2):  # else it is a place, or an id
                return str(column), sites
    return None


def _once(sites: pd.Series) -> pd.Series:
    return sites[~sites.index.duplicated()]


def _words(column: pd.Series) -> pd.Series:
    """Sites as words, spelled alike, without blanks; a number is written without a fraction."""
    import pandas as pd

    numbers = pd.api.types.is_float_dtype(column)
    own = column.dropna()
    own = own.map("{:g}".format) if numbers else own.astype(str).str.strip().str.casefold()
    own = own[own != ""]
    return own.set_axis(own.index.astype(str))


def _refuse_twice(where: str, column: str, sites: pd.Series) -> None:
    """Refuse an id with two rows of two sites."""
    several = sites.groupby(level=0).nunique()
    several = several[several > 1]
    if len(several):
        first = str(several.index[0])
        names = " and ".join(sites.loc[first].unique()[:2])
        raise InputError(
            f'In {where} {len(several)} ids are of two sites; the first is "{first}", of {names}. '
            + _REMEDY.format(column)
        )


def _compare(one: str, first: pd.Series, other: str, second: pd.Series, column: str) -> str:
    """What is to be warned of; empty where two tables agree."""
    shared = first.index.intersection(second.index)
    mine, theirs = first.loc[shared], second.loc[shared]
    apart = (mine != theirs).to_numpy()
    if not apart.any():
        return ""
    at = shared[apart][0]
    text = (
        f"{int(apart.sum())} ids are of one site in {one} and of another in {other}; the first is "
        f'"{at}", of {mine[at]} and of {theirs[at]}. '
    )
    if set(first) & set(second):  # the same names are used, and not for the same patients
        raise InputError(text + _REMEDY.format(column))
    pairs = set(zip(mine, theirs, strict=True))
    if len(pairs) > 1 and len(pairs) == mine.nunique() == theirs.nunique():
        return ""  # all sites are written otherwise
    doubt = "Is that one hospital under two names, or are these different patients? "
    return text + doubt + _REMEDY.format(column)
