"""Rows of the links of one segmentation: where each sample is, and what it may claim there.

Letters: N samples, L labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.flip import systems_inside
from napari_radiogenomics.data.places import ball_fractions, distances, inside_or_near
from napari_radiogenomics.data.precision import Precision, allows
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.structures import WHOLE, StructureMap
from napari_radiogenomics.errors import InputError

__all__ = ["Linker"]

# A region is claimed by coordinates where it holds this part of the labelled part of the ball.
_MOST = 0.5


class Linker:
    """Samples against one segmentation, or against none.

    Parameters
    ----------
    samples : Samples
        Of one patient where there is a segmentation.
    segmentation : Segmentation or None
        Its regions.
    structures : StructureMap
        Regions that stand for structures.
    tumor_labels : tuple of int
        Labels that are tumor; all where empty.

    Raises
    ------
    InputError
        If the segmentation has none of them.
    """

    def __init__(
        self,
        samples: Samples,
        segmentation: Segmentation | None,
        structures: StructureMap,
        tumor_labels: tuple[int, ...],
    ) -> None:
        self.samples = samples
        self.segmentation = segmentation
        self.structures = structures
        self.identity = ""
        self.patient = str(next(iter(samples.table["patient_id"]), ""))
        self.names: dict[int, str] = {}
        self.labels: tuple[int, ...] = ()
        if segmentation is not None:
            identity = segmentation.metadata.get("segmentation_id") or segmentation.name
            self.identity = str(identity)
            self.names = {label.value: label.name for label in segmentation.scheme}
            present = segmentation.present
            self.labels = tuple(v for v in present if v in tumor_labels or not tumor_labels)
            if not self.labels:
                raise InputError(
                    f'The segmentation "{segmentation.name}" has no tumor to link samples with. '
                    f"Present: {', '.join(map(str, present)) or 'none'}. Choose tumor_labels."
                )

    def regions(self) -> Iterator[dict[str, Any]]:
        """Every region of the segmentation, the whole tumor last."""
        segmentation = self.segmentation
        if segmentation is None:
            return
        volume = segmentation.geometry.voxel_volume / 1000
        whole = np.zeros(segmentation.geometry.shape, bool)
        for label in self.labels:
            mask = segmentation.mask(label)
            whole |= mask
            yield self._region(label, self.names[label], float(mask.sum()) * volume)
        yield self._region(None, WHOLE, float(whole.sum()) * volume)

    def _region(self, label: int | None, name: str, volume_ml: float) -> dict[str, Any]:
        return {"patient_id": self.patient, "segmentation_id": self.identity, "label": label,
                "region": name, "volume_ml": volume_ml}  # fmt: skip

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows of all samples, in their order."""
        table = self.samples.table
        placed = self._by_coordinates() if self.segmentation is not None else {}
        facts = table.reset_index().to_dict("records")
        for sample in facts:
            found = placed.get(sample["sample_id"]) or list(self._without_place(sample))
            for row in found:
                yield {
                    "sample_id": sample["sample_id"],
                    "patient_id": sample["patient_id"],
                    "timepoint": sample["timepoint"],
                    "segmentation_id": self.identity,
                    "label": None, "fraction": np.nan, "distance_mm": np.nan, "counts": True,
                    "warning": "", "flip": "", **row,
                }  # fmt: skip

    # ------------------------------------------------------------ by coordinates

    def _by_coordinates(self) -> dict[str, list[dict[str, Any]]]:
        """Rows of the located samples that allow a region."""
        segmentation = self.segmentation
        located = self.samples.located
        fine = [allows(p, "region") for p in located.table["precision"]]
        fine = [ok and by != "expression"
                for ok, by in zip(fine, located.table["selected_by"], strict=True)]  # fmt: skip
        located = located.select(fine)
        if segmentation is None or not len(located):
            return {}
        segmentation = _only(segmentation, self.labels)
        points = located.points_lps(segmentation.geometry)
        sizes = located.table[["radius_mm", "uncertainty_mm"]].fillna(0.0)
        reach, slack = sizes.sum(axis=1).to_numpy(), sizes.max(axis=1).to_numpy()
        fractions, inside = ball_fractions(points, reach, segmentation, self.labels)  # (N, L)
        away = distances(points, segmentation, self.labels)  # (N, L)
        near = inside_or_near(points, slack, segmentation)
        flips = systems_inside(located, slack, segmentation, ~near)
        rows: dict[str, list[dict[str, Any]]] = {}
        for at, (name, precision) in enumerate(located.table["precision"].items()):
            if near[at]:
                found = self._inside(fractions[at], inside[at], away[at], str(precision))
            else:
                found = [self._outside(away[at], flips[at])]
            rows[str(name)] = found
        for name, structure in located.table["structure"].items():
            self._compare(rows[str(name)], str(structure))
        return rows

    def _compare(self, rows: list[dict[str, Any]], structure: str) -> None:
        """Say where the structure of a sample names another region than its coordinates."""
        if self.segmentation is None or not structure or self.structures.is_whole(structure):
            return
        named = self.structures.labels(structure, self.segmentation)
        for row in rows:
            sure = "label" in row and row["counts"] and not row["warning"]
            if sure and named and row["label"] not in named:
                meant = " or ".join(self.names[label] for label in named)
                row["warning"] = f'its structure "{structure}" means {meant}'

    def _inside(
        self, fractions: NDArray[np.float64], inside: float, away: NDArray[np.float64],
        precision: str,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Rows of a sample in the tumor, or so near that its voxels may be partly tumor."""
        best = int(np.argmax(fractions))
        sure = inside > 0 and fractions[best] >= _MOST * inside
        shares = [f"{part:.0%} {self.names[label]}"
                  for part, label in zip(fractions, self.labels, strict=True) if part]  # fmt: skip
        warning = ""
        if not inside:
            nearest = self.names[self.labels[int(np.argmin(away))]]
            warning = f"{away.min():.1f} mm outside {nearest}; it counts for the whole tumor only"
        elif not sure:
            warning = f"lies across regions ({', '.join(shares)}); it counts for the whole tumor"
        elif inside < _MOST:
            warning = f"only {inside:.0%} of its ball lies in the tumor"
        rows = [
            {"label": label, "region": self.names[label], "how": "coordinates",
             "fraction": float(part), "distance_mm": float(distance),
             "counts": bool(sure and label == self.labels[best]), "precision": precision,
             "warning": warning if label == self.labels[best] else ""}
            for label, part, distance in zip(self.labels, fractions, away, strict=True) if part
        ]  # fmt: skip
        if not sure:
            rows.append(
                {"region": WHOLE, "how": "coordinates", "fraction": float(inside),
                 "distance_mm": float(away.min()), "precision": Precision.TUMOUR.value,
                 "warning": warning}
            )  # fmt: skip
        return rows

    def _outside(self, away: NDArray[np.float64], flip: str) -> dict[str, Any]:
        nearest = self.names[self.labels[int(np.argmin(away))]]
        warning = f"{away.min():.1f} mm outside the tumor (nearest: {nearest})"
        if flip:
            warning += f"; the same numbers as {flip} lie inside: {_mistake(flip)}"
        return {"region": "", "how": "coordinates", "fraction": 0.0, "counts": True,
                "distance_mm": float(away.min()), "precision": Precision.PATIENT.value,
                "warning": warning, "flip": flip}  # fmt: skip

    # ------------------------------------------------------------ without coordinates

    def _without_place(self, sample: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Rows of a sample by region id, by structure, by tumor or by patient."""
        precision = sample["precision"]
        if not allows(precision, "tumour"):
            yield {"region": "", "how": "patient", "precision": Precision.PATIENT.value}
            return
        warning = ""
        if allows(precision, "region"):
            found, warning = self._by_name(sample)
            if found:
                yield from found
                return
        yield {"region": WHOLE, "how": "tumor", "precision": Precision.TUMOUR.value,
               "warning": warning}  # fmt: skip

    def _by_name(self, sample: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Rows by region id or structure, or why there are none."""
        if sample["selected_by"] == "expression":
            return [], "picked by its expression, which is no evidence of a place"
        region = _text(sample.get("region_id"))
        if region:
            label = self._label_of(region)
            if label is not None:
                return [self._named(label, self.names[label], "region id")], ""
            if not sample["structure"]:
                return [], f'region "{region}" is not in the segmentation'
        structure = sample["structure"]
        if not structure:
            return [], "neither coordinates nor structure say where it was taken"
        if self.structures.is_whole(structure):
            return [], ""
        if self.segmentation is None:
            names = self.structures[structure]
            rows = [self._named(None, name, "structure name") for name in names]
            return rows, "" if rows else f'structure "{structure}" has no region in the map'
        labels = self.structures.labels(structure, self.segmentation)
        labels = tuple(label for label in labels if label in self.labels)
        rows = [self._named(label, self.names[label], "structure name") for label in labels]
        wanted = " or ".join(self.structures[structure]) or "no region in the map"
        lost = f'structure "{structure}" means {wanted}, which the segmentation does not have'
        return rows, "" if rows else lost

    def _named(self, label: int | None, name: str, how: str) -> dict[str, Any]:
        return {"label": label, "region": name, "how": how, "precision": Precision.REGION.value}

    def _label_of(self, region: str) -> int | None:
        """Label of a region id: value or name, alone or as ``segmentation_id:label``."""
        whose, _, text = region.rpartition(":")
        if whose and whose != self.identity:
            return None
        by_text = {str(value): value for value in self.labels}
        by_text |= {self.names[value]: value for value in self.labels}
        return by_text.get(text.removesuffix(".0"))


def _mistake(system: str) -> str:
    return "not mm but voxels" if system == "voxel" else "likely a RAS/LPS flip"


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell).strip()


def _only(segmentation: Segmentation, labels: tuple[int, ...]) -> Segmentation:
    """Segmentation with these labels alone."""
    if set(labels) == set(segmentation.present):
        return segmentation
    kept = np.isin(segmentation.labels, labels)
    return replace(segmentation, labels=np.where(kept, segmentation.labels, 0), fractions=None)
