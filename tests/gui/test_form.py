"""The form of a verb: each kind of setting has a control that gives back what the verb takes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QComboBox, QLabel

from napari_radiogenomics import fuse, texture_maps
from napari_radiogenomics.gui.forms.checklist import CheckList
from napari_radiogenomics.gui.forms.form import SettingsForm, same_value
from napari_radiogenomics.signature import Setting, describe


def measure(
    table,
    *,
    n: Annotated[int, Setting(minimum=1, maximum=9, unit="voxels")] = 3,
    radius_mm: float = 2.5,
    seed: int | None = None,
    fill: Annotated[float, Setting(advanced=True)] = math.nan,
    method: Literal["ball", "box"] = "box",
    axis: Literal["x", "y"] | None = None,
    which: Annotated[Sequence[str], Setting(choices=lambda: {"a": "first", "b": "second"})] = (
        "b",
    ),
    exact: Annotated[bool, Setting(advanced=True)] = True,
    note: str = "",
    where: Path | None = None,
    weights: Mapping[str, float] | None = None,
):
    """Measure a table.

    Parameters
    ----------
    n : int
        How many.
    """


@pytest.fixture
def form(qtbot):
    form = SettingsForm(describe(measure))
    qtbot.addWidget(form)
    return form


def test_the_form_starts_with_the_defaults_of_the_signature(form):
    expected = {
        name: parameter.default
        for name, parameter in inspect.signature(measure).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name != "weights"
    }
    assert set(form.values) == set(expected)
    for name, value in form.values.items():
        assert same_value(value, expected[name]), name
    assert form.is_default


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 7),
        ("radius_mm", 0.125),
        ("seed", 0),
        ("seed", None),
        ("fill", 0.0),
        ("fill", -3.5),
        ("method", "ball"),
        ("axis", "y"),
        ("which", ("a", "b")),
        ("which", ()),
        ("exact", False),
        ("note", "by hand"),
        ("where", Path("scan.nii.gz")),
    ],
)
def test_a_value_that_is_set_is_given_back(form, qtbot, name, value):
    form.values = {name: value}
    assert form.values[name] == value
    form.reset()
    assert form.is_default


def test_a_change_is_told_once_and_only_when_it_is_one(form, qtbot):
    seen = []
    form.changed.connect(lambda: seen.append(1))
    form.values = {"n": 3}
    assert seen == []
    form.values = {"n": 4}
    assert seen == [1]
    form.values = {"which": ("a", "b")}
    assert seen == [1, 1]


def test_ranges_units_and_help_come_from_the_signature(form):
    box = form.fields["n"].widget
    assert (box.minimum(), box.maximum(), box.suffix()) == (1, 9, " voxels")
    assert "How many." in box.toolTip()
    assert form.fields["radius_mm"].widget.suffix() == " mm"
    titles = [label.text() for label in form.findChildren(QLabel)]
    assert "Radius" in titles


def test_a_box_shows_short_names_and_its_tooltip_what_they_do(qtbot):
    form = SettingsForm(describe(fuse))
    qtbot.addWidget(form)
    box = form.fields["learner"].widget
    names = [box.itemText(k) for k in range(box.count())]
    assert {"Elastic net", "Random forest", "Gradient boosting"} <= set(names)
    assert not any("." in name for name in names)
    assert "the penalty is chosen in the inner folds" in box.toolTip()
    form.values = {"learner": "forest"}
    assert "many trees" in box.toolTip()
    assert "penalty" not in box.toolTip()
    at = names.index("Elastic net")
    assert "keeps few features" in box.itemData(at, Qt.ItemDataRole.ToolTipRole)


def test_advanced_settings_are_folded(form, qtbot):
    form.show()
    assert not form.advanced.isExpanded()
    assert form.advanced.isAncestorOf(form.fields["fill"].widget)
    assert form.advanced.isAncestorOf(form.fields["exact"].widget)
    assert not form.advanced.isAncestorOf(form.fields["n"].widget)


def test_settings_can_be_left_to_the_dock(qtbot):
    form = SettingsForm(describe(measure), hidden=("n", "fill"))
    qtbot.addWidget(form)
    assert "n" not in form.values
    assert "fill" not in form.values


def test_numbers_are_written_without_idle_zeros(form):
    assert form.fields["radius_mm"].widget.text() == "2.5 mm"
    assert form.fields["fill"].widget.text() == "not a number"
    assert form.fields["seed"].widget.text() == "automatic"


def test_the_wheel_scrolls_the_dock_and_changes_nothing(form, qtbot):
    form.show()
    for name in ("n", "radius_mm", "method"):
        widget = form.fields[name].widget
        before = form.values[name]
        widget.clearFocus()
        event = QWheelEvent(
            QPointF(3, 3),
            QPointF(3, 3),
            QPoint(0, 0),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)
        assert form.values[name] == before


def test_the_form_of_texture_maps_gives_its_own_defaults(qtbot):
    form = SettingsForm(describe(texture_maps))
    qtbot.addWidget(form)
    parameters = inspect.signature(texture_maps).parameters
    settings = {n: p.default for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    settings.pop("progress")
    assert set(form.values) == set(settings)
    for name, value in form.values.items():
        assert same_value(value, settings[name]), name
    assert len(form.findChildren(QComboBox)) == 1  # the weighting norm


def test_several_numbers_are_written_in_a_line(qtbot):
    form = SettingsForm(describe(texture_maps))
    qtbot.addWidget(form)
    field = form.fields["distances"]
    assert field.value == (1,)
    field.widget.setText("1, 2 3")
    assert field.value == (1, 2, 3)
    field.widget.setText("1, 2 -")
    assert field.value == (1, 2, 3)
    widths = form.fields["log_sigma_mm"]
    assert widths.value == (3.0,)
    widths.widget.setText("0.5, 2")
    assert widths.value == (0.5, 2.0)
    assert all(isinstance(width, float) for width in widths.value)


ENTRIES = [("e", "Entropy", "disorder"), ("m", "Mean", "average"), ("r", "Range", "spread")]


def test_a_checklist_finds_by_title_and_by_meaning(qtbot):
    box = CheckList(ENTRIES)
    qtbot.addWidget(box)
    box.search.setText("AVER")
    assert box.shown == ("m",)
    box.search.setText("ra")
    assert box.shown == ("m", "r")
    box.search.clear()
    assert box.shown == ("e", "m", "r")


def test_all_and_none_touch_only_what_is_in_sight(qtbot):
    box = CheckList(ENTRIES)
    qtbot.addWidget(box)
    box.checked = ("e",)
    box.search.setText("average")
    box._tick_visible(Qt.CheckState.Checked)
    assert box.checked == ("e", "m")
    box.search.setText("")
    box._tick_visible(Qt.CheckState.Unchecked)
    assert box.checked == ()


def test_looking_at_an_entry_is_told(qtbot):
    box = CheckList(ENTRIES)
    qtbot.addWidget(box)
    with qtbot.waitSignal(box.looked_at) as looked:
        box.look_at("r")
    assert looked.args == ["r"]


def spaced(*, spacing: Sequence[float] | None = None):
    """Measure at some spacing."""


def test_an_empty_line_of_numbers_is_none_where_that_is_allowed(qtbot):
    form = SettingsForm(describe(spaced))
    qtbot.addWidget(form)
    field = form.fields["spacing"]
    assert field.value is None
    field.widget.setText("1, 1, 3")
    assert field.value == (1.0, 1.0, 3.0)
    field.value = None
    assert field.value is None
