"""Every pathway score on 50 sets × 20,000 genes × 200 samples, and a matrix of 20,000 × 2,000.

``make bench`` runs it and writes ``genomics.md`` and ``genomics.csv``. Each job runs in a process
of its own with one thread of linear algebra: its time is processor time, and its memory the most
that the process ever held.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

JOB_SETS, JOB_GENES, JOB_SAMPLES = 50, 20_000, 200
LARGE_SAMPLES = 2_000
LIMIT_GB = 2.0

SCORE = """
import json, resource, sys, time
import numpy as np, pandas as pd
from napari_radiogenomics import score_pathways
from napari_radiogenomics.genomics.scorer import SCORERS
method, sets, genes, samples = sys.argv[1], *map(int, sys.argv[2:5])
rng = np.random.default_rng(0)
scorer = SCORERS[method]
kind = scorer.takes[0]
counts = rng.poisson(rng.gamma(2, 50, (1, genes)), (samples, genes)).astype(float)
values = counts if kind == "count" else np.log2(counts + 1)
names = [f"G{n}" for n in range(genes)]
table = pd.DataFrame(values, columns=names)
table.attrs["unit"] = "count" if kind == "count" else "log2 CPM"
many = {f"S{n}": {str(g): 1.0 for g in rng.choice(names, 150, replace=False)} for n in range(sets)}
score_pathways(table.iloc[:5, :500], {"S": {g: 1.0 for g in names[:20]}}, method=method)
start = time.process_time()
found = score_pathways(table, many, method=method)
assert found.shape == (samples, sets) and np.isfinite(found.to_numpy()).all()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps({"cpu_s": time.process_time() - start, "peak_gb": peak}))
"""
LARGE = """
import json, resource, sys, time
from napari_radiogenomics import normalize_counts, score_pathways
from napari_radiogenomics.io.expression import read_expression
start = time.process_time()
table = read_expression(sys.argv[1], unit="count")
read = time.process_time() - start
logs = normalize_counts(table, method="log_cpm")
del table
names = list(logs.columns)
scores = score_pathways(logs, {f"S{n}": names[n::100] for n in range(50)}, method="zscore_lee")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps({"read_s": read, "cpu_s": time.process_time() - start, "peak_gb": peak,
                  "shape": list(logs.shape), "scores": list(scores.shape)}))
"""


def run(code: str, *arguments: object) -> dict[str, float]:
    """Run code in a process of its own; what it printed."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=os.environ | one, capture_output=True, text=True,
                          check=False)  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def large_file(folder: Path, genes: int = JOB_GENES, samples: int = LARGE_SAMPLES) -> Path:
    """Write counts as a table, genes × samples, as they are published."""
    import numpy as np

    rng = np.random.default_rng(1)
    path = folder / "counts.tsv"
    level = rng.gamma(2, 50, genes)
    with path.open("w") as file:
        file.write("\t".join(["gene", *(f"P{n:04}" for n in range(samples))]) + "\n")
        for gene in range(genes):
            cells = "\t".join(map(str, rng.poisson(level[gene], samples).tolist()))
            file.write(f"G{gene}\t{cells}\n")
    return path


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("bench_output"))
    parser.add_argument("--methods", nargs="*", default=[])
    chosen = parser.parse_args()
    from napari_radiogenomics.genomics.scorer import SCORERS

    rows = []
    for scorer in SCORERS:
        if not chosen.methods or scorer.name in chosen.methods:
            found = run(SCORE, scorer.name, JOB_SETS, JOB_GENES, JOB_SAMPLES)
            rows.append((scorer.title, round(found["cpu_s"], 2), round(found["peak_gb"], 2)))
            sys.stdout.write(f"{rows[-1]}\n")
    with tempfile.TemporaryDirectory() as folder:
        found = run(LARGE, large_file(Path(folder)))
    title = f"read, log CPM and score {JOB_GENES:,} genes × {LARGE_SAMPLES:,} samples"
    rows.append((title, round(found["cpu_s"], 1), round(found["peak_gb"], 2)))
    sys.stdout.write(f"{rows[-1]}\n")
    chosen.into.mkdir(parents=True, exist_ok=True)
    with (chosen.into / "genomics.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("job", "cpu_s", "peak_gb"), *rows])
    lines = ["| job | processor time | memory |", "|---|---|---|"]
    lines += [f"| {name} | {seconds} s | {memory} GB |" for name, seconds, memory in rows]
    (chosen.into / "genomics.md").write_text("\n".join(lines) + "\n")
    if rows[-1][2] > LIMIT_GB:
        raise SystemExit(f"{title} took {rows[-1][2]} GB; the limit is {LIMIT_GB} GB.")


if __name__ == "__main__":
    main()
