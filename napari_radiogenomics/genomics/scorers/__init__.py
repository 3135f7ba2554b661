"""One module a pathway score; each defines ``SCORER``. See `genomics.scorer`."""
