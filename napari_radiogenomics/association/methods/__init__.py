"""One file a method; see `napari_radiogenomics.association.method`."""
