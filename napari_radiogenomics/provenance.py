"""Every result carries its history: verb, settings, versions, hashes of the inputs, time.

`verb` marks a public function as a verb. Its positional parameters are data, its
keyword-only ones are settings, whose declared limits hold; the record of a call is attached to
what it returns and is written beside it by `write_history`.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import math
import os
import platform
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.limits import require_within_limits

__all__ = [
    "Record",
    "content_hash",
    "history_of",
    "history_path",
    "read_history",
    "record_of",
    "verb",
    "with_history",
    "write_history",
]

P = ParamSpec("P")
R = TypeVar("R")

_NOT_HASHED = ("history", "metadata", "notes", "name")
_PACKAGES = (
    "napari-radiogenomics",
    "numpy",
    "numba",
    "scipy",
    "pandas",
    "SimpleITK",
    "scikit-image",
    "scikit-learn",
)


@dataclasses.dataclass(frozen=True)
class Record:
    """One step in the history of a result.

    Attributes
    ----------
    verb : str
        Name of the verb.
    settings : dict
        Keyword-only arguments, as JSON values.
    inputs : dict
        Positional parameters: content hash, and name where they have one.
    versions : dict
        Package versions.
    time : str
        UTC, ISO 8601.
    """

    verb: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, Any]
    versions: Mapping[str, str]
    time: str

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return dataclasses.asdict(self)


def _update(digest: Any, value: Any) -> None:
    # Each value is framed by its kind and length, so that [1, 23] and [12, 3] differ.
    if isinstance(value, np.ndarray):
        digest.update(f"array {value.dtype.str}{value.shape};".encode())
        if value.dtype.hasobject:
            _update(digest, value.ravel().tolist())
        else:
            digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
    elif _is_like_array(value):  # slice by slice: the whole may not fit into the memory
        digest.update(f"array {value.dtype.str}{tuple(value.shape)};".encode())
        for part in value:
            digest.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8))
    elif hasattr(value, "to_numpy") and hasattr(value, "index"):
        columns = np.asarray(getattr(value, "columns", []))
        _update(digest, [np.asarray(value.index), columns, value.to_numpy()])
    elif hasattr(value, "content_key") and not isinstance(value, type):  # too large for all of it
        _update(digest, {"": type(value).__name__, "key": value.content_key()})
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value)]
        skipped = _NOT_HASHED if "history" in fields else ()
        kept = {name: getattr(value, name) for name in fields if name not in skipped}
        _update(digest, {"": type(value).__name__, **kept})
    elif isinstance(value, Mapping):
        digest.update(f"mapping {len(value)};".encode())
        for key, item in value.items():
            _update(digest, str(key))
            _update(digest, item)
    elif isinstance(value, list | tuple):
        digest.update(f"list {len(value)};".encode())
        for item in value:
            _update(digest, item)
    elif isinstance(value, set | frozenset):
        _update(digest, sorted(map(repr, value)))
    else:
        text = repr(value.item() if isinstance(value, np.generic) else value).encode()
        digest.update(f"{len(text)};".encode() + text)


def _is_like_array(value: Any) -> bool:
    """Whether a value stands for an array of numbers that is made slice by slice."""
    known = all(hasattr(value, name) for name in ("__array__", "shape", "dtype", "__getitem__"))
    return known and not isinstance(value, np.generic) and not hasattr(value, "to_numpy")


def content_hash(value: Any) -> str:
    """Hash what a value holds; its name, notes, metadata and history do not count.

    Parameters
    ----------
    value : object
        Array, table, dataclass of this package, or a nest of them.

    Returns
    -------
    str
        32 hexadecimal digits (BLAKE2b).

    Examples
    --------
    >>> content_hash(np.arange(3)) == content_hash(np.arange(3))
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    _update(digest, value)
    return digest.hexdigest()


@functools.cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON knows neither NaN nor infinity; float() reads the word back
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=repr)
    if isinstance(value, date):
        return value.isoformat()
    return {"hash": content_hash(value)}


def history_of(result: Any) -> tuple[Record, ...]:
    """History that a result carries, oldest record first."""
    if hasattr(result, "attrs"):
        return tuple(result.attrs.get("history", ()))
    return tuple(getattr(result, "history", ()))


def with_history(result: Any, record: Record) -> Any:
    """Return the result with one more record; tables get it in ``attrs``.

    Lists, tuples and dictionaries get it in each of their items.
    """
    if isinstance(result, dict):
        return {key: with_history(item, record) for key, item in result.items()}
    if type(result) in (list, tuple):
        return type(result)(with_history(item, record) for item in result)
    if hasattr(result, "attrs"):
        result.attrs["history"] = (*history_of(result), record)
    elif dataclasses.is_dataclass(result) and hasattr(result, "history"):
        return dataclasses.replace(result, history=(*history_of(result), record))  # type: ignore[type-var]
    return result


def _name_of(value: Any) -> str:
    """Name of an input; a table has none, and its column of that name is not it."""
    if hasattr(value, "columns"):
        return ""
    name = getattr(value, "name", None)
    return "" if name is None else str(name)


def _input(value: Any) -> dict[str, str]:
    """Name and hash of an input; of a file, the hash of its bytes."""
    if not isinstance(value, str | Path):
        return {"name": _name_of(value), "hash": content_hash(value)}
    if not os.path.isfile(value):
        return {"name": str(value), "hash": content_hash(str(value))}
    with open(value, "rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
    return {"name": str(value), "hash": digest.hexdigest()}


def record_of(function: Callable[..., Any], *data: Any, **settings: Any) -> Record:
    """Make the record of a call, also for what was computed in parts and not by the call itself.

    Parameters
    ----------
    function : callable
        The verb.
    *data, **settings
        Its arguments.

    Examples
    --------
    >>> from napari_radiogenomics.provenance import record_of
    >>> def double(number, *, times=2): ...
    >>> record_of(double, 4).settings
    {'times': 2}
    """
    return _record(function, datetime.now(UTC), data, settings)


def _record(
    function: Callable[..., Any],
    started: datetime,
    data: tuple[Any, ...],
    given: Mapping[str, Any],
) -> Record:
    signature = inspect.signature(function)
    bound = signature.bind(*data, **given)
    bound.apply_defaults()
    settings: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        value = bound.arguments[name]
        if name == "progress":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            settings[name] = _plain(value)
        elif value is not None:
            inputs[name] = _input(value)
    time = started.isoformat(timespec="seconds")
    return Record(function.__name__, settings, inputs, _versions(), time)


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function a verb: its declared limits hold, and its results tell how they came to be.

    Examples
    --------
    >>> from napari_radiogenomics.provenance import history_of, verb
    >>> import pandas as pd
    >>> @verb
    ... def double(table, *, times=2):
    ...     return table * times
    >>> history_of(double(pd.DataFrame({"a": [1]}), times=3))[0].settings
    {'times': 3}
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        require_within_limits(function, args, kwargs)
        started = datetime.now(UTC)
        result = function(*args, **kwargs)
        return with_history(result, _record(function, started, args, kwargs))

    wrapper.is_verb = True  # type: ignore[attr-defined]
    return wrapper


def history_path(path: str | Path) -> Path:
    """Where the history of a written file lies: the file's name and ``.history.json``."""
    path = Path(path)
    return path.with_name(path.name + ".history.json")


def write_history(result: Any, path: str | Path) -> Path | None:
    """Write the history beside the result's file.

    Where the result has none, the history that an earlier result of that name left is removed,
    and nothing is written.
    """
    records = history_of(result)
    target = history_path(path)
    if not records:
        target.unlink(missing_ok=True)
        return None
    text = json.dumps([record.to_dict() for record in records], indent=2)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def read_history(path: str | Path) -> tuple[Record, ...]:
    """Read the history beside a file; empty where there is none.

    Raises
    ------
    InputError
        If the history file is damaged.
    """
    source = history_path(path)
    if not source.exists():
        return ()
    try:
        return tuple(Record(**entry) for entry in json.loads(source.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{source} is not a readable history ({error}). Delete it to go on without."
        ) from error
