"""The table of data nodes on screens of every width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from taipy_exec.cli.data_table import COLUMNS, DataTable, short_place

ID = "9145c139-2ea4-5d5d-ba05-615edbb09f23"
ROWS = [
    dict(zip(COLUMNS, values, strict=True))
    for values in (
        ("total", "pickle", "SCENARIO demo", "2026-11-30 03:28", "JOB_add_c2d8d8c3",
         f"user_data/pickles/DATANODE_total_{ID}.p"),
        ("report", "json", "SCENARIO demo", "never", "", "out/report.json"),
    )
]  # fmt: skip


def shown(width: int, *, unicode: bool = True) -> list[str]:
    console = Console(file=io.StringIO(), width=width, legacy_windows=False)
    console.print(DataTable(ROWS, unicode=unicode))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_where_there_is_room_everything_is_whole() -> None:
    lines = shown(200)
    assert len(lines) == 4
    assert ID in lines[2]
    assert "SCENARIO demo" in lines[2]


@pytest.mark.parametrize("width", [115, 80, 70, 60, 45])
def test_no_row_takes_two_lines_and_no_cell_is_broken(width: int) -> None:
    lines = shown(width)
    rows = [line for line in lines if line.startswith(("total", "report"))]
    assert len(rows) == 2
    assert "2026-11-30 03:28" in rows[0]
    assert all(len(line) <= width for line in lines)


def test_a_narrow_screen_keeps_places_that_the_user_has_chosen_longest() -> None:
    text = "\n".join(shown(85))
    assert "out/report.json" in text
    assert "generated" in text
    assert "No room for: Scope." in text
    assert "out/report.json" not in "\n".join(shown(60))


def test_only_generated_ids_are_shortened() -> None:
    assert short_place(f"a/DATANODE_total_{ID}.p") == "a/DATANODE_total_9145c139….p"
    assert short_place(f"a/DATANODE_total_{ID}", unicode=False) == "a/DATANODE_total_9145c139..."
    assert short_place("out/report.json") == "out/report.json"
