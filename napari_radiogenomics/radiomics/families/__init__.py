"""One module a family of features; each defines ``FAMILY``. See `radiomics.family`."""
