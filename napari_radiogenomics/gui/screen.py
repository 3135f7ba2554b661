"""A screen where there is none: Xvfb, started for as long as it is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from napari_radiogenomics.errors import InputError

__all__ = ["has_display", "virtual_screen"]

_HOW = (
    "A window with OpenGL needs a display, and there is none. Install a virtual one: "
    "sudo apt-get install xvfb libgl1 libegl1 libxcb-cursor0 (Debian, Ubuntu), "
    "sudo dnf install xorg-x11-server-Xvfb (Fedora). Then run it again."
)


def has_display() -> bool:
    """Whether a window can be opened on a screen that a person sees."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def virtual_screen(size: tuple[int, int]) -> Iterator[None]:
    """Start Xvfb on a free number; Qt must not run yet.

    It ends by itself when its last window's program does: ending it under a running Qt would
    end the program with an error.

    Parameters
    ----------
    size : tuple of int
        Width and height in pixels.

    Raises
    ------
    InputError
        If Xvfb is not installed or does not start; the message says how to install it.
    """
    program = shutil.which("Xvfb")
    if program is None:
        raise InputError(_HOW)
    server, display = _start(program, size)
    before = {name: os.environ.get(name) for name in ("DISPLAY", "QT_QPA_PLATFORM")}
    os.environ.update(DISPLAY=display, QT_QPA_PLATFORM="xcb")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if not _qt_runs():
            server.terminate()
            server.wait()


def _qt_runs() -> bool:
    from qtpy.QtWidgets import QApplication

    return QApplication.instance() is not None


def _start(program: str, size: tuple[int, int]) -> tuple[subprocess.Popen[bytes], str]:
    read, write = os.pipe()
    screen = f"{size[0]}x{size[1]}x24"
    command = [program, "-displayfd", str(write), "-screen", "0", screen]
    command += ["-nolisten", "tcp", "-terminate"]
    try:
        server = subprocess.Popen(
            command, pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    finally:
        os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    if not number:
        server.wait()
        raise InputError(f"Xvfb did not start (exit code {server.returncode}). {_HOW}")
    return server, f":{number}"
