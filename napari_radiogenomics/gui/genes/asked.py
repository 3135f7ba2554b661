"""What a person asks for: a gene, a pathway or a mutation, as one text; no Qt.

A mutation is written ``"EGFR mutation"``, so that one text tells it from the expression of the
same gene, in the search box as in the selection of the session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_names import (
    MUTATION,
    NamedKind,
    closest_name,
    find_name,
)

__all__ = ["Asked", "all_names", "find_asked", "short_name"]

_COLLECTION = "HALLMARK_"


@dataclass(frozen=True)
class Asked:
    """A gene, a pathway or a mutation.

    Attributes
    ----------
    name : str
        As `score_cohort` takes it.
    kind : {"gene", "pathway", "mutation"}
        What it is.
    note : str
        How a text that was not written in full was read, with the other candidates.

    Examples
    --------
    >>> Asked("EGFR", "mutation").text, Asked("HALLMARK_HYPOXIA", "pathway").title
    ('EGFR mutation', 'Hypoxia')
    """

    name: str
    kind: NamedKind
    note: str = field(default="", compare=False, repr=False)

    @property
    def text(self) -> str:
        """What stands in the search box and in the selection."""
        return self.name + MUTATION if self.kind == "mutation" else self.name

    @property
    def title(self) -> str:
        """Short name for a person."""
        return short_name(self.name) if self.kind == "pathway" else self.text


def short_name(pathway: str) -> str:
    """Name of a gene set as people say it.

    Examples
    --------
    >>> short_name("HALLMARK_IL6_JAK_STAT3_SIGNALING"), short_name("BUFFA_HYPOXIA")
    ('IL6 JAK STAT3 signaling', 'Buffa hypoxia')
    """
    words = pathway.removeprefix(_COLLECTION).split("_")
    said = [word if _is_symbol(word) else word.lower() for word in words if word]
    text = " ".join(said)
    return text[:1].upper() + text[1:]


def _is_symbol(word: str) -> bool:
    return any(letter.isdigit() for letter in word) or word in _SYMBOLS


_SYMBOLS = {"JAK", "STAT", "TNFA", "NFKB", "VEGF", "MYC", "TGF", "KRAS", "MTORC", "DNA", "PI3K",
            "AKT", "MTOR", "WNT", "UV", "EGFR", "PDGF", "FGFR", "NOTCH"}  # fmt: skip


def all_names(names: Mapping[str, Sequence[str]]) -> list[str]:
    """Texts that the search completes: pathways first, then mutations, then genes.

    Parameters
    ----------
    names : mapping of str to sequence of str
        From `score_names`.
    """
    mutations = [name + MUTATION for name in names.get("mutation", ())]
    return [*names.get("pathway", ()), *mutations, *names.get("gene", ())]


def find_asked(text: str, names: Mapping[str, Sequence[str]]) -> Asked:
    """Find what a text means.

    Parameters
    ----------
    text : str
        As typed, by the rule of `genomics.cohort_names`.
    names : mapping of str to sequence of str
        From `score_names`.

    Returns
    -------
    Asked

    Raises
    ------
    InputError
        If nothing is called so, with what is closest.

    Examples
    --------
    >>> names = {"gene": ["EGFR", "VEGFA"], "pathway": ["HALLMARK_HYPOXIA"], "mutation": ["EGFR"]}
    >>> find_asked("vegfa", names).kind, find_asked("hypoxia", names).name
    ('gene', 'HALLMARK_HYPOXIA')
    >>> find_asked("egfr Mutation", names)
    Asked(name='EGFR', kind='mutation')
    """
    found = find_name(text, names)
    if found is None:
        raise InputError(
            f'No gene, pathway or mutation is called "{text.strip()}". {closest_name(text, names)}'
        )
    return Asked(found.name, found.kind, found.note)
