"""What a command is: one module in ``commands/`` that defines ``COMMAND``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from napari_radiogenomics.registry import Registry

__all__ = ["COMMANDS", "Command"]


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes
    ----------
    name : str
        What is typed.
    summary : str
        One sentence for ``--help``.
    configure : callable
        ``configure(parser)`` adds arguments; called only when the command is used.
    run : callable
        ``run(arguments) -> int``, the exit code.
    """

    name: str
    summary: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS: Registry[Command] = Registry(
    "napari_radiogenomics.cli.commands",
    attribute="COMMAND",
    noun="command",
    group="napari_radiogenomics.commands",
)
