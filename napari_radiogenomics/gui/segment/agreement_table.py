"""The table of agreement between two segmentations, one row a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QTableWidget, QTableWidgetItem

from napari_radiogenomics.gui.forms.narrow import narrow_table
from napari_radiogenomics.gui.segment.icons import swatch

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AgreementTable"]

_COLUMNS = ("Label", "Dice", "Surface", "HD95 mm", "Δ mL")
_FIGURES = (
    ("dice", "{:.3f}"),
    ("surface_dice", "{:.3f}"),
    ("hausdorff95_mm", "{:.1f}"),
    ("volume_difference_ml", "{:+.2f}"),
)
_TIPS = (
    "",
    "Dice of the voxels: 1 where both are the same",
    "Surface Dice: part of both outlines that lies within the tolerance of the other",
    "95th percentile of the distance between the outlines, the larger of both directions",
    "Volume of the second minus the first",
)
_LABEL = Qt.ItemDataRole.UserRole
_GRAY = (160, 160, 160)
_ROWS = 5


class AgreementTable(QTableWidget):
    """What `compare_segmentations` found.

    Attributes
    ----------
    chosen : Signal(int)
        The person clicked a label.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        self.setAccessibleName("Agreement by label")
        height = narrow_table(self, list(zip(_COLUMNS, _TIPS, strict=True)), wide=0)
        self.setFixedHeight(_ROWS * height + self.horizontalHeader().sizeHint().height())
        self.cellClicked.connect(self._clicked)

    def show_result(self, result: pd.DataFrame, colors: Mapping[int, tuple[int, int, int]]) -> None:
        """List the labels with what was found, the first one chosen."""
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self.setRowCount(len(result))
        for row, (label, found) in enumerate(result.iterrows()):
            name = QTableWidgetItem(swatch(colors.get(int(label), _GRAY)), found["name"])
            name.setData(_LABEL, int(label))
            name.setToolTip(f"{found['name']} ({label}) {found['note']}".strip())
            self.setItem(row, 0, name)
            for column, (key, form) in enumerate(_FIGURES, 1):
                value = found[key]
                text = "–" if value != value else form.format(value).replace("-", "−")
                item = QTableWidgetItem(text)
                item.setTextAlignment(right)
                item.setToolTip(found["note"] or _tip(column, found["volume_difference_percent"]))
                self.setItem(row, column, item)
        self.selectRow(0)

    @property
    def label(self) -> int | None:
        """The chosen label; None while there is none."""
        item = self.item(max(self.currentRow(), 0), 0)
        return None if item is None else int(item.data(_LABEL))

    def _clicked(self, row: int, column: int) -> None:
        if self.label is not None:
            self.chosen.emit(self.label)


def _tip(column: int, percent: float) -> str:
    """Say what a figure is; of a volume also in percent."""
    told = f": {percent:+.1f} % of the first" if column == len(_COLUMNS) - 1 else ""
    return _TIPS[column] + told
