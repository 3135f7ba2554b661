"""Vessels: found by their vesselness, thinned to centerlines, measured for their tortuosity.

One file a vesselness filter in ``filters/``. Everything is measured on an isotropic lattice in
mm around the region.
"""

from napari_radiogenomics.vessels.measure import measure_vessels
from napari_radiogenomics.vessels.measures import Vessel, VesselMeasures

__all__ = ["Vessel", "VesselMeasures", "measure_vessels"]
