"""What a verb's form says comes from its signature and docstring alone."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest

import napari_radiogenomics
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting, describe

if TYPE_CHECKING:
    import fancy_tables as ft

    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.data.image import Image as Scan
    from napari_radiogenomics.data.segmentation import Segmentation

Flavor = Literal["sweet", "sour"]


@verb
def cook(
    scan: Scan,
    regions: Segmentation | None,
    table: ft.DataFrame,
    cohort: Cohort,
    *more: Any,
    path: str | Path,
    flavor: Flavor = "sweet",
    sides: Sequence[Flavor] = ("sweet",),
    extras: Annotated[tuple[str, ...], Setting(choices=lambda: {"salt": "Salty."})] = (),
    margin_mm: float = 2.5,
    weight: int | float = 1,
    seed: int | None = None,
    dry: bool = False,
    shape: str = "",
    scans: list[Scan] = (),
    depth: Annotated[int, Setting(unit="voxels", minimum=1, maximum=9, advanced=True)] = 3,
    weigh: Callable[[int], int] | None = None,
    untyped=4,
    progress: Progress = quiet,
    **rest: Any,
) -> None:
    """Cook something.

    It takes a while.

    Parameters
    ----------
    scan : Image
        What to
        cook.

        Not shown in a form.
    flavor, sides : str
        Taste: of all.
    *more : object
        Anything.
    margin_mm : float, optional
        How far around.

    Returns
    -------
    None
        seed : not a parameter.
    """


FORM = describe(cook)


def test_the_form_has_the_title_and_the_first_line():
    assert (FORM.name, FORM.title, FORM.summary) == ("cook", "Cook", "Cook something.")
    assert FORM.takes_progress
    assert FORM.function is cook


def test_progress_and_variadic_parameters_are_not_in_the_form():
    names = [parameter.name for parameter in FORM.parameters]
    assert "progress" not in names
    assert {"more", "rest"}.isdisjoint(names)


@pytest.mark.parametrize(
    ("name", "kind", "many"),
    [
        ("scan", "image", False),
        ("regions", "segmentation", False),
        ("table", "table", False),
        ("cohort", "cohort", False),
        ("path", "path", False),
        ("flavor", "choice", False),
        ("sides", "choices", True),
        ("extras", "choices", True),
        ("margin_mm", "float", False),
        ("weight", "float", False),
        ("seed", "int", False),
        ("dry", "bool", False),
        ("shape", "text", False),
        ("scans", "image", True),
        ("weigh", "object", False),
        ("untyped", "int", False),
    ],
)
def test_kind_follows_from_the_type_hint(name, kind, many):
    assert (FORM[name].kind, FORM[name].many) == (kind, many)


def test_data_is_positional_and_settings_are_keyword_only():
    assert [p.name for p in FORM.data] == ["scan", "regions", "table", "cohort"]
    assert {p.name for p in FORM.settings} == {p.name for p in FORM.parameters} - {
        p.name for p in FORM.data
    }


def test_required_and_optional_are_told_apart():
    assert FORM["scan"].required
    assert not FORM["scan"].optional
    assert FORM["regions"].optional
    assert FORM["path"].required
    assert not FORM["seed"].required
    assert FORM["seed"].optional


def test_choices_come_from_literals_and_hooks():
    assert list(FORM["flavor"].choices) == ["sweet", "sour"]
    assert list(FORM["sides"].choices) == ["sweet", "sour"]
    assert FORM["extras"].choices == {"salt": "Salty."}
    assert not FORM["shape"].choices


def test_help_is_the_first_paragraph_of_the_parameter():
    assert FORM["scan"].help == "What to cook."
    assert FORM["flavor"].help == FORM["sides"].help == "Taste: of all."
    assert FORM["seed"].help == ""


def test_unit_range_and_advanced():
    depth, margin = FORM["depth"], FORM["margin_mm"]
    assert (depth.unit, depth.minimum, depth.maximum, depth.advanced) == ("voxels", 1, 9, True)
    assert (margin.unit, margin.title, margin.option) == ("mm", "Margin", "--margin-mm")


def test_an_unknown_parameter_is_named():
    with pytest.raises(InputError, match='Did you mean "flavor"'):
        FORM["flavour"]


def test_a_verb_without_docstring_or_hints_has_a_form():
    def bare(data, *, size=2):
        return data, size

    form = describe(bare)
    assert [(p.name, p.kind, p.help) for p in form.parameters] == [
        ("data", "object", ""),
        ("size", "int", ""),
    ]


FUNCTIONS = [
    name
    for name in napari_radiogenomics.__all__
    if inspect.isfunction(getattr(napari_radiogenomics, name))
]


# Objects that no form can ask for; they are given from Python and by docks of their own.
FROM_PYTHON = {"obj", "reference", "data", "links", "structures", "sample_ids"}
FROM_PYTHON |= {"modalities", "learner_settings", "preparations", "external", "result"}
FROM_PYTHON |= {"cases", "extraction", "gene_sets", "maps", "missing", "model", "types"}
FROM_PYTHON |= {"cohort", "validation", "expected", "settings"}
FROM_PYTHON |= {"landmarks", "registration", "transform"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_of_a_public_verb_has_a_kind_and_a_help_text(name):
    form = describe(getattr(napari_radiogenomics, name))
    assert form.summary.endswith(".")
    assert form.parameters
    for parameter in form.parameters:
        assert parameter.help, parameter.name
        assert parameter.kind != "object" or parameter.name in FROM_PYTHON, parameter.name


def test_describing_a_verb_loads_neither_pandas_nor_numba():
    program = (
        "import sys; from napari_radiogenomics import texture_maps;"
        "from napari_radiogenomics.signature import describe;"
        "form = describe(texture_maps); [p.choices for p in form.parameters];"
        "sys.exit(str([m for m in ('pandas', 'numba', 'SimpleITK', 'scipy') if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"
