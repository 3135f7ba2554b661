"""One patient: what is not in the cache is measured; a measure that fails hides no other."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_radiogenomics.errors import Cancelled, RadiogenomicsError
from napari_radiogenomics.extraction.cache import Cache, hash_inputs
from napari_radiogenomics.extraction.case import Case, Opened
from napari_radiogenomics.extraction.measure import MEASURES, Block
from napari_radiogenomics.progress import reporting

__all__ = ["EXPECTED", "Outcome", "measure_patient"]

# What damaged files and strange tumors raise. Anything else is a bug and stops the work.
EXPECTED = (RadiogenomicsError, OSError, RuntimeError, ValueError, ArithmeticError, MemoryError)


@dataclass
class Outcome:
    """What became of one patient.

    Attributes
    ----------
    patient_id : str
        Who.
    blocks : dict of str to Block
        By measure.
    errors : dict of str to str
        By measure; under ``""`` what concerns all of them.
    inputs : dict of str to str
        Hash of each file.
    n_cached : int
        How many blocks came from the cache.
    seconds : float
        How long it took.
    """

    patient_id: str
    blocks: dict[str, Block] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    n_cached: int = 0
    seconds: float = 0.0


def measure_patient(
    case: Case, wanted: Mapping[str, Mapping[str, Any]], cache: Path, stop: Path
) -> Outcome:
    """Measure one patient.

    Parameters
    ----------
    case : Case
        What.
    wanted : Mapping of str to Mapping
        Settings by measure.
    cache : Path
        Folder of the cache.
    stop : Path
        File whose existence cancels, in whatever process this runs.

    Returns
    -------
    Outcome
        Errors are in it, not raised.

    Raises
    ------
    Cancelled
        If ``stop`` exists.
    """
    start = time.perf_counter()
    outcome = Outcome(case.patient_id)
    progress = reporting(lambda done, total, what: None, cancelled=stop.exists)
    opened, kept = Opened(case, progress), Cache(cache)
    for name in progress(wanted, "Measures"):
        measure, settings = MEASURES[name], wanted[name]
        try:
            outcome.inputs = outcome.inputs or hash_inputs(case)
            key = kept.key(case, outcome.inputs, measure, settings)
            block = kept.read(key)
            outcome.n_cached += block is not None
            if block is None and measure.run is not None:
                block = measure.run(opened, settings, progress)
                kept.write(key, block)
        except Cancelled:
            raise
        except EXPECTED as error:
            outcome.errors[name] = f"{error}" or type(error).__name__
            continue
        if block is not None:
            outcome.blocks[name] = block
    outcome.seconds = time.perf_counter() - start
    return outcome
