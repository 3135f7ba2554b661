"""What was found becomes numbers: the row of the section, its fields, objects and maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.tissue.fields import Sums, fields_table, hot_spots, systematic
from napari_radiogenomics.tissue.hypoxia import (
    AMOUNT_STEP,
    Stained,
    faint_notes,
    full_notes,
    histogram,
    otsu,
    stained_by_cell,
)
from napari_radiogenomics.tissue.living import turned_notes
from napari_radiogenomics.tissue.maps import local_maps
from napari_radiogenomics.tissue.nuclei import find_nuclei
from napari_radiogenomics.tissue.objects import Objects
from napari_radiogenomics.tissue.prepare import Wanted
from napari_radiogenomics.tissue.result import TissueMeasurement
from napari_radiogenomics.tissue.rules import rules_of
from napari_radiogenomics.tissue.scene import Scene
from napari_radiogenomics.tissue.stains import find_stains
from napari_radiogenomics.tissue.vessels import find_vessels
from napari_radiogenomics.tissue.window import best_window

__all__ = ["measured"]

_CHALKLEY = 3
Row = dict[str, Any]


def measured(
    slide: Slide,
    scene: Scene,
    wanted: Wanted,
    notes: Sequence[str],
    *,
    progress: Progress,
) -> TissueMeasurement:
    """Measure a scene.

    Parameters
    ----------
    slide : Slide
        What it was made from.
    scene : Scene
        Made ready.
    wanted : Wanted
        Settings.
    notes : sequence of str
        What was said before.
    progress : Progress
        Reports tiles.
    """
    kind = wanted.kind
    threshold = kind.threshold if wanted.threshold is None else float(wanted.threshold)
    if wanted.threshold_rule == "otsu":
        threshold = otsu(histogram(scene, progress))
    tissue = scene.tissue_by_cell(progress)
    found = _objects(scene, wanted, threshold, progress)
    more: Row = {}
    said: tuple[str, ...] = ()
    if found is None:
        seen = stained_by_cell(scene, threshold, progress)
        more, said = _hypoxia_row(seen, int(tissue.sum())), faint_notes(seen, threshold)
        sums = Sums(None, seen.positive, tissue, scene.lattice, scene.cells, seen.amount)
    else:
        sums, said = _sums(found, tissue, scene), _none_notes(found, wanted, threshold)
    fields, about = _fields(sums, wanted)
    window = wanted.window_mm
    if wanted.window_rule == "likelihood":
        window = best_window(sums, kind.noun)
    maps = local_maps(
        sums, window_mm=window, noun=kind.noun, area=kind.area, frame=slide.frame,
        name=slide.name,
    )  # fmt: skip
    if found is None:
        said = (
            *said,
            *full_notes(maps[kind.area].array, threshold),
            *turned_notes(scene.ground, scene.matrix, scene.stain, window),
        )
    row: Row = {"measure": kind.name, "antibody": slide.stain if kind.target else "hematoxylin"}
    numbers = _area_row(sums, wanted) | more | _fields_row(fields, sums, wanted)
    row |= numbers
    stains = find_stains(wanted.stains, slide.stain)
    row |= rules_of(scene, stains, wanted, threshold, sums, window)
    table = pd.DataFrame([row], index=pd.Index([slide.name], name="slide"))
    table.attrs = {"units": _units(row), "main": _main(wanted), "numbers": tuple(numbers)}
    objects = _objects_table(found, scene)
    return TissueMeasurement(table, fields, objects, maps, (*said, *notes, *about))


def _objects(scene: Scene, wanted: Wanted, threshold: float, progress: Progress) -> Objects | None:
    """Objects of the right size whose centers lie in the region; None where none are counted."""
    if not wanted.kind.noun:
        return None
    if wanted.kind.name == "vessels":
        found = find_vessels(scene, threshold=threshold, gap_um=wanted.gap_um, progress=progress)
    else:
        found = find_nuclei(scene, threshold=threshold, progress=progress)
    table = found.table
    area = table["pixels"] * scene.lattice.pixel_mm2 * 1e6
    least, most = wanted.area_um2
    inside = scene.inside(table["row"].to_numpy(), table["column"].to_numpy())
    return found.kept(((area >= least) & (area <= most)).to_numpy() & inside)


def _none_notes(found: Objects, wanted: Wanted, threshold: float) -> tuple[str, ...]:
    if len(found.table):
        return ()
    return (
        f"No {wanted.kind.noun} were found: nothing of {wanted.area_um2[0]:g} µm² or more is "
        f"{threshold:g} OD above its surroundings. Choose a lower threshold if the stain is weak.",
    )


def _sums(found: Objects, tissue: NDArray[np.int64], scene: Scene) -> Sums:
    cells, size = scene.cells, int(np.prod(scene.cells.shape))
    rows, columns = found.table["row"].to_numpy(), found.table["column"].to_numpy()
    counts = np.bincount(cells.at(rows, columns, scene.lattice), minlength=size)
    parts = found.parts
    stained = np.bincount(parts["cell"], parts["pixels"], minlength=size)
    return Sums(
        counts.reshape(cells.shape).astype(np.int64),
        np.rint(stained).astype(np.int64).reshape(cells.shape),
        tissue,
        scene.lattice,
        cells,
    )


def _area_row(sums: Sums, wanted: Wanted) -> Row:
    kind, tissue = wanted.kind, int(sums.tissue.sum())
    row: Row = {"tissue_mm2": tissue * sums.lattice.pixel_mm2}
    if sums.objects is not None:
        row[kind.noun] = int(sums.objects.sum())
        row[f"{kind.noun}_per_mm2"] = row[kind.noun] / row["tissue_mm2"]
    if kind.area:
        row[kind.area] = 100.0 * int(sums.stained.sum()) / tissue
    return row


def _hypoxia_row(seen: Stained, tissue: int) -> Row:
    # A pixel of the third level is in the first and second too: it counts three times.
    return {
        "h_score": 100.0 * int(seen.levels.sum()) / tissue,
        "mean_od": AMOUNT_STEP * int(seen.amount.sum()) / tissue,
    }


def _fields(sums: Sums, wanted: Wanted) -> tuple[pd.DataFrame, tuple[str, ...]]:
    side = max(1, round(wanted.field_mm / sums.cells.side_mm))
    noun = wanted.kind.noun
    corners = systematic(sums, side, wanted.n_fields, wanted.seed)
    spots = hot_spots(sums, side) if wanted.kind.name == "vessels" else corners[:0]
    tables = [
        fields_table(sums, found, side, name, noun)
        for name, found in (("systematic", corners), ("hot spot", spots))
        if len(found)
    ]
    fields = pd.concat(tables, ignore_index=True) if tables else fields_table(
        sums, corners, side, "systematic", noun
    )  # fmt: skip
    fields.index = pd.RangeIndex(1, len(fields) + 1, name="field")
    fields.attrs = {"units": _units(dict.fromkeys(fields.columns))}
    notes = []
    if len(corners) < wanted.n_fields:
        notes.append(
            f"{len(corners)} fields of {_side_mm(sums, side):g} mm fit into the tissue, fewer than "
            f"{wanted.n_fields}. Make field_mm smaller, or use the numbers of the whole section."
        )
    if wanted.kind.name == "vessels" and len(spots) < _CHALKLEY:
        notes.append(
            f"The tissue has room for {len(spots)} hot spots that do not overlap; a mean of "
            f"{_CHALKLEY} is not told."
        )
    return fields, tuple(notes)


def _side_mm(sums: Sums, side: int) -> float:
    return side * sums.cells.side_mm


def _fields_row(fields: pd.DataFrame, sums: Sums, wanted: Wanted) -> Row:
    """Means over fields; by area, so that a half-empty field does not weigh as a full one."""
    even = fields[fields["kind"] == "systematic"]
    side = max(1, round(wanted.field_mm / sums.cells.side_mm))
    row: Row = {"field_mm": _side_mm(sums, side), "n_fields": len(even)}
    noun, area = wanted.kind.noun, float(even["tissue_mm2"].sum())
    if noun:
        density = even[f"{noun}_per_mm2"]
        row[f"fields_{noun}_per_mm2"] = even[noun].sum() / area if area else np.nan
        row[f"fields_sd_{noun}_per_mm2"] = _weighted_sd(density, even["tissue_mm2"])
    if wanted.kind.area:
        weighted = (even["area_percent"] * even["tissue_mm2"]).sum()
        row[f"fields_{wanted.kind.area}"] = weighted / area if area else np.nan
    if wanted.kind.name == "vessels":
        hot = fields.loc[fields["kind"] == "hot spot", "vessels_per_mm2"]
        row["weidner_vessels_per_mm2"] = hot.iloc[0] if len(hot) else np.nan
        row["chalkley_vessels_per_mm2"] = hot.mean() if len(hot) >= _CHALKLEY else np.nan
    return row


def _weighted_sd(values: pd.Series, weights: pd.Series) -> float:
    """Standard deviation of fields by their tissue; NaN where there is one field or none."""
    if len(values) < 2:
        return float("nan")
    mean = np.average(values, weights=weights)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))


def _objects_table(found: Objects | None, scene: Scene) -> pd.DataFrame:
    rows, columns, pixels = (
        found.table[name].to_numpy() if found is not None else np.zeros(0)
        for name in ("row", "column", "pixels")
    )
    x, y = scene.lattice.to_mm(rows, columns)
    area = pixels * scene.lattice.pixel_mm2 * 1e6
    table = pd.DataFrame({"x_mm": x, "y_mm": y, "area_um2": area})
    # From above to below, whatever the tiles were.
    table = table.sort_values(["y_mm", "x_mm"], kind="stable")
    table.index = pd.RangeIndex(1, len(table) + 1, name="object")
    table.attrs = {"units": {"x_mm": "mm", "y_mm": "mm", "area_um2": "µm²"}}
    return table


def _units(row: Mapping[str, Any]) -> dict[str, str]:
    endings = {
        "_per_mm2": "1/mm²", "_mm2": "mm²", "_mm": "mm", "_percent": "%", "_um": "µm",
        "_um2": "µm²", "um_per_pixel": "µm", "_od": "OD",
    }  # fmt: skip
    return {
        str(name): next((unit for end, unit in endings.items() if str(name).endswith(end)), "")
        for name in row
    }


def _main(wanted: Wanted) -> tuple[str, ...]:
    noun, area = wanted.kind.noun, wanted.kind.area
    return tuple(name for name in (f"{noun}_per_mm2" if noun else "", area) if name)
