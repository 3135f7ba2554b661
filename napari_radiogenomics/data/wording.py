"""Numbers of things in sentences."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, noun: str, verb: str = "", verbs: str = "") -> str:
    """Count a thing: in the plural but for one.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        In the singular; its plural ends with s.
    verb, verbs : str, optional
        What follows, in the singular and the plural.

    Examples
    --------
    >>> counted(1, "gene"), counted(2, "gene"), counted(1, "gene", "was", "were")
    ('1 gene', '2 genes', '1 gene was')
    """
    said = f"{count} {noun}" if count == 1 else f"{count} {noun}s"
    follows = verb if count == 1 else verbs
    return f"{said} {follows}" if follows else said
