"""What moved the prediction of a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_radiogenomics.fusion.result import FusionResult

__all__ = ["drivers_of", "reasons_of"]


def reasons_of(result: FusionResult, strategy: str, patient: str) -> str:
    """Where to read what drove the prediction of a patient, or that nothing did.

    Parameters
    ----------
    result : FusionResult
        What `fuse` found.
    strategy, patient : str
        Whose prediction of whom.
    """
    table = result.contributions
    moved = table[(table["strategy"] == strategy) & (table["contribution"] != 0)]
    if moved.empty:
        return f"Nothing drove it: {strategy} uses no feature and answers alike for everybody."
    if not moved["patient_id"].astype(str).eq(patient).any():
        return f"No feature drove it: the fit of {strategy} that did not learn from them uses none."
    return "Features says what drove it."


def drivers_of(
    result: FusionResult, strategy: str, patient: str, *, modality: str = "imaging"
) -> list[str]:
    """Columns of a modality that moved the prediction of a patient.

    Parameters
    ----------
    result : FusionResult
        What `fuse` found.
    strategy, patient : str
        Whose prediction of whom.
    modality : str, optional
        Of the columns.

    Returns
    -------
    list of str
        That which moved it most first, by the mean over repeats; none that moved nothing.
    """
    table = result.contributions
    own = table[(table["strategy"] == strategy) & (table["patient_id"].astype(str) == patient)]
    own = own[own["modality"] == modality]
    moved = own.groupby("column", sort=False)["contribution"].mean().abs()
    moved = moved[moved > 0].sort_values(ascending=False, kind="stable")
    return [str(column) for column in moved.index]
