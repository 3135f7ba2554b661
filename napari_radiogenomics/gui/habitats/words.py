"""Names of habitats and of maps as they fit a narrow table; no Qt."""

from __future__ import annotations

import re
import textwrap

from napari_radiogenomics.gui.canvas.legend import feature_title

__all__ = ["head", "in_titles", "short_name"]

# PyRadiomics' name of a map, but not of a file.
_MAP = re.compile(r"(?<![\w/\\.-])[A-Za-z][A-Za-z0-9-]*_[a-z0-9]+_\w+(?![\w/\\-]|\.\w)")
_LINE = 13  # letters of a line


def short_name(name: str) -> str:
    r"""Name of a habitat beside its color: number and place in the maps, on short lines.

    Examples
    --------
    >>> short_name("Habitat 1 (low Entropy)"), short_name("Habitat 2 (average a, lower b)")
    ('1 low Entropy', '2 average a,\nlower b')
    >>> short_name("rim")
    'rim'
    """
    found = re.fullmatch(r"Habitat (\d+) \((.*)\)", name)
    return name if found is None else _on_lines(f"{found[1]} {found[2]}")


def head(title: str, unit: str = "") -> str:
    r"""Title of a column on short lines, its unit below.

    Examples
    --------
    >>> head("Standard deviation", "HU")
    'Standard\ndeviation\nHU'
    """
    return _on_lines(title) + (f"\n{unit}" if unit else "")


def _on_lines(text: str) -> str:
    return "\n".join(textwrap.wrap(text, _LINE, break_long_words=False, break_on_hyphens=False))


def in_titles(text: str) -> str:
    """A sentence with the titles of maps instead of their names.

    Examples
    --------
    >>> in_titles("Numbered by original_firstorder_Entropy, lowest first.")
    'Numbered by Entropy, lowest first.'
    >>> in_titles("Saved as /data/original_glcm_Contrast.json.")
    'Saved as /data/original_glcm_Contrast.json.'
    """
    return _MAP.sub(lambda found: feature_title(found[0]), text)
