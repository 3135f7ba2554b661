"""What all tests share: a screen, real data where it is present, a quiet and private napari."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
# Benches are programs, run by `make bench`; they import each other by their plain names.
collect_ignore = ["bench"]
SCREEN = "1366x768x24"

# The first example of a property may compile a kernel, so that its time says nothing.
hypothesis.settings.register_profile(
    "here",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("here")

# napari's own settings of whoever runs the tests are neither used nor changed.
os.environ.setdefault("NAPARI_CONFIG", str(Path(tempfile.mkdtemp()) / "settings.yaml"))
# Nor is what they drew and did not save.
os.environ.setdefault("NRG_STATE", tempfile.mkdtemp())

_started: list[subprocess.Popen[bytes]] = []


def _start_screen() -> None:
    """Start Xvfb where there is no display: napari needs OpenGL, "offscreen" has none."""
    program = shutil.which("Xvfb")
    if program is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        return
    read, write = os.pipe()
    command = [program, "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    server = subprocess.Popen(
        command, pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    if number:
        _started.append(server)
        os.environ["DISPLAY"] = f":{number}"
    else:
        server.wait()
        os.environ["QT_QPA_PLATFORM"] = "offscreen"


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a screen, once; workers of xdist inherit it."""
    wanted = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    if sys.platform.startswith("linux") and not wanted & set(os.environ):
        _start_screen()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the screen that this run started."""
    while _started:
        server = _started.pop()
        server.terminate()
        server.wait()


@pytest.fixture(scope="module", autouse=True)
def nothing_known() -> None:
    """Forget the steps and tests of other files: their random numbers are often the same."""
    from napari_radiogenomics.data import tests_made, traces

    traces._traces.clear()
    tests_made.forget_tests()


@pytest.fixture(scope="session")
def opengl() -> None:
    """Skip where no window with OpenGL can be opened."""
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        pytest.skip("no display and no Xvfb: install xvfb to test real windows")


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Find a file or folder of real data, or skip.

    The data lies beside the checkout in ``shared/data``, or where ``NRG_TEST_DATA`` says.
    """
    folder = Path(os.environ.get("NRG_TEST_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"real data is not present: {path}")
        return path

    return find
