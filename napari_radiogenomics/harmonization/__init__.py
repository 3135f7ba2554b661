"""Site and scanner taken out of features: ComBat and its family, and how much of them is left.

One file a harmonizer in ``methods/``. Letters: N samples, P features, B batches, C columns of
covariates.
"""

from napari_radiogenomics.harmonization.batch_effects import BatchEffects, batch_effects
from napari_radiogenomics.harmonization.combat import ComBat
from napari_radiogenomics.harmonization.covbat import CovBat
from napari_radiogenomics.harmonization.harmonize import harmonize
from napari_radiogenomics.harmonization.longitudinal import LongitudinalComBat

__all__ = [
    "BatchEffects",
    "ComBat",
    "CovBat",
    "LongitudinalComBat",
    "batch_effects",
    "harmonize",
]
