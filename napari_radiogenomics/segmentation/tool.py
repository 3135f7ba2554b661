"""What a segmentation tool is: one module in ``tools/`` that defines ``TOOL``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.registry import Registry

__all__ = ["TOOLS", "Group", "Tool"]

Group = Literal["draw", "grow", "shape", "combine"]


@dataclass(frozen=True)
class Tool:
    """One segmentation tool.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name a person knows.
    group : {"draw", "grow", "shape", "combine"}
        Where it stands among the others.
    meaning : str
        What it does, in plain words.
    verb : callable
        ``verb(segmentation, …, *, settings) -> Segmentation``; its inputs stay as they are, so
        that its result can be shown before it is applied. `inspect.unwrap` gives the function
        without the record of its inputs, which a live preview does not need.
    needs_image : bool
        Whether it works on the values of a scan.
    limits : str
        When not to trust it.
    doi : str
        Where it is described; empty where it is elementary.
    """

    name: str
    title: str
    group: Group
    meaning: str
    verb: Callable[..., Segmentation]
    needs_image: bool = False
    limits: str = ""
    doi: str = ""


TOOLS: Registry[Tool] = Registry(
    "napari_radiogenomics.segmentation.tools",
    attribute="TOOL",
    noun="segmentation tool",
    group="napari_radiogenomics.segmentation_tools",
)
