"""`FusionResult`: what a validation found, as tables and as words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.advice import above_chance
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.outcome import Kind
from napari_radiogenomics.fusion.validation.patients import patient_table
from napari_radiogenomics.provenance import Record
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FusionResult"]


@dataclass(frozen=True, eq=False)
class FusionResult:
    """What a validation of fusion models found.

    Tables whose intervals are of 95 % have them in the columns ``…_low`` and ``…_high``.

    Attributes
    ----------
    kind : {"classification", "regression", "survival"}
        Of the outcome.
    target : str
        Its name.
    main : str
        The measure by which strategies are compared: ``"auc"``, ``"r_squared"`` or
        ``"concordance"``.
    scheme : str
        How it was validated.
    table : DataFrame
        Strategy × measures; ``optimism`` is what the measure loses from the patients that were
        learned from to those that were not (bias of the apparent result), ``variance`` how much
        a patient's prediction varies between repeats, ``features`` how many are used, and
        ``answered`` the share of patients that got a prediction.
    predictions : DataFrame
        ``strategy``, ``repeat``, ``fold``, ``patient_id``, ``link``, ``probability``,
        ``outcome``, ``site``: of patients that the fold did not learn from. For classes
        ``fits_0`` and ``fits_1`` say how well each fits (conformal p-values), for numbers
        ``low`` and ``high`` are the interval of 90 %; ``event`` is there for times alone.
    folds : DataFrame
        Main measure of each strategy in each fold.
    comparison : DataFrame
        Each two strategies on the ``patients`` that both answered: main measure of the one
        (``value``) and the other (``other_value``), their ``difference`` with the wider interval
        and the greater ``p_value`` of the corrected resampled t-test over folds and a jackknife
        over patients, and ``p_delong`` of DeLong's test on each patient's mean prediction.
    contrast : DataFrame
        Raw, harmonized in the fold, leave-one-site-out and volume only side by side; without
        sites, what of it there is.
    ablation : DataFrame
        What each modality adds to clinical facts and volume; empty without these.
    without : DataFrame
        Main measure of each strategy as if the test patients lacked a modality.
    trade_off : DataFrame
        Bias against variance of each strategy, with all modalities (``without`` is empty) and
        as if the test patients lacked one: ``bias`` (squared, with the noise that no model can
        predict), ``variance`` (what other training patients would have changed) and their sum
        ``error``, unbiased for models of ``learned`` patients, half of the training part;
        ``above_least`` is the bias above that of the least biased strategy on the same patients,
        free of noise. Intervals are over the patients tested. `fusion.trade_off` says what is taken
        apart for each kind of outcome.
    sites : DataFrame
        Main measure at each site.
    calibration, decision : DataFrame
        Calibration curve, and net benefit over thresholds (classification).
    points : DataFrame
        Operating points (classification): the ``threshold`` on the probability (mean of the
        folds, each chosen in its inner folds) and the sensitivity, specificity and predictive
        values that it reaches in patients ``"left out"`` and in the ``"external"`` cohort.
    importance : DataFrame
        Features of each strategy: mean ``share`` of its weights, in how many folds it was
        ``selected``, and ``shap``, its mean absolute Shapley value in patients left out.
    contributions : DataFrame
        Shapley values of the features that drove each patient's prediction, in the first repeat,
        by models that did not learn from the patient; a row without a name sums up the others.
        ``attrs["scale"]`` as of `explain`.
    modalities : DataFrame
        Importance by modality.
    missing : DataFrame
        How often each modality is missing, by outcome.
    learning : DataFrame
        Main measure of the trusted strategy by number of training patients; ``gain`` is what all
        of them add to so many, on the same test patients.
    external : DataFrame or None
        Measures in the external cohort, each on the patients that the strategy ``answered``.
    trusted : str
        Strategy that the advice names.
    advice : tuple of str
        Which strategy to trust and why, and what else should be known.
    models : dict of FusionModel
        Each strategy, fitted on all patients.
    warnings : tuple of str
        Why the result may be too good to be true (columns, or sites, that tell the target by
        themselves; ids that may be one patient), who is left out without an outcome, and what
        the second cohort lacks.
    doubts : tuple of str
        Those of the warnings for which no strategy is to be trusted as it stands.
    history : tuple of Record
        How it came about.
    """

    kind: Kind
    target: str
    main: str
    scheme: str
    table: pd.DataFrame
    predictions: pd.DataFrame
    folds: pd.DataFrame
    comparison: pd.DataFrame
    contrast: pd.DataFrame
    ablation: pd.DataFrame
    without: pd.DataFrame
    trade_off: pd.DataFrame
    sites: pd.DataFrame
    calibration: pd.DataFrame
    decision: pd.DataFrame
    points: pd.DataFrame
    importance: pd.DataFrame
    contributions: pd.DataFrame
    modalities: pd.DataFrame
    missing: pd.DataFrame
    learning: pd.DataFrame
    external: pd.DataFrame | None
    trusted: str
    advice: tuple[str, ...]
    models: Mapping[str, FusionModel]
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    @property
    def star(self) -> str:
        """The trusted strategy; empty where it is not clearly above chance, or in doubt."""
        if self.doubts:
            return ""
        return self.trusted if above_chance(self.kind, self.table, self.trusted) else ""

    @property
    def told(self) -> tuple[str, ...]:
        """Warnings and advice, as they are written beside the tables and in the model card."""
        return (*(f"Warning: {text}" for text in self.warnings), *self.advice)

    def model(self, strategy: str = "") -> FusionModel:
        """Strategy fitted on all patients; the trusted one without a name."""
        name = strategy or self.trusted
        if name not in self.models:
            hint = did_you_mean(name, list(self.models))
            raise InputError(f'There is no strategy "{name}" in this result. {hint}')
        return self.models[name]

    def patients(self, strategy: str = "", *, level: float = 0.9) -> pd.DataFrame:
        """One row a patient, by models that did not learn from them; means over the repeats.

        Parameters
        ----------
        strategy : str, optional
            Which; the trusted one without a name.
        level : float, optional
            Coverage of the conformal sets.

        Returns
        -------
        DataFrame
            By ``patient_id``. For classes ``outcome``, ``probability`` of the event, ``set`` of
            the classes that cannot be excluded, whether the more likely class is ``right`` and
            whether the set has ``covered`` the true one; ``attrs["classes"]`` are the two, the
            event last. For numbers ``predicted``, the interval of 90 % and whether it is
            ``right``; for survival ``time``, ``event``, ``link`` and ``survival``, the probability
            of no event by ``attrs["at"]`` (median follow-up, in the unit of the times) with
            ``survival_low`` and ``survival_high``, how far the training patients fix it (90 %;
            not when the event of a patient comes). ``drivers`` are the three
            features that moved the prediction most.
        """
        name = strategy or self.trusted
        return patient_table(
            self.predictions, self.contributions, kind=self.kind,
            classes=self.model(name).fitted_.classes, strategy=name, level=level,
        )  # fmt: skip

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name, as they are written to files; empty ones left out."""
        import pandas as pd

        found = {
            name: value for name, value in vars(self).items() if isinstance(value, pd.DataFrame)
        }
        return {name: table for name, table in found.items() if len(table)}
