"""Errors that a person can act on."""

from __future__ import annotations

import pytest

from napari_radiogenomics import errors


@pytest.mark.parametrize("name", [n for n in errors.__all__ if n != "DataWarning"])
def test_every_expected_failure_is_caught_by_one_name(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.RadiogenomicsError)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.InputError, ValueError),
        (errors.GeometryError, errors.InputError),
        (errors.MissingDependency, ImportError),
    ],
)
def test_callers_who_know_only_the_builtin_catch_it_too(
    error: type[Exception], builtin: type[Exception]
) -> None:
    assert issubclass(error, builtin)


def test_cancelling_is_no_bad_input() -> None:
    assert not issubclass(errors.Cancelled, errors.InputError)


def test_a_missing_package_names_itself_its_purpose_and_the_command_that_brings_it() -> None:
    error = errors.MissingDependency("highdicom", extra="dicom", purpose="write DICOM SEG")
    assert str(error) == (
        "highdicom is needed to write DICOM SEG and is not installed. "
        'Install it with: pip install "napari-radiogenomics[dicom]"'
    )
    assert (error.package, error.extra) == ("highdicom", "dicom")


def test_notes_about_data_can_be_filtered_apart_from_other_warnings() -> None:
    assert issubclass(errors.DataWarning, UserWarning)
