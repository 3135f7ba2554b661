"""Reviews of a cohort: one small JSON file each, so that two people never overwrite each other.

They lie in ``reviews/`` of the cohort. Where that cannot be written to, they lie in a folder of
the same kind among the user's data, and are read from both.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.review import Review
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.io.atomic import atomic_path

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_reviews", "review_folders", "review_table", "write_review"]

_FOLDER = "reviews"
_SHOWN = ("patient_id", "feature", "tissue", "score", "verdict", "note", "reviewer", "time",
          "gene_compared")  # fmt: skip


def review_folders(cohort: Cohort) -> tuple[Path, Path]:
    """Folder within the cohort, and the one beside for a cohort that cannot be written to."""
    from platformdirs import user_data_path

    root = Path(cohort.root).resolve()
    key = hashlib.blake2b(str(root).encode(), digest_size=6).hexdigest()
    own = user_data_path("napari-radiogenomics", appauthor=False) / _FOLDER
    return root / _FOLDER, own / f"{root.name}-{key}"


def write_review(review: Review, cohort: Cohort) -> Path:
    """Keep a review, all or nothing.

    Parameters
    ----------
    review : Review
        Of a patient of the cohort.
    cohort : Cohort
        As opened.

    Returns
    -------
    Path
        The written file: in the cohort's folder, else among the user's data.

    Raises
    ------
    InputError
        If the cohort has no such patient, or neither folder can be written to.

    Examples
    --------
    >>> import tempfile
    >>> from napari_radiogenomics import open_cohort, simulate_cohort
    >>> folder = simulate_cohort(
    ...     tempfile.mkdtemp(), n_patients=1, n_validation=0, modality="CT", field_of_view="tumor"
    ... )
    >>> cohort = open_cohort(folder)
    >>> review = Review("P001", "intensity", "mean_od", "CA9", "agrees", reviewer="AB")
    >>> write_review(review, cohort).parent.name
    'reviews'
    >>> [one.verdict for one in read_reviews(cohort)]
    ['agrees']
    """
    cohort.resolve(review.patient_id)
    text = json.dumps(review.to_dict(), indent=2, ensure_ascii=False, default=str)
    failed = ""
    for folder in review_folders(cohort):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / _name(review, text)
            with atomic_path(path) as temporary:
                temporary.write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            failed = str(error)
            continue
        return path
    raise InputError(f"The review cannot be written ({failed}). Free some space, or ask for leave.")


def _name(review: Review, text: str) -> str:
    key = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    stamp = "".join(letter for letter in review.time if letter.isalnum())
    patient = "".join(letter if letter.isalnum() else "-" for letter in review.patient_id)
    return f"{stamp}-{patient}-{key}.json"


def read_reviews(cohort: Cohort, *, latest: bool = True) -> list[Review]:
    """Read the reviews of a cohort, oldest first.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    latest : bool, optional
        Of each reviewer, patient and three things only the last word.

    Warns
    -----
    DataWarning
        If a file is no review: it is named and left out, the others count.
    """
    files = [path for folder in review_folders(cohort) for path in sorted(folder.glob("*.json"))]
    read = [_read(path) for path in files]
    reviews = sorted((one for one in read if one is not None), key=lambda review: review.time)
    if not latest:
        return reviews
    last = {review.subject: review for review in reviews}
    return sorted(last.values(), key=lambda review: review.time)


def _read(path: Path) -> Review | None:
    try:
        return Review.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        told = f"{path} is no review and is left out ({error}). Mend or remove it."
        warnings.warn(told, DataWarning, stacklevel=4)
        return None


def review_table(reviews: Iterable[Review]) -> pd.DataFrame:
    """One row a review: its three, verdict, note, reviewer, time, whether the gene was compared."""
    import pandas as pd

    rows = [{name: getattr(review, name) for name in _SHOWN} for review in reviews]
    return pd.DataFrame(rows, columns=list(_SHOWN))
