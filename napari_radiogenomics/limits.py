"""The limits that a verb declares for its numbers hold for whoever calls it.

A form cannot offer a number beyond them; a script or a command line can give any. They are checked
before the work begins, in one place, so that no verb can forget one of its own.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import Parameter, describe

__all__ = ["require_within_limits"]


def require_within_limits(
    function: Callable[..., Any], data: tuple[Any, ...], settings: Mapping[str, Any]
) -> None:
    """Refuse numbers beyond the limits that the signature of a function declares.

    Parameters
    ----------
    function : callable
        The verb, whose type hints hold `Setting`.
    data, settings
        Arguments of the call; those that are not given have defaults within the limits.

    Raises
    ------
    InputError
        If a number is beyond its limit, no number at all (NaN), or not whole where it is to be.

    Examples
    --------
    >>> from typing import Annotated
    >>> from napari_radiogenomics.signature import Setting
    >>> def sift(table, *, width_mm: Annotated[float, Setting(minimum=1)] = 2.0): ...
    >>> require_within_limits(sift, (None,), {"width_mm": 0})
    Traceback (most recent call last):
    napari_radiogenomics.errors.InputError: width_mm is a number of mm, 1 or more; got 0.
    """
    limited = _limited(function)
    if not limited:
        return
    # Arguments that are missing or too many are told by the call itself.
    given = dict(zip(inspect.signature(function).parameters, data, strict=False)) | dict(settings)
    for parameter in limited:
        for value in _numbers(given.get(parameter.name)):
            if not _holds(parameter, value):
                raise InputError(
                    f"{parameter.name} is a {_number(parameter)}, {_range(parameter)}; got {value}."
                )


@functools.cache
def _limited(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    return tuple(
        parameter
        for parameter in describe(function).parameters
        if parameter.minimum is not None or parameter.maximum is not None
    )


def _numbers(value: Any) -> Iterable[Real]:
    """Numbers of a value; what is none is judged by the verb itself."""
    if isinstance(value, Real):
        return (value,)
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
        return ()
    if not hasattr(value, "__len__"):  # an iterator can be read once only, and that by the verb
        return ()
    return tuple(one for one in value if isinstance(one, Real))


def _holds(parameter: Parameter, value: Real) -> bool:
    low = -math.inf if parameter.minimum is None else parameter.minimum
    high = math.inf if parameter.maximum is None else parameter.maximum
    whole = parameter.kind != "int" or isinstance(value, Integral) or float(value).is_integer()
    return whole and low <= float(value) <= high


def _number(parameter: Parameter) -> str:
    number = "whole number" if parameter.kind == "int" else "number"
    if " " in parameter.unit:
        return f"{number} ({parameter.unit})"
    return f"{number} of {parameter.unit}" if parameter.unit else number


def _range(parameter: Parameter) -> str:
    low, high = parameter.minimum, parameter.maximum
    if low is None or high is None:
        return f"{low:g} or more" if low is not None else f"{high:g} or less"
    return f"from {low:g} to {high:g}"
