"""How slides and scans lie to each other: by landmarks, by brightness, or by both."""

from napari_radiogenomics.registration.landmarks import (
    Landmarks,
    read_landmarks,
    write_landmarks,
)
from napari_radiogenomics.registration.register import register
from napari_radiogenomics.registration.result import Registration
from napari_radiogenomics.registration.siblings import register_siblings, siblings_of

__all__ = [
    "Landmarks",
    "Registration",
    "read_landmarks",
    "register",
    "register_siblings",
    "siblings_of",
    "write_landmarks",
]
