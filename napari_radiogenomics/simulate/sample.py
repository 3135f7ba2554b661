"""`sample_cohort`: the small cohort that opens out of the box."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.simulate.cohort import simulate_cohort

__all__ = ["SAMPLE", "sample_cohort"]

# What `sample_data/README.md` says on the command line.
SAMPLE: dict[str, Any] = {"n_patients": 9, "n_validation": 3, "seed": 12, "complete": True}
# Another folder of the cache when the simulation changes, so that no old sample is opened.
_EDITION = "sample-2"


def sample_cohort(*, progress: Progress = quiet) -> Path:
    """Find the sample cohort: 12 simulated patients with scans, tissue, genes and truths.

    In a checkout it lies in ``sample_data/cohort``. Elsewhere it is simulated once, in about
    ten seconds, into the user's cache folder.

    Parameters
    ----------
    progress : Progress, optional
        Shows the simulation and may cancel it.

    Returns
    -------
    Path
        The cohort's folder.
    """
    shipped = Path(__file__).parents[2] / "sample_data" / "cohort"
    if (shipped / "cohort.toml").is_file():
        return shipped
    return _simulated_once(_cache(), progress)


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("napari-radiogenomics", appauthor=False) / _EDITION


def _simulated_once(folder: Path, progress: Progress) -> Path:
    """Simulate aside and rename, so that two programs at once do no harm."""
    target = folder / "cohort"
    if (target / "cohort.toml").is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".sample-") as temporary:
        draft = simulate_cohort(Path(temporary) / "cohort", **SAMPLE, progress=progress)
        try:
            os.replace(draft, target)
        except OSError:
            if not (target / "cohort.toml").is_file():  # no other program was faster
                raise
    return target
