"""``scores COHORT [NAME …]``: genes, pathways and mutations of a cohort, by sample or region."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.text import aligned
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["COMMAND"]

_MOST_LISTED = 12


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.genomics.cohort_scores import score_cohort
    from napari_radiogenomics.io.cohorts import open_cohort

    parser.add_argument("cohort", type=Path, metavar="COHORT", help="Folder of the cohort.")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="Genes, gene sets or mutations; without one, what there is and what did not match.",
    )
    add_arguments(parser, describe(open_cohort), without=("path",))
    add_arguments(parser, describe(score_cohort), without=("cohort", "name"))
    parser.add_argument(
        "--regions",
        action="store_true",
        help="Scores of regions instead of samples: links each sample with its region.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="Table of the scores (CSV), or without names the whole cohort: .h5ad, .h5mu or .csv. "
        "Printed where not given.",
    )
    parser.add_argument(
        "--imaging",
        type=Path,
        metavar="PATH",
        help="Image features by patient, such as `extract-cohort` writes: they go into the .h5mu "
        "beside the genes.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.cohorts import open_cohort

    where = given(arguments, describe(open_cohort))
    whole = arguments.output is not None and arguments.output.name.lower().endswith(".h5mu")
    if arguments.imaging is not None and (arguments.names or not whole):
        raise InputError(
            "--imaging goes into a MuData file of the whole cohort. Give --output NAME.h5mu and "
            "no names of genes."
        )
    cohort = open_cohort(arguments.cohort, **where)
    if arguments.names:
        return _scores(cohort, arguments)
    if arguments.output:
        return _export(cohort, arguments)
    sys.stdout.write(aligned(_overview(cohort)))
    return 0


def _export(cohort: Cohort, arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.link_patient import link_cohort
    from napari_radiogenomics.io.multimodal import write_multimodal

    progress = terminal_progress()
    links = link_cohort(cohort, progress=progress) if arguments.regions else None
    expression = getattr(arguments, "expression", "")
    path = write_multimodal(
        cohort,
        arguments.output,
        imaging=None if arguments.imaging is None else _imaging(arguments.imaging),
        links=links,
        expression=expression,
        progress=progress,
    )
    sys.stdout.write(f"{path}\n")
    return 0


def _imaging(path: Path) -> pd.DataFrame:
    """Features by patient; rows of several regions of one patient are numbered."""
    from napari_radiogenomics.cli.patient_tables import read_features

    table, names = read_features(path)
    text = [name for name in table if table[name].dtype.kind not in "fiub"]
    features = table[[*names, *text]]
    patients = features.index.astype(str)
    if patients.is_unique:
        return features
    number = features.groupby(level=0).cumcount().astype(str)
    return features.assign(patient_id=patients).set_axis(patients + "/" + number.to_numpy())


def _scores(cohort: Cohort, arguments: argparse.Namespace) -> int:
    import pandas as pd

    from napari_radiogenomics.data.region_scores import region_scores
    from napari_radiogenomics.genomics.cohort_scores import score_cohort
    from napari_radiogenomics.io.link_patient import link_cohort

    progress = terminal_progress()
    settings = given(arguments, describe(score_cohort))
    settings.pop("cohort", None)
    found = [score_cohort(cohort, name, **settings, progress=progress) for name in arguments.names]
    if arguments.regions:
        links = link_cohort(cohort, progress=progress)
        _tell(list(links.notes))
        table = pd.concat([region_scores(links, one) for one in found], ignore_index=True)
        return _write(table, arguments.output, index=False)
    for one in found:
        _tell([f"{one.attrs['title']}: {note}" for note in one.attrs["notes"]])
    table = pd.concat([_long(one) for one in found])
    return _write(table, arguments.output, index=True)


def _long(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with their name and unit in each row."""
    out = scores.assign(name=scores.attrs["name"], unit=scores.attrs["unit"])
    out.attrs = {}
    return out[["patient_id", "name", "value", "unit", "precision", "text"]]


def _tell(notes: list[str]) -> None:
    for note in notes:
        sys.stderr.write(f"note: {note}\n")


def _write(table: pd.DataFrame, output: Path | None, *, index: bool) -> int:
    from napari_radiogenomics.io.tables import write_table

    if output is not None:
        write_table(table, output, index=index)
        sys.stdout.write(f"{output}\n")
        return 0
    shown = table.reset_index() if index else table
    rows = [[_cell(cell) for cell in row] for row in shown.itertuples(index=False)]
    sys.stdout.write(aligned([list(map(str, shown.columns)), *rows]))
    return 0


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return "" if cell != cell else f"{cell:.4g}"
    return "" if str(cell) in ("None", "<NA>") else str(cell)


def _overview(cohort: Cohort) -> list[list[str]]:
    """What the cohort has of genes, and what did not match."""
    from napari_radiogenomics.data.wording import counted
    from napari_radiogenomics.io.cohort_genes import cohort_expression, cohort_gene_sets
    from napari_radiogenomics.io.cohort_variants import mutation_table

    facts: list[list[str]] = []
    for reference in cohort.expression:
        table = cohort_expression(cohort, expression=reference.id)
        unit, kind = table.attrs["unit"] or "not told", table.attrs["gene_id"]
        rows, columns = counted(len(table), "sample"), counted(table.shape[1], "gene")
        size = f"{rows} × {columns} ({kind}), unit {unit}"
        facts.append([f"expression {reference.id}", size])
        facts += [["", note] for note in table.attrs["notes"]]
        facts += [["no sample of the cohort", name] for name in table.attrs["unmatched"][:5]]
    sets = cohort_gene_sets(cohort)
    names = list(sets)
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    facts.append(["gene sets", ", ".join(names[:_MOST_LISTED]) + more])
    facts += [["", note] for note in sets.left_out]
    try:
        mutations = mutation_table(cohort)
    except InputError as error:
        return [*facts, ["mutations", str(error)]]
    for gene in mutations:
        counts = mutations[gene].value_counts()
        said = ", ".join(f"{count} {text}" for text, count in counts.items())
        facts.append([f"mutations of {gene}", said])
    return [*facts, *(["", note] for note in mutations.attrs["notes"])]


COMMAND = Command(
    "scores",
    "Score genes, pathways and mutations by sample or region, or export the cohort.",
    _configure,
    _run,
)
