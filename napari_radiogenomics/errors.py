"""Errors that a person can act on: fact, limit, remedy.

Everything that is expected to go wrong raises one of these. The dock shows them in its
message line, the command line prints them in one line and exits with code 2. Any other
exception is a bug and keeps its traceback.
"""

from __future__ import annotations

__all__ = [
    "Cancelled",
    "DataWarning",
    "GeometryError",
    "InputError",
    "MissingDependency",
    "RadiogenomicsError",
]


class RadiogenomicsError(Exception):
    """Base of every error the package raises on purpose."""


class InputError(RadiogenomicsError, ValueError):
    """A file, table or argument is not what the verb needs."""


class GeometryError(InputError):
    """Two grids do not match, or a grid cannot be represented."""


class MissingDependency(RadiogenomicsError, ImportError):
    """An optional package is needed.

    Parameters
    ----------
    package : str
        Name of the package as it is installed.
    extra : str
        The extra of napari-radiogenomics that brings it.
    purpose : str
        What it is needed for, as the end of "is needed to …".
    """

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        super().__init__(
            f"{package} is needed to {purpose} and is not installed. "
            f'Install it with: pip install "napari-radiogenomics[{extra}]"'
        )
        self.package = package
        self.extra = extra


class Cancelled(RadiogenomicsError):
    """The person stopped the work; nothing half-written is left behind."""


class DataWarning(UserWarning):
    """The data was read, but something about it should be known before it is measured."""
