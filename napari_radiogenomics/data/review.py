"""A reviewer's verdict on what scan, slide and gene show side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

__all__ = ["VERDICTS", "Review", "ReviewVerdict"]

ReviewVerdict = Literal["agrees", "disagrees", "cannot tell"]
VERDICTS: tuple[ReviewVerdict, ...] = get_args(ReviewVerdict)
_NEEDED = ("patient_id", "feature", "tissue", "score", "verdict")


@dataclass(frozen=True)
class Review:
    """One verdict, with what was looked at.

    Attributes
    ----------
    patient_id : str
        Whose scan and slide.
    feature, tissue, score : str
        Image feature, tissue measure, and gene or pathway; the last may be empty.
    verdict : {"agrees", "disagrees", "cannot tell"}
        Whether they lie in the same places.
    note : str
        In the reviewer's words.
    reviewer : str
        Who; a name or initials.
    time : str
        UTC, ISO 8601; the moment of making without it.
    scan, slide : str
        What was on the screen.
    found : Mapping
        Numbers that stood beside: r, effective n, p.
    settings : Mapping
        Of what was shown.
    history : tuple of Mapping
        Records of the shown maps and numbers.
    gene_compared : bool
        Whether a biopsy with a value of the gene lay near the section. Without one nobody saw the
        gene beside scan and slide: the verdict is of those two.

    Raises
    ------
    InputError
        If the verdict is unknown, or patient or reviewer are empty.

    Examples
    --------
    >>> review = Review("P001", "intensity", "mean_od", "CA9", "agrees", reviewer="AB")
    >>> review.verdict, Review.from_dict(review.to_dict()) == review
    ('agrees', True)
    """

    patient_id: str
    feature: str
    tissue: str
    score: str
    verdict: ReviewVerdict
    note: str = ""
    reviewer: str = ""
    time: str = ""
    scan: str = ""
    slide: str = ""
    found: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = ()
    gene_compared: bool = True

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise InputError(
                f'No verdict "{self.verdict}". {did_you_mean(self.verdict, list(VERDICTS))}'
            )
        for name in ("patient_id", "reviewer"):
            if not str(getattr(self, name)).strip():
                said = "whose scan was looked at" if name == "patient_id" else "who looked"
                raise InputError(f"A review says {said}: {name} is empty. Give it.")
        if not self.time:
            now = datetime.now(UTC).isoformat(timespec="microseconds")
            object.__setattr__(self, "time", now)
        object.__setattr__(self, "history", tuple(dict(record) for record in self.history))

    @property
    def subject(self) -> tuple[str, str, str, str, str]:
        """Reviewer, patient and the three: a later review of the same replaces an earlier one."""
        return self.reviewer, self.patient_id, self.feature, self.tissue, self.score

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self) | {"history": [dict(record) for record in self.history]}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Review:
        """Read what `to_dict` says.

        Raises
        ------
        InputError
            If it is no review.
        """
        if not isinstance(content, Mapping):
            raise InputError("A review has names and values.")
        lacking = [name for name in _NEEDED if name not in content]
        other = sorted(set(map(str, content)) - {one.name for one in fields(cls)})
        if lacking or other:
            told = f"lacks {', '.join(lacking)}" if lacking else f"has {', '.join(other)}"
            raise InputError(f"It {told}: a review does not.")
        try:
            return cls(**{**content, "history": tuple(content.get("history", ()))})
        except TypeError as error:
            raise InputError(f"A value is of another kind ({error}).") from error
