"""Colors of sites, the same in every plot."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["SITE_COLORS", "site_colors"]

SITE_COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442", "#999999")
"""Colors of sites, told apart by the color-blind too (Okabe and Ito)."""


def site_colors(sites: Sequence[str]) -> dict[str, str]:
    """Return the color of each site."""
    names = sorted(set(sites))
    return {name: SITE_COLORS[number % len(SITE_COLORS)] for number, name in enumerate(names)}
