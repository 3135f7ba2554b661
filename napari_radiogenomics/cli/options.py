"""Arguments of a command, made from the form of a verb: nothing is stated twice."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from napari_radiogenomics.progress import Progress, bar, quiet
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Parameter, VerbForm

__all__ = ["add_arguments", "given", "terminal_progress"]

_FILES = ("path", "image", "segmentation", "slide", "samples", "table", "cohort")
_TYPES: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "text": str}
_METAVARS = {"int": "N", "float": "X", "text": "TEXT"}


def add_arguments(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup,
    form: VerbForm,
    *,
    without: Collection[str] = (),
) -> None:
    """Add one argument a parameter: data as files in order, settings as options.

    Parameters
    ----------
    parser : ArgumentParser or group
        Of the command.
    form : VerbForm
        Of the verb.
    without : collection of str, optional
        Parameters that the command sets by itself. Those only Python can give (kind
        ``"object"``) are left out too.
    """
    for parameter in form.parameters:
        if parameter.name in without or parameter.kind == "object":
            continue
        if parameter.is_data and parameter.required:
            parser.add_argument(
                parameter.name,
                metavar=parameter.name.upper(),
                help=_help(parameter),
                **_reader(parameter),
            )
        else:
            parser.add_argument(
                parameter.option,
                dest=parameter.name,
                default=argparse.SUPPRESS,
                required=parameter.required,
                help=_help(parameter),
                **_reader(parameter),
            )


def given(arguments: argparse.Namespace, form: VerbForm) -> dict[str, Any]:
    """Parameters of the verb that were given on the command line, by name."""
    names = {parameter.name for parameter in form.parameters}
    return {name: value for name, value in vars(arguments).items() if name in names}


def terminal_progress() -> Progress:
    """Return a bar where a person watches, nothing in a log."""
    return bar if sys.stderr.isatty() else quiet


def _reader(parameter: Parameter) -> dict[str, Any]:
    """How argparse reads the value."""
    if parameter.kind == "bool":
        return {"action": argparse.BooleanOptionalAction}
    if parameter.kind == "choice":
        return {"type": _one_of(parameter), "metavar": "{" + ",".join(_values(parameter)) + "}"}
    if parameter.kind == "choices":
        return {"nargs": "+", "metavar": "NAME"}
    kind = Path if parameter.kind in _FILES else _TYPES[parameter.kind]
    reader: dict[str, Any] = {"type": kind}
    if not (parameter.is_data and parameter.required):
        reader["metavar"] = _METAVARS.get(parameter.kind, "PATH")
    return {**reader, "nargs": "+"} if parameter.many else reader


def _values(parameter: Parameter) -> list[str]:
    return [str(value) for value in parameter.choices if str(value)]


def _one_of(parameter: Parameter) -> Callable[[str], Any]:
    by_text = {str(value): value for value in parameter.choices}

    def read(text: str) -> Any:
        if text not in by_text:
            hint = did_you_mean(text, _values(parameter))
            raise argparse.ArgumentTypeError(f'"{text}" is not known. {hint}'.removesuffix("."))
        return by_text[text]

    return read


def _help(parameter: Parameter) -> str:
    facts = [parameter.unit] if parameter.unit else []
    if parameter.kind == "choices":
        facts.append("any of " + ", ".join(_values(parameter)))
    if parameter.default is not None and parameter.default != "" and not _is_nan(parameter):
        facts.append(f"default: {_plain(parameter.default)}")
    text = f"{parameter.help} [{'; '.join(facts)}]" if facts else parameter.help
    return text.replace("``", "").replace("%", "%%")


def _is_nan(parameter: Parameter) -> bool:
    return bool(parameter.default != parameter.default)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
