"""A process of SimpleITK that can be cancelled: it is asked whenever it reports."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.errors import Cancelled
from napari_radiogenomics.progress import Progress

__all__ = ["run_itk"]

_STEPS = 100


def run_itk(process: Any, image: Any, progress: Progress, what: str) -> Any:
    """Run a filter of SimpleITK on an image, in steps.

    Parameters
    ----------
    process : SimpleITK.ImageFilter
        Filter, its settings made.
    image : SimpleITK.Image
        What it works on.
    progress : Progress
        Reports parts of a hundred; may cancel.
    what : str
        What the steps are.

    Returns
    -------
    SimpleITK.Image

    Raises
    ------
    Cancelled
        If ``progress`` says so.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> from napari_radiogenomics.progress import quiet
    >>> run_itk(sitk.AbsImageFilter(), sitk.Image(2, 2, sitk.sitkInt16), quiet, "Abs").GetSize()
    (2, 2)
    """
    import SimpleITK as sitk

    steps, done = progress(range(_STEPS), what), 0
    stopped: list[Cancelled] = []

    def report() -> None:
        nonlocal done
        due = int(_STEPS * process.GetProgress())
        try:
            while done < due and not stopped:
                next(steps, None)
                done += 1
        except Cancelled as error:  # SimpleITK would swallow it
            stopped.append(error)
            process.Abort()

    process.AddCommand(sitk.sitkProgressEvent, report)
    try:
        result = process.Execute(image)
    except RuntimeError:
        if not stopped:
            raise
    if stopped:
        raise stopped[0]
    for _ in steps:
        pass
    return result
