"""Small drawings for tools, eyes and locks, in the text color of the theme.

Each is drawn in a square of 24 units; filled parts are half transparent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

__all__ = ["icon", "swatch"]

_SIDE, _SCALE = 24, 2


def _ball(p: QPainter, x: float, y: float, r: float, *, filled: bool = True) -> None:
    brush = p.brush()
    if not filled:
        p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawEllipse(QPointF(x, y), r, r)
    p.setBrush(brush)


def _lines(p: QPainter, *points: tuple[float, float]) -> None:
    p.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))


def _blob(p: QPainter, points: list[tuple[float, float]]) -> None:
    p.drawPolygon(QPolygonF([QPointF(x, y) for x, y in points]))


def _threshold(p: QPainter) -> None:
    _lines(p, (2, 21), (22, 21))
    p.drawRect(QRectF(9, 4, 7, 17))
    _lines(p, (2, 19), (6, 16), (9, 9), (12, 5), (15, 10), (18, 17), (22, 19))


def _interpolate(p: QPainter) -> None:
    p.drawEllipse(QRectF(3, 2, 18, 6))
    _lines(p, (5, 11.5), (19, 11.5))
    p.drawEllipse(QRectF(6, 16, 12, 5))


def _contours(p: QPainter) -> None:
    corners = [(4.0, 8.0), (11.0, 3.0), (20.0, 8.0), (17.0, 19.0), (7.0, 20.0)]
    _blob(p, corners)
    for x, y in corners:
        _ball(p, x, y, 1.6)


def _grow(p: QPainter) -> None:
    _ball(p, 12, 12, 3.5)
    for x, y, u, v in ((12, 6, 12, 1), (12, 18, 12, 23), (6, 12, 1, 12), (18, 12, 23, 12)):
        _lines(p, (x, y), (u, v))


def _refine(p: QPainter) -> None:
    _blob(p, [(4, 13), (7, 5), (16, 4), (20, 12), (15, 20), (7, 19)])
    p.setPen(QPen(p.pen().color(), 1.2, Qt.PenStyle.DotLine))
    _ball(p, 12, 12, 11, filled=False)


def _islands(p: QPainter) -> None:
    _ball(p, 9, 10, 6.5)
    _ball(p, 19, 18, 2.2, filled=False)
    _ball(p, 19.5, 6, 1.6, filled=False)


def _fill_holes(p: QPainter) -> None:
    _ball(p, 12, 12, 9.5, filled=False)
    _ball(p, 12, 12, 4)


def _smooth(p: QPainter) -> None:
    _lines(p, (2, 8), (5, 4), (8, 8), (11, 4), (14, 8), (17, 4), (20, 8), (22, 5))
    path = QPainterPath(QPointF(2, 18))
    path.cubicTo(9, 12, 15, 23, 22, 16)
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawPath(path)


def _margin(p: QPainter) -> None:
    _ball(p, 12, 12, 5)
    p.setPen(QPen(p.pen().color(), 1.2, Qt.PenStyle.DashLine))
    _ball(p, 12, 12, 10, filled=False)


def _ring(p: QPainter) -> None:
    path = QPainterPath()
    path.addEllipse(QPointF(12, 12), 10, 10)
    path.addEllipse(QPointF(12, 12), 5, 5)
    p.drawPath(path)


def _combine(p: QPainter) -> None:
    _ball(p, 8.5, 12, 6.5)
    _ball(p, 15.5, 12, 6.5)


def _mask(p: QPainter) -> None:
    path = QPainterPath()
    path.addEllipse(QPointF(10, 12), 8, 8)
    box = QPainterPath()
    box.addRect(QRectF(10, 3, 12, 18))
    p.drawPath(path.intersected(box))
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawPath(path)
    p.drawPath(box)


def _classifier(p: QPainter) -> None:
    _lines(p, (3, 6), (8, 10), (5, 15))
    _lines(p, (14, 4), (19, 8), (16, 12))
    _blob(p, [(10, 21), (21, 21), (21, 15), (13, 15)])


def _eye(p: QPainter) -> None:
    path = QPainterPath(QPointF(2, 12))
    path.quadTo(12, 2, 22, 12)
    path.quadTo(12, 22, 2, 12)
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawPath(path)
    p.setBrush(QBrush(p.pen().color()))
    _ball(p, 12, 12, 3)


def _eye_off(p: QPainter) -> None:
    p.setOpacity(0.45)
    _lines(p, (3, 12), (12, 16), (21, 12))


def _lock(p: QPainter) -> None:
    p.setBrush(QBrush(p.pen().color()))
    p.drawRoundedRect(QRectF(5, 11, 14, 10), 2, 2)
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawArc(QRectF(7.5, 3, 9, 15), 0, 180 * 16)


def _unlock(p: QPainter) -> None:
    p.setOpacity(0.35)
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawRoundedRect(QRectF(5, 11, 14, 10), 2, 2)
    p.drawArc(QRectF(7.5, 3, 9, 15), 40 * 16, 140 * 16)


_DRAWN: dict[str, Callable[[QPainter], None]] = {
    "threshold": _threshold,
    "interpolate": _interpolate,
    "contours": _contours,
    "grow": _grow,
    "refine": _refine,
    "islands": _islands,
    "fill_holes": _fill_holes,
    "smooth": _smooth,
    "margin": _margin,
    "ring": _ring,
    "combine": _combine,
    "mask": _mask,
    "classify_pixels": _classifier,
    "eye": _eye,
    "eye_off": _eye_off,
    "lock": _lock,
    "unlock": _unlock,
}


@lru_cache(maxsize=256)
def icon(name: str, color: str) -> QIcon:
    """Draw an icon; one that is not known gets a plain ball.

    Parameters
    ----------
    name : str
        Name of a tool, or ``eye``, ``eye_off``, ``lock``, ``unlock``.
    color : str
        As Qt reads it.
    """
    pixmap = _empty()
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    line, fill = _color(color), _color(color)
    fill.setAlphaF(0.45)
    painter.setPen(QPen(line, 1.6))
    painter.setBrush(QBrush(fill))
    draw = _DRAWN.get(name)
    if draw is None:
        _ball(painter, 12, 12, 7)
    else:
        draw(painter)
    painter.end()
    return QIcon(pixmap)


def _color(text: str) -> QColor:
    """Read a color as a style sheet writes it: ``#rrggbb`` or ``rgb(r, g, b)``."""
    numbers = re.findall(r"\d+", text) if text.startswith("rgb") else []
    return QColor(*map(int, numbers[:3])) if numbers else QColor(text)


def _empty() -> QPixmap:
    pixmap = QPixmap(_SIDE * _SCALE, _SIDE * _SCALE)
    pixmap.setDevicePixelRatio(_SCALE)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


@lru_cache(maxsize=256)
def swatch(color: tuple[int, int, int]) -> QIcon:
    """Draw a square in the color of a label."""
    pixmap = _empty()
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(0, 0, 0, 120), 1))
    painter.setBrush(QBrush(QColor(*color)))
    painter.drawRoundedRect(QRectF(4, 4, 16, 16), 3, 3)
    painter.end()
    return QIcon(pixmap)
