"""The base of a dock that runs a verb: purpose, inputs, settings, Run, Cancel, message.

A dock derives from `Panel`, fills ``inputs`` and answers `arguments` and `show_result`. The
rest is here: the form from the signature, what is remembered for the session, the worker,
and a message that says what happened and what to do next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.form import SettingsForm, form_layout
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.forms.style import Tone, tone_color
from napari_radiogenomics.gui.placing import PlacedWidget
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Panel", "section_line"]

_WIDTH = 380
_LEAST_WIDTH = 320


def section_line() -> QFrame:
    """Make a thin line between two sections."""
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFrameShadow(QFrame.Shadow.Sunken)
    return line


class Panel(PlacedWidget):
    """A dock for one verb.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    verb : callable
        The verb; its form comes from its signature.
    name : str
        Key under which the session remembers the settings.
    purpose : str
        What it is for, in one line.
    run : str
        Text of the Run button.
    hidden : collection of str, optional
        Settings that the dock asks for in its own way.

    Attributes
    ----------
    area : QScrollArea
        What scrolls above the buttons.
    inputs : QFormLayout
        Rows for what the verb works on; the dock fills them.
    before_settings, after : QVBoxLayout
        Places for the dock's own controls.
    form : SettingsForm
        The settings.
    runner : Runner
        The worker.
    connections : Connections
        To events of the viewer, for as long as the dock lives.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        verb: Callable[..., Any],
        *,
        name: str,
        purpose: str,
        run: str = "Run",
        hidden: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.viewer, self.connections = plain_viewer(viewer), Connections(self)
        self.name = name
        self.description = describe(verb)
        self.form = SettingsForm(self.description, hidden=hidden)
        self.runner = Runner(self)
        self._tone: Tone = "plain"
        self._complete = False
        self.setMinimumWidth(_LEAST_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 4, 6)  # a scroll bar, and all of a form, in the least width
        column.setSpacing(6)
        column.addWidget(self._make_content(purpose), 1)
        column.addWidget(section_line())
        column.addLayout(self._make_footer(run))
        self.form.changed.connect(self.remember)
        self.runner.started.connect(self._show_started)
        self.runner.stepped.connect(self._show_step)
        self.runner.ended.connect(self._show_end)
        self.connections.add(self.viewer.events.theme, self._color)
        self._show_idle()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """Width of a right-hand dock, height of the content."""
        return QSize(_WIDTH, super().sizeHint().height())

    def _make_content(self, purpose: str) -> QScrollArea:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(8)
        title = QLabel(purpose)
        title.setWordWrap(True)
        title.setToolTip(f"<p>{self.description.summary}</p>")
        self.inputs = form_layout()
        self.before_settings, self.after = QVBoxLayout(), QVBoxLayout()
        for part in (self.before_settings, self.after):
            part.setContentsMargins(0, 0, 0, 0)
            part.setSpacing(6)
        column.addWidget(title)
        column.addLayout(self.inputs)
        column.addLayout(self.before_settings)
        column.addWidget(self.form)
        column.addLayout(self.after)
        column.addStretch(1)
        area = self.area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        return area

    def _make_footer(self, run: str) -> QVBoxLayout:
        self.run_button, self.cancel_button = QPushButton(run), QPushButton("Cancel")
        self.reset_button = QPushButton("Reset")
        self.run_button.setDefault(True)
        self.run_button.setToolTip(f"<p>{self.description.summary}</p>")
        self.cancel_button.setToolTip("Stop; nothing half-made is kept")
        self.reset_button.setToolTip("Give every setting its default")
        self.run_button.clicked.connect(self.start)
        self.cancel_button.clicked.connect(self.cancel)
        self.reset_button.clicked.connect(self.reset)
        self._buttons = buttons = QHBoxLayout()
        buttons.addWidget(self.run_button, 1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.reset_button)
        self.progress_bar = QProgressBar()
        self.message_line = QLabel()
        self.message_line.setWordWrap(True)
        self.message_line.setAccessibleName("Message")
        self.message_line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # Room for three lines, so that nothing moves when a message comes.
        self.message_line.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 4)
        self.message_line.setAlignment(Qt.AlignmentFlag.AlignTop)
        footer = QVBoxLayout()
        footer.setSpacing(4)
        footer.addLayout(buttons)
        footer.addWidget(self.progress_bar)
        footer.addWidget(self.message_line)
        return footer

    def beside_run(self, button: QPushButton) -> None:
        """Put another button beside Run, for other work of the dock."""
        self._buttons.insertWidget(1, button)

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """What to run with what data and settings; raises `InputError` where something lacks."""
        raise NotImplementedError

    def show_result(self, outcome: Outcome) -> str:
        """Show what the verb returned, and say what happened and what to do next."""
        raise NotImplementedError

    def start(self) -> None:
        """Run the verb; what lacks is said in the message line."""
        try:
            function, data, settings = self.arguments()
            self.runner.run(function, *data, title=self.description.title, **settings)
        except RadiogenomicsError as error:
            self.say(str(error), "error")

    def cancel(self) -> None:
        """Stop the work at its next step."""
        if self.runner.running:
            self.cancel_button.setEnabled(False)
            self.say("Cancelling …")
            self.runner.cancel()

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write the message line; errors call settings as the form does."""
        self._tone = tone
        text = self.form.in_its_words(text) if tone == "error" else text
        self.message_line.setText(text)
        self.message_line.setToolTip(f"<p>{text}</p>" if text else "")
        self._color()

    @property
    def message(self) -> str:
        """Text of the message line."""
        return self.message_line.text()

    @property
    def tone(self) -> Tone:
        """Tone of the message line."""
        return self._tone

    def remember(self) -> None:
        """Note the settings in the session of the viewer, once the dock is complete."""
        if self._complete:
            session_of(self.viewer).state[self.name] = self.settings

    def recall(self) -> None:
        """Take the settings that the session knows; called when the dock is complete."""
        known = session_of(self.viewer).state.get(self.name)
        if known:
            self.settings = known
        self._complete = True

    @property
    def settings(self) -> dict[str, Any]:
        """All settings of the dock, as the session remembers them."""
        return self.form.values

    @settings.setter
    def settings(self, values: dict[str, Any]) -> None:
        self.form.values = values

    def reset(self) -> None:
        """Give every setting its default."""
        self.form.reset()
        self.say("All settings are at their defaults.")

    def _color(self, event: object = None) -> None:
        color = tone_color(self.viewer.theme, self._tone)
        self.message_line.setStyleSheet(f"color: {color};")

    def _show_idle(self) -> None:
        self.run_button.setEnabled(True)
        self.cancel_button.setEnabled(False)
        self.progress_bar.setRange(0, 1)
        self.progress_bar.setValue(0)
        self.progress_bar.setFormat("")

    def _show_started(self) -> None:
        self.run_button.setEnabled(False)
        self.cancel_button.setEnabled(True)
        self.progress_bar.setRange(0, 0)
        self.say("Working …")

    def _show_step(self, done: int, total: int, what: str) -> None:
        if not self.runner.running:
            return
        self.progress_bar.setRange(0, total)
        self.progress_bar.setValue(done)
        self.progress_bar.setFormat(f"{what} %p %" if what else "%p %")

    def _show_end(self, outcome: Outcome) -> None:
        self._show_idle()
        if outcome.ok:
            try:
                self.say(self.show_result(outcome), "good")
            except InputError as error:
                self.say(str(error), "error")
        elif outcome.cancelled:
            self.say("Cancelled. Nothing was changed.")
        elif outcome.expected:
            self.say(str(outcome.error), "error")
        else:
            self.say(
                f"This should not have happened: {type(outcome.error).__name__}: {outcome.error}. "
                "The notification has the details for a bug report.",
                "error",
            )

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt names it
        """Keep what is set when the dock is closed."""
        self.remember()
        super().hideEvent(event)
