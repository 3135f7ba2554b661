"""The command line of maps: what it prints and writes, and how it says no."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics import read, write
from napari_radiogenomics.cli import main
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.radiomics import texture_maps
from napari_radiogenomics.signature import describe

ENTROPY, MEAN = (f"original_firstorder_{name}.nii.gz" for name in ("Entropy", "Mean"))


def test_maps_writes_what_the_verb_computes(files, tmp_path, capsys):
    folder = tmp_path / "maps"
    assert main(["maps", *files, "--output", str(folder), "--kernel-radius", "2"]) == 0
    assert capsys.readouterr().out.split() == [str(folder / ENTROPY), str(folder / MEAN)]
    expected = texture_maps(*map(read, files), kernel_radius=2)
    for name, found in expected.items():
        path = folder / f"{name}.nii.gz"
        np.testing.assert_array_equal(read(path, kind="image").array, found.array)
        (record,) = read_history(path)
        assert record.settings["kernel_radius"] == 2


def test_maps_writes_a_single_map_under_its_name(grid, files, tmp_path):
    target = tmp_path / "entropy.nrrd"
    assert main(["maps", *files, "--features", "Entropy", "--output", str(target)]) == 0
    assert read(target, kind="image").geometry.same_grid(grid)


def test_maps_refuses_one_file_for_two_maps(files, tmp_path, fails):
    told = fails("maps", *files, "--output", str(tmp_path / "one.nii.gz"))
    assert "Give a folder" in told


def test_maps_reads_switches_and_labels(files, tmp_path):
    folder = tmp_path / "maps"
    argv = ["--label", "2", "--no-masked-kernel", "--force-2d", "--features", "Mean"]
    assert main(["maps", *files, "--output", str(folder), *argv]) == 0
    (record,) = read_history(folder / MEAN)
    chosen = {"label": 2, "masked_kernel": False, "force_2d": True, "features": ["Mean"]}
    assert chosen.items() <= dict(record.settings).items()


def test_maps_asks_for_the_volume_of_a_four_dimensional_scan(grid, files, tmp_path, fails):
    scan = read(files[0])
    both = Image(np.stack([scan.array, scan.array + 100]), grid, fourth_axis="time")
    path = str(write(both, tmp_path / "both.nii.gz"))
    argv = ["maps", path, files[1], "--output", str(tmp_path), "--features", "Mean"]
    assert "--volume" in fails(*argv)
    assert 'no volume "7"' in fails(*argv, "--volume", "7")
    assert main([*argv, "--volume", "1"]) == 0
    there = read(tmp_path / MEAN, kind="image").array
    here = texture_maps(scan, read(files[1]), features=["Mean"])["original_firstorder_Mean"].array
    np.testing.assert_allclose(there, here + 100)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--features", "Entropi"], 'Did you mean "Entropy"'),
        (["--kernel-radius", "0"], "kernel_radius"),
        (["--kernel-radius", "two"], "invalid int value"),
        (["--kernel", "1"], "unrecognized arguments"),
        (["--label", "9"], "Label 9 does not occur"),
    ],
)
def test_maps_says_what_is_wrong_with_an_option(files, tmp_path, argv, told, fails):
    folder = tmp_path / "maps"
    assert told in fails("maps", *files, "--output", str(folder), *argv)
    assert not folder.exists()


def test_maps_says_what_is_wrong_with_a_file(files, tmp_path, fails):
    there = ["--output", str(tmp_path / "maps")]
    assert "does not exist" in fails("maps", "no.nrrd", files[1], *there)
    assert "folder" in fails("maps", *files, "--output", str(tmp_path / "a" / "b"))
    other = str(write(Segmentation(np.ones((1, 2, 3), np.uint8), Geometry((3, 2, 1))),
                      tmp_path / "other_seg.nrrd"))  # fmt: skip
    assert "Resample the segmentation" in fails("maps", files[0], other, *there)


def test_maps_says_that_the_folder_is_a_file(files, tmp_path, fails):
    (tmp_path / "maps").write_text("not a folder")
    told = fails("maps", *files, "--output", str(tmp_path / "maps"))
    assert "cannot be made" in told


def test_every_setting_of_the_verb_is_an_option(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["maps", "--help"])
    out = capsys.readouterr().out
    for parameter in describe(texture_maps).settings:
        assert parameter.option in out, parameter.name
    assert "[voxels; default: 1]" in " ".join(out.split())
