"""One module a file format; each defines ``FORMAT``. See `napari_radiogenomics.io.format`."""
