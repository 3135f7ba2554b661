"""``weigh-evidence COHORT FEATURES --feature F --outcome O``: the evidence card of a pair."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.association.evidence import EvidenceCard

__all__ = ["COMMAND"]

_BY_HAND = ("feature", "outcome", "cohort", "validation", "expected")


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.association.evidence import weigh_evidence

    parser.add_argument("cohort", type=Path, metavar="COHORT", help="Folder of the cohort.")
    parser.add_argument(
        "features", type=Path, metavar="FEATURES", help="Table that extract-cohort wrote."
    )
    parser.add_argument("--feature", required=True, metavar="NAME", help="Column of the features.")
    parser.add_argument(
        "--outcome", required=True, metavar="NAME",
        help='Gene, gene set, clinical column, or "EGFR mutation".',
    )  # fmt: skip
    for option, words in (
        (
            "--patients",
            "Where the claim was found, such as cohort=discovery; everybody without it.",
        ),
        ("--validation", "The second cohort, such as cohort=validation."),
    ):
        parser.add_argument(option, default="", metavar="COLUMN=VALUE", help=words)
    parser.add_argument(
        "--site", default="site", metavar="NAME", help="Column with site or scanner."
    )
    parser.add_argument(
        "--confounders", nargs="+", default=(), metavar="NAME", help="Columns to adjust for too."
    )
    parser.add_argument(
        "--expected", nargs="+", default=(), metavar="NAME",
        help="Outcomes that should rise with the feature; NAME=-1 should fall, NAME=0 stay.",
    )  # fmt: skip
    parser.add_argument(
        "--stability", type=Path, default=None, metavar="PATH",
        help="Table that the command stability wrote.",
    )  # fmt: skip
    parser.add_argument(
        "--tissue", type=Path, default=None, metavar="PATH",
        help="Table that the command correspond-cohort wrote: whether slides say the same.",
    )  # fmt: skip
    add_arguments(parser, describe(weigh_evidence), without=_BY_HAND)
    parser.add_argument(
        "--output", type=Path, default=None, metavar="PATH",
        help="Picture (.svg), table (.csv) or everything (.json), with the history beside it.",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.association.cohort_study import cohort_study
    from napari_radiogenomics.association.evidence import weigh_evidence
    from napari_radiogenomics.cli.patient_tables import read_patients
    from napari_radiogenomics.extraction.result import CohortFeatures
    from napari_radiogenomics.genomics.cohort_outcomes import cohort_outcomes
    from napari_radiogenomics.io.cohorts import open_cohort

    if arguments.output is not None:
        _require_ending(arguments.output)
    cohort, features = open_cohort(arguments.cohort), CohortFeatures.load(arguments.features)
    expected = dict(map(_direction, arguments.expected))
    outcomes = cohort_outcomes(cohort, [arguments.outcome, *expected])
    stability = None if arguments.stability is None else read_patients(arguments.stability)
    shared: dict[str, Any] = {"site": arguments.site, "confounders": list(arguments.confounders)}
    tissue = None if arguments.tissue is None else _tissue(arguments.tissue)
    study = cohort_study(
        features, cohort, outcomes, where=_where(arguments.patients), stability=stability,
        tissue=tissue, **shared,
    )  # fmt: skip
    second = None
    if arguments.validation:
        where = _where(arguments.validation)
        second = cohort_study(features, cohort, outcomes, where=where, **shared)
    settings = given(arguments, describe(weigh_evidence))
    for name in _BY_HAND:
        settings.pop(name, None)
    card = weigh_evidence(
        arguments.feature, arguments.outcome, study, second,
        expected=expected, **settings, progress=terminal_progress(),
    )  # fmt: skip
    sys.stdout.write(f"{card.text()}\n")
    if arguments.output is not None:
        _write(card, arguments.output)
        sys.stdout.write(f"{arguments.output}\n")
    return 0


def _tissue(path: Path) -> pd.DataFrame:
    """Effects by patient, with the names of feature and measure that the history tells."""
    from napari_radiogenomics.cli.patient_tables import read_patients
    from napari_radiogenomics.correspondence.choices import TISSUE_MAPS
    from napari_radiogenomics.provenance import read_history

    table = read_patients(path)
    lost = [name for name in ("r", "n_effective") if name not in table]
    if lost:
        raise InputError(
            f"{path} has no column {' and '.join(lost)}. Give the table that correspond-cohort "
            "wrote."
        )
    effects = table[["r", "n_effective"]].dropna().rename(columns={"n_effective": "n"})
    settings = next((record.settings for record in reversed(read_history(path))), {})
    measure = TISSUE_MAPS.get(str(settings.get("tissue")))
    effects.attrs["measure"] = f"{measure.title} map" if measure else "tissue"
    effects.attrs["feature"] = str(settings.get("feature", ""))
    return effects


def _require_ending(path: Path) -> None:
    if path.suffix.lower() not in (".svg", ".csv", ".json"):
        raise InputError(f'A card cannot be written as "{path.suffix}". Use .svg, .csv or .json.')


def _direction(text: str) -> tuple[str, int]:
    name, _, sign = text.partition("=")
    if sign not in ("", "1", "+1", "-1", "0"):
        raise InputError(f'"{text}" is no expectation. Write NAME, NAME=-1 or NAME=0.')
    return name, int(sign or 1)


def _where(text: str) -> dict[str, str] | None:
    if not text:
        return None
    column, equals, value = text.partition("=")
    if not equals:
        raise InputError(f'"{text}" names no patients. Write COLUMN=VALUE, as cohort=discovery.')
    return {column: value}


def _write(card: EvidenceCard, path: Path) -> None:
    from napari_radiogenomics.io.atomic import atomic_path
    from napari_radiogenomics.provenance import write_history
    from napari_radiogenomics.report.forest import evidence_svg

    ending = path.suffix.lower()
    text = evidence_svg(card) if ending == ".svg" else card.to_json() + "\n"
    if ending == ".csv":
        text = card.table().to_csv(index=False)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    write_history(card, path)


COMMAND = Command(
    "weigh-evidence",
    "Weigh what speaks for a feature's going with a gene, and what against it.",
    _configure,
    _run,
)
