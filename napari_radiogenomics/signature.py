"""A verb's signature, read once for the dock's form, the command line and the help.

`describe` turns a verb into a `VerbForm`: its parameters with kind, default, choices, unit and
help text, all taken from the signature, its type hints and its numpydoc docstring. What a type
hint cannot say (a range, a unit, choices that live in a registry, "advanced") is said beside
it, with `Setting` inside ``Annotated``:

    kernel_radius: Annotated[int, Setting(unit="voxels", minimum=1)] = 1
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from napari_radiogenomics._hints import HintNames
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

__all__ = ["Kind", "Parameter", "Setting", "VerbForm", "describe"]

Kind = Literal[
    "bool",
    "choice",
    "choices",
    "cohort",
    "float",
    "image",
    "int",
    "object",
    "path",
    "samples",
    "segmentation",
    "slide",
    "table",
    "text",
]

_KIND_OF_CLASS: Mapping[str, Kind] = {
    "bool": "bool",
    "int": "int",
    "float": "float",
    "str": "text",
    "Path": "path",
    "Image": "image",
    "Segmentation": "segmentation",
    "Slide": "slide",
    "Samples": "samples",
    "Cohort": "cohort",
    "DataFrame": "table",
    "Series": "table",
    "Features": "table",
}
# A parameter whose name ends so is in that unit: nothing needs to say it again.
_UNIT_OF_SUFFIX = {
    "mm": "mm", "um": "µm", "ml": "mL", "hu": "HU", "days": "days", "seconds": "s", "percent": "%"
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """What a type hint cannot say of a parameter; goes inside ``Annotated``.

    Attributes
    ----------
    unit : str
        Unit of the number. A name that ends in ``_mm``, ``_um``, ``_ml``, ``_hu``, ``_days``,
        ``_seconds`` or ``_percent`` has it already.
    minimum, maximum : float or None
        Range of a number, both ends within. A form offers no other, and a verb refuses others.
    choices : callable or None
        Called without arguments when the choices are needed; answers with the values, or with
        a mapping from value to meaning. For choices that live in a registry.
    advanced : bool
        Folded away in a form.
    title : str
        Name a person reads; made from the parameter's name where it is empty.
    """

    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: Callable[[], Collection[Any]] | None = None
    advanced: bool = False
    title: str = ""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a verb.

    Attributes
    ----------
    name : str
        As in the signature.
    title : str
        As a person reads it: ``"Kernel radius"``.
    kind : str
        What a form shows or a command line reads: ``"path"``, ``"choice"`` (one of),
        ``"choices"`` (any of), ``"bool"``, ``"int"``, ``"float"``, ``"text"``, ``"image"``,
        ``"segmentation"``, ``"slide"``, ``"samples"``, ``"table"``, ``"cohort"``, or
        ``"object"`` for what only Python can give.
    default : object
        Default value; None where there is none.
    required : bool
        Whether the verb needs a value.
    optional : bool
        Whether None is allowed.
    many : bool
        Whether it is a sequence of the kind.
    is_data : bool
        Data (positional), not a setting (keyword-only).
    help : str
        First paragraph of its part of the docstring.
    unit, minimum, maximum, advanced
        As for `Setting`.
    annotation : object
        The type hint, evaluated, without ``Annotated``.
    """

    name: str
    title: str
    kind: Kind
    default: Any
    required: bool
    optional: bool
    many: bool
    is_data: bool
    help: str
    unit: str
    minimum: float | None
    maximum: float | None
    advanced: bool
    annotation: Any
    _choices: Callable[[], Collection[Any]] | None = field(default=None, repr=False)

    @cached_property
    def choices(self) -> Mapping[Any, str]:
        """Values to choose from, each with its meaning (empty text where none is given)."""
        found = self._choices() if self._choices is not None else ()
        return dict(found) if isinstance(found, Mapping) else dict.fromkeys(found, "")

    @property
    def option(self) -> str:
        """Name as an option of the command line."""
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True)
class VerbForm:
    """What a form or a command line needs to know of a verb.

    Attributes
    ----------
    name : str
        Name of the function.
    title : str
        As a person reads it: ``"Texture maps"``.
    summary : str
        First line of the docstring.
    parameters : tuple of Parameter
        In the order of the signature, without ``progress``.
    function : callable
        The verb.
    takes_progress : bool
        Whether it can report progress and be cancelled.
    """

    name: str
    title: str
    summary: str
    parameters: tuple[Parameter, ...]
    function: Callable[..., Any]
    takes_progress: bool

    @property
    def data(self) -> tuple[Parameter, ...]:
        """Positional parameters: what the verb works on."""
        return tuple(p for p in self.parameters if p.is_data)

    @property
    def settings(self) -> tuple[Parameter, ...]:
        """Keyword-only parameters: how it works."""
        return tuple(p for p in self.parameters if not p.is_data)

    def __getitem__(self, name: str) -> Parameter:
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = [parameter.name for parameter in self.parameters]
        raise InputError(f"{self.name} has no parameter {name!r}. {did_you_mean(name, known)}")


def describe(verb: Callable[..., Any]) -> VerbForm:
    """Describe a verb from its signature, type hints and docstring.

    Parameters
    ----------
    verb : callable
        A function of the package's style: data positional, settings keyword-only.

    Returns
    -------
    VerbForm
        Its parameters without ``progress``.

    Examples
    --------
    >>> def grow(image: Image, *, seed: int, radius_mm: float = 2.0,
    ...          method: Literal["ball", "box"] = "ball", progress=None):
    ...     '''Grow a region.
    ...
    ...     Parameters
    ...     ----------
    ...     radius_mm : float
    ...         How far it may grow.
    ...     '''
    >>> form = describe(grow)
    >>> [(p.name, p.kind) for p in form.parameters]
    [('image', 'image'), ('seed', 'int'), ('radius_mm', 'float'), ('method', 'choice')]
    >>> form["radius_mm"].help, form["radius_mm"].unit, list(form["method"].choices)
    ('How far it may grow.', 'mm', ['ball', 'box'])
    """
    function = inspect.unwrap(verb)
    docstring = inspect.getdoc(function) or ""
    helps = _parameter_texts(docstring)
    names = HintNames(function)
    found = inspect.signature(function).parameters
    parameters = tuple(
        _parameter(parameter, names, helps.get(name, ""))
        for name, parameter in found.items()
        if name != "progress" and parameter.kind not in _VARIADIC
    )
    return VerbForm(
        name=function.__name__,
        title=_title(function.__name__),
        summary=docstring.partition("\n")[0].strip(),
        parameters=parameters,
        function=verb,
        takes_progress="progress" in found,
    )


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _parameter(parameter: inspect.Parameter, names: HintNames, text: str) -> Parameter:
    annotation, setting = _split_annotated(names.evaluate(parameter.annotation))
    bare, optional = _without_none(annotation)
    kind, many, literal = _classify(bare, parameter.default)
    choices = setting.choices or ((lambda: literal) if literal else None)
    if choices is not None:
        kind = "choices" if many else "choice"
    stem, _, suffix = parameter.name.rpartition("_")
    unit = _UNIT_OF_SUFFIX.get(suffix, "") if stem else ""
    required = parameter.default is inspect.Parameter.empty
    return Parameter(
        name=parameter.name,
        title=setting.title or _title(stem if unit else parameter.name),
        kind=kind,
        default=None if required else parameter.default,
        required=required,
        optional=optional,
        many=many,
        is_data=parameter.kind is not parameter.KEYWORD_ONLY,
        help=text,
        unit=setting.unit or unit,
        minimum=setting.minimum,
        maximum=setting.maximum,
        advanced=setting.advanced,
        annotation=annotation,
        _choices=choices,
    )


def _title(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _split_annotated(annotation: Any) -> tuple[Any, Setting]:
    if get_origin(annotation) is Annotated:
        bare, *extras = get_args(annotation)
        found = (extra for extra in extras if isinstance(extra, Setting))
        return bare, next(found, Setting())
    return annotation, Setting()


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    members = [member for member in get_args(annotation) if member is not type(None)]
    optional = len(members) < len(get_args(annotation))
    return Union[tuple(members)], optional  # noqa: UP007 - built at run time


def _classify(annotation: Any, default: Any) -> tuple[Kind, bool, tuple[Any, ...]]:
    """Kind of a type without None, whether it is a sequence, and its literal values."""
    origin = get_origin(annotation)
    if origin is Literal:
        return "choice", False, get_args(annotation)
    if origin in (Union, types.UnionType):
        return _classify_union(get_args(annotation), default)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Collection):
        items = [item for item in get_args(annotation) if item is not Ellipsis]
        if not items or issubclass(origin, Mapping):
            return "object", False, ()
        kind, _, literal = _classify(items[0], None)
        return kind, True, literal
    if annotation is inspect.Parameter.empty or annotation is Any:
        known = _KIND_OF_CLASS.get(type(default).__name__, "object")
        return known, False, ()
    return _KIND_OF_CLASS.get(getattr(annotation, "__name__", ""), "object"), False, ()


def _classify_union(members: Sequence[Any], default: Any) -> tuple[Kind, bool, tuple[Any, ...]]:
    found = [_classify(member, default) for member in members]
    kinds = [kind for kind, _, _ in found]
    for kind in ("path", "float"):  # str | Path is a path, int | float a number
        if kind in kinds:
            return found[kinds.index(kind)]
    return found[0]


_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)


def _parameter_texts(docstring: str) -> dict[str, str]:
    """First paragraph about each parameter, from the numpydoc section "Parameters"."""
    texts: dict[str, str] = {}
    names: list[str] = []
    lines: list[str] = []
    for line in [*_section(docstring, "Parameters"), "end : "]:
        if not line[:1].isspace() and line.strip():
            paragraph = "\n".join(lines).strip().split("\n\n")[0]
            texts.update(dict.fromkeys(names, " ".join(paragraph.split())))
            names = [name.strip(" *") for name in line.partition(" :")[0].split(",")]
            lines = []
        else:
            lines.append(line.strip())
    return texts


def _section(docstring: str, title: str) -> list[str]:
    heads = list(_SECTION.finditer(docstring))
    for head, following in zip(heads, [*heads[1:], None], strict=False):
        if head[1] == title:
            return docstring[head.end() : following.start() if following else None].splitlines()
    return []
