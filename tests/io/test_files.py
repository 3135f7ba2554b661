"""`read` and `write` find the format, do it safely, and say what went wrong."""

from __future__ import annotations

import dataclasses
import errno
import gzip
import importlib
import inspect
import os
import struct
import sys
import typing
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from napari_radiogenomics import read, read_all, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import Cancelled, DataWarning, GeometryError, InputError
from napari_radiogenomics.io import files
from napari_radiogenomics.io.files import find_format, kind_of
from napari_radiogenomics.io.format import FORMATS, Format, Kind
from napari_radiogenomics.provenance import Record, history_path, read_history

RECORD = Record("resample", {"interpolation": "linear"}, {}, {"python": "3"}, "2026-01-01")
KINDS = set(typing.get_args(Kind)) - {"auto"}


def scan(**more: Any) -> Image:
    values = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    return Image(values, Geometry((6, 5, 4), spacing=(0.5, 0.5, 2.0)), **more)


def planted(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Make the NIfTI format behave otherwise."""
    form = dataclasses.replace(FORMATS["nifti"], **changes)
    monkeypatch.setitem(FORMATS.entries, "nifti", form)


# Every format


@pytest.mark.parametrize("form", list(FORMATS), ids=lambda form: form.name)
class TestEveryFormat:
    def test_it_is_described(self, form: Format) -> None:
        assert form.name == form.name.lower()
        assert " " not in form.name
        assert form.title.strip()
        assert form.kinds
        assert set(form.kinds) <= KINDS
        assert set(form.writes) <= set(form.kinds)
        assert bool(form.write) == bool(form.writes)

    def test_its_endings_are_lower_case_with_a_dot_or_whole_names(self, form: Format) -> None:
        for suffix in form.suffixes:
            assert suffix == suffix.lower()
            assert "." in suffix
            assert "/" not in suffix

    def test_what_it_writes_can_be_named(self, form: Format) -> None:
        assert not form.writes or form.suffixes

    def test_its_module_is_documented(self, form: Format) -> None:
        module = inspect.getmodule(form.reads)
        assert module is not None
        assert len((module.__doc__ or "").split()) >= 3

    def test_it_refuses_a_file_of_nobody(self, form: Format, tmp_path: Path) -> None:
        path = tmp_path / "notes.xyz"
        path.write_bytes(b"nothing of the kind" * 20)
        assert not form.reads(path)

    def test_it_refuses_a_folder_without_files_of_its_kind(
        self, form: Format, tmp_path: Path
    ) -> None:
        (tmp_path / "notes.xyz").write_bytes(b"nothing of the kind")
        assert not form.reads(tmp_path)

    def test_rubbish_under_its_name_is_refused_in_one_message(
        self, form: Format, tmp_path: Path
    ) -> None:
        for suffix in form.suffixes:
            path = tmp_path / f"rubbish{suffix}"
            path.write_bytes(bytes(range(256)) * 8)
            with pytest.raises(InputError, match="rubbish"):
                read_all(path)

    def test_an_empty_file_under_its_name_is_said_to_be_empty(
        self, form: Format, tmp_path: Path
    ) -> None:
        for suffix in form.suffixes:
            path = tmp_path / f"empty{suffix}"
            path.touch()
            with pytest.raises(InputError, match=r"is empty \(0 bytes\)"):
                read_all(path)


def test_each_ending_belongs_to_one_writer_of_a_kind() -> None:
    pairs = [(suffix, kind) for form in FORMATS for suffix in form.suffixes for kind in form.writes]
    assert len(pairs) == len(set(pairs))


# Finding


def test_a_missing_file_is_named_with_the_folder_that_was_looked_in(tmp_path: Path) -> None:
    path = tmp_path / "scna.nii"
    with pytest.raises(InputError, match="does not exist") as refused:
        find_format(path)
    assert str(path) in str(refused.value)
    assert f"looked in {tmp_path}" in str(refused.value)


def test_an_unknown_file_gets_the_list_of_formats(tmp_path: Path) -> None:
    path = tmp_path / "scan.xyz"
    path.write_text("?")
    with pytest.raises(InputError, match=r"No format knows the file .*NIfTI \(.nii, .nii.gz\)"):
        find_format(path)


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is an empty folder"):
        find_format(tmp_path)


def test_an_unknown_folder_is_called_a_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.xyz").write_text("?")
    with pytest.raises(InputError, match="No format knows the folder"):
        find_format(tmp_path)


def test_a_file_that_may_not_be_opened_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scan.nii"
    path.write_text("?")

    def locked(path: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    planted(monkeypatch, reads=locked)
    with pytest.raises(InputError, match="cannot be opened: Permission denied"):
        find_format(path)


def test_a_name_too_long_for_the_disk_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened|does not exist"):
        read(tmp_path / ("x" * 5000 + ".nii"))


def test_the_format_that_claims_the_name_is_asked_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scan.nrrd"
    write(scan(), path)
    planted(monkeypatch, reads=lambda path: True)
    assert find_format(path).name == "nrrd"


def test_capital_endings_are_the_same_endings(tmp_path: Path) -> None:
    path = write(scan(), tmp_path / "scan.nii.gz")
    capital = path.rename(tmp_path / "SCAN.NII.GZ")
    assert read(capital).shape == (4, 5, 6)


# Reading


@pytest.mark.parametrize(
    "error",
    [OSError("disk"), EOFError("end"), ValueError("bad"), KeyError("tag"), IndexError("row"),
     RuntimeError("ITK\n  says   no"), struct.error("short"), zlib.error("Error -3"),
     UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_damage_is_one_message_with_file_format_reason_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = write(scan(), tmp_path / "scan.nii")

    def damaged(path: Path, options: Any) -> list[Any]:
        raise error

    planted(monkeypatch, read=damaged)
    with pytest.raises(InputError, match="could not be read as NIfTI") as refused:
        read(path)
    message = str(refused.value)
    assert str(path) in message
    assert "Copy or export it again." in message
    assert "\n" not in message
    assert refused.value.__cause__ is error


@pytest.mark.parametrize("error", [GeometryError("sheared"), Cancelled("stopped")])
def test_what_a_reader_says_on_purpose_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = write(scan(), tmp_path / "scan.nii")

    def refuse(path: Path, options: Any) -> list[Any]:
        raise error

    planted(monkeypatch, read=refuse)
    with pytest.raises(type(error)) as refused:
        read(path)
    assert refused.value is error


def test_a_bug_keeps_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(scan(), tmp_path / "scan.nii")

    def bug(path: Path, options: Any) -> list[Any]:
        raise ZeroDivisionError

    planted(monkeypatch, read=bug)
    with pytest.raises(ZeroDivisionError):
        read(path)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize("part", [0.01, 0.2, 0.5, 0.9, 0.99])
def test_a_truncated_volume_is_refused(tmp_path: Path, suffix: str, part: float) -> None:
    path = write(scan(), tmp_path / f"scan{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(InputError, match="cut off") as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert "Copy or export it again." in str(refused.value)


@pytest.mark.parametrize("what", ["cut off", "missing"])
def test_a_header_whose_voxels_lie_elsewhere_and_are_not_whole_is_refused(
    tmp_path: Path, what: str
) -> None:
    path = write(scan(), tmp_path / "scan.mhd")
    voxels = tmp_path / "scan.zraw"
    content = voxels.read_bytes()
    voxels.unlink()
    if what == "cut off":
        voxels.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"scan\.mhd could not be read as MetaImage"):
        read(path)


def test_a_nifti_that_was_cut_off_before_it_was_compressed_is_refused(tmp_path: Path) -> None:
    path = write(scan(), tmp_path / "scan.nii.gz")
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[:-4]))
    with pytest.raises(InputError, match="announces 832 bytes, 828 are there"):
        read(path)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_every_whole_nifti_of_another_writer_is_read_and_a_cut_one_is_not(
    tmp_path: Path, order: str, suffix: str
) -> None:
    values = np.arange(120, dtype=np.int16).reshape(6, 5, 4)
    header = nibabel.Nifti1Header(endianness=order)
    path = tmp_path / f"scan{suffix}"
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4), header), path)
    assert np.array_equal(read(path, kind="image").array, values.T)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="cut off"):
        read(path, kind="image")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_2_is_refused_by_its_name_and_not_as_damaged(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan{suffix}"
    nibabel.save(nibabel.Nifti2Image(np.zeros((6, 5, 4), np.int16), np.eye(4)), path)
    with pytest.raises(InputError, match="is NIfTI-2, which cannot be read here. Convert"):
        read(path)


def test_a_nifti_compressed_in_several_members_is_whole(tmp_path: Path) -> None:
    path = write(scan(), tmp_path / "scan.nii.gz")
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[:500]) + gzip.compress(content[500:]))
    assert np.array_equal(read(path).array, scan().array)


def test_a_kind_that_the_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    path = write(scan(), tmp_path / "scan.nii")
    with pytest.raises(InputError, match="holds image or segmentation, not slide"):
        read(path, kind="slide")


def test_notes_come_as_warnings_once_each_and_point_at_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(scan(), tmp_path / "scan.nii")
    noted = [scan(notes=("slices 3-5 are missing", "tilted")), scan(notes=("tilted",))]
    planted(monkeypatch, read=lambda path, options: noted)
    for reader in (read_all, read):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                reader(path)
            except InputError:
                assert reader is read  # two objects are too many for it
        assert [str(warning.message) for warning in caught] == ["slices 3-5 are missing", "tilted"]
        assert {warning.category for warning in caught} == {DataWarning}
        assert {Path(warning.filename).name for warning in caught} == {Path(__file__).name}


def test_read_names_all_objects_where_there_are_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(scan(), tmp_path / "scan.nii")
    several = [scan(name="T1", metadata={"series": "1.2.3"}), scan(name="T2")]
    planted(monkeypatch, read=lambda path, options: several)
    with pytest.raises(
        InputError, match=r"holds 2 objects: #1 T1 \(6×5×4.*series 1\.2\.3\); #2 T2"
    ):
        read(path)
    assert read_all(path) == several


def test_a_zip_archive_under_another_name_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii.gz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("scan.nii", "x" * 500)
    with pytest.raises(InputError, match="is a zip archive under another name; unpack it first"):
        read(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.nrrd", b"NRRD0004\ntype: float\n"),
        ("a.mha", b"ObjectType = Image\nNDims = 3\n"),
        ("a.nii", b"x" * 600),
    ],
)
def test_sources_and_addresses_of_libraries_are_not_told(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(tmp_path / name)
    told = str(caught.value)
    assert not any(word in told for word in ("0x", ".cxx", "Exception thrown", "/src/"))
    assert told.endswith(")")


def test_the_history_beside_a_file_is_read_with_it(tmp_path: Path) -> None:
    path = write(scan(history=(RECORD,)), tmp_path / "entropy.nii.gz")
    assert read(path).history == (RECORD,)
    assert read_all(path)[0].history == (RECORD,)
    again = write(read(path), tmp_path / "copy.nrrd")
    assert read_history(again) == (RECORD,)
    history_path(path).write_text("{not a history")
    with pytest.warns(DataWarning, match="not a readable history"):
        assert read(path).history == ()


def test_a_segmentation_refers_to_the_scan_it_is_read_for(tmp_path: Path) -> None:
    ct = scan(metadata={"series": "1.2.3", "study": "1.2", "frame_of_reference": "1.2.9"})
    drawn = Segmentation(np.ones((4, 5, 6), np.uint8), ct.geometry)
    path = write(drawn, tmp_path / "seg.nrrd")
    found = read(path, reference=ct)
    assert found.metadata["source_series"] == "1.2.3"
    assert found.metadata["frame_of_reference"] == "1.2.9"
    elsewhere = Image(np.zeros((1, 2, 3)), Geometry((3, 2, 1)), metadata=ct.metadata)
    assert "source_series" not in read(path, reference=elsewhere).metadata


# Writing


@pytest.mark.parametrize(
    ("name", "lost", "kept"),
    [
        ("seg.nii.gz", ["names", "fractions"], "DICOM SEG"),
        ("seg.mha", ["names", "fractions"], "NRRD"),
        ("seg.nrrd", ["fractions"], "DICOM SEG"),
    ],
)
def test_what_a_format_cannot_hold_is_told_once(
    tmp_path: Path, name: str, lost: list[str], kept: str
) -> None:
    labels = np.ones((1, 2, 3), np.uint8)
    fractions = np.full((1, 1, 2, 3), 0.75, np.float32)
    drawn = Segmentation(labels, Geometry((3, 2, 1)), (Label(1, "core"),), fractions=fractions)
    with pytest.warns(DataWarning) as caught:
        write(drawn, tmp_path / name)
    (told,) = (str(warning.message) for warning in caught)
    assert all(f"the {what} of its labels" in told for what in lost)
    assert ("names" in told) == ("names" in lost)
    assert kept in told
    plain = Segmentation(labels, Geometry((3, 2, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write(plain, tmp_path / name)


def test_an_object_is_named_by_its_class() -> None:
    assert kind_of(scan()) == "image"
    assert kind_of(Segmentation(np.ones((1, 1, 1), np.uint8), Geometry((1, 1, 1)))) == (
        "segmentation"
    )


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"The folder .*absent does not exist\. Create it"):
        write(scan(), tmp_path / "absent" / "scan.nii")


@pytest.mark.parametrize("name", ["scan", "scan.xyz", "nii"])
def test_an_unknown_ending_gets_the_list_of_endings(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf'"{name}" is no name for .* image data.*\.nii\.gz'):
        write(scan(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_history_is_written_beside_and_not_left_over(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii"
    write(scan(history=(RECORD,)), path)
    assert read_history(path) == (RECORD,)
    write(scan(), path)
    assert not history_path(path).exists()


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), RuntimeError("ITK: no writer")]
)
def test_a_failed_write_keeps_the_old_file_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = write(scan(history=(RECORD,)), tmp_path / "scan.nii")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def full(obj: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    planted(monkeypatch, write=full)
    with pytest.raises(InputError, match=r"scan\.nii could not be saved as NIfTI: (No space|ITK)"):
        write(scan(), path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not protected so on Windows")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_protected_folder_is_said_to_be_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="could not be saved as NIfTI: Permission denied"):
            write(scan(), tmp_path / "scan.nii")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_of_that_name_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "scan.nii").mkdir()
    (tmp_path / "scan.nii" / "keep").touch()
    with pytest.raises(InputError, match="could not be saved as NIfTI"):
        write(scan(), tmp_path / "scan.nii")
    assert (tmp_path / "scan.nii" / "keep").exists()


def test_the_public_names_are_these_functions() -> None:
    package = importlib.import_module("napari_radiogenomics")
    assert (package.read, package.read_all, package.write) == (
        files.read,
        files.read_all,
        files.write,
    )
