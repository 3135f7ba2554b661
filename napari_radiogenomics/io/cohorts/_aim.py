"""AIM v4 annotations: what a radiologist saw, as coded findings in XML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_radiogenomics.errors import InputError

__all__ = ["AIM_SUFFIX", "read_aim"]

AIM_SUFFIX = ".xml"


def read_aim(path: Path) -> dict[str, str]:
    """Patient, annotated series and findings of an AIM file.

    Parameters
    ----------
    path : Path
        One ``ImageAnnotationCollection``. Names of people in it are not read.

    Returns
    -------
    dict
        ``patient_id``, ``aim_file``, ``aim_series_uid``, and ``AIM <label>`` with the meanings
        of the codes, joined by ``"; "`` where a label occurs more than once.

    Raises
    ------
    InputError
        If it is no valid or safe XML, or holds no AIM annotation.
    """
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, DefusedXmlException, OSError) as error:
        raise InputError(f"{path} is no valid XML ({error}). Download it again.") from error
    person = _first(root, "person")
    identity = _first(person, "id") if person is not None else None
    if _name(root) != "ImageAnnotationCollection" or identity is None:
        raise InputError(f"{path} holds no AIM annotation of a patient; it is not used.")
    findings: dict[str, list[str]] = {}
    wanted = ("ImagingObservationCharacteristic", "ImagingPhysicalEntity")
    for element in root.iter():
        if _name(element) in wanted:
            label, code = _first(element, "label"), _first(element, "displayName")
            if label is not None and code is not None:
                texts = findings.setdefault(f"AIM {_text(label)}", [])
                texts.append(_text(code))
    series = _first(root, "imageSeries")
    uid = _first(series, "instanceUid") if series is not None else None
    return {
        "patient_id": _text(identity),
        "aim_file": path.name,
        "aim_series_uid": uid.get("root", "") if uid is not None else "",
        **{name: "; ".join(dict.fromkeys(texts)) for name, texts in findings.items()},
    }


def _name(element: Any) -> str:
    """Name of an element without its namespace."""
    return str(element.tag).rsplit("}", 1)[-1]


def _first(element: Any, name: str) -> Any:
    return next((child for child in element.iter() if _name(child) == name), None)


def _text(element: Any) -> str:
    return str(element.get("value", "")).strip()
