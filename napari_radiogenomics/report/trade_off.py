"""`trade_off_svg`: bias against variance of all strategies, with and without a modality.

A bar a strategy: bias with noise first, variance after it, so that its length is the error; the
thin bar below is the same for patients who lack a modality.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import escape  # writes only; nothing is parsed

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.advice_errors import modality_that_lacks
from napari_radiogenomics.fusion.validation.trade_off import ERRORS

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.result import FusionResult

__all__ = ["BIAS_COLOR", "VARIANCE_COLOR", "trade_off_svg"]

BIAS_COLOR, VARIANCE_COLOR = "#0072b2", "#e69f00"
_INK = {"light": ("#1a1a1a", "#5c5c5c", "#ffffff"), "dark": ("#f0f0f0", "#b4b4b4", "#262930")}
_ROW, _PAD, _FONT, _NAMES, _NUMBERS, _HEAD, _LEAST = 34, 12, 12, 150, 120, 66, 480
_LETTERS = 21


def trade_off_svg(
    result: FusionResult,
    *,
    without: str = "",
    theme: Literal["light", "dark"] = "light",
    width: int = 760,
) -> str:
    """Draw bias against variance as SVG.

    Parameters
    ----------
    result : FusionResult
        What `fuse` answered, thorough.
    without : str, optional
        Modality that the thin bars lack; the one that most patients lack where not given.
    theme : {"light", "dark"}, optional
        Ink on white, or the reverse.
    width : int, optional
        In pixels, 480 at least.

    Returns
    -------
    str
        A document of its own.

    Raises
    ------
    InputError
        If bias and variance were not told apart.
    """
    table = result.trade_off
    if not len(table):
        raise InputError(
            "Bias and variance were not told apart: half of the patients are too few, or thorough "
            'is off. Run fuse with thorough=True, scheme="kfold" and more patients.'
        )
    lacks = without or modality_that_lacks(table, result.missing)
    ink, faint, paper = _INK[theme]
    names = list(dict.fromkeys(table["strategy"]))
    width, height = max(width, _LEAST), _HEAD + _ROW * len(names) + 40
    most = 1.05 * float(np.nanmax(table.loc[table["without"].isin(["", lacks]), "error"]))
    scale = (width - 2 * _PAD - _NAMES - _NUMBERS) / most
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="{_FONT}" '
        f'fill="{ink}">',
        f'<rect width="{width}" height="{height}" fill="{paper}"/>',
        *_head(result, lacks, faint),
    ]
    for number, name in enumerate(names):
        top = _HEAD + _ROW * number
        title = f"{name} ★" if name == result.star else name
        body.append(_text(_PAD, top + 14, _elided(title)))
        body += _bar(_of(table, name, ""), top + 4, 13, scale)
        if lacks:
            body += _bar(_of(table, name, lacks), top + 19, 6, scale, faint=faint)
        body.append(_numbers(_of(table, name, ""), width, top + 14, faint))
    body.append(_text(_PAD + _NAMES, height - 14, ERRORS[result.kind], fill=faint))
    return "\n".join([*body, "</svg>"])


def _of(table: pd.DataFrame, name: str, without: str) -> pd.Series:
    return table[(table["strategy"] == name) & (table["without"] == without)].iloc[0]


def _text(x: float, y: float, words: str, **looks: str) -> str:
    attributes = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in looks.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(words)}</text>'


def _elided(name: str) -> str:
    half = (_LETTERS - 1) // 2
    return name if len(name) <= _LETTERS else f"{name[:half]}…{name[-half:]}"


def _head(result: FusionResult, lacks: str, faint: str) -> list[str]:
    learned = result.trade_off["learned"].iloc[0]
    title = f"{result.target}: bias against variance, learned from {learned:.0f} patients"
    key = [("bias² and noise", BIAS_COLOR, 0), ("variance", VARIANCE_COLOR, 130)]
    parts = [_text(_PAD, 22, title, font_size="15", font_weight="bold")]
    for words, color, x in key:
        parts.append(f'<rect x="{_PAD + x}" y="36" width="11" height="11" fill="{color}"/>')
        parts.append(_text(_PAD + x + 16, 46, words))
    if lacks:
        parts.append(_text(_PAD + 220, 46, f"thin: patients without {lacks}", fill=faint))
    return parts


def _bar(row: pd.Series, top: float, height: float, scale: float, *, faint: str = "") -> list[str]:
    """Bias and variance in a row; a word where nobody is answered."""
    x = _PAD + _NAMES
    if not np.isfinite(row["error"]):
        return [_text(x, top + 7, "cannot answer", font_size="10", fill=faint)] if faint else []
    parts, at = [], float(x)
    for part, color in (("bias", BIAS_COLOR), ("variance", VARIANCE_COLOR)):
        size = max(0.0, float(row[part]) * scale)
        parts.append(
            f'<rect x="{at:.1f}" y="{top:.1f}" width="{size:.1f}" height="{height}" '
            f'fill="{color}"/>'
        )
        at += size
    return parts


def _numbers(row: pd.Series, width: int, y: float, faint: str) -> str:
    if not np.isfinite(row["error"]):
        return ""
    words = f"{row['bias']:.3f} + {row['variance']:.3f}"
    return _text(width - _PAD, y, words, text_anchor="end", fill=faint)
