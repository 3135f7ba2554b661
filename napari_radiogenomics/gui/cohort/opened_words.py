"""What the Cohort dock says of a patient that was opened; no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.gui.cohort.no_images import no_images_text

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.gui.cohort.patient import Loaded
    from napari_radiogenomics.gui.forms.style import Tone

__all__ = ["opened_words"]


def opened_words(loaded: Loaded, cohort: Cohort | None) -> tuple[str, Tone]:
    """Say what is wrong with a patient's files, else how much was opened."""
    who = loaded.patient_id + (f" at {loaded.timepoint}" if loaded.timepoint else "")
    serious = [problem for problem in loaded.data.problems if problem.level != "note"]
    if serious:
        more = f" (and {len(serious) - 1} more below)" if len(serious) > 1 else ""
        return f"{who}: {serious[0]}{more}", "warning"
    if not loaded.layers:
        why = "" if cohort is None else no_images_text(cohort)
        return why or f"{who} has no layers to show.", "warning"
    return f"{who} opened with {counted(len(loaded.layers), 'layer')}.", "plain"
