"""Simulated cohorts for the tests, and plain measures that share no code with the package."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from scipy import ndimage, sparse, stats
from scipy.sparse.csgraph import dijkstra

from napari_radiogenomics.simulate.cohort import simulate_cohort

N_STUDY = 80


def load(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Array (i, j, k) and spacing of a NIfTI file, read by nibabel."""
    image = nib.load(path)
    return np.asarray(image.dataobj), np.asarray(image.header.get_zooms()[:3], float)


def isotropic(array: np.ndarray, spacing: np.ndarray, order: int) -> np.ndarray:
    return ndimage.zoom(array.astype(np.float32), spacing, order=order)


def fine_noise(scan: np.ndarray, tumor: np.ndarray) -> float:
    """Standard deviation of what a voxel differs from the mean of its two neighbours."""
    inside = ndimage.binary_erosion(tumor, iterations=2)
    rest = scan - (np.roll(scan, 1, axis=0) + np.roll(scan, -1, axis=0)) / 2
    return float(rest[inside].std() / np.sqrt(1.5))


def coarse_texture(scan: np.ndarray, labels: np.ndarray, spacing: np.ndarray) -> float:
    """Standard deviation of the scan smoothed by 1.5 mm, within each region.

    Only 3 mm or more below the surface, where the lung around does not shine in.
    """
    deep = ndimage.distance_transform_edt(labels > 0, sampling=spacing) > 3.0
    variances, sizes = [], []
    for label in (1, 3):
        region = (labels == label) & deep
        weight = ndimage.gaussian_filter(region.astype(float), 1.5 / spacing)
        smooth = ndimage.gaussian_filter(scan * region, 1.5 / spacing)
        values = smooth[region] / weight[region]
        variances.append(values.var())
        sizes.append(len(values))
    return float(np.sqrt(np.average(variances, weights=sizes)))


def tortuosity(scan: np.ndarray, tumor: np.ndarray, spacing: np.ndarray) -> float:
    """Length-weighted distance metric of the vessels within 18 mm of the tumour."""
    from skimage.morphology import skeletonize

    scan, tumor = isotropic(scan, spacing, 1), isotropic(tumor, spacing, 0) > 0.5
    away = ndimage.distance_transform_edt(~tumor)
    vessels = (scan > -640) & (away > 2.5) & (away < 20)
    skeleton = skeletonize(vessels)
    points = np.argwhere(skeleton)
    number = np.full(skeleton.shape, -1)
    number[skeleton] = np.arange(len(points))
    rows, columns, lengths = [], [], []
    for step in np.argwhere(np.ones((3, 3, 3))) - 1:
        if tuple(step) <= (0, 0, 0):
            continue
        moved = points + step
        ok = ((moved >= 0) & (moved < skeleton.shape)).all(axis=1)
        other = number[tuple(moved[ok].T)]
        found = np.flatnonzero(ok)[other >= 0]
        rows += list(found)
        columns += list(other[other >= 0])
        lengths += [float(np.linalg.norm(step))] * len(found)
    graph = sparse.coo_matrix((lengths, (rows, columns)), shape=(len(points),) * 2).tocsr()
    _, piece = sparse.csgraph.connected_components(graph, directed=False)
    metrics, weights = [], []
    for label in np.flatnonzero(np.bincount(piece) >= 12):
        members = np.flatnonzero(piece == label)
        part = graph[members][:, members]
        first = int(np.argmax(dijkstra(part, directed=False, indices=0)))
        distance, before = dijkstra(part, directed=False, indices=first, return_predecessors=True)
        node, path = int(np.argmax(distance)), []
        while node >= 0:
            path.append(points[members[node]])
            node = before[node]
        line = ndimage.uniform_filter1d(np.asarray(path, float), 3, axis=0, mode="nearest")
        length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
        chord = np.linalg.norm(line[-1] - line[0])
        if length >= 12 and chord > 4:
            metrics.append(length / chord)
            weights.append(length)
    return float(np.average(metrics, weights=weights))


def log_cpm(folder: Path) -> pd.DataFrame:
    table = pd.read_csv(folder / "expression.csv.gz", index_col="sample_id")
    return np.log2(table.div(table.sum(axis=1), axis=0) * 1e6 + 1)


def set_scores(folder: Path) -> pd.DataFrame:
    """Mean log-CPM of each gene set."""
    logs = log_cpm(folder)
    lines = (folder / "gene_sets.gmt").read_text().splitlines()
    sets = {line.split("\t")[0]: line.split("\t")[2:] for line in lines}
    return pd.DataFrame({name: logs[symbols].mean(axis=1) for name, symbols in sets.items()})


def center_by(values: pd.Series, group: pd.Series) -> pd.Series:
    return values - values.groupby(group).transform("mean")


def auc(score: pd.Series, positive: pd.Series) -> float:
    statistic = stats.mannwhitneyu(score[positive], score[~positive]).statistic
    return float(statistic / (positive.sum() * (~positive).sum()))


def rho(first: pd.Series, second: pd.Series) -> float:
    return float(stats.spearmanr(first, second).statistic)


def partial_rho(first: pd.Series, second: pd.Series, given: pd.DataFrame) -> float:
    """Spearman correlation of what ranks keep after a linear fit on the others."""
    design = np.column_stack([np.ones(len(first)), pd.get_dummies(given, dtype=float)])
    residuals = [
        values.rank() - design @ np.linalg.lstsq(design, values.rank(), rcond=None)[0]
        for values in (first, second)
    ]
    return float(np.corrcoef(*residuals)[0, 1])


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CT study of the tumours' surroundings, large enough for the statistics."""
    folder = tmp_path_factory.mktemp("study") / "cohort"
    return simulate_cohort(
        folder,
        n_patients=N_STUDY,
        n_validation=0,
        seed=3,
        modality="CT",
        field_of_view="tumor",
        timepoints=1,
    )


@pytest.fixture(scope="session")
def truth(study: Path) -> dict:
    return json.loads((study / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def measured(study: Path) -> pd.DataFrame:
    """One row a patient: features measured on the first scan, and scores of the bulk RNA."""
    scans = pd.read_csv(study / "scans.csv").query("timepoint == 't0'").set_index("patient_id")
    regions = pd.read_csv(study / "segmentations.csv").query("reader == 'R1'")
    regions = regions.set_index("scan_id")["path"]
    rows = {}
    for patient, scan in scans.iterrows():
        array, spacing = load(study / scan["path"])
        labels, _ = load(study / regions[scan["scan_id"]])
        array = array.astype(float)
        rows[patient] = {
            "fine_noise": fine_noise(array, labels > 0),
            "coarse_texture": coarse_texture(array, labels, spacing),
            "tortuosity": tortuosity(array, labels > 0, spacing),
            "volume_ml": (labels > 0).sum() * spacing.prod() / 1000,
            "energy": ((array[labels > 0] + 1000) ** 2).sum() * spacing.prod(),
        }
    patients = pd.read_csv(study / "patients.csv", index_col="patient_id")
    scores = set_scores(study)
    bulk = scores[scores.index.str.endswith("-bulk")]
    bulk.index = bulk.index.str.removesuffix("-bulk")
    variants = pd.read_csv(study / "variants.csv").query("gene == 'EGFR'")
    mutated = variants.set_index("patient_id")["class"] != "wildtype"
    table = pd.DataFrame.from_dict(rows, orient="index").join(patients).join(bulk)
    return table.join(mutated.rename("egfr"))


@pytest.fixture(scope="session")
def statistics() -> dict[str, Callable]:
    return {
        "auc": auc,
        "rho": rho,
        "partial_rho": partial_rho,
        "center_by": center_by,
        "set_scores": set_scores,
        "load": load,
    }
