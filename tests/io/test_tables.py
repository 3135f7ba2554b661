"""CSV as people have it: encodings, delimiters, ragged rows, quotes, formulas."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.tables import guard, read_header, read_table, unguard, write_table
from napari_radiogenomics.io.text import decode, delimiter_of


def written(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_cells_stay_text_and_rows_count_as_in_a_spreadsheet(tmp_path: Path) -> None:
    path = written(tmp_path, 'id,note\n007,"two\nlines, one cell"\n\nNA,\n')
    table, problems = read_table(path)
    assert problems == []
    assert table.frame.to_dict("list") == {
        "id": ["007", "NA"],
        "note": ["two\nlines, one cell", ""],
    }
    assert table.rows.tolist() == [2, 4]


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(tmp_path: Path, mark: str) -> None:
    table, problems = read_table(written(tmp_path, "id,name\n1,Müller\n".encode(mark)))
    assert problems == []
    assert table.frame.columns.tolist() == ["id", "name"]
    assert table.frame["name"].tolist() == ["Müller"]


def test_windows_1252_is_read_and_said(tmp_path: Path) -> None:
    data = "id,name\n1,Smith\n2,Müller–Lüdenscheidt\n".encode("cp1252")
    table, (problem,) = read_table(written(tmp_path, data))
    assert table.frame["name"].tolist()[1] == "Müller–Lüdenscheidt"
    assert (problem.row, problem.level) == (3, "warning")
    assert str(data.index(bytes([0xFC]))) in problem.what
    assert "0xFC" in problem.what
    assert "Müller–Lüdenscheidt" in problem.what


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b",,\n,,\n", "no header"),
        (b"PK\x03\x04rest", "Excel"),
        (b"id,x\n1,\x81\x9d\n", "not UTF-8"),
        (b"id,x\n1,\x00\n", "zero byte"),
        ("id,x\n".encode("utf-16")[:-1], "utf-16"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_table(written(tmp_path, content))
    assert "a.csv" in str(caught.value)


def test_missing_file_and_damaged_gzip(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_table(tmp_path / "none.csv")
    packed = gzip.compress(b"id,x\n" * 1000)
    with pytest.raises(InputError, match="cut off or damaged"):
        read_table(written(tmp_path, packed[:-12], "a.csv.gz"))
    table, _ = read_table(written(tmp_path, gzip.compress(b"id,x\n1,2\n"), "b.csv.gz"))
    assert table.frame["x"].tolist() == ["2"]


def test_ragged_rows_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12,,\n")
    table, problems = read_table(path)
    assert table.frame["a"].tolist() == ["1", "4", "10"]
    assert table.frame["c"].tolist() == ["3", "", "12"]
    assert table.rows.tolist() == [2, 3, 5]
    assert [(p.row, p.level) for p in problems] == [(3, "warning"), (4, "error")]


def test_headers_that_repeat_or_lack(tmp_path: Path) -> None:
    table, problems = read_table(written(tmp_path, "a, a ,,b,\n1,2,3,4,\n"))
    assert table.frame.columns.tolist() == ["a", "a.1", "column 3", "b"]
    assert [(p.row, p.column) for p in problems] == [(1, "a"), (1, "column 3")]


def test_a_quote_that_never_closes_costs_one_row_not_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'id,note\n1,fine\n2,"never closed\n3,fine\n4,fine\n')
    table, problems = read_table(path)
    assert table.frame["id"].tolist() == ["1", "2", "3", "4"]
    assert problems[0].row == 3
    assert "never closed" in problems[0].what


def test_text_after_a_closing_quote_is_kept(tmp_path: Path) -> None:
    table, problems = read_table(written(tmp_path, 'id,note\n1,"a"b\n2,c\n'))
    assert table.frame["note"].tolist() == ["ab", "c"]
    assert problems == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(tmp_path: Path, delimiter: str) -> None:
    text = delimiter.join(["id", '"a,b;c"', "x"]) + "\n" + delimiter.join("123") + "\n"
    table, _ = read_table(written(tmp_path, text))
    assert table.frame.columns.tolist() == ["id", "a,b;c", "x"]
    assert table.frame["x"].tolist() == ["3"]


def test_line_that_names_the_delimiter(tmp_path: Path) -> None:
    table, _ = read_table(written(tmp_path, "sep=;\nid;a,b\n1;2\n"))
    assert table.frame.columns.tolist() == ["id", "a,b"]
    assert table.rows.tolist() == [3]
    assert delimiter_of("one column") == ","


def test_header_of_a_large_packed_table(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(b"sample_id,EGFR,KRAS\n" + b"s,1,2\n" * 9), "e.csv.gz")
    assert read_header(path) == ["sample_id", "EGFR", "KRAS"]


CELLS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\n\"',;=+-@\t"
    ),
    max_size=8,
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6))
def test_whatever_is_written_comes_back(cells: list[list[str]]) -> None:
    import tempfile

    frame = pd.DataFrame(cells, columns=["id", "b", "c"], dtype=object)
    frame["id"] = [f"row {n}" for n in range(len(frame))]
    with tempfile.TemporaryDirectory() as folder:
        path = write_table(frame, Path(folder) / "t.csv", index=False)
        table, problems = read_table(path)
    assert problems == []
    assert table.frame.to_numpy().tolist() == frame.to_numpy().tolist()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), data)
        try:
            table, _ = read_table(path)
        except InputError as error:
            assert "a.csv" in str(error)
        else:
            assert len(table.rows) == len(table.frame)
            assert table.frame.columns.is_unique


@given(st.lists(st.lists(st.sampled_from(["", "a", "1", '"', " "]), max_size=5), max_size=8))
def test_agrees_with_the_reader_of_python_on_good_tables(rows: list[list[str]]) -> None:
    import tempfile

    good = [["h1", "h2"], *([*row, "x", "y"][:2] for row in rows)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(good)
    with tempfile.TemporaryDirectory() as folder:
        table, problems = read_table(written(Path(folder), out.getvalue()))
    expected = [row for row in good[1:] if any(row)]
    assert table.frame.to_numpy().tolist() == expected
    assert problems == []


@given(CELLS)
def test_no_cell_is_a_formula_unless_a_number(text: str) -> None:
    safe = guard(text)
    assert unguard(safe) == text
    if safe[:1] in {"=", "+", "-", "@", "\t", "\r"} and safe:
        float(safe.rstrip("%"))


def test_numbers_are_written_plainly(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"n": [1.0, np.nan], "x": [-0.5, 2.25], "flag": [True, False], "t": ["=1+1", None]},
        index=pd.Index(["a", "b"], name="id"),
    )
    text = write_table(frame, tmp_path / "t.csv").read_text()
    assert text == "id,n,x,flag,t\na,1,-0.5,True,'=1+1\nb,,2.25,False,\n"


def test_writing_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "none" / "t.csv")


def test_decode_says_where(tmp_path: Path) -> None:
    text, problems = decode(b"a\nb\ncaf\xe9,x\n", "t.csv")
    assert text == "a\nb\ncafé,x\n"
    assert problems[0].row == 3
    assert '"café"' in problems[0].what
