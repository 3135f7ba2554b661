"""`AssociationResult`: every test with its interval, and what should be known of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = ["AssociationResult"]


@dataclass(frozen=True, eq=False)
class AssociationResult:
    """Features against outcomes.

    Attributes
    ----------
    table : DataFrame
        One row a test, the smallest p-values first: ``feature``, ``outcome``, ``n`` (patients),
        ``effect`` with ``low`` and ``high`` (95 % interval), ``statistic``, ``p_value``,
        ``q_value`` (adjusted within the family) and ``family``. Some methods add columns; with
        permutations there are ``p_permuted`` and ``p_max_t`` (family-wise).
    method : str
        Name of the method.
    effect : str
        What the effect is.
    family : str
        Which tests were adjusted together, how many, and how, in words.
    n_tests : int
        Tests made; more than the table has rows where it keeps the smallest p-values only.
    n_patients : int
        Patients with features and outcomes.
    sites : str
        How sites were taken.
    missing : DataFrame
        Whether missing values go with outcomes or sites; empty where none is missing.
    warnings : tuple of str
        What may make an illusion of it.
    history : tuple of Record
        How it came to be.
    """

    table: pd.DataFrame
    method: str
    effect: str
    family: str
    n_tests: int
    n_patients: int
    sites: str
    missing: pd.DataFrame
    warnings: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def matrix(self, column: str = "effect") -> pd.DataFrame:
        """One column of the table as features × outcomes, for a heat map.

        Parameters
        ----------
        column : str, optional
            Such as ``"effect"`` or ``"q_value"``.
        """
        return self.table.pivot(index="feature", columns="outcome", values=column)
