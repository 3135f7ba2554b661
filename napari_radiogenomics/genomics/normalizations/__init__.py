"""One module a normalization; each defines ``NORMALIZATION``. See `genomics.normalization`."""
