"""Reference tables of the R packages, samples × genes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

REFERENCE = Path(__file__).resolve().parents[1] / "reference"


@pytest.fixture(scope="session")
def reference() -> Callable[[str], pd.DataFrame]:
    """Read a reference table by its path in ``tests/reference``, without the suffix."""

    def read(name: str) -> pd.DataFrame:
        return pd.read_csv(REFERENCE / f"{name}.csv", index_col=0)

    return read


@pytest.fixture
def counts(reference) -> pd.DataFrame:
    return reference("rnaseq/counts")


@pytest.fixture
def logs(reference) -> pd.DataFrame:
    """edgeR's log CPM of the counts, as GSVA was given them."""
    return reference("rnaseq/ref_edger_logcpm_tmm").T
