"""The planted stories: what is hidden in a cohort, how large it is, and how to find it.

`draw_patients` draws everything about the patients that is not an image. The latents of a
large enough group are made exactly uncorrelated with each other and with the site before the
stories are woven in, so that a story's size does not hang on the seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.simulate.fields import PROGRAMS
from napari_radiogenomics.simulate.randomness import stream
from napari_radiogenomics.simulate.sites import Site, sites_of

__all__ = ["Flavor", "Patient", "describe", "draw_patients", "rank_auc"]

Flavor = Literal["both", "CT", "MR"]

_LATENTS = (*PROGRAMS, "volume", "winding", "patchiness", "dose", "age", "frailty")
CT_SHARE = 0.65
# Correlations of the latents.
HYPOXIA_WITH_VEGF = 0.35
PROLIFERATION_WITH_VOLUME = 0.55
WINDING_WITH_VEGF = 0.53
PATCHINESS_WITH_HYPOXIA = 0.60
# What a drift of the dose within a site leaves of the EGFR "signature".
RESIDUAL_AUC = (0.535, 0.565)


@dataclass(frozen=True)
class Patient:
    """What is hidden about one patient.

    Attributes
    ----------
    patient_id, cohort : str
        Who.
    site : Site
        Where.
    activity : dict of float
        Mean of each gene program, in standard deviations.
    volume_ml : tuple of float
        Tumour volume at each timepoint.
    days : tuple of int
        Days of the timepoints from the first.
    distance : float
        Mean distance metric of the peritumoural vessels.
    contrast : float
        Strength of the texture, 1 in the average patient.
    noise : float
        Noise of the patient's scans, in the unit of ``Site.noise``.
    age_z, frailty : float
        Standardized age; what else shortens life.
    mutated : dict of bool
        By gene.
    biopsied, sectioned, reread : bool
        Whether there are biopsies, slides, a second reader.
    side : {1, -1}
        Left or right.
    """

    patient_id: str
    cohort: str
    site: Site
    activity: dict[str, float]
    volume_ml: tuple[float, ...]
    days: tuple[int, ...]
    distance: float
    contrast: float
    noise: float
    age_z: float
    frailty: float
    mutated: dict[str, bool]
    biopsied: bool
    sectioned: bool
    reread: bool
    side: int

    @property
    def is_ct(self) -> bool:
        """Whether the tumour is one of the lung, seen in CT."""
        return self.site.modality == "CT"


def rank_auc(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve by ranks.

    Examples
    --------
    >>> rank_auc(np.array([1.0, 2.0, 3.0]), np.array([False, False, True]))
    1.0
    """
    from scipy.stats import rankdata

    ranks = rankdata(score)
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2)
                 / (n_positive * n_negative))  # fmt: skip


def _apportion(total: int, shares: list[float]) -> list[int]:
    """Whole numbers in the proportion of the shares, by largest remainder."""
    exact = np.asarray(shares) / sum(shares) * total
    parts = np.floor(exact).astype(int)
    for place in np.argsort(parts - exact, kind="stable")[: total - parts.sum()]:
        parts[place] += 1
    return [int(part) for part in parts]


def _assign_sites(cohort: str, n_patients: int, flavor: Flavor) -> list[Site]:
    ct_share = {"both": CT_SHARE, "CT": 1.0, "MR": 0.0}[flavor]
    n_ct, n_mr = _apportion(n_patients, [ct_share, 1 - ct_share])
    assigned: list[Site] = []
    for modality, count in (("CT", n_ct), ("MR", n_mr)):
        sites = sites_of(cohort, modality)
        for site, number in zip(
            sites, _apportion(count, [site.share for site in sites]), strict=True
        ):
            assigned += [site] * number
    return assigned


def _latents(rng: np.random.Generator, sites: list[Site]) -> NDArray[np.float64]:
    """Standard normal latents (N, K), made exactly uncorrelated within each modality."""
    values = rng.standard_normal((len(sites), len(_LATENTS)))
    modality = np.array([site.modality for site in sites])
    names = np.array([site.name for site in sites])
    for group in ("CT", "MR"):
        rows = modality == group
        dummies = names[rows, None] == np.unique(names[rows])
        if rows.sum() >= len(_LATENTS) + dummies.shape[1] + 10:
            values[rows] = _whiten(values[rows], dummies.astype(float))
    return values


def _whiten(values: NDArray[np.float64], dummies: NDArray[np.float64]) -> NDArray[np.float64]:
    residual = values - dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]
    left, _, right = np.linalg.svd(residual, full_matrices=False)
    return left @ right * np.sqrt(len(values))


def _mutate_egfr(
    rng: np.random.Generator, sites: list[Site], dose: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """EGFR by site alone, but for a small drift with the dose inside the sites."""
    names = np.array([site.name for site in sites])
    wanted = {site.name: site.egfr for site in sites}
    mutated = np.zeros(len(sites), bool)
    for _ in range(500):
        score = 0.25 * dose + rng.standard_normal(len(sites))
        for name, part in wanted.items():
            rows = np.flatnonzero(names == name)
            order = rows[np.argsort(-score[rows])]
            mutated[rows] = False
            mutated[order[: round(part * len(rows))]] = True
        large = len(sites) >= 40
        if not large or _residual_auc(dose, names, mutated, sites):
            return mutated
    return mutated


def _residual_auc(
    dose: NDArray, names: NDArray, mutated: NDArray[np.bool_], sites: list[Site]
) -> bool:
    """Whether what is left within the CT sites is as small as planned."""
    ct = np.array([site.modality == "CT" for site in sites])
    if not (mutated[ct].any() and (~mutated[ct]).any()):
        return True
    centred = dose.copy()
    for name in np.unique(names):
        centred[names == name] -= dose[names == name].mean()
    return RESIDUAL_AUC[0] <= rank_auc(centred[ct], mutated[ct]) <= RESIDUAL_AUC[1]


def _mix(weight: float, first: NDArray, second: NDArray) -> NDArray:
    return weight * first + np.sqrt(1 - weight**2) * second


def draw_patients(
    seed: int,
    cohort: str,
    n_patients: int,
    *,
    modality: Flavor = "both",
    timepoints: int = 3,
    complete: bool = False,
) -> list[Patient]:
    """Draw the patients of one cohort; no image is made.

    Parameters
    ----------
    seed : int
        Seed of the study.
    cohort : {"discovery", "validation"}
        Which of its cohorts.
    n_patients : int
        How many.
    modality : {"both", "CT", "MR"}, optional
        Which sites take part.
    timepoints : int, optional
        Most timepoints that a patient has.
    complete : bool, optional
        Every patient has biopsies and slides.
    """
    rng = stream(seed, cohort, "patients")
    sites = _assign_sites(cohort, n_patients, modality)
    values = _latents(rng, sites)
    latent = {name: values[:, column] for column, name in enumerate(_LATENTS)}
    latent["hypoxia"] = _mix(HYPOXIA_WITH_VEGF, latent["angiogenesis"], latent["hypoxia"])
    latent["proliferation"] = _mix(
        PROLIFERATION_WITH_VOLUME, latent["volume"], latent["proliferation"]
    )
    latent["winding"] = _mix(WINDING_WITH_VEGF, latent["angiogenesis"], latent["winding"])
    latent["patchiness"] = _mix(PATCHINESS_WITH_HYPOXIA, latent["hypoxia"], latent["patchiness"])
    egfr = _mutate_egfr(rng, sites, latent["dose"])
    order = rng.permutation(n_patients)
    flags = _flags(rng, n_patients, complete)
    letter = cohort[0].upper().replace("D", "P")
    patients = []
    for number, row in enumerate(order):
        name = f"{letter}{number + 1:03d}"
        one = {key: float(column[row]) for key, column in latent.items()}
        here = {key: bool(column[number]) for key, column in flags.items()}
        patient = _patient(seed, name, cohort, sites[row], one, bool(egfr[row]), here)
        days, volumes = patient.days[:timepoints], patient.volume_ml[:timepoints]
        patients.append(replace(patient, days=days, volume_ml=volumes))
    return patients


def _flags(
    rng: np.random.Generator, n_patients: int, complete: bool
) -> dict[str, NDArray[np.bool_]]:
    """Who has biopsies (a quarter), slides (some of them) and a second reader."""
    rank = rng.permutation(n_patients)
    biopsied = rank < -(-n_patients // 4)
    sectioned = rank < -(-n_patients // 12)
    everyone = np.ones(n_patients, bool)
    return {
        "biopsied": everyone if complete else biopsied,
        "sectioned": everyone if complete else sectioned,
        "reread": rng.permutation(n_patients) < -(-n_patients // 5),
        "followed": rng.permutation(n_patients) < -(-n_patients // 3),
    }


def _patient(
    seed: int,
    name: str,
    cohort: str,
    site: Site,
    latent: dict[str, float],
    egfr: bool,
    flags: dict[str, bool],
) -> Patient:
    rng = stream(seed, name, "patient")
    middle, spread, low, high = (
        (14.0, 0.40, 6.0, 34.0) if site.modality == "CT" else (22.0, 0.30, 11.0, 42.0)
    )
    baseline = float(np.clip(middle * np.exp(spread * latent["volume"]), low, high))
    days, volumes = _course(rng, baseline, high * 1.2, latent["hypoxia"], flags.pop("followed"))
    mutated = {
        "EGFR": egfr,
        "KRAS": bool(rng.random() < (0.06 if egfr else 0.32)) and site.modality == "CT",
        "IDH1": bool(rng.random() < 0.15) and site.modality == "MR",
        "TP53": bool(rng.random() < 1 / (1 + np.exp(-0.6 * latent["proliferation"]))),
    }
    return Patient(
        patient_id=name,
        cohort=cohort,
        site=site,
        activity={program: latent[program] for program in PROGRAMS},
        volume_ml=volumes,
        days=days,
        distance=1 + 0.33 * float(np.exp(0.5 * np.clip(latent["winding"], -2.2, 2.2))),
        contrast=float(np.exp(0.40 * latent["patchiness"])),
        noise=site.noise * float(np.exp(0.10 * latent["dose"])),
        age_z=latent["age"],
        frailty=latent["frailty"],
        mutated=mutated,
        side=1 if rng.random() < 0.5 else -1,
        **flags,
    )


def _course(
    rng: np.random.Generator, baseline: float, most: float, hypoxia: float, followed: bool
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Timepoints in days, and volumes: well-oxygenated tumours shrink, hypoxic ones grow."""
    days, volumes = [0], [baseline]
    extra = int(followed) + int(followed and rng.random() < 0.5)
    for number in range(extra):
        days.append(int(90 * (number + 1) + rng.integers(-9, 10)))
        change = np.clip(rng.normal(-0.20 + 0.25 * hypoxia, 0.18), -0.7, 0.6)
        volumes.append(float(np.clip(volumes[-1] * np.exp(change), 3.0, most)))
    return tuple(days), tuple(volumes)


def describe(patient: Patient) -> dict[str, Any]:
    """Return the hidden facts of a patient, ready for JSON."""
    return {
        "site": patient.site.name,
        "activity": {name: round(value, 4) for name, value in patient.activity.items()},
        "volume_ml": [round(value, 3) for value in patient.volume_ml],
        "distance_metric_planned": round(patient.distance, 4),
        "texture_contrast": round(patient.contrast, 4),
        "noise": round(patient.noise, 4),
        "mutated": [gene for gene, mutated in patient.mutated.items() if mutated],
    }
