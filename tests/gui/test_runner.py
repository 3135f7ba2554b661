"""The runner: a verb in a thread, with progress, cancel, and each kind of end."""

from __future__ import annotations

import threading
import time

import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.forms.runner import Runner
from napari_radiogenomics.progress import quiet


def count_voxels(numbers, *, factor=1, progress=quiet):
    return sum(number * factor for number in progress(numbers, "Voxels"))


def without_progress(number, *, factor=2):
    return number * factor


def never_ends(*, progress=quiet):
    for _ in progress(iter(int, 1), "Steps"):
        time.sleep(0.01)


def refuses(*, progress=quiet):
    raise InputError("The scan is empty. Choose another.")


def tell_thread():
    return threading.get_ident()


def breaks():
    raise KeyError("a bug")


@pytest.fixture
def runner(qtbot):
    runner = Runner()
    yield runner
    runner.cancel()
    qtbot.waitUntil(lambda: not runner.running, timeout=5000)


def outcome_of(qtbot, runner, verb, *data, **settings):
    with qtbot.waitSignal(runner.ended, timeout=5000) as ended:
        runner.run(verb, *data, **settings)
    return ended.args[0]


def test_a_verb_runs_elsewhere_and_its_steps_are_seen(qtbot, runner):
    seen = []
    runner.stepped.connect(lambda *step: seen.append(step))
    outcome = outcome_of(qtbot, runner, count_voxels, [1, 2, 3], factor=10)
    assert outcome.ok
    assert outcome.value == 60
    assert seen[0] == (0, 3, "Voxels")
    assert seen[-1] == (3, 3, "Voxels")
    assert not runner.running


def test_a_verb_without_progress_runs_too(qtbot, runner):
    assert outcome_of(qtbot, runner, without_progress, 4).value == 8


def test_the_work_is_not_on_the_gui_thread(qtbot, runner):
    assert outcome_of(qtbot, runner, tell_thread).value != threading.get_ident()


def test_cancel_stops_what_never_ends(qtbot, runner):
    with qtbot.waitSignal(runner.started):
        runner.run(never_ends)
    qtbot.wait(50)
    assert runner.running
    with qtbot.waitSignal(runner.ended, timeout=5000) as ended:
        runner.cancel()
        assert runner.cancelling
    assert ended.args[0].cancelled
    assert not runner.cancelling


def test_a_result_that_came_too_late_is_dropped(qtbot, runner):
    gate = threading.Event()

    def slow():
        gate.wait(5)
        return "late"

    runner.run(slow)
    runner.cancel()
    with qtbot.waitSignal(runner.ended, timeout=5000) as ended:
        gate.set()
    assert ended.args[0].cancelled
    assert ended.args[0].value is None


def test_expected_errors_are_an_outcome(qtbot, runner):
    outcome = outcome_of(qtbot, runner, refuses)
    assert not outcome.ok
    assert outcome.expected
    assert "Choose another" in str(outcome.error)


def test_bugs_keep_their_traceback(qtbot, runner):
    from napari.utils.notifications import notification_manager

    before = len(notification_manager.records)
    outcome = outcome_of(qtbot, runner, breaks)
    assert isinstance(outcome.error, KeyError)
    assert not outcome.expected
    notes = notification_manager.records[before:]
    assert len(notes) == 1
    assert notes[0].exception.__traceback__ is not None


def test_one_job_at_a_time(qtbot, runner):
    runner.run(never_ends)
    with pytest.raises(InputError, match="still under way"):
        runner.run(never_ends)


def test_it_runs_again_after_an_error_and_after_a_cancel(qtbot, runner):
    outcome_of(qtbot, runner, refuses)
    runner.run(never_ends)
    with qtbot.waitSignal(runner.ended, timeout=2000):
        runner.cancel()
    assert outcome_of(qtbot, runner, count_voxels, [1, 2]).value == 3


def test_a_thousand_steps_are_a_few_signals(qtbot, runner):
    seen = []
    runner.stepped.connect(lambda *step: seen.append(step))
    outcome_of(qtbot, runner, count_voxels, list(range(100_000)))
    assert seen[-1][0] == 100_000
    assert len(seen) < 1000
