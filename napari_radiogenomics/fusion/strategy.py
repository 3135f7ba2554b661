"""What a strategy is: one module in ``strategies/`` that defines ``STRATEGY``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.models.views import View
from napari_radiogenomics.registry import Registry

__all__ = ["STRATEGIES", "Strategy"]


@dataclass(frozen=True)
class Strategy:
    """One way to fuse modalities.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name in full.
    meaning : str
        What it does, in one sentence.
    limits : str
        When it fails.
    doi : str
        Where it is defined.
    models : callable
        ``models(views, **common) -> dict`` of unfitted models by name; empty where the views do
        not allow it. ``common`` are ``learner``, ``learner_settings``, ``preparations``,
        ``inner_folds`` and ``seed``.
    """

    name: str
    title: str
    meaning: str
    limits: str
    doi: str
    models: Callable[..., Mapping[str, FusionModel]] = field(repr=False)

    def make(self, views: Mapping[str, View], **common: Any) -> dict[str, FusionModel]:
        """Unfitted models by name."""
        return dict(self.models(views, **common))


STRATEGIES: Registry[Strategy] = Registry(
    "napari_radiogenomics.fusion.strategies",
    attribute="STRATEGY",
    noun="fusion strategy",
    group="napari_radiogenomics.strategies",
)
