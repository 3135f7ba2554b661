"""Registration by brightness: mutual information, from coarse to fine, with SimpleITK."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.progress import Progress, is_cancelled

__all__ = ["Found", "Search", "search"]

Reals = NDArray[np.float64]

_BINS = 48
_LEAST_STEP = 1e-3
# Voxels that are drawn on a level, and the fewest that an axis is thinned to.
_DRAWN, _LEAST_SIZE = 20_000, 8
_SEED_OF_MEASURE = 12345


@dataclass(frozen=True)
class Search:
    """How it is looked for.

    Attributes
    ----------
    model : {"rigid", "similarity", "affine"}
        What may change.
    levels : int
        From coarse to fine, each with half the voxel.
    iterations : int
        The most on each level.
    seed : int
        Of the voxels that are drawn.
    """

    model: str
    levels: int = 3
    iterations: int = 100
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Found:
    """What came out.

    Attributes
    ----------
    matrix : ndarray, shape (4, 4)
        From mm of the fixed image to mm of the moving one; the start where nothing was better.
    before, after : float
        Mutual information in nats, at the start and at the end.
    stopped : str
        Why the last level ended, in SimpleITK's words.
    ended : bool
        Whether the last level ended by itself, before its last iteration.
    """

    matrix: Reals
    before: float
    after: float
    stopped: str
    ended: bool


def search(fixed: Any, moving: Any, start: Reals, how: Search, progress: Progress) -> Found:
    """Look for the transform under which two images tell most of each other.

    Parameters
    ----------
    fixed, moving : SimpleITK.Image
        float32, both with two or three dimensions.
    start : ndarray, shape (4, 4)
        From mm of the fixed image to mm of the moving one. What is found is added to it.
    how : Search
        Settings.
    progress : Progress
        Reports iterations; may cancel at any.

    Returns
    -------
    Found

    Raises
    ------
    InputError
        If the two do not overlap, or one is of one brightness.
    Cancelled
        If ``progress`` says so.

    References
    ----------
    Mattes et al., IEEE TMI 2003, doi:10.1109/TMI.2003.809072.
    """
    wide = fixed.GetDimension()
    begun, change = _sitk_matrix(start, wide), _change(how.model, fixed)
    watch = _Watch(how, progress)
    stopped, ended = "", False
    try:
        before = -_metric(fixed, moving, begun, change)
        for level in range(how.levels - 1, -1, -1):
            method = _method(fixed, how, begun, level)
            method.SetInitialTransform(change)
            watch.follow(method)
            change = method.Execute(_coarse(fixed, level), _coarse(moving, level))
            watch.raise_if_stopped()
            stopped = method.GetOptimizerStopConditionDescription()
            ended = method.GetOptimizerIteration() < how.iterations
        after = -_metric(fixed, moving, begun, change)
    except RuntimeError as error:
        watch.raise_if_stopped()
        raise InputError(_reason(error)) from error
    watch.finish()
    found = start @ _matrix_of(change, wide) if after > before else start
    return Found(found, before, after, stopped, ended)


def _coarse(image: Any, level: int) -> Any:
    """An image smoothed and thinned to voxels of 2 to the level times its finest spacing."""
    import SimpleITK as sitk

    if not level:
        return image
    step = 2**level * min(image.GetSpacing())
    factors = [
        max(1, min(round(step / spacing), size // _LEAST_SIZE))
        for spacing, size in zip(image.GetSpacing(), image.GetSize(), strict=True)
    ]
    sigmas = [max(1e-3, 0.5 * f if f > 1 else 1e-3) * s
              for f, s in zip(factors, image.GetSpacing(), strict=True)]  # fmt: skip
    smooth = image if min(image.GetSize()) < 4 else sitk.SmoothingRecursiveGaussian(image, sigmas)
    return sitk.Shrink(smooth, factors)


def _reason(error: RuntimeError) -> str:
    text = str(error)
    if "samples map outside" in text or "No valid points" in text:
        return (
            "The two images hardly overlap from where it starts. Place landmarks, or start from "
            "the centers."
        )
    return f"Brightness could not register them ({text.strip().splitlines()[-1]}). Place landmarks."


def _change(model: str, fixed: Any) -> Any:
    """Transform that is optimized: none at all to begin with, turning about the center."""
    import SimpleITK as sitk

    wide = fixed.GetDimension()
    kinds = {
        ("rigid", 2): sitk.Euler2DTransform,
        ("rigid", 3): sitk.Euler3DTransform,
        ("similarity", 2): sitk.Similarity2DTransform,
        ("similarity", 3): sitk.Similarity3DTransform,
    }
    kind = kinds.get((model, wide))
    change: Any = kind() if kind is not None else sitk.AffineTransform(wide)
    middle = [(size - 1) / 2 for size in fixed.GetSize()]
    change.SetCenter(fixed.TransformContinuousIndexToPhysicalPoint(middle))
    return change


def _method(fixed: Any, how: Search, begun: Any, level: int) -> Any:
    step = 2**level * min(fixed.GetSpacing())
    last = how.levels == 1 or level < how.levels - 1
    method = _measure(fixed, begun, level, how.seed)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=step if last else 2 * step,
        minStep=_LEAST_STEP * step,
        numberOfIterations=how.iterations,
        relaxationFactor=0.6,
        gradientMagnitudeTolerance=1e-8,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    return method


def _measure(fixed: Any, begun: Any, level: int, seed: int) -> Any:
    """Mutual information over voxels that are drawn: as many on every level, or all."""
    import SimpleITK as sitk

    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)  # as fast for so few voxels
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    count = _coarse(fixed, level).GetNumberOfPixels()
    method.SetMetricSamplingPercentage(min(1.0, _DRAWN / count), seed)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetMovingInitialTransform(begun)
    return method


def _metric(fixed: Any, moving: Any, begun: Any, change: Any) -> float:
    """Minus the mutual information of the two at full resolution, by the same voxels always."""
    method = _measure(fixed, begun, 0, _SEED_OF_MEASURE)
    method.SetInitialTransform(change)
    return float(method.MetricEvaluate(fixed, moving))


class _Watch:
    """Reports iterations of the methods of all levels, and stops when the person says so."""

    def __init__(self, how: Search, progress: Progress) -> None:
        self.how, self.progress = how, progress
        self.steps: Iterator[int] = progress(range(how.levels * how.iterations), "Registration")
        self.done, self.level = 0, -1
        self.stopped: Cancelled | None = None
        self.method: Any = None

    def follow(self, method: Any) -> None:
        """Watch the method of the next level."""
        import SimpleITK as sitk

        self.method = method
        self.level += 1
        self._go_to(self.level * self.how.iterations)
        self.raise_if_stopped()
        method.AddCommand(sitk.sitkIterationEvent, self._look)

    def _look(self) -> None:
        self._go_to(self.done + 1)

    def _go_to(self, due: int) -> None:
        try:
            while self.done < due and self.stopped is None:
                next(self.steps, None)
                self.done += 1
            if is_cancelled(self.progress) and self.stopped is None:
                raise Cancelled("The registration was cancelled.")
        except Cancelled as error:  # SimpleITK would swallow it
            self.stopped = error
            if self.method is not None:
                self.method.StopRegistration()

    def raise_if_stopped(self) -> None:
        if self.stopped is not None:
            raise self.stopped

    def finish(self) -> None:
        for _ in self.steps:
            pass


def _sitk_matrix(matrix: Reals, wide: int) -> Any:
    import SimpleITK as sitk

    affine = sitk.AffineTransform(wide)
    affine.SetMatrix(matrix[:wide, :wide].ravel().tolist())
    affine.SetTranslation(matrix[:wide, 3].tolist())
    return affine


def _matrix_of(transform: Any, wide: int) -> Reals:
    """The (4, 4) matrix of a linear transform."""
    matrix = np.eye(4)
    origin = np.array(transform.TransformPoint([0.0] * wide))
    matrix[:wide, 3] = origin
    for axis in range(wide):
        unit = [float(axis == one) for one in range(wide)]
        matrix[:wide, axis] = np.array(transform.TransformPoint(unit)) - origin
    return matrix
