"""Every result carries its history, and equal content has equal hashes."""

from __future__ import annotations

import dataclasses
import inspect
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import napari_radiogenomics as public
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import (
    Record,
    content_hash,
    history_of,
    history_path,
    read_history,
    record_of,
    verb,
    with_history,
    write_history,
)

RECORD = Record("double", {"times": 2}, {}, {"python": "3"}, "2026-01-01T00:00:00+00:00")


def image(value: float = 1.0, **more: Any) -> Image:
    return Image(np.full((2, 3, 4), value, np.float32), Geometry((4, 3, 2)), **more)


@verb
def double(
    table: Any, other: Any = None, *, times: Any = 2, progress: Progress = quiet
) -> pd.DataFrame:
    """Multiply."""
    return (table if isinstance(table, pd.DataFrame) else pd.DataFrame(table)) * times


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@given(nested, nested)
def test_hashes_are_equal_exactly_when_the_content_is(first: Any, second: Any) -> None:
    assert (content_hash(first) == content_hash(second)) == (repr(first) == repr(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1, 23], [12, 3]),
        ([[1], 2], [1, [2]]),
        ({"a": "b"}, ["a", "b"]),
        (["1"], [1]),
        (np.zeros(2), np.zeros(3)),
        (np.zeros(2), np.zeros(2, np.float32)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.array([1, None], object), np.array([1, "None"], object)),
        (np.array(["2026-01-01"], "M8[D]"), np.array(["2026-01-02"], "M8[D]")),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (pd.DataFrame({"a": [1]}, index=["p1"]), pd.DataFrame({"a": [1]}, index=["p2"])),
        (image(1), image(2)),
        (image(), image(unit="HU")),
        (Label(1, "tumour"), Label(1, "edema")),
    ],
)
def test_what_differs_has_another_hash(first: Any, second: Any) -> None:
    assert content_hash(first) != content_hash(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
        (np.arange(6)[::2], np.array([0, 2, 4])),
        (image(), image(name="other", notes=("slices are missing",), metadata={"path": "/x"})),
        (image(), dataclasses.replace(image(), history=(RECORD,))),
        ({"b", "a", "c"}, {"c", "b", "a"}),
        (np.float64(0.5), 0.5),
        (np.array(1.0), np.array(1.0)),
        (np.empty((0, 3)), np.empty((0, 3))),
        (pd.Series([1, None], dtype="Int64"), pd.Series([1, None], dtype="Int64")),
    ],
)
def test_what_is_the_same_has_the_same_hash(first: Any, second: Any) -> None:
    assert content_hash(first) == content_hash(second)


def test_a_hash_is_the_same_in_another_process() -> None:
    value = [{"b", "a"}, np.arange(3), image(), pd.DataFrame({"x": ["a", None]})]
    code = (
        "import numpy as np, pandas as pd\n"
        "from napari_radiogenomics.data.geometry import Geometry\n"
        "from napari_radiogenomics.data.image import Image\n"
        "from napari_radiogenomics.provenance import content_hash\n"
        "image = Image(np.full((2, 3, 4), 1.0, np.float32), Geometry((4, 3, 2)))\n"
        "frame = pd.DataFrame({'x': ['a', None]})\n"
        "print(content_hash([{'b', 'a'}, np.arange(3), image, frame]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == content_hash(value)


def test_a_verb_records_settings_inputs_versions_and_time() -> None:
    table = pd.DataFrame({"a": [1.0]}, index=["p1"])
    before = datetime.now(UTC).replace(microsecond=0)
    (record,) = history_of(double(table, times=3))
    assert record.verb == "double"
    assert record.settings == {"times": 3}
    assert record.inputs == {"table": {"name": "", "hash": content_hash(table)}}
    assert record.versions["numpy"] == np.__version__
    assert datetime.fromisoformat(record.time) >= before


def test_a_verb_keeps_its_name_docstring_and_signature() -> None:
    assert (double.__name__, double.__doc__) == ("double", "Multiply.")


def test_defaults_are_recorded_and_progress_is_not() -> None:
    (record,) = history_of(double([1], progress=quiet))
    assert record.settings == {"times": 2}


def test_history_grows_oldest_first() -> None:
    twice = double(double(pd.DataFrame({"a": [1]}), times=3), times=5)
    assert [record.settings["times"] for record in history_of(twice)] == [3, 5]


@pytest.mark.parametrize("container", [list, tuple, lambda items: dict(enumerate(items))])
def test_each_part_of_a_result_gets_the_history(container: Any) -> None:
    result = with_history(container([image(1), image(2)]), RECORD)
    assert type(result) is type(container([]))
    parts = result.values() if isinstance(result, dict) else result
    assert [history_of(part) for part in parts] == [(RECORD,), (RECORD,)]


def test_a_result_that_can_carry_no_history_is_returned_as_it_is() -> None:
    assert with_history(3.5, RECORD) == 3.5
    assert history_of(3.5) == ()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (Path("a/b"), str(Path("a/b"))),
        (("a", 1), ["a", 1]),
        ({"k": {2, 1}}, {"k": [1, 2]}),
        (date(2026, 1, 2), "2026-01-02"),
        (None, None),
    ],
)
def test_settings_are_plain_json(value: Any, plain: Any) -> None:
    @verb
    def keep(table: Any, *, setting: Any) -> pd.DataFrame:
        return pd.DataFrame(table)

    (record,) = history_of(keep([1], setting=value))
    assert record.settings == {"setting": plain}
    assert json.loads(json.dumps(record.settings)) == {"setting": plain}


def test_a_table_as_a_setting_is_recorded_by_its_hash() -> None:
    frame = pd.Series([1.0], index=["a"])
    (record,) = history_of(double(pd.Series([2.0], index=["a"]), times=frame))
    assert record.settings == {"times": {"hash": content_hash(frame)}}


@pytest.mark.parametrize("column", ["name", "content_key", "history", "notes"])
def test_no_column_of_a_table_is_taken_for_a_fact_about_it(column: str) -> None:
    frame = pd.DataFrame({column: ["L1", "L2"], "x": [1.0, 2.0]})
    (record,) = history_of(double(frame))
    assert record.inputs["table"] == {"name": "", "hash": content_hash(frame)}
    other = frame.assign(x=[1.0, 3.0])
    assert content_hash(other) != content_hash(frame)
    named = pd.Series([1.0], name="score")
    assert history_of(double(named.to_frame(), named))[0].inputs["other"]["name"] == "score"


@pytest.mark.parametrize("name", public.__all__)
def test_every_verb_can_record_a_table_with_a_column_called_name(name: str) -> None:
    function = getattr(public, name)
    if not getattr(function, "is_verb", False):
        return
    kinds = [one.kind for one in inspect.signature(function).parameters.values()]
    frame = pd.DataFrame({"name": ["L1", "L2"], "x": [1.0, 2.0]})
    record = record_of(function, *[frame] * kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD))
    assert all(given["hash"] == content_hash(frame) for given in record.inputs.values())
    assert {given["name"] for given in record.inputs.values()} <= {""}


def test_a_file_as_input_is_known_by_its_bytes(tmp_path: Path) -> None:
    @verb
    def load(path: Any) -> pd.DataFrame:
        return pd.read_csv(path)

    path = tmp_path / "t.csv"
    hashes = []
    for text in ("a\n1\n", "a\n2\n", "a\n1\n"):
        path.write_text(text)
        (record,) = history_of(load(path))
        assert record.inputs["path"]["name"] == str(path)
        hashes.append(record.inputs["path"]["hash"])
    assert hashes[0] == hashes[2] != hashes[1]


def test_history_is_written_beside_the_file_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "map.nii.gz"
    result = dataclasses.replace(image(), history=(RECORD, RECORD))
    target = write_history(result, path)
    assert target == history_path(path) == tmp_path / "map.nii.gz.history.json"
    assert read_history(path) == (RECORD, RECORD)
    assert [file.name for file in tmp_path.iterdir()] == [target.name]


def test_an_object_without_history_removes_the_history_of_what_it_replaces(
    tmp_path: Path,
) -> None:
    path = tmp_path / "map.nii"
    write_history(dataclasses.replace(image(), history=(RECORD,)), path)
    assert write_history(image(), path) is None
    assert read_history(path) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["{", '[{"verb": "x"}]', '{"verb": "x"}', "[3]"])
def test_a_damaged_history_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.nii"
    history_path(path).write_text(text)
    with pytest.raises(InputError, match="not a readable history") as refused:
        read_history(path)
    assert str(history_path(path)) in str(refused.value)


def test_a_segmentation_carries_history_too() -> None:
    labels = Segmentation(np.ones((1, 1, 1), np.uint8), Geometry((1, 1, 1)))
    assert history_of(with_history(labels, RECORD)) == (RECORD,)
