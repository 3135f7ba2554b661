"""How our docks look: napari's own style, and a color for each tone of a message."""

from __future__ import annotations

from typing import Literal

from napari.utils.theme import get_theme

__all__ = ["Tone", "theme_kind", "tone_color"]

Tone = Literal["plain", "good", "warning", "error"]


def tone_color(theme: str, tone: Tone) -> str:
    """Color of a message as a style sheet takes it.

    Parameters
    ----------
    theme : str
        napari's theme.
    tone : {"plain", "good", "warning", "error"}
        What kind of message.

    Examples
    --------
    >>> tone_color("dark", "error") != tone_color("dark", "plain")
    True
    """
    found = get_theme(theme)
    if tone == "error":
        # napari's error color is a background; text of it is read badly on dark.
        return "#ff8a8a" if found.type == "dark" else "#b00020"
    if tone == "warning":
        return "#ffc76b" if found.type == "dark" else "#8a5300"
    if tone == "good":
        return "#8fd3a5" if found.type == "dark" else "#1c6b3a"
    return found.text.as_rgb()


def theme_kind(theme: str) -> Literal["dark", "light"]:
    """Whether a theme of napari is dark or light.

    Examples
    --------
    >>> theme_kind("dark"), theme_kind("light")
    ('dark', 'light')
    """
    return "light" if get_theme(theme).type == "light" else "dark"
