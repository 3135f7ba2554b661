"""Colors of sites, the same in every plot."""

from __future__ import annotations

from collections.abc import Sequence
from colorsys import hls_to_rgb

__all__ = ["SITE_COLORS", "site_color", "site_colors"]

SITE_COLORS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442", "#882255", "#8b5a2b",
    "#7570d8", "#99d14a", "#999999",
)  # fmt: skip
"""Colors of sites, told apart by the color-blind too as far as there are so many (Okabe and Ito,
then darker and lighter ones); the last is of what has no site."""
_GOLDEN, _LIGHT = 0.618034, (0.45, 0.7)


def site_color(number: int) -> str:
    """Color of a site by its number from 0 on; no two sites have the same.

    Examples
    --------
    >>> site_color(0), len({site_color(number) for number in range(40)})
    ('#0072b2', 40)
    """
    own = SITE_COLORS[:-1]
    if number < len(own):
        return own[number]
    more = number - len(own)
    channels = hls_to_rgb((0.08 + more * _GOLDEN) % 1, _LIGHT[more % len(_LIGHT)], 0.6)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


def site_colors(sites: Sequence[str]) -> dict[str, str]:
    """Return the color of each site."""
    return {name: site_color(number) for number, name in enumerate(sorted(set(sites)))}
