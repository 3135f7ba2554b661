"""``simulate FOLDER``: a phantom cohort with planted truths."""

from __future__ import annotations

import argparse
import sys

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.simulate import simulate_cohort

    add_arguments(parser, describe(simulate_cohort))


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.simulate import simulate_cohort

    settings = given(arguments, describe(simulate_cohort))
    folder = simulate_cohort(settings.pop("folder"), **settings, progress=terminal_progress())
    sys.stdout.write(f"{folder}\n")
    return 0


COMMAND = Command(
    "simulate",
    "Simulate a cohort: scans, tissue, genes and their planted truths.",
    _configure,
    _run,
)
