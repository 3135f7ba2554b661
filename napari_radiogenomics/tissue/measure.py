"""The verb: vessels, nuclei or hypoxia of a stained section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting
from napari_radiogenomics.tissue.kinds import TissueMeasure, find_kind
from napari_radiogenomics.tissue.prepare import Wanted, prepare, with_pixel_size
from napari_radiogenomics.tissue.result import TissueMeasurement
from napari_radiogenomics.tissue.stains import stain_titles
from napari_radiogenomics.tissue.sums import measured

__all__ = ["measure_tissue"]

Size = Annotated[float | None, Setting(minimum=0, advanced=True)]


@verb
def measure_tissue(
    slide: Slide,
    region: Segmentation | NDArray | None = None,
    *,
    measure: TissueMeasure = "vessels",
    antibody: str = "",
    stains: Annotated[str, Setting(choices=stain_titles)] = "auto",
    vectors: Literal["fixed", "estimated"] = "fixed",
    threshold_rule: Literal["fixed", "otsu"] = "fixed",
    threshold: Annotated[float | None, Setting(minimum=0)] = None,
    um_per_pixel: Annotated[float | None, Setting(minimum=0.001, unit="µm")] = None,
    resolution_um: Annotated[float, Setting(minimum=0.1)] = 1.0,
    min_area_um2: Annotated[float | None, Setting(minimum=0, unit="µm²")] = None,
    max_area_um2: Annotated[float | None, Setting(minimum=0, unit="µm²", advanced=True)] = None,
    gap_um: Annotated[float, Setting(minimum=0, advanced=True)] = 2.0,
    background_um: Annotated[float, Setting(minimum=20, advanced=True)] = 100.0,
    field_mm: Annotated[float, Setting(minimum=0.05)] = 0.5,
    n_fields: Annotated[int, Setting(minimum=10)] = 10,
    window_mm: Annotated[float, Setting(minimum=0.1)] = 1.0,
    window_rule: Literal["fixed", "likelihood"] = "fixed",
    map_step_mm: Annotated[float, Setting(minimum=0.01, advanced=True)] = 0.1,
    tissue_od: Annotated[float, Setting(minimum=0.01, advanced=True)] = 0.03,
    living_od: Annotated[float, Setting(minimum=0, advanced=True)] = 0.0,
    white: Annotated[Sequence[float] | None, Setting(advanced=True)] = None,
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    tile: Annotated[int, Setting(unit="pixels", minimum=64, advanced=True)] = 512,
    progress: Progress = quiet,
) -> TissueMeasurement:
    """Measure a stained section: density of microvessels, nuclei, or the hypoxic fraction.

    Parameters
    ----------
    slide : Slide
        Of known pixel size, or with ``um_per_pixel``.
    region : Segmentation or ndarray of shape (N, 2), optional
        What to measure, in mm of the slide: labels of one slice, or corners (x, y) of a
        polygon. All tissue without it.
    measure : {"vessels", "hypoxia", "nuclei"}, optional
        Microvessel density of an endothelial stain, positive fraction of a hypoxia stain, or
        density of nuclei by hematoxylin.
    antibody : str, optional
        What the slide is stained for, such as CD31; what the slide says without it.
    stains : str, optional
        Which stains are separated.
    vectors : {"fixed", "estimated"}, optional
        Colors of the stains as printed, or estimated from the slide (Macenko). A slide with one
        stain is refused.
    threshold_rule : {"fixed", "otsu"}, optional
        The same threshold for all slides, or Otsu's of this one; that is for hypoxia, and
        refused where the stain has one peak only.
    threshold : float, optional
        Amount of stain (optical density) from which on a pixel counts: for vessels and nuclei
        above the local background. Without it 0.15 for vessels, 0.07 for nuclei, 0.2 for
        hypoxia.
    um_per_pixel : float, optional
        Size of a pixel of the finest level in µm, where the slide does not tell it.
    resolution_um : float, optional
        Pixels that are worked on: the level, or blocks of its pixels, nearest to it.
    min_area_um2, max_area_um2 : float, optional
        Stained area of what counts as an object. Without it 20 µm² and more for vessels, 15 to
        500 µm² for nuclei.
    gap_um : float, optional
        Stained pixels nearer than this are one vessel.
    background_um : float, optional
        Width of the window whose median is the local background.
    field_mm : float, optional
        Side of a square field; 0.5 mm is about a field of a microscope at 400×.
    n_fields : int, optional
        Systematic fields with a random start: so many at least, as far as they fit.
    window_mm : float, optional
        Diameter of the moving window of the maps, where its rule is fixed.
    window_rule : {"fixed", "likelihood"}, optional
        One width for all slides, or for each the one under which its vessels (nuclei) are most
        likely, each told by the others: a count of few scatters, and a wider window counts more.
    map_step_mm : float, optional
        Side of a pixel of the maps.
    tissue_od : float, optional
        Mean optical density from which on a place is tissue and no glass.
    living_od : float, optional
        Mean hematoxylin (optical density, within 0.1 mm) from which on tissue counts as living;
        dead tissue, which has lost its nuclei, is left out and told. With 0 all tissue counts.
    white : sequence of float, optional
        Red, green and blue of glass; found on the slide without it.
    seed : int, optional
        Of the random start of the fields.
    tile : int, optional
        Side of a block that is worked on at once. The result does not depend on it.
    progress : Progress, optional
        Reports tiles; may cancel.

    Returns
    -------
    TissueMeasurement
        ``table`` (one row: the section, with the rules), ``fields``, ``objects``, ``maps`` (one
        slice each, in mm of the slide) and ``warnings``.

    Raises
    ------
    InputError
        If the pixel size is not known, there is no tissue, the slide has another stain than the
        measure needs, or a setting is out of range.
    Cancelled
        If ``progress`` says so.

    Notes
    -----
    Optical density is -log10(pixel / glass); the amounts of the stains are its least-squares
    solution by their vectors. Any stained object counts as a vessel, with or without a lumen;
    what hangs together is one, and it lies where its center is. Its area is the endothelium,
    without the lumen. Hot spots are the fields with most vessels: the first (Weidner), and the
    mean of three that do not overlap (the fields of Chalkley's count, without its grid of
    points). Densities are per mm² of tissue, glass and large lumens left out.

    The hypoxic fraction is a part of the area of all tissue, or of the living with ``living_od``:
    a pathologist scores that only, and dead tissue, the most hypoxic, takes less stain.
    ``h_score`` is by area too: 1 × % weak + 2 × % moderate + 3 × % strong, at once, twice and
    three times the threshold. It is no pathologist's score of cells, and DAB is no measure of
    concentration.

    References
    ----------
    Ruifrok and Johnston, Anal Quant Cytol Histol 2001;23:291-299 (stains);
    Macenko et al., ISBI 2009, doi:10.1109/ISBI.2009.5193250;
    Weidner et al., N Engl J Med 1991, doi:10.1056/NEJM199101033240101 (hot spots);
    Vermeulen et al., Eur J Cancer 2002, doi:10.1016/S0959-8049(02)00094-1 (Chalkley);
    Chantrain et al., J Histochem Cytochem 2003, doi:10.1177/002215540305100205 (area);
    Loader, Local Regression and Likelihood 1999, doi:10.1007/b98858 (windows by likelihood).

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import measure_tissue
    >>> from napari_radiogenomics.data.slide import Slide
    >>> pixels = np.full((1500, 1500, 3), (205, 200, 226), np.uint8)  # pale tissue
    >>> y, x = np.indices((1500, 1500)) % 100
    >>> pixels[(y - 50) ** 2 + (x - 50) ** 2 <= 36] = (150, 90, 60)  # 225 brown vessels
    >>> slide = Slide((pixels,), um_per_pixel=(1.0, 1.0), stain="CD31", name="S1")
    >>> found = measure_tissue(slide, white=(245, 245, 245))
    >>> row = found.table.loc["S1"]
    >>> int(row["vessels"]), float(row["vessels_per_mm2"]), int(row["n_fields"])
    (225, 100.0, 16)
    """
    kind = find_kind(measure)
    sized, notes = with_pixel_size(slide, um_per_pixel)
    sized = replace(sized, stain=antibody or slide.stain)
    wanted = Wanted(
        kind, stains, vectors, threshold_rule, threshold, resolution_um, min_area_um2,
        max_area_um2, gap_um, background_um, field_mm, n_fields, window_mm, window_rule,
        map_step_mm, tissue_od, living_od, white, seed, tile,
    )  # fmt: skip
    scene, said = prepare(sized, region, wanted, progress=progress)
    return measured(sized, scene, wanted, (*notes, *said), progress=progress)
