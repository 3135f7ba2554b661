"""The command line of features: what it prints and writes, and how it says no."""

from __future__ import annotations

from napari_radiogenomics import read
from napari_radiogenomics.cli import main
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.radiomics import extract_features


def test_features_writes_what_the_verb_computes(files, tmp_path, capsys):
    import pandas as pd

    target = tmp_path / "features.csv"
    argv = ["--families", "shape", "firstorder", "--image-types", "Original", "Square"]
    argv += ["--bin-width", "10", "--labels", "1"]
    assert main(["features", *files, "--output", str(target), *argv]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    expected = extract_features(
        *map(read, files),
        families=["shape", "firstorder"],
        image_types=["Original", "Square"],
        bin_width=10,
        labels=[1],
    )
    pd.testing.assert_frame_equal(
        pd.read_csv(target, index_col="label"), expected, check_dtype=False, rtol=1e-12
    )
    (record,) = read_history(target)
    assert record.settings["bin_width"] == 10


def test_features_tells_of_a_region_too_small(files, tmp_path, capsys):
    target = tmp_path / "features.csv"
    assert main(["features", *files, "--output", str(target), "--features", "Mean"]) == 0
    assert "Label 2 is left out: " in capsys.readouterr().err
    assert len(target.read_text().splitlines()) == 2


def test_features_reads_a_parameter_file(files, tmp_path, capsys, fails):
    target, settings = tmp_path / "features.csv", tmp_path / "settings.yaml"
    settings.write_text("featureClass: {firstorder: [Mean]}\nsetting: {label: 1}\n")
    argv = ["features", *files, "--output", str(target), "--parameters", str(settings)]
    assert main(argv) == 0
    assert target.read_text().splitlines()[0] == "label,original_firstorder_Mean"
    capsys.readouterr()
    settings.write_text("featureClass: {firstordr: [Mean]}\n")
    assert 'Did you mean "firstorder"?' in fails(*argv)
    assert "does not exist" in fails("features", *files, "--output", str(tmp_path / "a" / "b.csv"))
