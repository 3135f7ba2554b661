"""What a signature declares of its numbers holds for every public verb, whoever calls it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import pytest

import napari_radiogenomics
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.limits import require_within_limits
from napari_radiogenomics.signature import Parameter, Setting, describe

VERBS = {
    name: function
    for name in napari_radiogenomics.__all__
    if inspect.isfunction(function := getattr(napari_radiogenomics, name))
}


def limited() -> Iterator[tuple[str, Parameter]]:
    for name, function in VERBS.items():
        for parameter in describe(function).parameters:
            if parameter.minimum is not None or parameter.maximum is not None:
                yield name, parameter


def called_with(name: str, parameter: Parameter, value: Any) -> None:
    """Call a verb with data that nothing can be made of: its limits come before its data."""
    data = [object() for one in describe(VERBS[name]).data if one.required]
    required = {one.name: None for one in describe(VERBS[name]).settings if one.required}
    given = (value,) if parameter.many else value
    VERBS[name](*data, **required | {parameter.name: given})


def beyond(parameter: Parameter) -> Iterator[tuple[float, float]]:
    """Values beyond each limit by a little, and the limit; NaN is beyond both."""
    step = 1 if parameter.kind == "int" else 1e-6
    if parameter.minimum is not None:
        yield parameter.minimum - step, parameter.minimum
        yield float("nan"), parameter.minimum
    if parameter.maximum is not None:
        yield parameter.maximum + step, parameter.maximum


@pytest.mark.parametrize(
    ("name", "parameter"), limited(), ids=lambda one: getattr(one, "name", one)
)
def test_a_number_beyond_a_declared_limit_is_refused(name: str, parameter: Parameter) -> None:
    for value, limit in beyond(parameter):
        with pytest.raises(InputError) as refused:
            called_with(name, parameter, value)
        said = str(refused.value)
        assert said.startswith(f"{parameter.name} is a ")
        assert said.endswith(f"got {value}.")
        assert f"{limit:g}" in said


def test_defaults_are_within_their_limits() -> None:
    for name, parameter in limited():
        given = {} if parameter.is_data else {parameter.name: parameter.default}
        require_within_limits(describe(VERBS[name]).function, (), given)


def sift(
    table: Any,
    *,
    width_mm: Annotated[float | None, Setting(minimum=1, maximum=4)] = None,
    counts: Annotated[Any, Setting(maximum=3)] = (),
) -> None:
    """Sift."""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"width_mm": 0.5}, r"width_mm is a number of mm, from 1 to 4; got 0.5\."),
        ({"width_mm": np.float32(5)}, "from 1 to 4"),
        ({"counts": (1, 4)}, r"counts is a number, 3 or less; got 4\."),
        ({"counts": np.array([9.0])}, "3 or less"),
    ],
)
def test_the_sentence_tells_name_range_and_value(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        require_within_limits(sift, (None,), given)


def test_both_ends_are_allowed_and_what_is_no_number_is_left_to_the_verb() -> None:
    once = iter([99])
    for given in ({"width_mm": 1}, {"width_mm": 4.0}, {"width_mm": None}, {"width_mm": "wide"},
                  {"counts": ["a", 3]}, {"counts": {"a": 99}}, {"counts": once}):  # fmt: skip
        require_within_limits(sift, (None,), given)
    assert next(once) == 99  # an iterator was not used up
