"""Type hints of a function, evaluated without loading what only the hints need.

Annotations are strings in this package. Each is evaluated alone, in a namespace that adds the
imports under ``if TYPE_CHECKING:``. Names of other packages become empty stand-ins, so that
describing a verb never loads pandas.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

__all__ = ["HintNames"]

_PACKAGE = __name__.partition(".")[0]


class HintNames(dict[str, Any]):
    """Names that annotations of a function may use, imported when they are first needed."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.globals = function.__globals__
        self.imports = _typing_imports(function.__module__)

    def evaluate(self, annotation: Any) -> Any:
        """Evaluate one annotation; what is no text is returned as it is."""
        if not isinstance(annotation, str):
            return annotation
        return eval(annotation, self.globals, self)  # noqa: S307 - text of the function's source

    def __missing__(self, name: str) -> Any:
        if name in self.globals or name in vars(builtins):
            raise KeyError(name)
        if name in self.imports:
            return _imported(*self.imports[name])
        return _stand_in(name)


def _imported(module: str, name: str) -> Any:
    if module.partition(".")[0] != _PACKAGE and module not in sys.modules:
        return _stand_in(name) if name else _AnyName()
    loaded = importlib.import_module(module)
    return getattr(loaded, name) if name else loaded


def _stand_in(name: str) -> type:
    members = {"__class_getitem__": classmethod(lambda cls, _: cls)}
    return type(name, (), members)


class _AnyName:
    """Stands for a module that is not loaded."""

    def __getattr__(self, name: str) -> type:
        return _stand_in(name)


def _typing_imports(module: str) -> dict[str, tuple[str, str]]:
    """Names imported under ``if TYPE_CHECKING:``, each with its module and name there."""
    source = _source(module)
    package = module if _is_package(module) else module.rpartition(".")[0]
    found: dict[str, tuple[str, str]] = {}
    for node in _typing_nodes(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            home = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            found.update({a.asname or a.name: (home, a.name) for a in node.names})
        elif isinstance(node, ast.Import):
            found.update({a.asname or a.name: (a.name, "") for a in node.names})
    return found


def _typing_nodes(tree: ast.Module) -> Iterable[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from node.body


def _is_package(module: str) -> bool:
    return hasattr(sys.modules.get(module), "__path__")


def _source(module: str) -> str:
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file or Path(file).suffix != ".py":
        return ""
    return Path(file).read_text(encoding="utf-8")
