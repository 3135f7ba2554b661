"""Which volume and which series of a scan a command works on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    from napari_radiogenomics.data.image import Image

__all__ = ["add_scan_arguments", "volume_of"]


def add_scan_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--volume`` and ``--series``."""
    parser.add_argument(
        "--volume",
        metavar="NAME",
        default="",
        help="Which volume of a 4-D scan, by name or number.",
    )
    parser.add_argument(
        "--series",
        metavar="UID#N",
        default="",
        help="Which series of a DICOM folder with several, and which object of it (#2).",
    )


def volume_of(scan: Image, wanted: str) -> Image:
    """Choose one volume of a 4-D scan.

    Parameters
    ----------
    scan : Image
        As it was read.
    wanted : str
        Name or number of the volume; empty where nothing is said.

    Raises
    ------
    InputError
        If it has several and none is named, or no such one.
    """
    volumes = scan.volumes()
    if not wanted and len(volumes) > 1:
        raise InputError(
            f"The scan holds {len(volumes)} volumes: {_listed(volumes)}. Choose one with --volume."
        )
    labels = scan.fourth_labels or ()
    for number, volume in enumerate(volumes):
        known = {str(number), volume.name, *labels[number : number + 1]}
        if not wanted or wanted in known:
            return volume
    raise InputError(f'The scan has no volume "{wanted}". It has: {_listed(volumes)}.')


def _listed(volumes: list[Image]) -> str:
    return ", ".join(f"{n} ({volume.name})" for n, volume in enumerate(volumes))
