"""How finely a sample is located, and what may be claimed from it.

The one place that answers whether a view may colour a point, a region or only the whole
tumour. Bulk RNA of a tumour colours the tumour, never its voxels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

__all__ = ["Precision", "allows", "finest_claim"]


class Precision(Enum):
    """Finest place to which a sample, or what is drawn from it, belongs.

    Ordered from the finest to the coarsest: ``POINT < POLYGON < REGION < TUMOUR < PATIENT``.

    Examples
    --------
    >>> Precision.POINT < Precision.TUMOUR
    True
    >>> Precision.parse("Tumor")
    <Precision.TUMOUR: 'tumour'>
    """

    POINT = "point"
    POLYGON = "polygon"
    REGION = "region"
    TUMOUR = "tumour"
    PATIENT = "patient"

    @property
    def rank(self) -> int:
        """0 for the finest, rising with coarseness."""
        return list(Precision).index(self)

    def __lt__(self, other: Precision) -> bool:
        return self.rank < other.rank

    def __le__(self, other: Precision) -> bool:
        return self.rank <= other.rank

    @classmethod
    def parse(cls, text: str | Precision) -> Precision:
        """Read a precision from a table; ``"tumor"`` is understood.

        Raises
        ------
        InputError
            If it is none of the five.
        """
        if isinstance(text, Precision):
            return text
        name = re.sub("tumou?r", "tumour", text.strip().lower())
        known = [precision.value for precision in cls]
        if name not in known:
            raise InputError(f'"{text}" is not a precision. {did_you_mean(name, known)}')
        return cls(name)


def allows(precision: str | Precision, claim: str | Precision) -> bool:
    """Whether a sample of this precision supports a claim about such a place.

    Parameters
    ----------
    precision : Precision or str
        How finely the sample is located.
    claim : Precision or str
        What a view wants to colour or state.

    Returns
    -------
    bool
        True where the claim is as coarse as the sample, or coarser.

    Examples
    --------
    >>> allows("tumour", "point"), allows("point", "tumour")
    (False, True)
    """
    return Precision.parse(precision) <= Precision.parse(claim)


def finest_claim(precisions: Iterable[str | Precision]) -> Precision:
    """Finest claim that all of these samples together support: that of the coarsest.

    Parameters
    ----------
    precisions : iterable of Precision or str
        Of the samples that a view or a score pools.

    Returns
    -------
    Precision
        The coarsest of them.

    Raises
    ------
    InputError
        If there is no sample.

    Examples
    --------
    >>> finest_claim(["point", "tumour", "region"]).value
    'tumour'
    """
    parsed = [Precision.parse(precision) for precision in precisions]
    if not parsed:
        raise InputError("Without samples nothing can be claimed. Choose at least one sample.")
    return max(parsed)
