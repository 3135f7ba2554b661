"""Learn what regions look like from a few strokes: on one scan, and on the next patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.segmentation.channels import Channel, Stack, learn_channels, stacked
from napari_radiogenomics.segmentation.edit import holder_of
from napari_radiogenomics.segmentation.forest import Forest
from napari_radiogenomics.segmentation.pixel_features import (
    Box,
    Recipe,
    blocks,
    bounded,
    pixel_features,
)
from napari_radiogenomics.segmentation.samples import Samples, gather

__all__ = ["PixelClassifier"]

_BLOCK = 1 << 16  # voxels worked on at a time: less than half a second


@dataclass(eq=False)
class PixelClassifier:
    """Tells classes of voxels apart by what strokes of each have shown it.

    Parameters
    ----------
    scales_mm : tuple of float, optional
        Standard deviations of the Gaussians that features are taken at.
    position : bool, optional
        Whether the place in the scan counts too; it helps on one patient and means little on
        the next.
    trees : int, optional
        Number of decision trees.
    seed : int, optional
        Of the random choices; the same strokes give the same answer.

    Attributes
    ----------
    channels : tuple of Channel
        Scans it was trained on, in the order of its features; empty before `fit`.
    classes : tuple of Label
        What it tells apart; empty before `fit`.

    References
    ----------
    Breiman, Mach Learn 2001, doi:10.1023/A:1010933404324.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((8, 6, 1))
    >>> values = np.zeros(grid.shape); values[0, :, 4:] = 100
    >>> strokes = np.zeros(grid.shape, np.uint8); strokes[0, 2, :2], strokes[0, 2, 6:] = 1, 2
    >>> scan = Image(values, grid, name="T1c")
    >>> learned = PixelClassifier(scales_mm=(0.5,)).fit([scan], Segmentation(strokes, grid))
    >>> learned.predict([scan]).labels[0, 0].tolist()
    [1, 1, 1, 1, 2, 2, 2, 2]
    """

    scales_mm: tuple[float, ...] = (1.0, 2.0, 4.0)
    position: bool = False
    trees: int = 60
    seed: int = 0
    channels: tuple[Channel, ...] = field(default=(), init=False)
    classes: tuple[Label, ...] = field(default=(), init=False)
    _samples: dict[str, Samples] = field(default_factory=dict, init=False, repr=False)
    _forest: Forest | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.scales_mm = tuple(float(scale) for scale in self.scales_mm)
        self.recipe = Recipe(self.scales_mm, self.position)
        if self.trees < 1:
            raise InputError(f"A forest has 1 tree or more; got {self.trees}.")

    @staticmethod
    def warm_up() -> None:
        """Load and compile what the first answer needs; for a worker while strokes are drawn."""
        grid = Geometry((2, 1, 1))
        scan = Image(np.array([[[0.0, 1.0]]]), grid, name="none")
        strokes = Segmentation(np.array([[[1, 2]]], np.uint8), grid)
        PixelClassifier((1.0,), trees=1).fit([scan], strokes).predict_slice([scan], 0, 0)

    @property
    def features(self) -> list[str]:
        """Names of its features."""
        return self.recipe.names([channel.name for channel in self.channels])

    @property
    def trained(self) -> bool:
        """Whether it has learned from strokes yet."""
        return self._forest is not None

    def fit(self, images: Sequence[Image], scribbles: Segmentation) -> PixelClassifier:
        """Learn from the strokes on one patient; what was learned before is forgotten.

        Parameters
        ----------
        images : sequence of Image
            Channels on one grid; a 4-D one gives several.
        scribbles : Segmentation
            Strokes of two classes or more on the same grid; 0 is not known.

        Returns
        -------
        PixelClassifier
            Itself.

        Raises
        ------
        InputError
            If there are strokes of one class only, or a channel is missing.
        GeometryError
            If the grids differ.
        """
        self.channels, self.classes, self._forest = (), (), None
        self._samples.clear()
        return self.update(images, scribbles)

    def update(self, images: Sequence[Image], scribbles: Segmentation) -> PixelClassifier:
        """Learn from corrected strokes, or from those on one more patient, as well.

        Strokes on scans that it has seen take the place of those before; only voxels that are
        new are looked at. Parameters, result and errors are those of `fit`.
        """
        channels = self.channels or learn_channels(images)
        stack = stacked(images, channels, scribbles)
        key = stack.key
        samples = {
            **self._samples,
            key: gather(stack, scribbles, self.recipe, self._samples.get(key)),
        }
        classes = _classes(self.classes, samples, scribbles)
        self.channels, self.classes, self._samples = channels, classes, samples
        self._forest = self._grown()
        return self

    def _grown(self) -> Forest:
        """Trees of all samples; scikit-learn grows them."""
        from sklearn.ensemble import RandomForestClassifier

        table = np.concatenate([part.table for part in self._samples.values()])
        values = np.concatenate([part.classes for part in self._samples.values()])
        grown = RandomForestClassifier(
            self.trees, class_weight="balanced", random_state=self.seed, n_jobs=1
        )
        return Forest.of(grown.fit(table, values))

    def predict_slice(self, images: Sequence[Image], axis: int, index: int) -> NDArray[np.integer]:
        """Classes of one slice, without the rest of the scan: for a live view.

        Parameters
        ----------
        images : sequence of Image
            The channels, as for `predict`.
        axis : int
            Of the array: 0, 1 or 2.
        index : int
            Slice along it.

        Returns
        -------
        ndarray of int, two axes
            What `predict` gives there with ``smooth_mm=0``.

        Raises
        ------
        InputError
            If it is not trained, a channel is missing, or there is no such slice.
        """
        stack = self._stack(images)
        if axis not in (0, 1, 2) or not 0 <= index < stack.shape[axis]:
            raise InputError(
                f"There is no slice {index} along axis {axis} in a scan of shape {stack.shape}."
            )
        box = [slice(0, size) for size in stack.shape]
        box[axis] = slice(index, index + 1)
        shares = self._shares(stack, tuple(box))  # type: ignore[arg-type]
        return self._values[shares.argmax(axis=0)].squeeze(axis)

    def predict(
        self,
        images: Sequence[Image],
        *,
        smooth_mm: float = 1.0,
        within: Box | None = None,
        progress: Progress = quiet,
    ) -> Segmentation:
        """Classes of every voxel of a scan.

        Parameters
        ----------
        images : sequence of Image
            The channels, of any patient: scans of the same roles in any order, or as many
            without roles in the order they were learned in. What a file is called does not
            matter; scans that are not needed are left aside.
        smooth_mm : float, optional
            Standard deviation of the Gaussian that smooths the probabilities before they
            decide.
        within : tuple of slice, optional
            Part of the array to look at; the rest is left 0.
        progress : Progress, optional
            Reports blocks, may cancel.

        Returns
        -------
        Segmentation
            With the names and colors of the strokes' classes. Its ``notes`` say which scan was
            taken as which channel where roles do not tell.

        Raises
        ------
        InputError
            If it is not trained, or a channel is missing.
        """
        stack = self._stack(images)
        box = bounded(within, stack.shape)
        part = self.decide(self._predicted(stack, box, progress), stack.spacing, smooth_mm)
        labels = np.zeros(stack.shape, part.dtype)
        labels[box] = part
        return Segmentation(
            labels, stack.geometry, self.classes, name="classified", notes=stack.notes
        )

    def decide(
        self, shares: NDArray[np.float32], spacing: Sequence[float], smooth_mm: float = 1.0
    ) -> NDArray[np.integer]:
        """Give each voxel to the class with the largest, smoothed probability.

        Parameters
        ----------
        shares : ndarray of float32, shape (C, Z, Y, X)
            What `shares` found.
        spacing : sequence of float
            Along z, y, x in mm.
        smooth_mm : float, optional
            Standard deviation of the Gaussian that smooths the probabilities.

        Returns
        -------
        ndarray of int, shape (Z, Y, X)
            Values of the classes.
        """
        from scipy.ndimage import gaussian_filter

        sigma = [smooth_mm / step for step in spacing]
        labels = np.zeros(shares.shape[1:], self._values.dtype)
        best = np.full(labels.shape, -1.0, np.float32)
        for value, share in zip(self._values, shares, strict=True):
            if smooth_mm > 0:
                share = gaussian_filter(share, sigma, mode="nearest")
            better = share > best
            best[better] = share[better]
            labels[better] = value
        return labels

    def probabilities(
        self, images: Sequence[Image], *, progress: Progress = quiet
    ) -> dict[str, Image]:
        """Probability of each class in every voxel.

        Parameters
        ----------
        images : sequence of Image
            The channels, as for `predict`.
        progress : Progress, optional
            Reports blocks, may cancel.

        Returns
        -------
        dict of str to Image
            One map for each class, by its name; together they are 1.
        """
        grid = self._stack(images).geometry
        shares = self.shares(images, progress=progress)
        return {
            label.name: Image(share, grid, "probability", f"probability {label.name}", "map")
            for label, share in zip(self.classes, shares, strict=True)
        }

    def shares(
        self, images: Sequence[Image], *, within: Box | None = None, progress: Progress = quiet
    ) -> NDArray[np.float32]:
        """Probabilities as one array, of a part of the scan where that is enough.

        Parameters
        ----------
        images : sequence of Image
            The channels, as for `predict`.
        within : tuple of slice, optional
            Part of the array.
        progress : Progress, optional
            Reports blocks, may cancel.

        Returns
        -------
        ndarray of float32, shape (C, Z, Y, X)
            In the order of ``classes``.
        """
        stack = self._stack(images)
        return self._predicted(stack, bounded(within, stack.shape), progress)

    @property
    def _values(self) -> NDArray[np.integer]:
        values = np.array([label.value for label in self.classes])
        return values.astype(holder_of(int(values.max()), np.zeros(0, np.uint8)))

    def _stack(self, images: Sequence[Image]) -> Stack:
        self._trees()
        return stacked(images, self.channels)

    def _predicted(self, stack: Stack, box: Box, progress: Progress) -> NDArray[np.float32]:
        """Shares of the classes in a box, shape (C, Z, Y, X)."""
        size = [part.stop - part.start for part in box]
        found = np.empty((len(self.classes), *size), np.float32)
        for block in progress(list(blocks(box, _BLOCK)), "Blocks"):
            inner = tuple(
                slice(part.start - whole.start, part.stop - whole.start)
                for part, whole in zip(block, box, strict=True)
            )
            found[(slice(None), *inner)] = self._shares(stack, block)
        return found

    def _shares(self, stack: Stack, box: Box) -> NDArray[np.float32]:
        table = pixel_features(
            stack.values, stack.spacing, box, self.recipe, affine=stack.geometry.affine
        )
        size = [part.stop - part.start for part in box]
        return np.moveaxis(self._trees().probabilities(table).reshape(*size, -1), -1, 0)

    def _trees(self) -> Forest:
        if self._forest is None:
            raise InputError("The classifier has not learned yet. Draw strokes and train it first.")
        return self._forest

    def save(self, path: str | Path) -> Path:
        """Write it to a ``.npz`` file: plain arrays and JSON, nothing that is run on loading.

        Parameters
        ----------
        path : str or Path
            Where; written beside and renamed when complete.

        Returns
        -------
        Path
            The written file.

        Raises
        ------
        InputError
            If it is not trained, or the file cannot be written there.
        """
        from napari_radiogenomics.segmentation.model_file import write_model

        return write_model(self, self._trees(), self._samples, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> PixelClassifier:
        """Read one that was saved; it can predict, and learn more.

        Raises
        ------
        InputError
            If the file is missing, damaged, was changed, or is of another kind or version.
        """
        from napari_radiogenomics.segmentation.model_file import read_model

        settings, channels, classes, forest, samples = read_model(Path(path))
        found = cls(**settings)
        found.channels, found.classes = channels, classes
        found._forest, found._samples = forest, samples
        return found


def _classes(
    before: Sequence[Label], samples: dict[str, Samples], scribbles: Segmentation
) -> tuple[Label, ...]:
    """Labels of what there are samples of; two at least."""
    values = np.unique(np.concatenate([part.classes for part in samples.values()]))
    known = {label.value: label for label in (*before, *scribbles.scheme)}
    classes = tuple(known.get(int(value), Label(int(value))) for value in values)
    if len(classes) < 2:
        there = f"of {classes[0].name} ({classes[0].value}) only" if classes else "missing"
        raise InputError(f"Strokes are {there}. Draw a stroke of another class beside it.")
    return classes
