"""What the Genes dock says, in sentences; no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.genomics.cohort_scores import has_genes
from napari_radiogenomics.gui.cohort.no_images import no_images_text
from napari_radiogenomics.gui.genes.rows import RegionRow, value_text
from napari_radiogenomics.gui.plots.scales import mark_text

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.gui.forms.style import Tone
    from napari_radiogenomics.gui.genes.answer import Answer

__all__ = ["empty_hint", "said_of"]

_TEACH = """[[expression]]
id = "rna"
path = "expression.csv"
unit = "count"

[[variants]]
id = "mutations"
path = "variants.csv\""""


def empty_hint(cohort: Cohort | None) -> str:
    """What to do where there is nothing to search or no image, as rich text; else empty.

    Examples
    --------
    >>> empty_hint(None)[:14]
    'Open a cohort '
    """
    if cohort is None:
        return (
            "Open a cohort to see genes: <b>Cohort ▸ Open cohort…</b>, or <b>Open sample</b>. "
            "Regions of single files are listed below with their volumes."
        )
    if has_genes(cohort):
        return escape(no_images_text(cohort))
    return (
        f"{escape(cohort.name)} has no genes yet. Name its tables in <code>cohort.toml</code>:"
        f"<pre>{escape(_TEACH)}</pre>The rows of expression are samples, by "
        "<code>sample_id</code> or patient."
    )


def said_of(found: Answer, rows: Sequence[RegionRow]) -> tuple[str, Tone]:
    """What an answer says in one or two sentences, and its tone."""
    text, tone = _said(found, rows)
    if found.asked is not None and found.asked.note:
        text = f"{text} {found.asked.note}"
    if not found.faults:
        return text, tone
    more = f" ({len(found.faults)} such notes.)" if len(found.faults) > 1 else ""
    return f"{text} {found.faults[0]}{more}", "warning"


def _said(found: Answer, rows: Sequence[RegionRow]) -> tuple[str, Tone]:
    who = found.question.patient_id
    if not who:
        return "Choose a patient in the Cohort tab.", "plain"
    if found.asked is None:
        samples = found.links.table["sample_id"].nunique()
        if not samples:
            return f"{who} has no samples.", "plain"
        where = counted(len(rows), "region")
        return (
            f"{who}: {counted(samples, 'sample')} in {where}. Search a gene or pathway to see "
            "where it is high."
        ), "plain"
    title = found.asked.title
    measured = [row for row in rows if row.n]
    if not measured:
        notes = " ".join(found.notes)
        return f"{title}: not measured in {who}. {notes}".strip(), "warning"
    if all(row.is_whole for row in measured):
        whole = measured[0]
        return (
            f"{title} of the whole tumor: {whole.words}{_rank(whole)}. No sample tells its "
            "regions apart, so they share one color."
        ), "good"
    fine = [row for row in measured if not row.is_whole]
    top = max(fine, key=lambda row: row.score)
    if len(fine) == 1:
        return f"{title} in {top.name}: {top.words}{_rank(top)}.", "good"
    low = min(fine, key=lambda row: row.score)
    return (
        f"{title} is highest in {top.name}, {top.words}{_rank(top)}; lowest in {low.name}, "
        f"{value_text(low.score)} ({mark_text(low.precision)}, n={low.n})."
    ), "good"


def _rank(row: RegionRow) -> str:
    if row.text or row.percentile != row.percentile or row.cohort_n < 3:
        return ""
    return f", percentile {row.percentile:.0f} of {row.reference}"
