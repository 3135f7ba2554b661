"""What file names of public cohorts say: modality, role, segmentation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from napari_radiogenomics.data.segmentation import Label

__all__ = [
    "IMAGE_SUFFIX",
    "brats_labels",
    "looks_like_segmentation",
    "modality_of",
    "reference_scan",
    "role_of",
]

IMAGE_SUFFIX = re.compile(r"\.(nii|nii\.gz|nrrd|nhdr|mha|mhd|dcm)$", re.IGNORECASE)
_SEGMENTATION = re.compile(
    r"(^|[^a-z])(seg|segm|segmentation|label|labels|labelmap|mask|roi|contour|glistrboost)"
    r"([^a-z]|$)"
)
_ROLES = {
    "t1gd": "T1c",
    "t1ce": "T1c",
    "t1c": "T1c",
    "t1post": "T1c",
    "t1n": "T1",
    "t1": "T1",
    "t1w": "T1",
    "t2": "T2",
    "t2w": "T2",
    "t2f": "FLAIR",
    "flair": "FLAIR",
    "ct": "CT",
    "pet": "PET",
    "pt": "PET",
}
_MR = re.compile(
    r"^(t1|t2|pd|flair|swi|dwi|adc|fa|md|asl|dti|dce|dsc|mr|mri|perf|rcbv|ktrans)([^a-z]|$|c|w|n|f)"
)
# A segmentation without a stated scan belongs to the first of these that the patient has.
_REFERENCE = ("T1c", "CT", "T1", "T2", "FLAIR", "MR", "PET")


def role_of(name: str) -> str:
    """Role of a scan from the word for it in a file name; the word itself where unknown.

    Examples
    --------
    >>> role_of("t1Gd"), role_of("SWI")
    ('T1c', 'SWI')
    """
    return _ROLES.get(name.lower(), name)


def modality_of(role: str) -> str:
    """DICOM modality of a role, or ``""``.

    Examples
    --------
    >>> modality_of("FLAIR"), modality_of("PET"), modality_of("scan")
    ('MR', 'PT', '')
    """
    plain = role.lower()
    if _MR.match(plain):
        return "MR"
    if re.match(r"^ct([^a-z]|$)", plain):
        return "CT"
    return "PT" if re.match(r"^(pet|pt|suv)([^a-z]|$)", plain) else ""


def looks_like_segmentation(name: str) -> bool:
    """Whether a file name says that it holds labels.

    Examples
    --------
    >>> looks_like_segmentation("P1_tumor_seg.nii.gz"), looks_like_segmentation("segovia_T1.nii")
    (True, False)
    """
    return bool(_SEGMENTATION.search(IMAGE_SUFFIX.sub("", name).lower()))


def reference_scan(roles: Sequence[str]) -> int:
    """Position of the scan that a segmentation without a stated scan belongs to.

    Examples
    --------
    >>> reference_scan(["FLAIR", "T1c", "T2"])
    1
    """
    ranks = {role: rank for rank, role in enumerate(_REFERENCE)}
    return min(range(len(roles)), key=lambda at: (ranks.get(roles[at], len(ranks)), at))


def brats_labels(present: tuple[int, ...]) -> tuple[Label, ...]:
    """What the values of a BraTS segmentation mean, from the values that occur.

    Enhancing tumour is 4 until BraTS 2021 and 3 since 2023; the values decide. Where both 3
    and 4 occur, or any other value, no name is given.

    Examples
    --------
    >>> [label.name for label in brats_labels((1, 2, 3))]
    ['necrotic and non-enhancing core', 'oedema', 'enhancing tumour']
    >>> brats_labels((1, 2, 3, 4))
    ()
    """
    if set(present) not in ({*present} & {1, 2, 3}, {*present} & {1, 2, 4}):
        return ()
    names = {
        1: "necrotic and non-enhancing core",
        2: "oedema",
        3: "enhancing tumour",
        4: "enhancing tumour",
    }
    colors = {1: (213, 94, 0), 2: (0, 158, 115), 3: (240, 228, 66), 4: (240, 228, 66)}
    return tuple(Label(value, names[value], colors[value]) for value in present)
