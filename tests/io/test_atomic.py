"""Writing leaves the old file or the new one, never half of one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from napari_radiogenomics.errors import Cancelled
from napari_radiogenomics.io.atomic import atomic_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_when_the_block_is_done(tmp_path: Path) -> None:
    target = tmp_path / "scan.nii.gz"
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"new")
        assert not target.exists()
        assert temporary.name == target.name
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["scan.nii.gz"]


@pytest.mark.parametrize("failure", [ValueError, OSError, Cancelled, KeyboardInterrupt])
def test_a_failed_block_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    target = tmp_path / "scan.nii"
    target.write_bytes(b"old")

    def write() -> None:
        with atomic_path(target) as temporary:
            temporary.write_bytes(b"half of the ne")
            raise failure

    with pytest.raises(failure):
        write()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["scan.nii"]


def test_companions_are_renamed_before_the_header_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    replace = Path.replace

    def recorded(self: Path, target: Path) -> Path:
        order.append(self.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", recorded)
    with atomic_path(tmp_path / "scan.mhd") as temporary:
        temporary.write_text("ElementDataFile = scan.zraw")
        temporary.with_name("scan.zraw").write_bytes(b"voxels")
    assert order == ["scan.zraw", "scan.mhd"]
    assert names(tmp_path) == ["scan.mhd", "scan.zraw"]


def test_a_block_that_writes_nothing_is_an_error_and_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "scan.nii"
    target.write_bytes(b"old")
    with pytest.raises(FileNotFoundError), atomic_path(target):
        pass
    assert target.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot ask for a process")
def test_the_next_write_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    script = (
        "import os, sys; from napari_radiogenomics.io.atomic import atomic_path\n"
        "with atomic_path(sys.argv[1]) as half:\n"
        "    half.write_bytes(b'half'); os._exit(9)\n"
    )
    target = tmp_path / "scan.nii"
    subprocess.run([sys.executable, "-c", script, str(target)], check=False)
    (rest,) = tmp_path.glob(".writing-*")
    other = tmp_path / ".writing-0badcafe-1-x"  # of another machine
    other.mkdir()
    with atomic_path(tmp_path / "one.csv") as mine:  # two writes of a process that lives
        mine.write_text("one")
        assert not rest.exists()
        with atomic_path(target) as temporary:
            temporary.write_bytes(b"whole")
    assert names(tmp_path) == [other.name, "one.csv", "scan.nii"]
    os.utime(other, (0, 0))
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"whole")
    assert names(tmp_path) == ["one.csv", "scan.nii"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_goes_on_pointing_where_it_did(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    real, link = tmp_path / "disk" / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    with atomic_path(link) as temporary:
        assert temporary.name == "link.csv"
        temporary.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert names(tmp_path / "disk") == ["real.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_the_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    ordinary = tmp_path / "ordinary"
    ordinary.write_text("")
    with atomic_path(tmp_path / "atomic") as temporary:
        temporary.write_text("")
    modes = {stat.S_IMODE(os.stat(path).st_mode) for path in tmp_path.iterdir()}
    assert modes == {stat.S_IMODE(ordinary.stat().st_mode)}
