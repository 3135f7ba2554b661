"""The page of the demo: its pictures with what is seen on each."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, version

__all__ = ["Picture", "page_of"]

_PACKAGES = ("napari-radiogenomics", "napari", "napari-orthogonal-views", "numpy", "PyQt6")


@dataclass(frozen=True)
class Picture:
    """One picture of the window: its file, and what is seen on it."""

    file: str
    caption: str


def page_of(pictures: Sequence[Picture]) -> str:
    """One page with all pictures; it needs nothing but the files beside it."""
    figures = "\n".join(
        f'<figure><a href="{escape(p.file)}"><img src="{escape(p.file)}" '
        f'alt="{escape(p.caption)}"></a><figcaption>{escape(p.caption)}</figcaption></figure>'
        for p in pictures
    )
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>napari-radiogenomics demo</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1400px;padding:0 1rem}}
img{{max-width:100%;border:1px solid #888}}figure{{margin:0 0 2rem}}</style></head>
<body><h1>napari-radiogenomics demo</h1>
<p>Simulated patients. Python {platform.python_version()}, {escape(versions)}.</p>
{figures}
</body></html>
"""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
