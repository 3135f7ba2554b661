"""How many strokes a person needs, and what is lost between drawn slices: curves and a table.

``make bench`` runs it and writes ``strokes.svg``, ``strokes.md`` and ``strokes.csv``. A simulated
user adds one stroke a round where the result is most wrong; scikit-image's random walker gets the
strokes of each tool too. Interpolation fills in from every third slice. All in a box around the
tumours of PyRadiomics' own cases.
"""

from __future__ import annotations

import argparse
import csv
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

from of_tests import module_of

from napari_radiogenomics import Segmentation, read
from napari_radiogenomics.segmentation import classify_pixels, grow, interpolate

DATA = Path(os.environ.get("NRG_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
CASES = ("brain1", "lung1", "breast1")
TOOLS = {"grow from seeds": grow, "learn from strokes": classify_pixels}
ROUNDS = 10
TOLD = (1, 3, 5, 10)


@dataclass(frozen=True)
class Row:
    """Dice of one case after one round, or of one way to interpolate (round 0)."""

    case: str
    way: str
    round: int
    dice: float


def strokes_of(name: str, image, truth, user: ModuleType) -> list[Row]:
    """Curves of the tools, and of the random walker with the strokes of each."""
    mask, rows = truth.labels == 1, []
    for title, verb in TOOLS.items():
        person, drawn = user.User(mask), []

        def tool(strokes, verb=verb, drawn=drawn):
            drawn.append(strokes.copy())
            seeds = Segmentation(drawn[-1], truth.geometry)
            return verb(seeds, image, background=user.BACKGROUND).labels == user.TUMOUR

        curve = person.curve(tool, ROUNDS)
        rows += [Row(name, title, n, d) for n, d in enumerate(curve, 1)]
        same = f"random walker, strokes of {title}"
        for n in TOLD:  # it takes longer than all the rest
            found = user.random_walk(image, drawn[n - 1])
            rows.append(Row(name, same, n, round(user.dice(found, mask), 3)))
    return rows


def slices_of(name: str, image, truth, between: ModuleType) -> list[Row]:
    """Dice of each way to interpolate from every third slice."""
    mask = truth.labels == 1
    drawn = Segmentation(between.every_third(mask), truth.geometry)
    ways = {
        "signed distance": between.plain(drawn.labels, truth.geometry.spacing[::-1]),
        "between, shape": interpolate(drawn).labels == 1,
        "between, with the scan": interpolate(drawn, image).labels == 1,
    }
    return [Row(name, way, 0, round(between.dice(mask, found), 3)) for way, found in ways.items()]


def table(rows: list[Row]) -> str:
    """The numbers as Markdown: rounds of strokes, then interpolation."""
    lines = ["| case | tool | " + " | ".join(f"round {n}" for n in TOLD) + " |"]
    lines.append("|---" * (2 + len(TOLD)) + "|")
    drawn = {(r.case, r.way): {} for r in rows if r.round}
    for row in rows:
        if row.round:
            drawn[row.case, row.way][row.round] = row.dice
    for (case, way), curve in drawn.items():
        lines.append(f"| {case} | {way} | " + " | ".join(f"{curve[n]:.2f}" for n in TOLD) + " |")
    lines += ["", "| case | from every third slice | Dice |", "|---|---|---|"]
    lines += [f"| {r.case} | {r.way} | {r.dice:.2f} |" for r in rows if not r.round]
    return "\n".join(lines) + "\n"


def chart(rows: list[Row]) -> str:
    """SVG: one panel a case, Dice by round; dashed is the random walker."""
    cases, side, left = list(dict.fromkeys(row.case for row in rows)), 250, 40
    ways = list(dict.fromkeys(row.way for row in rows if row.round))
    width, height = left + (side + 30) * len(cases), side + 60 + 18 * len(ways)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for panel, case in enumerate(cases):
        x0 = left + panel * (side + 30)
        parts.append(f'<text x="{x0}" y="16">{case}: Dice by round</text>')
        for tick in (0, 0.5, 0.85, 1):
            y = 24 + side * (1 - tick)
            parts.append(f'<line x1="{x0}" x2="{x0 + side}" y1="{y}" y2="{y}" stroke="#ccc"/>')
            parts.append(f'<text x="{x0 - 28}" y="{y + 4}" fill="#777">{tick:g}</text>')
        for n in TOLD:
            x = x0 + side * (n - 1) / (ROUNDS - 1)
            parts.append(f'<text x="{x - 3}" y="{side + 40}" fill="#777">{n}</text>')
        for way in ways:
            own = [r for r in rows if (r.case, r.way) == (case, way)]
            step = side / (ROUNDS - 1)
            places = [(x0 + step * (r.round - 1), 24 + side * (1 - r.dice)) for r in own]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(f'<polyline points="{line}" fill="none" {_look(way)}/>')
    for n, way in enumerate(ways):
        y = side + 62 + 18 * n
        parts.append(f'<line x1="{left}" x2="{left + 30}" y1="{y}" y2="{y}" {_look(way)}/>')
        parts.append(f'<text x="{left + 38}" y="{y + 4}">{way}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _look(way: str) -> str:
    color = "#0072b2" if "grow" in way else "#d55e00"
    dashes = ' stroke-dasharray="5 4"' if way.startswith("random walker") else ""
    return f'stroke="{color}" stroke-width="2"{dashes}'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("bench_output"))
    parser.add_argument("--cases", nargs="+", default=CASES, choices=CASES)
    given = parser.parse_args()
    if not (DATA / "pyradiomics").is_dir():
        print(f"No cases of PyRadiomics in {DATA}; name their folder in NRG_TEST_DATA.")
        return
    user, between, rows = (
        module_of("segmentation", "conftest"),
        module_of("segmentation", "test_interpolate"),
        [],
    )
    for name in given.cases:
        image = read(DATA / f"pyradiomics/{name}_image.nrrd", kind="image")
        truth = read(DATA / f"pyradiomics/{name}_label.nrrd", kind="segmentation")
        near = user.near_tumour(image, truth)
        rows += strokes_of(name, *near, user) + slices_of(name, *near, between)
        print(f"{name} is done", flush=True)
    given.into.mkdir(parents=True, exist_ok=True)
    (given.into / "strokes.md").write_text(table(rows), encoding="utf-8")
    (given.into / "strokes.svg").write_text(chart(rows), encoding="utf-8")
    with open(given.into / "strokes.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(asdict(rows[0])))
        writer.writeheader()
        writer.writerows(map(asdict, rows))
    print(table(rows))


if __name__ == "__main__":
    main()
