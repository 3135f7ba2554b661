"""What fusion reaches and costs: nested folds of a wide cohort, noise, planted and real cohorts.

``make bench`` runs it and writes ``fusion.md``. The nested run is that of the defaults of `fuse`:
two repeats of 5 × 5 folds with everything that ``thorough`` adds, on two workers. Cohorts are
those of the tests; Leukemia needs the data of the tests, and is left out without them.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from of_tests import module_of

from napari_radiogenomics import fuse
from napari_radiogenomics.errors import DataWarning
from napari_radiogenomics.fusion import SingleModality

DATA = Path(os.environ.get("NRG_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
REPLICATES = 30
Row = tuple[str, str]


def wide_cohort() -> tuple[dict[str, pd.DataFrame], pd.Series]:
    """200 patients × 1,500 + 2,000 + 20 columns, of which a few follow the target."""
    rng = np.random.default_rng(0)
    ids = [f"P{number:03d}" for number in range(200)]
    latent = rng.normal(size=200)
    imaging, rna = rng.normal(size=(200, 1500)), rng.normal(size=(200, 2000))
    imaging[:, :40] += 0.5 * latent[:, None]
    rna[:, :60] += 0.4 * latent[:, None]
    modalities = {
        "imaging": pd.DataFrame(imaging, ids).add_prefix("f"),
        "rna": pd.DataFrame(rna, ids).add_prefix("g"),
        "clinical": pd.DataFrame(rng.normal(size=(200, 20)), ids).add_prefix("c"),
    }
    mutated = latent + 0.7 * rng.normal(size=200) > 0
    return modalities, pd.Series(mutated.astype(int), ids, name="mutated")


def nested() -> str:
    """Seconds of the whole comparison."""
    modalities, target = wide_cohort()
    wall, before = time.perf_counter(), os.times()
    fuse(modalities, target, workers=2)
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return f"{time.perf_counter() - wall:.0f} s, {cpu:.0f} s of processors"


def noise(theory) -> str:
    """The lowest and the highest mean AUC of all strategies."""
    means = pd.DataFrame([theory._areas_of_noise(seed) for seed in range(REPLICATES)]).mean()
    return f"{len(means)} strategies, mean AUC {means.min():.3f} to {means.max():.3f}"


def missing(theory) -> str:
    """AUC where 40 % of the patients lack one of two modalities."""
    means = pd.DataFrame([theory._areas(seed) for seed in range(REPLICATES)]).mean()
    return ", ".join(f"{name} {value:.3f}" for name, value in means.items())


def illusion(stories) -> str:
    """EGFR by texture, which is only the scanner."""
    measured = stories.simulated_cohort()
    _, outcomes, table = measured
    first = table.index[table["cohort"] == "discovery"]
    found = stories.run(
        measured, ("imaging",), outcomes.loc[first, "EGFR"], thorough=True,
        strategies={"imaging alone": SingleModality("imaging", inner_folds=4)},
    )  # fmt: skip
    row = found.contrast.loc["imaging alone"]
    names = {"raw": "sites mixed", "harmonized": "harmonized", "leave_site_out": "sites left out"}
    return ", ".join(f"{told} AUC {row[name]:.2f}" for name, told in names.items())


def real(tests) -> Iterator[Row]:
    """Metastases of breast cancer, and two leukemias."""
    found = fuse(*tests.breast_cancer(), **tests.BREAST)
    best = found.table.loc[found.table["concordance"].idxmax()]
    low, high = best["concordance_low"], best["concordance_high"]
    yield (
        "GSE7390, metastases",
        f"{best.name} concordance {best['concordance']:.2f} ({low:.2f} to {high:.2f})",
    )
    files = [DATA / "expression" / name for name in ("Leukemia_hgu95av2.trim.gct", "Leukemia.cls")]
    if all(file.is_file() for file in files):
        table, kind = tests.leukemias(*files)
        found = fuse({"rna": table}, kind, event="AML", **tests.BLOOD)
        yield "Leukemia, AML against ALL", f"AUC {found.table.loc['rna alone', 'auc']:.2f}"


def rows() -> Iterator[Row]:
    """Each job and what it gave."""
    theory, stories, tests = (
        module_of("fusion", name) for name in ("test_theory", "test_stories", "test_real_data")
    )
    jobs: dict[str, Callable[[], str]] = {
        "nested folds, 200 × 3,520": nested,
        "simulated cohort, EGFR by texture": lambda: illusion(stories),
        "40 % lack a modality": lambda: missing(theory),
        "noise": lambda: noise(theory),
    }
    for name, job in jobs.items():
        yield name, job()
    yield from real(tests)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("bench_output"))
    into = parser.parse_args().into
    warnings.simplefilter("ignore", DataWarning)
    lines = ["| job | reached |", "|---|---|"]
    for name, reached in rows():
        lines.append(f"| {name} | {reached} |")
        sys.stdout.write(lines[-1] + "\n")
        sys.stdout.flush()
    into.mkdir(parents=True, exist_ok=True)
    (into / "fusion.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
