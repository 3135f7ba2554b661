"""`main`: parse, run, and say what went wrong in one line."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from napari_radiogenomics import __version__
from napari_radiogenomics.cli.command import COMMANDS
from napari_radiogenomics.cli.text import as_options
from napari_radiogenomics.errors import Cancelled, DataWarning, InputError, RadiogenomicsError

__all__ = ["PROGRAM", "main"]

PROGRAM = "napari-radiogenomics"
_EXPECTED, _STOPPED = 2, 130
# A disk that is full or read-only is told without a file name.
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process where not given.

    Returns
    -------
    int
        0: done. 1: done, and errors were found (``validate``). 2: it could not be done, and
        one line on standard error says why. 130: stopped by the person.
    """
    _tolerate_narrow_terminals()
    arguments = list(sys.argv[1:] if argv is None else argv)
    with _one_line_warnings():
        try:
            parsed = _parse(arguments)
            code: int = parsed.run(parsed)
            sys.stdout.flush()
        except (Cancelled, KeyboardInterrupt):
            sys.stderr.write(f"{PROGRAM}: stopped; nothing half-written is left behind.\n")
            return _STOPPED
        except RadiogenomicsError as error:
            sys.stderr.write(f"{PROGRAM}: {as_options(' '.join(str(error).split()))}\n")
            return _EXPECTED
        except BrokenPipeError:  # `… | head` has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except OSError as error:
            if error.filename is None and error.errno not in _DISK:
                raise  # not about a file: a bug
            sys.stderr.write(f"{PROGRAM}: {_about_file(error)}\n")
            return _EXPECTED
    return code


def _about_file(error: OSError) -> str:
    """Say in one line what the system refused, and what to do."""
    reason = error.strerror or type(error).__name__
    path = Path(os.fsdecode(error.filename)) if error.filename is not None else None
    if path is not None and path.name.startswith("."):
        path = path.parent  # a draft: its name means nothing to a person
    place = f"{path}: " if path is not None else ""
    return f"{place}{reason}. Check permissions and free space, or choose another place."


class _Parser(argparse.ArgumentParser):
    """Tells mistakes as `InputError`: one line, exit code 2, like every other one."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}. See: {self.prog} --help")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(prog=PROGRAM, description=_DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    asked = next((word for word in arguments if not word.startswith("-")), "")
    if asked:
        COMMANDS[asked]  # an unknown name answers "did you mean"
    for command in COMMANDS:
        words = command.summary
        sub = commands.add_parser(command.name, help=words, description=words, allow_abbrev=False)
        sub.set_defaults(run=command.run)
        if command.name == asked:  # only then are the verbs behind it loaded
            command.configure(sub)
    return parser.parse_args(arguments)


_DESCRIPTION = "See whether image, tissue and genes of a tumour agree."


def _tolerate_narrow_terminals() -> None:
    """Let a terminal that cannot show "×" or "µ" show "?" instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


@contextlib.contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Tell each `DataWarning` once, as one line; leave other warnings as they are."""
    usual = warnings.showwarning
    told: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not issubclass(category, DataWarning):
            usual(message, category, filename, lineno, file, line)
        elif str(message) not in told:
            told.add(str(message))
            sys.stderr.write(f"{PROGRAM}: note: {as_options(' '.join(str(message).split()))}\n")

    with warnings.catch_warnings():
        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = show
        yield
