"""What was drawn survives the death of the process, whole."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from napari_radiogenomics import Label
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.recovery import (
    Drawing,
    Place,
    find_drawings,
    keep_drawing,
    put_aside,
    read_drawing,
    state_folder,
)

PLACE = Place("/data/cohort", "P1", "baseline", "P1_CT", "P1_expert", "P1.nii.gz", 0, "expert")
SCHEME = (Label(3, "core", (1, 2, 3)),)
WRITER = """
import sys
from pathlib import Path
import numpy as np
from napari_radiogenomics.io.recovery import Drawing, Place, keep_drawing
folder, n = Path(sys.argv[1]), 0
noise = np.random.default_rng(0).integers(0, 2, (20, 100, 100)).astype(np.uint8)
while True:
    n = n % 100 + 1
    labels = noise + np.uint8(n)  # all of one saving differ by 1 at most
    keep_drawing(Drawing(Place(name="tumour"), labels, tool=str(n)), folder, "s")
    print(n, flush=True)
"""


def drawing(**more) -> Drawing:
    labels = np.zeros((3, 4, 5), np.uint16)
    labels[1, 2, 3], labels[0] = 700, 3
    return Drawing(PLACE, labels, (4.0, 1.0, 1.0), (0.0, -5.0, 2.0), SCHEME, "paint", **more)


def test_a_drawing_comes_back_with_what_it_belongs_to(tmp_path):
    path = keep_drawing(drawing(), tmp_path, "one")
    back = read_drawing(path)
    np.testing.assert_array_equal(back.labels, drawing().labels)
    assert back.labels.dtype == np.uint16
    assert (back.place, back.scale, back.translate) == (PLACE, (4, 1, 1), (0, -5, 2))
    assert [(x.value, x.name, x.color) for x in back.scheme] == [(3, "core", (1, 2, 3))]
    assert back.tool == "paint"
    assert abs(time.time() - time.mktime(time.strptime(back.time[:19], "%Y-%m-%dT%H:%M:%S"))) < 60


def test_a_session_replaces_its_own_and_never_what_another_left(tmp_path):
    first = keep_drawing(drawing(time="2026-01-01T10:00:00"), tmp_path, "one")
    assert keep_drawing(drawing(time="2026-01-01T11:00:00"), tmp_path, "one") == first
    second = keep_drawing(drawing(time="2026-01-01T12:00:00"), tmp_path, "two")
    assert [d.file for d in find_drawings(tmp_path)] == [second, first]
    assert [d.file for d in find_drawings(tmp_path, but="two")] == [first]
    assert find_drawings(tmp_path)[1].time == "2026-01-01T11:00:00"


def test_places_are_told_apart():
    others = [
        replace(PLACE, patient_id="P2"),
        replace(PLACE, timepoint="later"),
        replace(PLACE, segmentation_id="P1_auto"),
        replace(PLACE, part=1),
        replace(PLACE, cohort="/data/other"),
        Place(name="mine"),
        Place(name="yours"),
        Place(name="mine", scan="1f"),
    ]
    assert len({place.key for place in [PLACE, *others]}) == 9
    assert replace(PLACE, name="renamed").key == PLACE.key


def test_damaged_files_are_left_alone_and_told(tmp_path):
    good = keep_drawing(drawing(), tmp_path, "one")
    (tmp_path / "cut.npz").write_bytes(good.read_bytes()[:-50])
    (tmp_path / "text.npz").write_text("nothing")
    np.savez(tmp_path / "other.npz", values=np.zeros(3))
    np.savez(tmp_path / "pickled.npz", about=np.array([{}], object))
    assert [d.file for d in find_drawings(tmp_path)] == [good]
    for name in ("cut", "text", "other", "pickled", "gone"):
        with pytest.raises(InputError, match=f"{name}.npz is no drawing that can be recovered"):
            read_drawing(tmp_path / f"{name}.npz")
    with pytest.raises(InputError, match="cannot be kept for a crash"):
        keep_drawing(drawing(), tmp_path / "nowhere", "one")


def test_rests_of_killed_savings_go_after_a_day(tmp_path):
    old, new = tmp_path / ".writing-old", tmp_path / ".writing-new"
    for rest in (old, new):
        rest.mkdir()
        (rest / "half.npz").write_bytes(b"half")
    os.utime(old, (time.time() - 100_000,) * 2)
    find_drawings(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_what_is_discarded_is_kept_for_a_month(tmp_path):
    keep_drawing(drawing(), tmp_path, "one")
    (found,) = find_drawings(tmp_path)
    aside = put_aside(found)
    assert find_drawings(tmp_path) == []
    assert aside.parent == tmp_path / "discarded"
    assert (read_drawing(aside).labels == 700).sum() == 1
    assert put_aside(found) is None
    os.utime(aside, (time.time() - 29 * 86_400,) * 2)
    find_drawings(tmp_path)
    assert aside.exists()
    os.utime(aside, (time.time() - 31 * 86_400,) * 2)
    find_drawings(tmp_path)
    assert not aside.exists()


def test_the_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("NRG_STATE", str(tmp_path))
    assert state_folder() == tmp_path / "unsaved"
    monkeypatch.delenv("NRG_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr("platformdirs.user_state_path", lambda *a, **k: tmp_path / "theirs")
    assert state_folder() == tmp_path / "theirs" / "unsaved"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
def test_a_process_killed_while_it_saves_leaves_the_old_or_the_new(tmp_path):
    chance = random.Random(1)
    stopped_midway = 0
    for _ in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3):
            child.stdout.readline()
        time.sleep(chance.uniform(0, 0.05))
        child.kill()
        told = int(([*child.stdout.read().split()] or ["3"])[-1])
        child.wait()
        child.stdout.close()
        stopped_midway += len(list(tmp_path.glob(".writing-*"))) > 0
        (found,) = find_drawings(tmp_path)  # clears what the killed one left
        assert not list(tmp_path.glob(".writing-*"))
        kept = read_drawing(found.file)
        n = int(kept.tool)
        assert n in (told, told % 100 + 1)
        assert (int(kept.labels.min()), int(kept.labels.max())) == (n, n + 1)
    assert stopped_midway  # some were killed in the middle, or nothing is tested
