"""Progress wraps an iterable, reports, and can be cancelled between two steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_radiogenomics.errors import Cancelled
from napari_radiogenomics.progress import Progress, bar, quiet, reporting


def silent_reporting() -> Progress:
    return reporting(lambda done, total, what: None)


@given(st.lists(st.integers()))
@pytest.mark.parametrize("progress", [quiet, bar, silent_reporting()])
def test_the_steps_come_through_unchanged_and_in_order(
    progress: Progress, steps: list[int]
) -> None:
    assert list(progress(steps, "Voxels")) == steps


@given(st.integers(0, 20))
def test_every_step_is_reported_and_the_last_report_is_complete(total: int) -> None:
    seen: list[tuple[int, int, str]] = []
    progress = reporting(lambda *report: seen.append(report))
    assert len(list(progress(range(total), "Slices"))) == total
    assert seen == [(done, total, "Slices") for done in range(total + 1)]


def test_a_stream_of_unknown_length_reports_zero_as_its_total() -> None:
    seen: list[tuple[int, int, str]] = []

    def stream() -> Iterator[str]:
        yield from "ab"

    assert list(reporting(lambda *report: seen.append(report))(stream())) == ["a", "b"]
    assert [total for _, total, _ in seen] == [0, 0, 0]


def test_cancelling_stops_before_the_next_step_and_says_how_far_it_came() -> None:
    taken: list[int] = []
    progress = reporting(lambda *report: None, cancelled=lambda: len(taken) == 3)
    with pytest.raises(Cancelled, match="Voxels cancelled after 3 of 10 steps"):
        taken.extend(progress(range(10), "Voxels"))
    assert taken == [0, 1, 2]


def test_cancelling_before_the_start_does_nothing_at_all() -> None:
    progress = reporting(lambda *report: None, cancelled=lambda: True)
    with pytest.raises(Cancelled, match="Work cancelled after 0 of \\? steps"):
        next(progress(iter([1])))


def test_nothing_is_pulled_from_the_source_before_it_is_needed() -> None:
    pulled: list[int] = []

    def source() -> Iterator[int]:
        for step in range(5):
            pulled.append(step)
            yield step

    steps = silent_reporting()(source())
    assert pulled == []
    next(steps)
    assert pulled == [0]


def test_the_bar_leaves_nothing_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    list(bar(range(3), "Voxels"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("\r") or captured.err.strip() == ""
