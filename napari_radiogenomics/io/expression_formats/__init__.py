"""One module a layout of expression tables; each defines ``LAYOUT``. See `io.expression_layout`."""
