"""Stained sections: microvessel density, hypoxic fraction, nuclei, and local maps of them.

A slide is worked on by tiles at a stated resolution; nothing depends on the tiles.
"""

from napari_radiogenomics.tissue.cohort import measure_slides
from napari_radiogenomics.tissue.measure import measure_tissue
from napari_radiogenomics.tissue.result import TissueMeasurement

__all__ = ["TissueMeasurement", "measure_slides", "measure_tissue"]
