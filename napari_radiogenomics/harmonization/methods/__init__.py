"""One file a harmonizer; see `napari_radiogenomics.harmonization.harmonizer`."""
