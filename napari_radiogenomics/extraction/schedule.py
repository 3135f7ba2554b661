"""Many patients at once on Dask: threads or processes here, or the workers of a cluster.

Tasks run beside the caller, who takes what is done as it comes and may leave at any time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from napari_radiogenomics.errors import Cancelled, InputError, MissingDependency
from napari_radiogenomics.extraction.case import Case
from napari_radiogenomics.extraction.task import Outcome, measure_patient
from napari_radiogenomics.progress import Progress, is_cancelled

__all__ = ["run_tasks"]

_LOOK_EVERY_S = 0.1
# How long a cancelled call waits for threads to see it.
_PATIENCE_S = 0.25
_CONNECT_S = 10
_OLD_S = 86_400
_LOCAL = ("threads", "processes")
_LOST = (
    "Workers were lost again and again on this patient, perhaps for want of memory. Run it again "
    "with more memory a worker."
)
_Queue = SimpleQueue[Outcome | BaseException]
_Tasks = Mapping[str, "partial[Outcome]"]


def run_tasks(
    cases: list[Case],
    wanted: Mapping[str, Mapping[str, Any]],
    *,
    cache: Path,
    scheduler: str,
    workers: int | None,
    progress: Progress,
) -> Iterator[Outcome]:
    """Measure patients, in no order.

    Parameters
    ----------
    cases : list of Case
        One a patient.
    wanted : Mapping of str to Mapping
        Settings by measure.
    cache : Path
        Folder of the cache; workers elsewhere see it under the same path.
    scheduler : str
        ``"threads"``, ``"processes"``, or the address of a Dask scheduler.
    workers : int or None
        How many threads or processes.
    progress : Progress
        Reports patients; asked ten times a second whether to stop, where it can tell.

    Yields
    ------
    Outcome
        As they are done.

    Raises
    ------
    InputError
        If the scheduler is not known or does not answer, or a process was lost.
    Cancelled
        If ``progress`` says so. What runs elsewhere ends within one step.
    """
    _sweep(cache)
    stop = cache / f".stop-{os.getpid()}-{os.urandom(4).hex()}"
    tasks = {
        f"{case.patient_id}-{number}": partial(measure_patient, case, wanted, cache, stop)
        for number, case in enumerate(cases)
    }
    done: _Queue = SimpleQueue()
    with _running(tasks, done, scheduler, workers, stop):
        for _ in progress(range(len(tasks)), "Patients"):
            yield _next(done, progress)


def _sweep(cache: Path) -> None:
    """Remove what cancelled runs of a cluster left: their workers have long seen it."""
    for old in cache.glob(".stop-*"):
        if time.time() - old.stat().st_mtime > _OLD_S:
            old.unlink(missing_ok=True)


def _next(done: _Queue, progress: Progress) -> Outcome:
    while True:
        try:
            found = done.get(timeout=_LOOK_EVERY_S)
        except Empty:
            if is_cancelled(progress):
                raise Cancelled("The extraction was cancelled; what was done is kept.") from None
            continue
        if isinstance(found, BaseException):
            raise found
        return found


@contextmanager
def _running(
    tasks: _Tasks, done: _Queue, scheduler: str, workers: int | None, stop: Path
) -> Iterator[None]:
    """Run tasks beside the caller; leaving early stops them."""
    if scheduler in _LOCAL:
        start: Callable[[], Any] = partial(_locally, tasks, done, scheduler, workers, stop)
        worker = threading.Thread(target=start, name="extract_cohort", daemon=True)
        worker.start()
        try:
            yield
        except BaseException:
            stop.touch()
            raise
        finally:
            worker.join(_PATIENCE_S)
        return
    if "://" not in scheduler:
        raise InputError(
            f'Unknown scheduler "{scheduler}". Use "threads", "processes" or the address of a '
            'Dask scheduler, such as "tcp://127.0.0.1:8786".'
        )
    with _cluster(tasks, done, scheduler, stop):
        yield


def _locally(tasks: _Tasks, done: _Queue, scheduler: str, workers: int | None, stop: Path) -> None:
    """Run all tasks by one of Dask's local schedulers; the last to leave removes the file."""
    from concurrent.futures.process import BrokenProcessPool

    import dask.multiprocessing
    import dask.threaded

    def report(key: str, outcome: Outcome, *_: Any) -> None:
        done.put(outcome)

    graph = {key: (task,) for key, task in tasks.items()}
    number = workers or os.cpu_count() or 1
    callbacks = [(None, None, None, report, None)]
    try:
        if scheduler == "threads":
            with ThreadPoolExecutor(number, "extract_cohort") as pool:
                dask.threaded.get(graph, list(graph), pool=pool, callbacks=callbacks)
        else:
            dask.multiprocessing.get(
                graph, list(graph), num_workers=number, chunksize=1, callbacks=callbacks
            )
    except Cancelled:
        pass  # who cancelled does not wait for an answer
    except BrokenProcessPool:
        what = "A worker process was lost, perhaps for want of memory. What was done is kept: "
        done.put(InputError(f"{what}run it again with fewer workers."))
    except BaseException as error:  # noqa: BLE001 - raised again where the caller waits
        done.put(error)
    finally:
        stop.unlink(missing_ok=True)


@contextmanager
def _cluster(tasks: _Tasks, done: _Queue, address: str, stop: Path) -> Iterator[None]:
    """Give all tasks to a Dask scheduler; it gives those of a lost worker to another."""
    try:
        import distributed
    except ImportError as error:
        raise MissingDependency(
            "distributed", extra="scale", purpose="use a Dask scheduler"
        ) from error
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at {address} ({error}). Start one with "
            "`dask scheduler`, or correct the address."
        ) from error

    def report(patient: str, future: Any) -> None:
        if future.status == "finished":
            done.put(future.result())
        elif future.status == "error":
            error = future.exception()
            lost = isinstance(error, distributed.scheduler.KilledWorker)
            done.put(Outcome(patient, errors={"": _LOST}) if lost else error)

    futures: list[Any] = []
    try:
        for key, task in tasks.items():
            future = client.submit(task, key=f"extract-{key}-{stop.name}", pure=False)
            futures.append(future)
            future.add_done_callback(partial(report, task.args[0].patient_id))
        yield
    except BaseException:
        stop.touch()
        raise
    finally:
        client.cancel(futures, force=True)
        client.close()
