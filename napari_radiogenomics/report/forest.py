"""`evidence_svg`: the evidence card as a picture, each line with its interval and its verdict.

Strategy: an SVG is text, so that a card can stand in a dock, a report and a paper without a
plotting library. All numbers are laid out once in rows; colors say the verdict, and so does a
mark, for those who do not see the colors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import escape  # writes only; nothing is parsed

from napari_radiogenomics.association.evidence_line import PARTS, said

if TYPE_CHECKING:
    from napari_radiogenomics.association.effect import Effect, Measure
    from napari_radiogenomics.association.evidence import EvidenceCard
    from napari_radiogenomics.association.evidence_line import Line

__all__ = ["VERDICT_COLORS", "evidence_hints", "evidence_svg"]

VERDICT_COLORS = {
    "holds": "#009e73",
    "open": "#e69f00",
    "falls": "#d55e00",
    "untested": "#8c8c8c",
}
"""Colors of verdicts, told apart by the color-blind too (Okabe and Ito)."""
_CONCLUSIONS = {
    "credible": "holds",
    "promising": "open",
    "masked by site": "open",
    "illusion": "falls",
    "refuted": "falls",
    "not shown": "untested",
}
_MARKS = {"holds": "✓", "open": "?", "falls": "✗", "untested": "–"}
_INK = {"light": ("#1a1a1a", "#5c5c5c", "#ffffff"), "dark": ("#f0f0f0", "#b4b4b4", "#262930")}
_AXES = {"rho": ("Spearman's ρ", -1.0, 1.0), "auc": ("area under the ROC curve", 0.0, 1.0)}
_JOINT = ("sites", "together", "tissue")
_ROW, _PAD, _FONT = 20, 12, 12
_NAMES, _NUMBERS = 190, 150
# Down to the first row under a summary of two lines, and what each line more takes.
_HEAD, _LINE = 78, 15
_LEAST = 420
# Widths of a bold letter and a bold capital of the title, in pixels.
_BOLD, _CAPITAL = 9.2, 11.5


@dataclass(frozen=True)
class _Row:
    """One row of the plot: a heading, a line, or a part of a line."""

    title: str
    effect: Effect | None = None
    verdict: str = ""
    hint: str = ""
    kind: Literal["heading", "line", "part"] = "line"
    joint: bool = False
    said: str = ""


def evidence_svg(
    card: EvidenceCard, *, theme: Literal["light", "dark"] = "light", width: int = 760
) -> str:
    """Draw an evidence card as SVG.

    Parameters
    ----------
    card : EvidenceCard
        What `weigh_evidence` answered.
    theme : {"light", "dark"}, optional
        Ink on white, or the reverse.
    width : int, optional
        In pixels, 420 at least.

    Returns
    -------
    str
        A document of its own. Sentences and rules show as tooltips.
    """
    width = max(width, _LEAST)
    ink, faint, paper = _INK[theme]
    rows = list(_rows(card))
    words = _wrapped(card.summary, width)
    top = _top(words)
    height = top + _ROW * len(rows) + 44
    scale = _Scale(card, _PAD + _NAMES, width - _PAD - _NUMBERS)
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="{_FONT}" '
        f'fill="{ink}">',
        f'<rect width="{width}" height="{height}" fill="{paper}"/>',
        *_head(card, words, width, faint),
        *_axis(scale, top, height, faint),
    ]
    for number, row in enumerate(rows):
        body += _drawn(row, top + _ROW * (number + 0.5), scale, width, faint)
    return "\n".join([*body, "</svg>"])


def evidence_hints(card: EvidenceCard, *, width: int = 760) -> list[tuple[float, str]]:
    """Lower edge of each row of a picture of that width, and what its tooltip says."""
    top = _top(_wrapped(card.summary, max(width, _LEAST)))
    return [(top + _ROW * (number + 1.0), row.hint) for number, row in enumerate(_rows(card))]


class _Scale:
    """From an effect to a place on the plot; the axis is as wide as the effects need."""

    def __init__(self, card: EvidenceCard, left: float, right: float) -> None:
        measure = _measure(card)
        every = [line.effect for line in card.lines if line.effect is not None]
        every += [own for line in card.lines for _, own in line.parts]
        effects = [effect for effect in every if effect.measure == measure]
        self.title, least, most = _AXES[measure]
        self.null = effects[0].null
        ends = [x - own.null for own in effects for x in (own.low, own.high)]
        reach = max(0.25, *(abs(x) for x in ends)) + 0.05
        self.low, self.high = max(least, self.null - reach), min(most, self.null + reach)
        self.left, self.right = left, right

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def ticks(self) -> list[float]:
        """Round values along the axis."""
        step = 0.1 if self.high - self.low < 0.8 else 0.25
        first = round(self.low / step + 0.499)
        found = (step * (first + k) for k in range(30))
        return [value for value in found if value <= self.high + 1e-9]


def _rows(card: EvidenceCard) -> Iterator[_Row]:
    shown: set[str] = set()
    measure = _measure(card)
    for part in PARTS:
        yield _Row(part, kind="heading")
        for line in card.part(part):
            joint = line.name in _JOINT
            fits = line.effect is not None and line.effect.measure == measure
            effect = line.effect if fits else None
            yield _Row(
                line.title, effect, line.verdict, _hint(line), joint=joint, said=_said(line, fits)
            )
            for name, own in line.parts if joint else ():
                if name not in shown:
                    yield _Row(name, own, line.verdict, kind="part", said=_numbers(own))
                shown.add(name)


def _measure(card: EvidenceCard) -> Measure:
    """The measure of the axis: that of the claim; other effects are told in words alone."""
    raw = card["raw"].effect
    return "rho" if raw is None else raw.measure


def _said(line: Line, fits: bool) -> str:
    """Words of the column on the right."""
    if line.effect is not None:
        return _numbers(line.effect) if fits else said(line.effect)
    return line.short or ("not tested" if line.verdict == "untested" else "")


def _numbers(effect: Effect) -> str:
    return f"{effect.value:.2f} [{effect.low:.2f}, {effect.high:.2f}]"


def _hint(line: Line) -> str:
    return f"{line.sentence}\n{line.rule}"


def _text(x: float, y: float, words: str, **looks: str) -> str:
    attributes = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in looks.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(words)}</text>'


def _head(card: EvidenceCard, summary: list[str], width: int, faint: str) -> list[str]:
    color = VERDICT_COLORS[_CONCLUSIONS[card.conclusion]]
    claim = f"{card.feature}  ~  {card.outcome}"
    title_room = int((width - 3 * _PAD - _CAPITAL * len(card.conclusion)) / _BOLD)
    words = [
        _text(_PAD, 22, _elided(claim, title_room), font_size="15", font_weight="bold"),
        _text(width - _PAD, 22, card.conclusion.upper(), font_size="15", font_weight="bold",
              text_anchor="end", fill=color),
    ]  # fmt: skip
    for number, line in enumerate(summary):
        words.append(_text(_PAD, 42 + _LINE * number, line, fill=faint))
    return words


def _elided(words: str, room: int) -> str:
    if len(words) <= room:
        return words
    half = (room - 1) // 2
    return f"{words[:half]}…{words[-half:]}"


def _wrapped(words: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(words, int((width - 2 * _PAD) / 6.2))


def _top(summary: list[str]) -> int:
    """Where the rows begin: below the whole summary."""
    return _HEAD + _LINE * max(len(summary) - 2, 0)


def _axis(scale: _Scale, top: int, height: int, faint: str) -> list[str]:
    bottom = height - 36
    at = scale(scale.null)
    parts = [
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{bottom}" stroke="{faint}"/>',
        f'<line x1="{scale.left}" x2="{scale.right}" y1="{bottom}" y2="{bottom}" '
        f'stroke="{faint}"/>',
    ]
    for value in scale.ticks():
        at = scale(value)
        parts += [
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{bottom}" y2="{bottom + 4}" stroke="{faint}"/>',
            _text(at, bottom + 15, f"{value:g}", text_anchor="middle", font_size="10", fill=faint),
        ]
    middle = (scale.left + scale.right) / 2
    title = _text(middle, bottom + 30, scale.title, text_anchor="middle", fill=faint)
    return [*parts, title]


def _drawn(row: _Row, y: float, scale: _Scale, width: int, faint: str) -> list[str]:
    if row.kind == "heading":
        return [_text(_PAD, y + 5, row.title, font_weight="bold", fill=faint)]
    color = VERDICT_COLORS[row.verdict]
    inset = 22 if row.kind == "part" else 0
    room = int((_NAMES - 26 - inset) / 6)
    words = _text(_PAD + 18 + inset, y + 4, _elided(row.title, room),
                  fill=faint if row.kind == "part" or row.verdict == "untested" else "inherit",
                  font_size=_size(row))  # fmt: skip
    parts = [f"<title>{escape(row.hint)}</title>"] if row.hint else []
    parts.append(words.replace(' fill="inherit"', ""))
    if row.kind == "line":
        parts.append(_text(_PAD, y + 4, _MARKS[row.verdict], fill=color, font_weight="bold"))
    if row.effect is not None:
        parts += _whisker(row.effect, row, y, scale, color)
    size, shade = ("11", faint) if row.verdict == "untested" else (_size(row), "inherit")
    numbers = _text(width - _PAD, y + 4, row.said, text_anchor="end", font_size=size, fill=shade)
    parts.append(numbers.replace(' fill="inherit"', ""))
    return ["<g>", *parts, "</g>"]


def _size(row: _Row) -> str:
    return "11" if row.kind == "part" else str(_FONT)


def _whisker(effect: Effect, row: _Row, y: float, scale: _Scale, color: str) -> list[str]:
    low, at, high = (scale(x) for x in (effect.low, effect.value, effect.high))
    size = 3.0 if row.kind == "part" else 4.5
    line = (
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{color}" '
        f'stroke-width="{1.2 if row.kind == "part" else 2}"/>'
    )
    if row.joint:  # drawn as a diamond, as is usual
        points = f"{low:.1f},{y} {at:.1f},{y - 6} {high:.1f},{y} {at:.1f},{y + 6}"
        return [f'<polygon points="{points}" fill="{color}"/>']
    return [line, f'<circle cx="{at:.1f}" cy="{y:.1f}" r="{size}" fill="{color}"/>']
