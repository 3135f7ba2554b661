"""Clinical facts of a patient: staging, habits, a selectively measured lab value, survival."""

from __future__ import annotations

import numpy as np

from napari_radiogenomics.simulate.randomness import stream
from napari_radiogenomics.simulate.stories import Patient

__all__ = ["clinical_row", "variant_rows"]

_STAGES = ("I", "II", "III", "IV")
_NOTES = (
    'Referred after "incidental finding", no symptoms.',
    "Cough for 3 weeks, weight stable.",
    'Family reports "tired, off his food"; review in clinic.',
    "Anticoagulated, biopsy planned with care.",
    "Never complained; found at a check-up, see letter.",
    "",
)
_HEAD_NOTES = (
    'First seizure in May, then "word-finding trouble".',
    "Headache, worse in the morning; steroids started.",
    "Left-sided weakness, resolved on dexamethasone.",
    'Brought by spouse: "not himself", forgetful.',
    "",
)
_CLASSES = {
    "EGFR": ("missense", "in-frame deletion"),
    "KRAS": ("missense",),
    "IDH1": ("missense",),
    "TP53": ("missense", "nonsense", "frameshift"),
}


def clinical_row(seed: int, patient: Patient) -> dict[str, object]:
    """Return a row of ``patients.csv``.

    C-reactive protein is missing *not* at random: the sicker a patient, the likelier it was
    measured. Survival is shortened by hypoxia, age, stage and frailty.
    """
    rng = stream(seed, patient.patient_id, "clinical")
    age = int(np.clip(round(63 + 9 * patient.age_z), 31, 89))
    reference = 14.0 if patient.is_ct else 22.0
    burden = np.log(patient.volume_ml[0] / reference) / 0.4 + rng.normal(0, 0.8)
    stage = int(np.digitize(burden, [-0.7, 0.4, 1.3]))
    grade = int(np.digitize(patient.activity["proliferation"] + rng.normal(0, 0.7), [-0.6, 0.7]))
    hypoxia = patient.activity["hypoxia"]
    sickness = 0.7 * hypoxia + 0.6 * (stage - 1) + 0.5 * patient.frailty
    crp = np.exp(1.9 + 0.45 * patient.activity["immune"] + 0.35 * sickness)
    measured = rng.random() < 1 / (1 + np.exp(-(0.1 + 1.3 * sickness)))
    risk = np.exp(0.55 * hypoxia + 0.03 * (age - 63) + 0.25 * stage + 0.3 * patient.frailty)
    death = rng.exponential(1100 / risk) + 20
    censored = rng.uniform(500, 2400)
    notes = _NOTES if patient.is_ct else _HEAD_NOTES
    return {
        "patient_id": patient.patient_id,
        "site": patient.site.name,
        "cohort": patient.cohort,
        "diagnosis": "lung adenocarcinoma" if patient.is_ct else "glioblastoma",
        "age": age,
        "sex": "F" if rng.random() < 0.46 else "M",
        "stage": _STAGES[stage] if patient.is_ct else "",
        "grade": f"G{grade + 1}" if patient.is_ct else "4",
        "smoking": str(rng.choice(["never", "former", "current"], p=[0.3, 0.45, 0.25])),
        "crp_mg_l": f"{crp:.1f}" if measured else "",
        "note": notes[rng.integers(len(notes))],
        "os_days": int(max(1, min(death, censored))),
        "os_event": int(death <= censored),
    }


def variant_rows(seed: int, patient: Patient) -> list[dict[str, str]]:
    """Return rows of ``variants.csv``: every gene tested, with ``wildtype`` where unaltered."""
    rng = stream(seed, patient.patient_id, "variants")
    rows = []
    for gene, mutated in patient.mutated.items():
        classes = _CLASSES[gene]
        if gene == "EGFR" and not patient.is_ct:
            classes = ("amplification",)
        name = str(rng.choice(classes)) if mutated else "wildtype"
        rows.append({"patient_id": patient.patient_id, "gene": gene, "class": name})
    return rows
