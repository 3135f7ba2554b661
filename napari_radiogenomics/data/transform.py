"""How the places of one frame lie in another: a matrix, a thin-plate spline, or several in turn.

A transform maps points of its first frame to points of its second one, mm to mm: LPS in a scan,
in a slide x to the right and y down from the center of its first pixel. Of a registration the
first frame is that of the *fixed* object and the second that of the *moving* one, so that the
moving object can be looked up at every place of the fixed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.thin_plate import ThinPlate
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import Record

if TYPE_CHECKING:
    from napari_radiogenomics.data.image import Image
    from napari_radiogenomics.data.samples import Samples
    from napari_radiogenomics.data.segmentation import Segmentation

__all__ = ["Step", "Transform"]

Reals = NDArray[np.float64]
Step = NDArray[np.float64] | ThinPlate
Grid = TypeVar("Grid", "Image", "Segmentation")

_LEAST_DETERMINANT = 1e-12
_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Transform:
    """Maps points of one frame to another.

    Attributes
    ----------
    steps : tuple of ndarray, shape (4, 4), or ThinPlate
        Applied one after the other; none leaves points where they are.
    from_frame : str
        Frame of the points that go in: the fixed one of a registration.
    to_frame : str
        Frame of the points that come out: the moving one.
    error_mm : float
        Target registration error; that of a chain adds up in squares.
    notes, metadata, history
        As for `Image`.

    Raises
    ------
    InputError
        If a matrix cannot be inverted, or its last row is not 0 0 0 1.

    Examples
    --------
    >>> shift = Transform.of([[1, 0, 0, 5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "CT", "MR")
    >>> shift.points([[1, 2, 3]]).tolist()
    [[6.0, 2.0, 3.0]]
    >>> back = shift.inverse()
    >>> back.from_frame, back.points([[6, 2, 3]]).tolist()
    ('MR', [[1.0, 2.0, 3.0]])
    """

    steps: tuple[Step, ...] = ()
    from_frame: str = ""
    to_frame: str = ""
    error_mm: float = 0.0
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", _joined(map(_checked, self.steps)))
        if not self.error_mm >= 0:
            raise InputError(f"The error of a transform is 0 mm or more; got {self.error_mm}.")

    def __repr__(self) -> str:
        return f"Transform({self.kind}, {self.from_frame!r} to {self.to_frame!r}, mm)"

    @classmethod
    def of(cls, step: ArrayLike | ThinPlate, from_frame: str = "", to_frame: str = "") -> Transform:
        """Make one of a (4, 4) matrix or a thin-plate spline."""
        one = step if isinstance(step, ThinPlate) else np.array(step, float)
        return cls((one,), from_frame, to_frame)

    @property
    def is_matrix(self) -> bool:
        """Whether a (4, 4) matrix says all of it."""
        return all(not isinstance(step, ThinPlate) for step in self.steps)

    @cached_property
    def matrix(self) -> Reals:
        """The (4, 4) matrix.

        Raises
        ------
        InputError
            If a thin-plate spline is part of it.
        """
        if not self.is_matrix:
            raise InputError(
                "A thin-plate spline has no matrix. Save it as JSON, or register with an affine "
                "method."
            )
        return np.array(self.steps[0]) if self.steps else np.eye(4)

    @property
    def kind(self) -> str:
        """``"rigid"``, ``"similarity"``, ``"affine"`` or ``"thin-plate"``; mirrored is said."""
        if not self.is_matrix:
            return "thin-plate"
        linear = self.matrix[:3, :3]
        scale = abs(np.linalg.det(linear)) ** (1 / 3)
        mirrored = ", mirrored" if np.linalg.det(linear) < 0 else ""
        if not np.allclose(linear.T @ linear, scale**2 * np.eye(3), atol=1e-6 * scale**2):
            return f"affine{mirrored}"
        return ("rigid" if abs(scale - 1) < 1e-6 else "similarity") + mirrored

    def points(self, points: ArrayLike) -> Reals:
        """Map points, shape (..., 3), in mm.

        Raises
        ------
        InputError
            If the inverse of a thin-plate spline folds at one of them.
        """
        return self._mapped(points, strict=True)

    def points_or_nan(self, points: ArrayLike) -> Reals:
        """Map points; NaN where the inverse of a thin-plate spline folds."""
        return self._mapped(points, strict=False)

    def _mapped(self, points: ArrayLike, *, strict: bool) -> Reals:
        given = np.asarray(points, float)
        if given.shape[-1:] != (3,):
            raise InputError(f"Points have x, y and z in the last axis; got shape {given.shape}.")
        found = given.reshape(-1, 3)
        for step in self.steps:
            if not isinstance(step, ThinPlate):
                found = found @ step[:3, :3].T + step[:3, 3]
            else:
                found = step.points(found) if strict else step.points_or_nan(found)
        return found.reshape(given.shape).copy()

    def shapes(self, shapes: Iterable[ArrayLike]) -> list[Reals]:
        """Map shapes by their vertices, each of shape (V, 3), in mm."""
        return [self.points(vertices) for vertices in shapes]

    def samples(self, samples: Samples, *, geometry: Geometry | None = None) -> Samples:
        """Samples of the first frame in the second one: `transformed.move_samples`."""
        from napari_radiogenomics.data.transformed import move_samples

        return move_samples(samples, self, geometry=geometry)

    def resample(
        self,
        source: Grid,
        onto: Image | Segmentation | Geometry,
        *,
        nearest: bool = False,
        fill: float | None = None,
        progress: Progress = quiet,
    ) -> Grid:
        """Bring what lies in the second frame onto a grid of the first: see `resample_through`.

        Labels are always taken from the nearest voxel.
        """
        from napari_radiogenomics.data.transformed import resample_through

        return resample_through(source, self, onto, nearest=nearest, fill=fill, progress=progress)

    def inverse(self) -> Transform:
        """The way back; of a thin-plate spline by Newton's method, to 1e-6 mm."""
        steps = tuple(
            step.inverse()
            if isinstance(step, ThinPlate)
            else np.asarray(np.linalg.inv(step), float)
            for step in reversed(self.steps)
        )
        return replace(self, steps=steps, from_frame=self.to_frame, to_frame=self.from_frame)

    def compose(self, then: Transform) -> Transform:
        """Go on from where this one leads.

        Parameters
        ----------
        then : Transform
            From the second frame of this one.

        Raises
        ------
        InputError
            If it starts in another frame.

        Examples
        --------
        >>> first, second = Transform(from_frame="slide", to_frame="CT"), Transform((), "CT", "MR")
        >>> first.compose(second)
        Transform(rigid, 'slide' to 'MR', mm)
        """
        require_frame(then.from_frame, self.to_frame, "The second transform starts")
        return Transform(
            (*self.steps, *then.steps),
            self.from_frame,
            then.to_frame,
            float(np.hypot(self.error_mm, then.error_mm)),
            tuple(dict.fromkeys((*self.notes, *then.notes))),
            history=(*self.history, *then.history),
        )

    def to_dict(self) -> dict[str, Any]:
        """What its JSON file holds."""
        content: dict[str, Any] = {
            "from_frame": self.from_frame,
            "to_frame": self.to_frame,
            "world": "LPS",
            "unit": "mm",
            "kind": self.kind,
            "error_mm": self.error_mm,
        }
        if self.is_matrix:
            content["matrix"] = self.matrix.tolist()
        else:
            content["steps"] = [_written(step) for step in self.steps]
        return {
            **content,
            "notes": list(self.notes),
            "history": [r.to_dict() for r in self.history],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Transform:
        """Read what `to_dict` says, or a plain ``{"matrix": …}``.

        Raises
        ------
        InputError
            If it is no transform of mm.
        """
        if content.get("unit", "mm") != "mm":
            raise InputError(f'Its unit is "{content["unit"]}". Write it in mm.')
        world = content.get("world", "LPS")
        if world not in ("LPS", "RAS"):
            raise InputError(f'Its world is "{world}". Write LPS, as in DICOM, or RAS.')
        if "matrix" not in content and "steps" not in content:
            raise InputError("It has neither matrix nor steps.")
        written = content.get("steps", [content.get("matrix")])
        try:
            steps = tuple(_read_step(step, ras=world == "RAS") for step in written)
            history = tuple(Record(**record) for record in content.get("history", ()))
        except (KeyError, TypeError, ValueError) as error:
            raise error if isinstance(error, InputError) else InputError(str(error)) from error
        return cls(
            steps,
            str(content.get("from_frame", "")),
            str(content.get("to_frame", "")),
            float(content.get("error_mm", 0.0)),
            tuple(map(str, content.get("notes", ()))),
            history=history,
        )


def require_frame(name: str, wanted: str, what: str) -> None:
    """Refuse a frame that is known to be another.

    Raises
    ------
    InputError
        With both names, and what is in the wrong frame.
    """
    if name and wanted and name != wanted:
        raise InputError(
            f'{what} in frame "{name}"; "{wanted}" is expected. Take the transform of its frame, '
            "or its inverse."
        )


def _checked(step: Step) -> Step:
    if isinstance(step, ThinPlate):
        return step
    matrix = np.array(step, float)
    fits = matrix.shape == (4, 4) and np.isfinite(matrix).all()
    if not fits or not np.allclose(matrix[3], [0, 0, 0, 1]):
        raise InputError("Its matrix is no 4×4 matrix with last row 0 0 0 1.")
    if abs(np.linalg.det(matrix[:3, :3])) < _LEAST_DETERMINANT:
        raise InputError("Its matrix is not invertible: it flattens space.")
    return matrix


def _joined(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Matrices that follow each other are one."""
    joined: list[Step] = []
    for step in steps:
        last = joined[-1] if joined else None
        if isinstance(last, np.ndarray) and isinstance(step, np.ndarray):
            joined[-1] = step @ last
        else:
            joined.append(step)
    return tuple(joined)


def _written(step: Step) -> dict[str, Any]:
    if not isinstance(step, ThinPlate):
        return {"matrix": step.tolist()}
    return {
        "thin_plate": {
            "from": step.source.tolist(),
            "to": step.target.tolist(),
            "flat": step.flat,
            "stiffness": step.stiffness,
            "inverted": step.inverted,
        }
    }


def _read_step(written: Any, *, ras: bool) -> Step:
    """One step in LPS."""
    if isinstance(written, Sequence):
        written = {"matrix": written}
    if "matrix" in written:
        matrix = _checked(np.array(written["matrix"], float))
        return _RAS @ matrix @ _RAS if ras and isinstance(matrix, np.ndarray) else matrix
    plate = written["thin_plate"]
    sides = [np.array(plate[name], float).reshape(-1, 3) for name in ("from", "to")]
    if ras:
        sides = [side * np.diag(_RAS)[:3] for side in sides]
    return ThinPlate(
        sides[0],
        sides[1],
        bool(plate.get("flat", False)),
        float(plate.get("stiffness", 0.0)),
        bool(plate.get("inverted", False)),
    )
