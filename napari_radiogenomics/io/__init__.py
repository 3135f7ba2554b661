"""Files in, files out: `read`, `read_all`, `write`."""

from __future__ import annotations

from napari_radiogenomics.io.files import find_format, read, read_all, write

__all__ = ["find_format", "read", "read_all", "write"]
