"""A person with a brush, simulated: one stroke a round, where the result is most wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import skeletonize
from skimage.segmentation import random_walker

from napari_radiogenomics import Geometry, Image, Segmentation, read

TUMOUR, BACKGROUND = 1, 2
_CORNERS = np.ones((3, 3, 3))


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def stroke(region: np.ndarray) -> np.ndarray:
    """A stroke along the middle of a region of one slice, as a person would draw it."""
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    middle = skeletonize(region)
    if depth.max() > 1.5:
        middle &= depth >= depth.max() / 2
    pieces, n = ndimage.label(middle, _CORNERS[0])
    if n > 1:
        middle = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    return ndimage.binary_dilation(middle) & region if depth.max() > 2.5 else middle


def largest_error(wrong: np.ndarray) -> tuple[int, int, np.ndarray] | None:
    """Voxels of the largest wrong piece, the slice where most of it is, and its part there."""
    pieces, n = ndimage.label(wrong, _CORNERS)
    if not n:
        return None
    counts = np.bincount(pieces.ravel())[1:]
    piece = pieces == counts.argmax() + 1
    k = int(piece.sum(axis=(1, 2)).argmax())
    flat, _ = ndimage.label(piece[k], _CORNERS[0])
    return int(counts.max()), k, flat == np.bincount(flat.ravel())[1:].argmax() + 1


@dataclass
class User:
    """Draws strokes of tumour (1) and background (2) until a tool gives what is wanted.

    The first round is a stroke in the tumour and a ring around it in one slice, for every tool
    has to be told both; each later round is one stroke where the largest error is.
    """

    truth: np.ndarray
    strokes: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.strokes = np.zeros(self.truth.shape, np.uint8)

    def begin(self) -> None:
        _, k, part = largest_error(self.truth) or (0, 0, self.truth[0])
        self.strokes[k][stroke(part)] = TUMOUR
        wide = ndimage.binary_dilation(self.truth[k], iterations=8)
        ring = wide & ~ndimage.binary_dilation(self.truth[k], iterations=6)
        self.strokes[k][ring] = BACKGROUND

    def correct(self, result: np.ndarray) -> None:
        missed, extra = largest_error(self.truth & ~result), largest_error(result & ~self.truth)
        found = max(filter(None, (missed, extra)), key=lambda e: e[0], default=None)
        if found is not None:
            value = TUMOUR if found is missed else BACKGROUND
            self.strokes[found[1]][stroke(found[2])] = value

    def curve(self, tool: Callable[[np.ndarray], np.ndarray], rounds: int) -> list[float]:
        """Dice after each round; ``tool(strokes)`` answers with a mask."""
        self.begin()
        result = tool(self.strokes)
        found = [round(dice(result, self.truth), 3)]
        for _ in range(1, rounds):
            self.correct(result)
            result = tool(self.strokes)
            found.append(round(dice(result, self.truth), 3))
        return found


@dataclass
class Anyone(User):
    """Draws straight lines of any place and direction, and begins in any slice with an arc."""

    seed: int = 0
    width: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.chance = np.random.default_rng(self.seed)

    def line(self, part: np.ndarray) -> np.ndarray:
        """A line between two places of a region that are not at its rim."""
        depth = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
        places = np.argwhere(depth >= max(1, 0.4 * depth.max()))
        start = places[self.chance.integers(len(places))]
        order = np.argsort(-np.linalg.norm(places - start, axis=1))
        stop = places[self.chance.choice(order[: max(1, len(places) // 4)])]
        steps = int(np.abs(stop - start).max()) + 1
        drawn = np.zeros(part.shape, bool)
        drawn[tuple(np.round(np.linspace(start, stop, steps)).astype(int).T)] = True
        return (ndimage.binary_dilation(drawn, _CORNERS[0]) if self.width > 1 else drawn) & part

    def begin(self) -> None:
        areas = self.truth.sum(axis=(1, 2))
        k = int(self.chance.choice(len(areas), p=areas / areas.sum()))
        flat, _ = ndimage.label(self.truth[k], _CORNERS[0])
        self.strokes[k][self.line(flat == np.bincount(flat.ravel())[1:].argmax() + 1)] = TUMOUR
        away = int(self.chance.integers(4, 11))
        wide = ndimage.binary_dilation(self.truth[k], iterations=away + self.width)
        ring = wide & ~ndimage.binary_dilation(self.truth[k], iterations=away)
        y, x = np.indices(ring.shape)
        middle = np.argwhere(self.truth[k]).mean(axis=0)
        angle = np.arctan2(y - middle[0], x - middle[1]) - self.chance.uniform(-np.pi, np.pi)
        seen = angle % (2 * np.pi) < self.chance.uniform(np.pi, 2 * np.pi)
        self.strokes[k][ring & seen] = BACKGROUND

    def correct(self, result: np.ndarray) -> None:
        missed, extra = largest_error(self.truth & ~result), largest_error(result & ~self.truth)
        found = max(filter(None, (missed, extra)), key=lambda e: e[0], default=None)
        if found is not None:
            value = TUMOUR if found is missed else BACKGROUND
            self.strokes[found[1]][self.line(found[2])] = value


@pytest.fixture
def user() -> type[User]:
    return User


@pytest.fixture
def anyone() -> type[Anyone]:
    return Anyone


def near_tumour(image: Image, truth: Segmentation) -> tuple[Image, Segmentation]:
    """A scan and its tumour, cut to what lies within 45 pixels and 4 slices of it."""
    places, around = np.argwhere(truth.labels == 1), (4, 45, 45)
    low = np.maximum(places.min(axis=0) - around, 0)
    high = np.minimum(places.max(axis=0) + around + 1, truth.geometry.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    true = image.geometry
    origin = tuple(true.index_to_world(low[::-1]))
    part = Geometry(tuple((high - low)[::-1]), true.spacing, origin, true.direction)
    labels = np.ascontiguousarray(truth.labels[box])
    return Image(image.array[box], part, image.unit, image.name), Segmentation(labels, part)


def random_walk(image: Image, strokes: np.ndarray) -> np.ndarray:
    """What scikit-image's random walker makes of strokes: the voxels of the tumour."""
    values = image.array.astype(float)
    low, high = np.percentile(values, [1, 99.5])
    spacing = np.asarray(image.geometry.spacing[::-1])
    with warnings.catch_warnings():  # it warns of the solver it takes
        warnings.simplefilter("ignore")
        walked = random_walker(
            np.clip((values - low) / (high - low), 0, 1),
            strokes.astype(int),
            mode="cg_j",
            spacing=spacing / spacing.min(),
        )
    return walked == TUMOUR


@pytest.fixture
def walker() -> Callable[[Image, np.ndarray], np.ndarray]:
    return random_walk


@pytest.fixture(scope="session")
def case(real_data: Callable[[str], Path]) -> Callable[[str], tuple[Image, Segmentation]]:
    """A real scan and its tumour, as `near_tumour` cuts them."""

    def load(name: str) -> tuple[Image, Segmentation]:
        image = read(real_data(f"pyradiomics/{name}_image.nrrd"), kind="image")
        truth = read(real_data(f"pyradiomics/{name}_label.nrrd"), kind="segmentation")
        return near_tumour(replace(image, name=name), truth)

    return load


@pytest.fixture
def grid() -> Geometry:
    """Anisotropic and flipped: 1.5 × 2 × 4 mm along i, j, k."""
    return Geometry(
        (40, 32, 17), (1.5, 2.0, 4.0), (10.0, -20.0, 5.0), (-1, 0, 0, 0, -1, 0, 0, 0, 1)
    )


@pytest.fixture
def ball(grid: Geometry) -> Callable[..., np.ndarray]:
    """Voxels whose centre lies within a radius in mm of a voxel (z, y, x)."""

    def draw(center: tuple[float, float, float], radius: float) -> np.ndarray:
        return distance_from(grid, center) <= radius + 1e-9

    return draw


def distance_from(grid: Geometry, center: tuple[float, float, float]) -> np.ndarray:
    steps = np.asarray(grid.spacing[::-1])[:, None, None, None]
    offset = (np.indices(grid.shape) - np.reshape(center, (3, 1, 1, 1))) * steps
    return np.linalg.norm(offset, axis=0)
