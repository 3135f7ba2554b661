"""The rules that numbers of a section were made by, in words, for its row."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.tissue.fields import LEAST_TISSUE, Sums
from napari_radiogenomics.tissue.ground import LOW_POWER_UM
from napari_radiogenomics.tissue.living import LIVING_WINDOW_MM
from napari_radiogenomics.tissue.prepare import Wanted
from napari_radiogenomics.tissue.scene import Scene
from napari_radiogenomics.tissue.stains import StainSet

__all__ = ["rules_of"]


def rules_of(
    scene: Scene,
    stains: StainSet,
    wanted: Wanted,
    threshold: float,
    sums: Sums,
    window_mm: float,
) -> dict[str, Any]:
    """Columns of rules.

    Parameters
    ----------
    scene : Scene
        As measured.
    stains : StainSet
        Its stains.
    wanted : Wanted
        Settings.
    threshold : float
        Amount of stain that was used.
    sums : Sums
        By cell.
    window_mm : float
        Diameter of the window that was used.
    """
    kind = wanted.kind
    how = "Macenko, estimated" if wanted.vectors == "estimated" else "Ruifrok and Johnston, fixed"
    row: dict[str, Any] = {
        "um_per_pixel": sum(scene.lattice.um) / 2,
        "stains": f"{stains.title} ({how})",
        "white": " ".join(f"{value:.0f}" for value in scene.ground.white),
        "threshold_od": threshold,
        "threshold_rule": _threshold_rule(wanted),
    }
    if kind.noun:
        row["object_rule"] = _object_rule(wanted)
    row["tissue_rule"] = f"mean optical density {wanted.tissue_od:g} or more at {LOW_POWER_UM:g} µm"
    row["fields_rule"] = (
        f"systematic squares with uniform random start (seed {wanted.seed}), sums over tissue"
    )
    if wanted.living_od:
        row["living_rule"] = (
            f"mean hematoxylin {wanted.living_od:g} OD or more within {LIVING_WINDOW_MM:g} mm"
        )
    if kind.name == "vessels":
        row["hot_spot_rule"] = (
            f"squares, at least {LEAST_TISSUE:.0%} tissue, with most vessels; Weidner: the first, "
            "Chalkley: mean of three apart"
        )
    row["window_mm"] = window_mm
    row["window_rule"] = _window_rule(wanted)
    return row


def _threshold_rule(wanted: Wanted) -> str:
    if wanted.threshold_rule == "otsu":
        return "Otsu within the tissue"
    if wanted.kind.above_background:
        return f"fixed, above the median within {wanted.background_um:g} µm"
    return "fixed"


def _window_rule(wanted: Wanted) -> str:
    if wanted.window_rule == "likelihood":
        return (
            f"each of the {wanted.kind.noun} told best by the others (cross-validated likelihood)"
        )
    return "fixed"


def _object_rule(wanted: Wanted) -> str:
    least, most = wanted.area_um2
    size = f"{least:g} µm² or more" if most == float("inf") else f"{least:g} to {most:g} µm²"
    if wanted.kind.name == "vessels":
        return f"interconnected stained objects (gaps below {wanted.gap_um:g} µm), {size}"
    return f"peaks of depth, split by watershed, {size}"
