"""Which patient a sample is of, by what the two are called; never by their order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from napari_radiogenomics.data.ids import canonical_id, is_tcga, tcga_patient
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError

__all__ = ["JoinedSamples", "join_samples"]

_IVY = re.compile(r"(W\d+)-\d")


@dataclass(frozen=True)
class JoinedSamples:
    """Samples joined with patients.

    Attributes
    ----------
    patients : mapping
        Sample → patient, of those that were joined.
    rules : mapping
        Rule → number of samples joined by it.
    unmatched : tuple of str
        Samples of no patient.
    """

    patients: Mapping[str, str]
    rules: Mapping[str, int]
    unmatched: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What should be known of the joining, as sentences."""
        said = [
            f"{counted(count, 'sample')} joined patients by {rule}."
            for rule, count in self.rules.items()
        ]
        if self.unmatched:
            some = ", ".join(self.unmatched[:5]) + (" …" if len(self.unmatched) > 5 else "")
            lost = counted(len(self.unmatched), "sample", "is", "are")
            said.append(f"{lost} of no patient of the cohort: {some}.")
        return tuple(said)


def join_samples(
    samples: Sequence[str], patients: Sequence[str], *, aliases: Mapping[str, str] | None = None
) -> JoinedSamples:
    """Join samples with patients by what they are called.

    The first rule that fits counts: the same name; an alias; the first 12 characters of a TCGA
    barcode; the W number of the Ivy atlas; the same but for case, separators and leading zeros;
    a name that begins with that of the patient. A sample that fits several patients fits none.

    Parameters
    ----------
    samples : sequence of str
        Names of samples.
    patients : sequence of str
        Names of the patients of the cohort.
    aliases : mapping, optional
        Other name → patient, for example ``GSM…`` → ``R01-…``.

    Returns
    -------
    JoinedSamples

    Raises
    ------
    InputError
        If no sample joins any patient.

    Examples
    --------
    >>> found = join_samples(["TCGA-02-0006-01A-11R", "r01_7", "X"], ["TCGA-02-0006", "R01-007"])
    >>> found.patients["r01_7"], found.unmatched
    ('R01-007', ('X',))
    """
    finder = _Finder(patients, aliases or {})
    joined: dict[str, str] = {}
    rules: dict[str, int] = {}
    unmatched = []
    for sample in dict.fromkeys(samples):
        patient, rule = finder.find(sample)
        if patient:
            joined[sample] = patient
            rules[rule] = rules.get(rule, 0) + 1
        else:
            unmatched.append(sample)
    if samples and not joined:
        raise InputError(
            f"None of the {len(unmatched)} samples is of a patient of the cohort: samples look "
            f"like {', '.join(unmatched[:3])}, patients like {', '.join(list(patients)[:3])}. Give "
            "aliases (aliases.csv), or choose the other table."
        )
    return JoinedSamples(joined, rules, tuple(unmatched))


class _Finder:
    """Patients by each way of writing them."""

    def __init__(self, patients: Sequence[str], aliases: Mapping[str, str]) -> None:
        self.patients = set(patients)
        self.aliases = aliases
        self.plain: dict[str, str] = {}
        for patient in dict.fromkeys(patients):
            key = canonical_id(patient)
            self.plain[key] = "" if key in self.plain else patient  # "" where two are meant

    def find(self, sample: str) -> tuple[str, str]:
        """Patient of a sample and the rule that found it; ``""`` where there is none."""
        if sample in self.patients:
            return sample, "the same name"
        if sample in self.aliases:
            patient = self.aliases[sample]
            return (patient if patient in self.patients else ""), "an alias"
        if is_tcga(sample):
            patient = tcga_patient(sample)
            return (patient if patient in self.patients else ""), "the first 12 characters"
        if (match := _IVY.match(sample)) and match[1] in self.patients:
            return match[1], "the W number"
        plain = canonical_id(sample.replace(".", "-"))
        if self.plain.get(plain):
            return self.plain[plain], "the name but for case, separators and zeros"
        while "-" in plain:
            plain = plain.rpartition("-")[0]
            if plain in self.plain:
                return self.plain[plain], "the beginning of the name"
        return "", ""
