"""Numbers of things, and p-values, in sentences."""

from __future__ import annotations

__all__ = ["counted", "p_said"]

_LEAST_P = 0.001


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


def p_said(value: float) -> str:
    """A p-value as it is printed: two digits, and none below 0.001, as if it were known so well.

    Examples
    --------
    >>> p_said(0.0314), p_said(0.00099), p_said(0.0)
    ('p = 0.031', 'p < 0.001', 'p < 0.001')
    """
    return f"p < {_LEAST_P:g}" if value < _LEAST_P else f"p = {value:.2g}"
