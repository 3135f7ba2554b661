"""One selection for everything, with a way back."""

from __future__ import annotations

import gc
import weakref

import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.session import Selection, Session, session_of


@pytest.fixture
def heard():
    """A session and the list of (new, previous) it said."""
    session = Session()
    said = []
    session.selection_changed.connect(lambda new, old: said.append((new, old)))
    return session, said


def test_select_says_new_and_previous(heard):
    session, said = heard
    session.select(patient_id="P1", gene="VEGFA")
    assert said == [(Selection("P1", gene="VEGFA"), Selection())]


def test_selecting_what_is_selected_says_nothing(heard):
    session, said = heard
    session.select(gene="CA9")
    session.select(gene="CA9")
    assert len(said) == 1
    session.back()
    assert not session.can_go_back


def test_another_patient_leaves_region_sample_and_place_behind():
    here = Selection("P1", "t0", "ct", 2, "rim", "S1", "HE", "Entropy", "VEGFA", (1.0, 2.0, 3.0))
    there = here.changed(patient_id="P2", sample_id="S9")
    assert there == Selection("P2", sample_id="S9", feature="Entropy", gene="VEGFA")


def test_back_and_forward_walk_and_a_new_choice_cuts_the_way_forward(heard):
    session, _ = heard
    for gene in ("A", "B", "C"):
        session.select(gene=gene)
    session.back()
    session.back()
    assert session.selection.gene == "A"
    session.forward()
    assert session.selection.gene == "B"
    session.select(gene="D")
    assert not session.can_go_forward
    session.back()
    assert session.selection.gene == "B"


def test_history_is_bounded_and_back_stops_at_its_first():
    session = Session()
    for number in range(500):
        session.select(gene=str(number))
    for _ in range(500):
        session.back()
    assert session.selection.gene == "300"
    assert not session.can_go_back


def test_unknown_field_says_which_is_meant():
    with pytest.raises(InputError, match='Did you mean "patient_id"'):
        Session().select(patient="P1")


def test_another_cohort_empties_selection_and_history(heard):
    session, said = heard
    cohorts = []
    session.cohort_changed.connect(cohorts.append)
    session.cohort = first = object()
    session.select(patient_id="P1")
    session.cohort = first
    assert session.selection.patient_id == "P1"
    session.cohort = second = object()
    assert cohorts == [first, second]
    assert said[-1] == (Selection(), Selection("P1"))
    assert not session.can_go_back


def test_one_session_a_viewer_also_through_the_proxy_and_it_dies_with_the_viewer():
    components = pytest.importorskip("napari.components")
    from napari.utils._proxies import PublicOnlyProxy

    viewer, other = components.ViewerModel(), components.ViewerModel()
    session = session_of(viewer)
    assert session_of(PublicOnlyProxy(viewer)) is session
    assert session_of(other) is not session
    gone = weakref.ref(session)
    del viewer, session
    gc.collect()
    assert gone() is None
