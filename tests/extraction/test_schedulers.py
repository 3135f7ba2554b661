"""Processes and a real Dask cluster give the table of one thread, whatever happens to a worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pandas as pd
import pytest

from napari_radiogenomics import extract_cohort, open_cohort
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.extraction import schedule
from napari_radiogenomics.progress import reporting

SETTINGS = {
    "measures": ["features", "clinical"],
    "extraction": {"families": ["firstorder"], "features": ["Mean", "Entropy", "Skewness"]},
}


@pytest.fixture(scope="module")
def alone(cohort, tmp_path_factory) -> pd.DataFrame:
    """The table by one thread."""
    return extract_cohort(
        cohort, **SETTINGS, workers=1, cache=tmp_path_factory.mktemp("alone")
    ).table


@pytest.fixture(scope="module")
def cluster() -> Iterator:
    """A scheduler and two worker processes, on the loopback alone."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
    ) as found:
        yield found


@pytest.mark.slow
def test_processes_give_the_same_table(cohort, alone, tmp_path) -> None:
    found = extract_cohort(cohort, **SETTINGS, scheduler="processes", workers=2, cache=tmp_path)
    pd.testing.assert_frame_equal(found.table, alone)


@pytest.mark.slow
def test_a_cluster_gives_the_same_table_though_a_worker_is_killed(
    cohort, alone, cluster, tmp_path
) -> None:
    killed: list[int] = []

    def kill(done: int, total: int, what: str) -> None:
        if done == 1 and not killed:  # in the middle: one patient is done, three are not
            killed.append(cluster.workers[0].process.pid)
            os.kill(killed[0], signal.SIGKILL)

    address = cluster.scheduler_address
    assert address.startswith("tcp://127.0.0.1:")
    found = extract_cohort(
        cohort, **SETTINGS, scheduler=address, cache=tmp_path, progress=reporting(kill)
    )
    assert killed
    assert found.failures.empty
    pd.testing.assert_frame_equal(found.table, alone)
    # What was measured is in the cache that both share: nothing is left to do.
    assert extract_cohort(cohort, **SETTINGS, cache=tmp_path).sources["cached"].all()


@pytest.mark.slow
def test_cancelling_a_cluster_answers_before_all_is_done(own, tmp_path, cluster) -> None:
    folder = own(30)
    done: list[int] = []
    progress = reporting(lambda now, *_: done.append(now), cancelled=lambda: bool(done))
    with pytest.raises(Cancelled):
        extract_cohort(
            open_cohort(folder), **SETTINGS, scheduler=cluster.scheduler_address,
            cache=tmp_path / "cache", progress=progress,
        )  # fmt: skip
    assert max(done) < 15


def test_no_scheduler_at_the_address_is_said(cohort, monkeypatch, tmp_path) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(schedule, "_CONNECT_S", 0.5)
    with pytest.raises(InputError, match=r"No Dask scheduler answers at tcp://127.0.0.1:1 "):
        extract_cohort(cohort, **SETTINGS, scheduler="tcp://127.0.0.1:1", cache=tmp_path)
