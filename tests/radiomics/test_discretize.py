"""Gray levels against PyRadiomics' own binning."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.discretize import bin_edges, gray_levels

VALUES = hnp.arrays(
    np.float64,
    st.integers(1, 40),
    elements=st.floats(-5000, 5000, allow_subnormal=False),
)
BINS = st.one_of(
    st.fixed_dictionaries({"bin_width": st.floats(0.5, 500)}),
    st.fixed_dictionaries({"bin_count": st.integers(1, 64)}),
)


@given(values=VALUES, bins=BINS)
def test_levels_are_those_of_pyradiomics(values, bins):
    imageoperations = pytest.importorskip("radiomics.imageoperations")
    theirs = {"bin_width": "binWidth", "bin_count": "binCount"}
    array, mask = values.reshape(1, 1, -1), np.ones((1, 1, values.size), bool)
    expected, _ = imageoperations.binImage(
        array, mask, **{theirs[name]: value for name, value in bins.items()}
    )
    assert (gray_levels(array, mask, **bins) == expected).all()


@given(values=VALUES, bins=BINS)
def test_levels_of_single_precision_are_those_of_pyradiomics(values, bins):
    test_levels_are_those_of_pyradiomics.hypothesis.inner_test(values.astype(np.float32), bins)


@given(values=VALUES, width=st.floats(0.5, 500))
def test_every_value_lies_in_its_bin(values, width):
    edges = bin_edges(values, bin_width=width)
    levels = gray_levels(values, np.ones(values.shape, bool), bin_width=width)
    assert levels.min() >= 1
    assert (edges[levels - 1] <= values).all()
    assert (values < edges[levels]).all()


def test_edges_lie_at_multiples_of_the_width():
    assert bin_edges(np.array([54.0, 166.0]), bin_width=25)[0] == 50


def test_voxels_outside_have_no_level():
    levels = gray_levels(np.arange(4.0), np.array([True, False, True, False]))
    assert (levels > 0).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"bin_width": 0}, "positive"),
        ({"bin_width": -5}, "positive"),
        ({"bin_width": float("nan")}, "positive"),
        ({"bin_count": 0}, "bin_count"),
        ({"bin_width": 1e-6}, "larger bin_width"),
    ],
)
def test_bins_that_make_no_sense_are_refused(settings, told):
    with pytest.raises(InputError, match=told):
        bin_edges(np.array([0.0, 1000.0]), **settings)
