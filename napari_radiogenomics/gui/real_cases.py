"""Real cases of PyRadiomics: fetched once, kept in the user's cache."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.errors import InputError, MissingDependency

__all__ = ["pyradiomics_case"]


def pyradiomics_case(name: str) -> tuple[str, str]:
    """Fetch a test case of PyRadiomics, once, into the user's cache.

    Parameters
    ----------
    name : str
        ``"brain1"``, ``"breast1"``, ``"lung1"``, …

    Returns
    -------
    tuple of str
        Files of the image and of the mask.

    Raises
    ------
    MissingDependency
        If PyRadiomics is not installed.
    InputError
        If the case cannot be fetched.
    """
    import platformdirs

    try:
        import radiomics
    except ImportError as error:
        raise MissingDependency(
            "pyradiomics", extra="pyradiomics", purpose="fetch its test cases"
        ) from error
    folder = Path(platformdirs.user_cache_dir("napari-radiogenomics")) / "pyradiomics"
    try:
        image, mask = radiomics.getTestCase(name, str(folder))
    except (OSError, ValueError) as error:
        image = mask = None
        reason = f" ({type(error).__name__}: {error})"
    else:
        reason = ""
    if image is None or mask is None or not Path(mask).exists():
        raise InputError(
            f'The PyRadiomics case "{name}" could not be fetched{reason}. It needs the internet '
            f"once; or put {name}_image.nrrd and {name}_label.nrrd into {folder}."
        )
    return image, mask
